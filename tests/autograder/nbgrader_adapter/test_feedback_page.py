"""The page that a student reads, made by nbgrader's own command for a class of every kind, and opened in a browser."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_output
from nbgrader.server_extensions.formgrader import handlers

from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.feedback.exporter import TEMPLATES
from autograder.nbgrader_adapter.feedback.grades import GetVerdicts
from autograder.nbgrader_adapter.feedback.markdown import mathml, render
from autograder.settings import load_settings, read_config
from autograder.student.feedback import Feedback, address_of, place

ROOT = Path(__file__).parents[3]
HOSTILE = "<img src=x onerror=alert(31337)>"
STUDENTS = ("right-1", "right-3", "mistaken-1", "blank", "crashes", "loops", "exits", "damaged", "person", HOSTILE)
READ = "https://example.org/course/chapters/descent.html#halving"


@pytest.fixture
def page(generated):
    return lambda student: generated / student / "descent" / "descent.html"


@pytest.fixture
def soup(page):
    return lambda student: BeautifulSoup(page(student).read_text(), "html.parser")


def summary(soup):
    """The rows of the page's table: part, points, mark."""
    return {
        row.th.get_text(): [cell.get_text(" ", strip=True) for cell in row.find_all("td")]
        for row in soup.select(".summary tbody tr")
    }


@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
@pytest.mark.parametrize("student", STUDENTS)
def test_a_page_is_quiet_keeps_to_itself_fits_and_shows_the_formulas(opened, page, student, mode):
    tab, faults = opened(page(student), mode)
    assert faults == []
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    boxes = tab.locator("math").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert boxes
    assert min(boxes) > 0


