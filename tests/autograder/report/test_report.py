"""The instructor's page on a class, out of a real gradebook and a real store of verdicts, and opened in a browser."""

import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from autograder.nbgrader_adapter.gradebook.scores import ScoreRow
from autograder.report.collected import Collected, Item, MisconceptionCount, Remark, Used, collect
from autograder.report.page import render
from autograder.report.statistics import FEWEST, distribution, qualities, totals

HOSTILE = "<img src=x onerror=alert(31337)>"


@pytest.fixture(scope="module")
def collected(small_class):
    return collect(small_class.course, "descent")


@pytest.fixture(scope="module")
def page(collected, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(collected))
    return path


@pytest.fixture
def judged(collected):
    """How many have a verdict on halving_step. On a busy machine the wall clock stops 'loops', for a person to see."""
    without = {row.student for row in collected.rows if row.cells["check-halving_step"] is None}
    assert without in ({"person"}, {"person", "loops"})
    return len(collected.rows) - len(without)


@pytest.fixture
def soup(page):
    return BeautifulSoup(page.read_text(), "html.parser")


def table(soup, heading):
    """The rows of the table under a heading, by their first cell."""
    section = next(h2 for h2 in soup.find_all("h2") if h2.get_text() == heading).parent
    rows = [row.find_all(["th", "td"]) for row in section.select("tbody tr")]
    return [[cell.get_text(" ", strip=True) for cell in row] for row in rows]


@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
def test_the_page_is_quiet_keeps_to_itself_and_fits(opened, page, mode):
    tab, faults = opened(page, mode)
    assert faults == []
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert tab.locator("svg.plot").count() == 5
    colour = "one => getComputedStyle(one).color"
    ink, text = (tab.locator(name).first.evaluate(colour) for name in ("svg.plot", "body"))
    assert ink == text  # a plot in the page's own ink, light or dark


def test_the_page_has_no_script_and_every_plot_says_what_it_shows(soup):
    assert not soup.find_all(["script", "iframe", "img"])
    assert soup.html["lang"] == "en"
    assert all(len(plot["aria-label"]) > 30 for plot in soup.select("svg.plot"))
    names = [element["id"] for element in soup.find_all(id=True)]
    assert len(names) == len(set(names))
    assert [heading.name for heading in soup.find_all(re.compile("h[1-6]"))] == ["h1"] + ["h2"] * 7
    assert not re.search(r"\bnan\b", soup.get_text(), re.IGNORECASE)


def test_the_name_of_a_student_is_text(page, soup):
    assert HOSTILE not in page.read_text()
    assert HOSTILE in [row[0] for row in table(soup, "Time and memory")]


def test_the_numbers_are_the_gradebook_s(soup, collected, judged):
    sums = totals(collected)
    assert len(sums) == judged - 1  # without 'right-3', whose words are not marked
    (row,) = table(soup, "Scores")
    assert row[:3] == [str(judged - 1), f"{np.mean(sums):.2f}", f"{min(sums):g}"]
    exercises = {row[0]: row[1:] for row in table(soup, "Exercises")}
    assert list(exercises) == ["halving_step", "running_mean", "backtrack", "log_sum_exp", "warm_up", "in words"]
    points = [row.cells["check-halving_step"] for row in collected.rows if row.student != "blank"]
    shares = [score / 4 for score in points if score is not None]
    assert exercises["halving_step"][:3] == ["4", str(judged - 1), f"{np.mean(shares):.2f}"]


def test_a_misconception_is_counted_with_its_sentence(soup, small_class, judged):
    """Of those who have begun: 'blank' has not."""
    wrong = small_class.course.catalogue.exercises["halving_step"].misconceptions
    rows = {row[0]: row[1:] for row in table(soup, "Misconceptions")}
    assert rows["halving_step all halved"] == [f"2 of {judged - 1}", wrong[0].sentence]
    assert rows["halving_step stale sum"] == [f"1 of {judged - 1}", wrong[1].sentence]


