"""Formgrader's button, which grades one student as `nbgrader autograde` does, and `autograder grade`, in any order."""

import shutil

import nbformat
import pytest

from autograder.nbgrader_adapter import nbgrader_steps
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.rehearsal import actors

ASSIGNMENT = "composed"
ADA, EMMY = "student-001", "student-002"


pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own, in its own pass


@pytest.fixture(scope="module")
def handed_in(second_course, hand_in, tmp_path_factory):
    """A right answer and a blank one."""
    course = second_course(tmp_path_factory.mktemp("button") / "course", ASSIGNMENT)
    hand_in(course, ASSIGNMENT, actors(course, course.catalogue.assignment(ASSIGNMENT), 2))
    shutil.copytree(course.folder, course.settings.folder / "before")
    return course


@pytest.fixture
def classroom(handed_in):
    """The same, which nobody has graded."""
    shutil.rmtree(handed_in.folder)
    shutil.rmtree(handed_in.store.folder / "latest", ignore_errors=True)
    shutil.copytree(handed_in.settings.folder / "before", handed_in.folder)
    return handed_in


def press(course, student):
    """What formgrader's button does."""
    done = steps.api_of(course).autograde(ASSIGNMENT, student, force=True)
    assert done["success"], done.get("log") or done.get("error")


def said(cli, course):
    code, out, err = cli(course.settings.folder, "grade", ASSIGNMENT, "--workers", 1)
    assert code == 0, err
    return out.splitlines()[0]


def test_the_command_grades_those_that_the_button_has_not(classroom, cli):
    press(classroom, ADA)
    assert said(cli, classroom) == "1 graded, 1 had a grade already"
    press(classroom, EMMY)
    assert said(cli, classroom) == "0 graded, 2 had a grade already"


def test_what_the_button_graded_is_graded_again_when_another_is_submitted(classroom, cli):
    press(classroom, ADA)
    press(classroom, EMMY)
    path = classroom.folder / "submitted" / ADA / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    nbformat.write(notebook, path)
    assert said(cli, classroom) == "1 graded, 1 had a grade already"


def test_a_submission_that_comes_while_the_button_grades_is_not_taken_for_graded(classroom, cli, monkeypatch):
    def collected_meanwhile(self, nb, resources):
        (classroom.folder / "submitted" / ADA / ASSIGNMENT / "more.txt").write_text("new")
        return nb, resources

    monkeypatch.setattr(nbgrader_steps.LatePenalties, "preprocess", collected_meanwhile)
    press(classroom, ADA)
    monkeypatch.undo()
    assert said(cli, classroom) == "2 graded, 0 had a grade already"