@pytest.mark.parametrize("student", STUDENTS)
def test_a_page_has_no_script_one_language_and_headings_in_order(soup, student):
    found = soup(student)
    assert found.find_all(["script", "iframe", "link", "object"], src=True) == []
    assert not found.find_all("script")
    assert found.html["lang"] == "en"
    levels = [int(heading.name[1]) for heading in found.find_all(re.compile("h[1-6]"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(picture.get("alt") for picture in found.find_all("img"))
    names = [element["id"] for element in found.find_all(id=True)]
    assert len(names) == len(set(names))


def test_a_page_is_small(page):
    assert max(page(student).stat().st_size for student in STUDENTS) < 150_000


def test_the_points_of_the_cases_add_up_to_the_score(soup):
    (card,) = (card for card in soup("mistaken-1").select(".card") if card["id"] == "check-running_mean")
    points = [cell.get_text() for cell in card.select(".cases td:nth-of-type(3)")]
    earned, of = (sum(float(text.split(" of ")[i]) for text in points) for i in (0, 1))
    assert of == pytest.approx(2, abs=0.03)
    assert summary(soup("mistaken-1"))["running_mean"][0] == f"{round(earned, 2):g} of 2"


def test_a_misconception_is_named_with_a_worked_case_and_a_link(soup, small_class):
    found = soup("mistaken-1")
    (card,) = (card for card in found.select(".card") if card["id"] == "check-halving_step")
    sentence = small_class.course.catalogue.exercises["halving_step"].misconceptions[0].sentence
    assert card.select_one(".advice").get_text() == sentence
    assert sentence in summary(found)["halving_step"][1]
    worked = card.select_one(".worked").get_text()
    for part in ("The case “a vector”", "shape (3,), float64", "Expected:", "Came:", "What is wrong:", "off by up to"):
        assert part in worked
    assert card.select_one(".read a")["href"] == READ


def test_no_value_of_a_hidden_case_is_in_a_page(page, small_class):
    for student in ("mistaken-1", "crashes"):
        (stored,) = small_class.course.store.latest("descent", student).values()
        hidden = stored.verdicts["check-halving_step"].explanation.split("Hidden cases")[1]
        values = re.findall(r"\d\.\d{4,}", hidden)
        assert values
        assert not [value for value in values if value in page(student).read_text()]


def test_a_crash_shows_the_student_s_line_and_nothing_of_ours(page, soup):
    text = page("crashes").read_text()
    assert "ZeroDivisionError" in text
    for ours in ("Traceback", "site-packages", "autograder/", "run_driver", "session"):
        assert ours not in text
    loops = soup("loops").get_text().lower()  # on a busy machine the wall clock stops it, and a person is needed
    assert "no answer: timeout after" in loops or "a person will look at this" in loops
    assert "no answer: process died" in soup("exits").get_text()


def test_the_summary_names_an_exception_and_a_call_that_did_not_end(soup):
    crash = summary(soup("crashes"))["halving_step"][1]
    assert "it raised ZeroDivisionError: on purpose at `raise ZeroDivisionError('on purpose')`." in crash
    loop = summary(soup("loops"))["halving_step"][1]  # on a busy machine the wall clock stops it
    assert "it did not end: timeout after" in loop or "a person will look at it" in loop
    assert "no answer came: process died" in summary(soup("exits"))["halving_step"][1]


def test_who_needs_a_person_reads_why_and_no_zero(soup):
    found = soup("person")
    assert "so far" in found.select_one(".total").get_text()
    assert "That is no zero" in found.select_one(".waiting").get_text()
    points, mark = summary(found)["halving_step"]
    assert points == "– of 4"
    assert "a person will look at it" in mark
    assert "version" in found.get_text()
    assert not found.select(".output.error")


def test_an_unmarked_answer_in_words_counts_neither_way(soup):
    assert soup("right-3").select_one(".total").get_text() == "13 of 13 points so far"
    assert soup("right-1").select_one(".total").get_text() == "14.5 of 15 points"
    assert "not marked yet" in summary(soup("right-3"))["in words"][1]
    assert "given by hand" in summary(soup("right-1"))["in words"][1]


def test_a_student_s_words_run_nothing_and_load_nothing(soup):
    found = soup(HOSTILE)
    written = next(card for card in found.select(".written"))
    assert "alert(31337)" not in str(written)
    assert "[picture: a]" in written.get_text()
    assert not found.find_all("img")
    assert not [link for link in found.find_all("a") if not link.get("href", "#").startswith(("#", "https://"))]
    assert "<b>my own</b>" in found.get_text()


def test_formgrader_s_button_writes_the_same_page(page, small_class):
    before = page("mistaken-1").read_bytes()
    page("mistaken-1").unlink()
    steps.feedback(small_class.course, "descent", "mistaken-1")  # nbgrader's API, which the button calls
    assert page("mistaken-1").read_bytes() == before


def test_without_verdicts_in_the_store_the_page_shows_those_in_the_notebook(soup, small_class):
    latest = small_class.course.store.folder / "latest"
    away = latest.rename(latest.with_name("away"))
    try:
        steps.feedback(small_class.course, "descent", "mistaken-2")
        text = soup("mistaken-2").get_text()
        assert small_class.course.catalogue.exercises["halving_step"].misconceptions[1].sentence in text
        assert "Read: the chapter descent, section “halving”" in text
    finally:
        away.rename(latest)


def test_the_page_for_marking_by_hand_asks_no_other_host(small_class):
    config = read_config(small_class.root)
    config.HTMLExporter.template_name = "formgrade"  # as nbgrader's formgrader sets it
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    names = ("base_url", "last_name", "first_name", "student", "notebook_id", "assignment_id", "notebook_path")
    resources = dict.fromkeys(names, "") | {"index": 0, "total": 1, "submission_id": 1}
    notebook = small_class.course.folder / "autograded" / HOSTILE / "descent" / "descent.ipynb"
    text, _ = HTMLExporter(config=config).from_filename(str(notebook), resources=resources)
    found = BeautifulSoup(text, "html.parser")
    assert not [element for element in found.find_all(src=True) if "//" in element["src"]]
    assert not [element for element in found.find_all("link") if "//" in element["href"]]
    assert found.find_all("math")
    assert "alert(31337)</script>" not in text


# ---------------------------------------------------------------- the pieces


@pytest.mark.parametrize("path", sorted(ROOT.glob("solutions/*/assignment.md")), ids=lambda path: path.parent.name)
def test_every_formula_of_an_assignment_is_shown(path):
    text = path.read_text()
    shown = BeautifulSoup(render(text), "html.parser")
    assert not shown.select(".tex")
    assert len(shown.find_all("math")) >= 0.9 * len(re.findall(r"\$\$.+?\$\$|\$.+?\$", text, re.DOTALL))


@pytest.mark.parametrize("tex", [r"\frac{", r"\unknown", "{" * 5000 + "}" * 5000, r"\newcommand{\a}{\a\a}\a", "<b>"])
def test_tex_that_cannot_be_read_is_shown_as_it_is_written(tex):
    assert "<b>" not in mathml(tex)
    assert 'class="tex"' in mathml(tex) or tex == "<b>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<style>body { display: none }</style>",
        "<svg onload=alert(1)>",
        "<iframe src='https://example.org'></iframe>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "![x](https://example.org/x.png)",
        "![x](attachment:nowhere)",
        "![x](/etc/passwd)",
        "<img src='data:text/html;base64,PHNjcmlwdD4='>",
        "<b title='$x$' onclick='alert(1)'>$y$</b>",
        "```mermaid\ngraph\n```",
        "> " * 3000,
        "[" * 3000,
    ],
)
def test_prose_runs_nothing_and_loads_nothing(text, tmp_path):
    shown = BeautifulSoup(render(text, folder=str(tmp_path)), "html.parser")
    assert not shown.find_all(["script", "style", "svg", "iframe", "object", "embed", "form"])
    for element in shown.find_all(True):
        assert not [name for name in element.attrs if name.startswith("on")]
        assert not element.get("href", "").startswith(("javascript:", "data:"))
        assert element.name != "img" or element["src"].startswith("data:image/")


def test_a_picture_beside_the_notebook_is_taken_in_and_a_link_is_not(tmp_path):
    png = bytes.fromhex("89504e470d0a1a0a")
    (tmp_path / "a.png").write_bytes(png)
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    shown = BeautifulSoup(render("![one](a.png) ![two](b.png)", folder=str(tmp_path)), "html.parser")
    assert [picture["alt"] for picture in shown.find_all("img")] == ["one"]
    assert "[picture: two]" in shown.get_text()


@pytest.mark.parametrize(
    "source",
    ["x = 1\n### BEGIN HIDDEN TESTS\nassert f(7) == 8\n### END HIDDEN TESTS", "### BEGIN HIDDEN TESTS\nassert f(7)"],
)
def test_a_hidden_test_and_the_traceback_through_it_are_not_shown(source):
    error = new_output("error", ename="AssertionError", evalue="", traceback=["-> assert f(7) == 8"])
    cell = new_code_cell(source, outputs=[error])
    GetVerdicts()._close(cell)
    assert "f(7)" not in nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))


