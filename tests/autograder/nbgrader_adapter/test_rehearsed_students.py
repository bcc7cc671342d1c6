"""Made-up students that an earlier version left in a real course."""

import shutil

import pytest
from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.course import course_of
from autograder.roster.kept import keep_roster
from autograder.roster.person import Person
from autograder.settings import read_config

MADE_UP = ("student-001", "student-012")
REAL = ("ada", "student-002", "student-003", "student-4", "my-student-001")


@pytest.fixture
def root(ordinary_course, tmp_path):
    """A course with made-up students and real ones: one of these has an address, another is in the roster."""
    root = shutil.copytree(ordinary_course, tmp_path / "course")
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.Exchange.root = {str(root / 'exchange')!r}\n")
    made = course_of(read_config(root))
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "stock") as gradebook, gradebook.db.no_autoflush:
        for student in (*MADE_UP, *REAL):
            gradebook.add_student(student, email="a@example.org" if student == "student-002" else None)
            gradebook.add_submission("ps1", student)
    keep_roster(root / "roster.csv", [Person("student-003")])
    for student in (*MADE_UP, *REAL):
        for step in ("submitted", "autograded", "feedback"):
            (root / step / student / "ps1").mkdir(parents=True)
            (root / step / student / "ps1" / "ps1.ipynb").write_text("{}")
        (root / "exchange/stock/inbound" / f"{student}+ps1+2026-01-01 00:00:00 UTC+abc").mkdir(parents=True)
        made.store.remember("ps1", student, "ps1", "key")
    return root


def answer(monkeypatch, text):
    monkeypatch.setattr("builtins.input", lambda question: text)


def students(root):
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "stock") as gradebook:
        return {student.id for student in gradebook.students}


def test_they_are_named_and_everything_of_theirs_is_removed(root, cli, monkeypatch):
    answer(monkeypatch, "y")
    code, out, err = cli(root, "remove-rehearsed")
    assert (code, err) == (0, "")
    assert "2 made-up students, in no roster and without a name: student-001, student-012" in out
    assert students(root) == set(REAL)
    for step in ("submitted", "autograded", "feedback"):
        assert {path.name for path in (root / step).iterdir()} == set(REAL)
    assert {path.name.partition("+")[0] for path in (root / "exchange/stock/inbound").iterdir()} == set(REAL)
    assert {path.name for path in (root / ".autograder/latest/ps1").iterdir()} == set(REAL)


@pytest.mark.parametrize("text", ["", "n", "never"])
def test_without_a_yes_nothing_is_removed(root, cli, monkeypatch, text):
    answer(monkeypatch, text)
    code, out, _ = cli(root, "remove-rehearsed")
    assert code == 0
    assert "nothing was removed" in out
    assert students(root) == {*MADE_UP, *REAL}


def test_where_nobody_can_be_asked_the_option_is_named(root, cli, monkeypatch):
    def nobody(question):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    code, _, err = cli(root, "remove-rehearsed")
    assert code == 2
    assert "give --yes where nobody can" in err
    assert students(root) == {*MADE_UP, *REAL}


def test_a_course_without_any_says_so(root, cli):
    assert cli(root, "remove-rehearsed", "--yes")[0] == 0
    code, out, _ = cli(root, "remove-rehearsed")
    assert (code, out) == (0, "this course holds no made-up student\n")
