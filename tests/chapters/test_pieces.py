"""The pieces of a chapter, on the page that has one of each; and each fault in one of them stops the build."""
from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docutils import nodes

from chapters._ext.folds import duration
from chapters._ext.pieces import RIGHT, divided


class Folded(HTMLParser):
    """The text of each fold by its summary, and the text outside all of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[list[str]] = []
        self.folds: list[str] = []
        self.outside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "details":
            self.stack.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag == "details":
            self.folds.append(" ".join("".join(self.stack.pop()).split()))

    def handle_data(self, data: str) -> None:
        for text in self.stack or [self.outside]:
            text.append(data)


@pytest.fixture(scope="module")
def page(small_site) -> str:
    return (small_site("full") / "chapters" / "demo.html").read_text("utf-8")


@pytest.fixture(scope="module")
def folds(page) -> Folded:
    return Folded(page)


def fold(folds: Folded, summary: str) -> str:
    found, = (text for text in folds.folds if text.startswith(summary))
    return found


def test_a_prediction_shows_its_choices_and_folds_the_answer_with_all_that_its_cells_put_out(page, folds):
    assert 'class="upperalpha simple choices"' in page
    answer = fold(folds, "Answer")
    for part in ("for _ in range(100)", "a velocity of 10.00", "Fig. 1.2", "B. The velocity tends to"):
        assert part in answer
        assert part not in " ".join("".join(folds.outside).split())


def test_a_solution_is_folded_and_its_problem_is_not(folds):
    assert "Multiply by" in fold(folds, "Solution")
    assert "Show that" in "".join(folds.outside)


def test_a_cell_that_only_asserts_is_folded(folds):
    assert fold(folds, "Checked by the build") == "Checked by the build assert abs(v - 10) < 1e-3"


def test_a_method_s_box_has_its_five_terms(page):
    box = page[page.index('<div class="piece method'):]
    assert re.findall("<dt>(.*?)</dt>", box) == ["Update", "State", "Defaults", "Use", "PyTorch"]


def test_a_frame_says_how_long_the_page_takes(page):
    assert re.search(r"<dt>Time</dt><dd><p>about \d+ minutes, and 10 for the pencil problem</p>", page)


def test_a_figure_that_is_steered_is_drawn_and_its_script_is_there(page, small_site):
    assert page.count("data-drawing=") == 2
    source = re.search(r'<script defer src="\.\./(_static/interactive/rate_momentum\.js)"', page)[1]
    assert (small_site("full") / source).is_file()
    assert not list(small_site("full").rglob("drawn.json"))


@pytest.fixture
def tab(browser, small_site):
    made = browser.new_page(viewport={"width": 1280, "height": 900})
    made.goto((small_site("full") / "chapters" / "demo.html").as_uri())
    yield made
    made.close()


@pytest.mark.parametrize(("fold", "inside"), [("details.answer", "details.answer > p"),
                                              ("details.solution", "details.solution > p"),
                                              ("details.checked", "details.checked pre"),
                                              ("details.docstrings", ".listing-panel .docstring")])
def test_the_keyboard_unfolds_what_is_folded(tab, fold, inside):
    assert not tab.locator(inside).first.is_visible()
    tab.locator(f"{fold} > summary").first.press("Enter")
    assert tab.locator(inside).first.is_visible()


def test_paper_has_both_forms_and_the_answer_but_no_solution_no_button_and_no_bar(tab):
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 720, "height": 1000})
    names = ("details.answer > p", "details.answer svg.figure", "details.solution", "details.checked", "details.hide",
             ".interactive form")
    shown = {name: tab.locator(name).first.is_visible() for name in names}
    assert shown == dict.fromkeys(shown, False) | {"details.answer > p": True, "details.answer svg.figure": True}
    assert [panel.is_visible() for panel in tab.locator(".listing-panel").all()] == [True] * 3
    assert tab.evaluate("""[...document.querySelectorAll('pre')].filter((one) => one.offsetWidth).every(
        (one) => one.scrollWidth <= one.clientWidth + 1)""")


def test_a_longer_page_takes_longer():
    def document(words: int) -> nodes.document:
        made = nodes.document(None, None)
        made += nodes.paragraph("", "word " * words)
        return made
    assert duration(document(10)) == "about 5 minutes"
    assert duration(document(2800)) == "about 20 minutes"


@pytest.mark.parametrize(("text", "letters"), [("B. It stops.", "B"), ("A and C. So.", "A and C"), ("It stops.", None),
                                               ("E. It stops.", None), ("B It stops.", None), ("Both.", None)])
def test_an_answer_begins_with_its_letter(text, letters):
    found = RIGHT.match(text)
    assert (found and found["letters"]) == letters


def test_a_table_s_rule_is_no_division():
    assert divided("|a|\n|---|\n---\nanswer") == ("|a|\n|---|", "answer")
    assert divided("no answer") == ("no answer", "")


def test_each_fault_of_a_piece_is_told_where_it_stands(build_command, small_book: Path, tmp_path):
    page = small_book / "chapters" / "demo.md"
    spoilt = {
        "- $g / (1-\\mu)$, as in `open_step`\n- without end\n": "",
        "B. The velocity": "The velocity",
        "$|\\mu| < 1$.\n\n---\n": "$|\\mu| < 1$.\n",
        "State\n: $v$": "Memory\n: $v$",
        "You need\n": "You want\n",
        "{interactive} rate_momentum": "{interactive} nothing",
        "```{code-cell} python\n:tags: [answer]\n": "Between.\n\n```{code-cell} python\n:tags: [answer]\n",
    }
    text = page.read_text("utf-8")
    for right, wrong in spoilt.items():
        assert right in text
        text = text.replace(right, wrong, 1)
    page.write_text(text, "utf-8")
    done = build_command("--source", str(small_book), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    for sentence in ("predict: give two to four choices", "predict: begin the answer with the letter",
                     "pencil: no line `---`", "method: `State` is missing", "method: `Memory` is none of its terms",
                     "frame: `You need` is missing",
                     "interactive: there is no figure 'nothing'", "tagged `answer` that stands behind no `predict`"):
        assert re.search(r"demo\.md:\d+: WARNING: [^\n]*" + re.escape(sentence), done.stderr), sentence
