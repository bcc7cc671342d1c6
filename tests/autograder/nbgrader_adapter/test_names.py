"""Whatever the name of a submission's folder, the others are graded and shown, and it is named in letters."""

import csv
import os
import shutil
import sys
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.cleaning.outputs import readable
from autograder.cli import main
from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.exchange.collect import unfit_name
from autograder.nbgrader_adapter.gradebook import scores
from autograder.settings import read_config

#: By what is shown.
ODD = {
    b"m\\xfcller": b"m\xfcller",
    b"an\\nna": b"an\nna",
    b"tab\\tbed": b"tab\tbed",
    b"\\x1b[31mred": b"\x1b[31mred",
    b"\\u202egnp.exe": "\u202egnp.exe".encode(),
    b"x" * 80 + "…".encode(): b"x" * 250,
    b"--help": b"--help",
    b"-rf": b"-rf",
    b"[a-z]": b"[a-z]",
    b" ": b" ",
}
FINE = ["anna", "bob", "josé", "O'Brien", "UNI\\alice", "王伟", "a" * 200, "{x}", "%s", "=1+1", "a b"]


@pytest.fixture(scope="module")
def course(second_course, tmp_path_factory, bounded, nbgrader):
    """A course in which folders of all these names were put by hand; graded, with feedback. What was said."""
    made = second_course(tmp_path_factory.mktemp("names") / "course", "descent")
    submitted = os.fsencode(made.folder / "submitted")
    for name in (*ODD.values(), *map(os.fsencode, FINE)):
        folder = os.path.join(submitted, name, b"descent")
        shutil.copytree(os.fsencode(made.folder / "release" / "descent"), folder)
    root = made.settings.folder
    said = bounded([sys.executable, "-m", "autograder", "grade", "descent"], cwd=root)
    nbgrader((root, "generate_feedback", "descent"))
    return SimpleNamespace(root=root, folder=made.folder, said=said, course=made)


def test_who_can_be_named_is_graded_and_the_others_are_named_with_the_reason(course):
    assert course.said.returncode == 1
    assert "Traceback" not in course.said.stderr
    assert f"{len(FINE)} graded" in course.said.stdout
    named = [line for line in course.said.stderr.splitlines() if "rename the folder" in line]
    assert sorted(line.partition(": submission: ")[0] for line in named) == sorted(name.decode() for name in ODD)


@pytest.mark.parametrize("command", ["scores", "report", "export"])
def test_every_table_goes_on_and_names_who_is_missing(command, course, cli, tmp_path):
    to = [] if command == "scores" else ["--to", tmp_path / "written"]
    code, out, err = cli(course.root, command, "descent", *to)
    shown = (tmp_path / "written").read_text() if to else out
    assert (code, "Traceback" in err) == (0 if command == "report" else 1, False)
    for name in ("josé", "王伟", "UNI\\alice"):
        assert name in shown
    for name in ODD:
        assert name.decode() in (shown if command == "report" else err)
    if command == "export":
        students = [row["student_id"] for row in csv.DictReader(shown.splitlines())]
        assert sorted(students) == sorted(["'" + name if name == "=1+1" else name for name in FINE])


@pytest.mark.parametrize("name", FINE)
def test_who_can_be_named_has_feedback(name, course):
    assert "</html>" in (course.folder / "feedback" / name / "descent" / "descent.html").read_text()


def test_what_stands_for_a_name_is_one_line_and_no_more_than_a_line_holds():
    for shown, name in ODD.items():
        found = readable(os.fsdecode(name))
        assert found == shown.decode()
        assert found.isprintable()
        assert len(found) <= 81


def test_a_name_that_nbgrader_passes_over_is_seen(course):
    assert set(steps.unfit_students(course.course, "descent")) == {name.decode() for name in ODD}
    assert steps.submitted_students(course.course, "descent") == sorted(FINE)


# ------------------------------------------- the whole way, from a source notebook through the exchange to feedback