def test_the_cases_that_fail_most_come_first(soup, collected):
    shares = [case.students / case.judged for case in collected.failing]
    assert shares == sorted(shares, reverse=True)
    assert table(soup, "Cases that fail most")[0][0] == collected.failing[0].exercise


def test_who_needs_a_person_is_named_with_the_reason(soup):
    (row,) = (row for row in table(soup, "What needs a person") if row[0] == "person")
    assert row[1] == "halving_step, running_mean, backtrack, log_sum_exp, warm_up"
    assert "it was made from version another" in row[2]
    assert "1 student has written answers that wait to be marked" in soup.get_text()


def test_what_is_flagged_in_an_answer_is_named_with_its_line(soup):
    rows = [row[1:] for row in table(soup, "Worth a look") if row[0] == "right-2"]
    assert rows == [["running_mean", "it asks which object it was given: `id(given)`"]]


def test_a_cell_that_did_not_end_well_is_named(small_class):
    store = small_class.course.store
    (graded,) = store.latest("descent", "right-1").values()
    stopped = replace(graded, troubles=("cell 3: timeout after 2 s of CPU time",))
    store.put("0" * 64, stopped)
    store.remember("descent", "right-1", "descent", "0" * 64)
    try:
        soup = BeautifulSoup(render(collect(small_class.course, "descent")), "html.parser")
    finally:
        store.remember("descent", "right-1", "descent", graded.key)
    told = [row[1:] for row in table(soup, "Worth a look") if row[0] == "right-1"]
    assert told == [["descent", "cell 3: timeout after 2 s of CPU time"]]


def test_what_a_student_wrote_in_a_flagged_line_is_text(collected):
    page = render(replace(collected, remarks=(Remark("s", "f", f"it keeps something: `{HOSTILE}`"),)))
    assert HOSTILE not in page
    assert HOSTILE in table(BeautifulSoup(page, "html.parser"), "Worth a look")[0][2]


def test_without_flags_the_page_says_so(collected):
    assert "No answer has anything that a person should look at" in render(replace(collected, remarks=()))


def test_what_a_submission_took_is_the_store_s(soup, small_class):
    (graded,) = small_class.course.store.latest("descent", "crashes").values()
    rows = {row[0]: row[1:] for row in table(soup, "Time and memory")}
    assert rows["crashes"] == [f"{graded.cpu_seconds:.2f}", f"{graded.peak_mib:.1f}"]


def test_no_verdict_is_computed_again(small_class, monkeypatch, tmp_path):
    monkeypatch.setattr("autograder.grading.notebook.judge_answers", None)
    monkeypatch.setattr("autograder.sandbox.ForkServer.launch", None)
    before = sorted((small_class.course.store.folder / "verdicts").rglob("*.json"))
    render(collect(small_class.course, "descent"))
    assert sorted((small_class.course.store.folder / "verdicts").rglob("*.json")) == before


def test_a_reason_that_the_store_does_not_keep_is_read_from_the_graded_notebook(small_class):
    store = small_class.course.store.folder / "latest" / "descent" / "person"
    away = store.rename(store.with_name("away"))
    try:
        reasons = [one.reason for one in collect(small_class.course, "descent").waiting if one.student == "person"]
    finally:
        away.rename(store)
    assert len(reasons) == 1
    assert "it was made from version another" in reasons[0]


def test_a_submission_that_nobody_graded_is_named(small_class):
    folder = small_class.course.folder / "submitted" / "late" / "descent"
    shutil.copytree(small_class.course.folder / "release" / "descent", folder)
    try:
        found = collect(small_class.course, "descent")
    finally:
        shutil.rmtree(folder.parent)
    assert [one.parts for one in found.waiting if one.student == "late"] == [("submission",)]
    assert found.submitted == len(found.rows) + 1


