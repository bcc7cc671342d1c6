"""nbgrader's own example course, with the three lines that chapters/instructors.md names: its own steps' scores."""

import shutil
import sys
from pathlib import Path

import nbformat
import nbgrader as nbgrader_package
import pytest
from nbgrader.api import Gradebook

# What `nbgrader quickstart` lays out; the command itself takes most of a minute, for a settings file of comments.
EXAMPLE = Path(nbgrader_package.__file__).parent / "docs/source/user_guide/source"
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.IncludeHeaderFooter.header = "source/header.ipynb"
"""
OURS = """
from autograder.nbgrader_adapter.pipeline import use_autograder
use_autograder(c)
"""


STUDENTS = {"half": ["squares"]}  # every one is a kernel to be started


@pytest.fixture(scope="module")
def scores(tmp_path_factory, nbgrader, bounded):
    """The automatic scores: as nbgrader's own steps give them, as ours do, and as `autograder grade` does."""
    stock = tmp_path_factory.mktemp("quickstart") / "stock"
    ignored = shutil.ignore_patterns("*.html", "autotests.yml", "ps1_autotest")
    shutil.copytree(EXAMPLE, stock / "source", ignore=ignored)
    (stock / "nbgrader_config.py").write_text(STOCK)
    nbgrader((stock, "generate_assignment", "ps1"))
    source = nbformat.read(stock / "source/ps1/problem1.ipynb", as_version=4)
    answers = {cell.metadata.nbgrader.grade_id: cell.source for cell in source.cells if "nbgrader" in cell.metadata}
    for student, known in STUDENTS.items():
        notebook = nbformat.read(stock / "release/ps1/problem1.ipynb", as_version=4)
        for cell in notebook.cells:
            if (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in known:
                cell.source = answers[name]
        folder = stock / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "problem1.ipynb")
    ours = stock.with_name("ours")
    shutil.copytree(stock, ours)
    with (ours / "nbgrader_config.py").open("a") as file:
        file.write(OURS)
    command = stock.with_name("command")
    shutil.copytree(ours, command)
    nbgrader((stock, "autograde", "ps1"), (ours, "autograde", "ps1"))
    found = bounded([sys.executable, "-m", "autograder", "grade", "ps1"], cwd=command)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("1 graded, 0 had a grade already")
    return [graded(folder) for folder in (stock, ours, command)]


def graded(folder):
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (submission.student.id, notebook.name, grade.name): (grade.auto_score, grade.needs_manual_grade)
            for submission in gradebook.assignment_submissions("ps1")
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def test_every_score_is_nbgrader_s(scores):
    stock, ours, command = scores
    assert stock == ours == command


def test_the_comparison_is_about_right_answers_and_wrong_ones(scores):
    stock = scores[0]
    found = {name: score for (_, notebook, name), (score, _) in stock.items() if notebook == "problem1"}
    assert found["correct_squares"] > 0
    assert found["correct_sum_of_squares"] == 0