CONFIG = """
from autograder.nbgrader_adapter.pipeline import use_autograder
c = get_config()
c.CourseDirectory.root = {here!r} + "/classroom"
c.CourseDirectory.course_id = "names"
c.Exchange.root = {here!r} + "/exchange"
c.Exchange.cache = {here!r} + "/exchange-cache"
c.AutograderSettings.root = {here!r}
use_autograder(c)
c.SafeCollect.real_owners = False
"""
LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd"]) | st.sampled_from("aZ09 .,;:'\"_-@#$%&()={}~!^`|<>")


def names(longest, fit):
    """Names of at most so many bytes that a folder or file may have, and that nbgrader does not take for patterns."""
    return st.text(LETTERS, min_size=1, max_size=12).filter(
        lambda name: len(name.encode()) <= longest and not unfit_name(name) and fit(name)
    )


ASSIGNMENTS = names(40, lambda name: not set(name) & set("{}"))  # a part of nbgrader's patterns for folders
NOTEBOOKS = names(60, lambda name: not name.endswith("."))


def released(here, assignment, notebook):
    """A course with this assignment of nbgrader's own kind on its exchange."""
    (here / "nbgrader_config.py").write_text(CONFIG.format(here=str(here)), encoding="utf-8")
    marks = {"schema_version": 3, "locked": False, "task": False, "solution": False, "grade": False}
    solution = new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")
    solution.metadata.nbgrader = marks | {"grade_id": "answer", "solution": True}
    test = new_code_cell("assert x == 1")
    test.metadata.nbgrader = marks | {"grade_id": "test", "grade": True, "locked": True, "points": 2}
    words = new_markdown_cell("YOUR ANSWER HERE")
    words.metadata.nbgrader = marks | {"grade_id": "words", "grade": True, "solution": True, "points": 1}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = here / "classroom" / "source" / assignment
    source.mkdir(parents=True)
    made = new_notebook(cells=[solution, test, words], metadata={"kernelspec": kernel})
    nbformat.write(made, source / f"{notebook}.ipynb")
    course = course_of(read_config(here))
    steps.generate(course, assignment)
    steps.release(course, assignment)
    return course


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(ASSIGNMENTS, NOTEBOOKS, st.lists(names(60, bool), min_size=3, max_size=3, unique=True))
def test_whatever_the_names_everybody_is_collected_graded_exported_and_has_feedback(
    tmp_path_factory, bounded, assignment, notebook, students
):
    here = tmp_path_factory.mktemp("any")
    course = released(here, assignment, notebook)
    for number, student in enumerate(students):
        folder = steps.fetched(course, assignment, here / "desks" / str(number))
        path = folder / f"{notebook}.ipynb"
        handed_in = nbformat.read(path, as_version=4)
        handed_in.cells[0].source = "x = 1" if number else "x = 2"
        handed_in.cells[2].source = "In my own words."
        nbformat.write(handed_in, path)
        steps.submit(course, assignment, student, folder.parent)
    steps.collect(course, assignment)
    graded = bounded([sys.executable, "-m", "autograder", "--course", here, "grade", assignment])
    assert graded.returncode == 0, graded.stderr
    rows = {row.student: row.cells for row in scores.rows(course, assignment)}
    assert rows == {student: {"test": 2.0 if number else 0.0, "words": None} for number, student in enumerate(students)}
    assert main(["--course", str(here), "export", assignment, "--to", str(here / "grades.csv")]) == 1  # to be marked
    with (here / "grades.csv").open(newline="", encoding="utf-8") as file:
        exported = {row["student_id"].removeprefix("'") for row in csv.DictReader(file)}
    assert exported == {student.removeprefix("'") for student in students}
    assert main(["--course", str(here), "report", assignment, "--to", str(here / "report.html")]) == 0
    assert main(["--course", str(here), "scores", assignment]) == 0
    for student in students:
        steps.feedback(course, assignment, student)
        page = course.folder / "feedback" / student / assignment / f"{notebook}.html"
        assert "</html>" in page.read_text(encoding="utf-8")