def test_every_misconception_has_a_bar_of_its_share_in_the_table(soup, collected):
    widths = [bar["style"] for bar in soup.select("td .bar span")]
    assert widths == [f"width:{100 * one.students / one.judged:.1f}%" for one in collected.held]


def test_the_plot_has_the_fifteen_most_held_and_the_table_all(collected):
    held = tuple(MisconceptionCount("step", f"wrong_{i}", "A sentence.", 40 - i, 50) for i in range(22))
    soup = BeautifulSoup(render(replace(collected, held=held)), "html.parser")
    assert len(table(soup, "Misconceptions")) == 22
    plot = next(plot for plot in soup.select("svg.plot") if "misconception" in plot["aria-label"])
    assert "wrong 14" in plot["aria-label"]
    assert "wrong 15" not in plot["aria-label"]


# ---------------------------------------------------------------- a large class


@pytest.fixture
def large(collected, tmp_path):
    used = tuple(Used(f"student-{i:03}", (i * 37 % 101) / 10, float(i)) for i in range(101))
    path = tmp_path / "large.html"
    path.write_text(render(replace(collected, submitted=101, used=used)))
    return path


def column(tab, number):
    return tab.locator("details table tbody").last.locator(f"tr:visible > *:nth-child({number})").all_inner_texts()


def test_the_tables_of_a_large_class_are_sorted_from_the_keyboard_and_say_so(opened, large):
    tab, faults = opened(large, "light")
    tab.locator("summary").last.click()
    head = tab.locator("details").last.locator("thead th").nth(1)
    head.locator("button").focus()
    tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    numbers = list(map(float, column(tab, 2)))
    assert numbers == sorted(numbers)
    tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    numbers = list(map(float, column(tab, 2)))
    assert numbers == sorted(numbers, reverse=True)
    tab.locator("details").last.locator("thead button").first.click()
    assert head.get_attribute("aria-sort") is None
    assert column(tab, 1) == sorted(column(tab, 1))
    assert faults == []


def test_the_tables_of_a_large_class_are_searched(opened, large):
    tab, faults = opened(large, "phone")
    tab.locator("summary").last.click()
    field = tab.locator("details").last.get_by_label("search")
    field.fill("student-09")
    assert column(tab, 1) == [f"student-{i:03}" for i in column_order() if 90 <= i < 100]
    assert tab.locator("details").last.locator("output").inner_text() == "10 of 101"
    field.fill("")
    assert len(column(tab, 1)) == 101
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert faults == []


def column_order():
    """The students as the page has them at first: those who took most time first."""
    return sorted(range(101), key=lambda i: -(i * 37 % 101) / 10)


def test_a_class_of_a_hundred_has_no_script(collected):
    assert "<script" not in render(replace(collected, submitted=100))
    assert "script-src" not in render(replace(collected, submitted=100))


# ---------------------------------------------------------------- the command


