"""What `check()` shows in a notebook: the HTML, in a real kernel, and in a browser."""

import json
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.validator import Validator

from autograder.authoring.source import definition, renamed
from autograder.student.display import table
from autograder.student.feedback import NOT_BEGUN, Feedback, Line

ADVICE = "You halve everything. Only the old sum is to be halved."
CASE = "The case “one step” calls it with\n    [1., 2.]\nExpected:\n    3\nCame:\n    <b>4</b>"
WRONG = Feedback(
    "halving_step: 1 of 3 public cases are right.",
    (Line("one <step>", False, "`params` is off by up to 1"), Line("zero", True), Line("pure", None, "not judged")),
    (ADVICE, CASE),
    "momentum.html#time-scale",
)
RIGHT = Feedback("halving_step: all 2 public cases are right.", (Line("one", True), Line("two", True)))
BOOK = "https://example.org/book"


@pytest.fixture
def soup():
    return BeautifulSoup(table(WRONG, "halving_step", BOOK), "html.parser")


def test_the_misconception_comes_first_then_the_cases_then_one_of_them_folded_then_the_link(soup):
    text = soup.get_text(" ", strip=True)
    places = [text.index(part) for part in (WRONG.headline, ADVICE, "what happened", "spelled out", "Read:")]
    assert places == sorted(places)
    assert soup.details.has_attr("open") is False
    assert soup.details.summary.get_text() == "The case “one step”, spelled out"
    assert soup.a["href"] == "https://example.org/book/momentum.html#time-scale"


def test_every_case_has_a_mark_and_a_word(soup):
    marks = [row.td.get_text(" ", strip=True) for row in soup.select("tbody tr")]
    assert marks == ["✗ wrong", "✓ right", "– not judged"]


def test_an_answer_that_is_not_begun_has_no_table_and_is_marked_as_wrong():
    shown = BeautifulSoup(
        table(Feedback("halving_step: no case is right yet.", (), (NOT_BEGUN,)), "halving_step"), "html.parser"
    )
    assert shown.table is None
    assert shown.b.get_text() == "✗"


def test_the_table_says_what_its_heads_are_of(soup):
    assert [head["scope"] for head in soup.select("thead th")] == ["col"] * 3
    assert [head["scope"] for head in soup.select("tbody th")] == ["row"] * 3
    assert soup.table["aria-label"] == "the public cases of halving_step"


def test_words_of_the_student_are_text_and_nothing_is_loaded(soup):
    assert not soup.find_all(["script", "style", "img", "link", "iframe", "b <step>"])
    assert "<b>4</b>" in soup.pre.get_text()
    assert "one <step>" in soup.get_text()


def test_without_a_book_there_is_no_link_and_the_place_is_named():
    page = table(WRONG, "halving_step")
    assert "<a " not in page
    assert "the chapter momentum, section “time scale”" in page


@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
def test_it_can_be_read_in_both_themes_and_on_a_phone(mode, opened, tmp_path):
    ground, ink = ("#111111", "#e0e0e0") if mode == "dark" else ("#ffffff", "#212121")
    page = tmp_path / "page.html"
    shown = table(WRONG, "halving_step", BOOK) + table(RIGHT, "halving_step")
    page.write_text(f'<!doctype html><html lang="en"><body style="background:{ground};color:{ink};margin:8px">{shown}')
    tab, faults = opened(page, mode)
    assert faults == []
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    inks = tab.evaluate("[...document.querySelectorAll('tbody th, pre')].map(one => getComputedStyle(one).color)")
    assert set(inks) == {tab.evaluate("getComputedStyle(document.body).color")}
    assert not tab.locator("pre").first.is_visible()
    tab.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert tab.locator("pre").first.is_visible()


# ---------------------------------------------------------------- in a kernel


@pytest.fixture(scope="module")
def executed(source, catalogue, tmp_path_factory):
    """A notebook with a wrong and a right answer, run in a kernel: the outputs of its cells."""
    folder = tmp_path_factory.mktemp("kernel")
    shutil.copy(source / "descent" / "descent.cases.json", folder)
    right = definition(catalogue.exercises["running_mean"].reference)
    cells = {
        "start": "from autograder import check",
        "wrong": "def running_mean(mean, value, count):\n    return mean + 7\ncheck(running_mean)",
        "right": right + "\ncheck(running_mean)",
    }
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells.values()])
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute()
    return {name: cell.outputs for name, cell in zip(cells, notebook.cells, strict=True)}


def test_a_wrong_answer_is_shown_as_a_table_and_fails_with_a_short_text(executed):
    display, error = executed["wrong"]
    assert display.output_type == "display_data"
    assert "<table" in display.data["text/html"]
    assert display.data["text/plain"].startswith("running_mean: 0 of 4 public cases are right.")
    assert error.ename == "CheckFailed"
    assert error.traceback == [error.evalue]
    assert len(error.evalue.splitlines()) == 2


def test_a_right_answer_is_shown_as_a_table_and_prints_nothing(executed):
    (display,) = executed["right"]
    assert display.output_type == "display_data"
    assert "all 4 public cases are right" in display.data["text/html"]


def test_validate_fails_a_wrong_answer_and_names_the_misconception(source, catalogue, tmp_path):
    wrong = catalogue.exercises["running_mean"].misconceptions[0]
    folder = tmp_path / "descent"
    shutil.copytree(source / "descent", folder)
    notebook = nbformat.read(folder / "descent.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade_id == "solution-running_mean":
            cell.source = renamed(wrong.answer, "running_mean")
        elif cell.metadata.nbgrader.grade_id.startswith("solution-"):
            cell.source = definition(catalogue.exercises[cell.metadata.nbgrader.grade_id[9:]].reference)
    nbformat.write(notebook, folder / "descent.ipynb")
    found = Validator(ignore_checksums=True).validate(str(folder / "descent.ipynb"))
    assert [failed["source"] for failed in found["failed"]] == ["check(running_mean)"]
    said = found["failed"][0]["error"]
    assert " ".join(wrong.sentence.split()) in " ".join(said.split())
    assert len(said.splitlines()) < 5
    json.dumps(found)