@pytest.mark.parametrize(
    ("read", "book", "address", "words"),
    [
        ("a_b.html#c-d", "https://x.org/y", "https://x.org/y/a_b.html#c-d", "the chapter a b, section “c d”"),
        ("a.html", "https://x.org/y/", "https://x.org/y/a.html", "the chapter a"),
        ("a.html#b", "", "", "the chapter a, section “b”"),
        ("https://z.org/a.html", "https://x.org", "https://z.org/a.html", "https://z.org/a.html"),
        ("javascript:alert(1)", "https://x.org", "", "javascript:alert(1)"),
    ],
)
def test_what_to_read_is_a_link_where_the_book_has_an_address(read, book, address, words):
    assert address_of(read, book) == address
    assert place(read) == words
    page = BeautifulSoup(Feedback("", (), read=read).html(book), "html.parser")
    assert page.select_one(".read").get_text() == f"Read: {words}"
    assert (page.a["href"] if page.a else "") == address


def test_a_book_that_is_no_address_is_refused(course_root):
    config = read_config(course_root)
    config.AutograderSettings.book = "example.org"
    with pytest.raises(ValueError, match="must begin with https://"):
        load_settings(config)


def test_text_stands_out_from_its_ground_in_both_themes():
    style = (TEMPLATES / "autograder_feedback" / "feedback.css").read_text()
    parts = style.split("@media (prefers-color-scheme")[:2]
    light, dark = (dict(re.findall(r"--(\w+): (#\w+)", part)) for part in parts)
    for theme in (light, dark):
        for name in set(theme) - {"paper", "surface", "line"}:
            for ground in ("paper", "surface"):
                assert contrast(theme[name], theme[ground]) >= 4.5, (name, ground)


def contrast(one, other):
    """WCAG's ratio of two colours."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