def test_the_command_writes_the_page(cli, small_class, tmp_path):
    code, out, _ = cli(small_class.root, "report", "descent", "--to", tmp_path / "report.html")
    assert (code, out) == (0, f"{tmp_path}/report.html: written\n")
    assert "</html>" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["composed"], "the gradebook has no assignment called 'composed'; it has: descent"),
        (["descent", "--to", "nowhere/report.html"], "nowhere/report.html cannot be written: No such file"),
    ],
)
def test_a_mistake_is_one_sentence(cli, small_class, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code, _, err = cli(small_class.root, "report", *arguments)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_without_grades_it_says_what_to_run(cli, small_class, tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    shutil.copy(small_class.root / "nbgrader_config.py", root)
    (root / "classroom").mkdir()
    shutil.copy(small_class.course.folder / "gradebook.db", root / "classroom")
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        for student in [student.id for student in gradebook.students]:
            gradebook.remove_submission("descent", student)
    code, _, err = cli(root, "report", "descent", "--to", tmp_path / "report.html")
    assert code == 2
    assert err == "autograder: no submission of 'descent' has a grade yet: run `autograder grade descent`\n"
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_fails_leaves_the_one_that_was_there(small_class, tmp_path, monkeypatch):
    from autograder.report import page as pages

    (tmp_path / "report.html").write_text("the old one")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ValueError, match=r"report\.html cannot be written: No space left"):
        pages.write_report(small_class.course, "descent", tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == "the old one"
    assert os.listdir(tmp_path) == ["report.html"]


# ---------------------------------------------------------------- the statistics


def a_class(scores, points=(4.0, 2.0, 3.0)):
    """A class with these scores: a row a student, a column an exercise."""
    items = tuple(Item(f"check-{i}", f"exercise {i}", of) for i, of in enumerate(points))
    cells = [item.cell for item in items]
    rows = tuple(
        ScoreRow(f"s{n}", dict(zip(cells, line, strict=True)), sum(points), frozenset(), {}, frozenset())
        for n, line in enumerate(scores)
    )
    return Collected("a", "A", len(rows), items, rows, (), (), (), ())


def test_difficulty_is_the_mean_share_and_discrimination_the_corrected_correlation():
    scores = np.random.default_rng(1).integers(0, 3, size=(30, 3)).astype(float)
    for i, found in enumerate(qualities(a_class(scores))):
        rest = np.delete(scores, i, axis=1).sum(1)
        assert found.difficulty == pytest.approx(scores[:, i].mean() / (4.0, 2.0, 3.0)[i])
        assert found.discrimination == pytest.approx(np.corrcoef(scores[:, i], rest)[0, 1])


def test_what_is_not_begun_counts_in_no_quality():
    scores = np.random.default_rng(1).integers(1, 3, size=(30, 3)).astype(float)
    scores[:12, 0] = 0
    found = replace(a_class(scores), not_begun=frozenset((f"s{n}", "check-0") for n in range(12)))
    first, second, _ = qualities(found)
    assert (first.students, second.students) == (18, 30)
    assert first.difficulty == pytest.approx(scores[12:, 0].mean() / 4)
    assert first.discrimination == pytest.approx(np.corrcoef(scores[12:, 0], scores[12:, 1:].sum(1))[0, 1])


@pytest.mark.parametrize(
    ("scores", "points", "why"),
    [
        ([[1, 2, 3], [2, 1, 3]], (4.0, 2.0, 3.0), f"only 2 have a score in every part; it takes {FEWEST}"),
        ([[4, i % 3, i % 2] for i in range(12)], (4.0, 2.0, 3.0), "everybody has the same score in it"),
        ([[i % 3, 2, 3] for i in range(12)], (4.0, 2.0, 3.0), "everybody has the same score in all the others"),
        ([[i % 3] for i in range(12)], (4.0,), "it takes a second exercise"),
        ([[None, 1, 1] for _ in range(12)], (4.0, 2.0, 3.0), "nobody has a score in it yet"),
        ([[0, 1, 1] for _ in range(12)], (0.0, 2.0, 3.0), "it is worth no points"),
    ],
)
def test_where_there_is_no_number_the_page_says_why(scores, points, why):
    found = a_class(scores, points)
    assert qualities(found)[0].discrimination is None
    page = BeautifulSoup(render(found), "html.parser").get_text()
    assert why in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_a_class_of_one_with_nothing_known_has_a_page():
    page = BeautifulSoup(render(a_class([[None, None, None]])), "html.parser").get_text()
    assert "Nobody has all their scores yet" in page
    assert "The store has no verdict" in page


def test_scores_above_the_points_and_odd_names_are_drawn():
    found = a_class([[9, 2, 3]] * 12)
    items = tuple(replace(item, name='$\\frac{ <b> & "') for item in found.items)
    text = render(replace(found, items=items, used=(Used("s", 0.0, 0.0),)))
    assert "<b> &" not in text.replace("<b> &amp;", "")


def test_a_distribution_of_nothing_is_none():
    assert distribution([]) is None
    assert distribution([1, 2, 3, 4]).median == 2.5
