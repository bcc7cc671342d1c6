"""The notebooks of nbgrader's own tests, graded by `nbgrader autograde` as it comes and by ours: equal scores.

Each assignment is generated once by nbgrader, from the file that its tests generate it from; both ways grade a copy.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nbgrader as installed
import pytest
from nbgrader.api import Gradebook

FILES = Path(installed.__file__).parent / "tests"
SECONDS = 120  # for what a cell prints to arrive, on a machine that does other things too
STOCK = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "peers"
c.ExecutePreprocessor.timeout = {seconds}
c.ExecutePreprocessor.iopub_timeout = {seconds}
"""
OURS = """
from autograder.nbgrader_adapter.pipeline import use_autograder
use_autograder(c)
c.AutograderSettings.exercises = []
c.AutograderSettings.cell_seconds = {seconds}
"""

GRADE = """
import sys
from autograder.cli import main
_, root, *names = sys.argv
sys.exit(max(main(["--course", root, "grade", name]) for name in names) > 1)
"""

# By the file that is released, the files that are handed in.
CLASSES = {
    "apps/submitted-unchanged": [
        "apps/submitted-unchanged",
        "apps/submitted-changed",
        "apps/submitted-locked-cell-changed",
        "apps/submitted-grade-cell-changed",
        "apps/submitted-cheat-attempt",
        "apps/submitted-cheat-attempt-alternative",
        "preprocessors/submitted-changed",
        "ui-tests/submitted-changed",
    ],
    "apps/autotest-simple": ["apps/autotest-simple-unchanged", "apps/autotest-simple-changed"],
    "apps/autotest-hashed": ["apps/autotest-hashed-unchanged", "apps/autotest-hashed-changed"],
    "apps/autotest-multi": ["apps/autotest-multi-unchanged", "apps/autotest-multi-changed"],
    "apps/autotest-hidden": [
        "apps/autotest-hidden-unchanged",
        "apps/autotest-hidden-changed-right",
        "apps/autotest-hidden-changed-wrong",
    ],
    **{
        name: [name]
        for name in (
            "apps/test",
            "apps/test-with-output",
            "apps/test-hidden-tests",
            "apps/side-effects",
            "apps/validation-zero-points",
            "apps/validating-environment-variable",
            "preprocessors/manually-graded-code-cell",
            "preprocessors/long-output",
            "preprocessors/test_taskcell",
            "preprocessors/warning-pattern",
            "preprocessors/header",
            "ui-tests/task",
            "ui-tests/blank",
        )
    },
}


@pytest.fixture(scope="module")
def courses(tmp_path_factory, nbgrader):
    """Two courses with the same releases and submissions: one with nbgrader's settings, one with ours."""
    stock = tmp_path_factory.mktemp("peers") / "stock"
    stock.mkdir()
    configure(stock)
    shutil.copy(FILES / "apps" / "files" / "autotests.yml", stock)
    for released, handed_in in CLASSES.items():
        name = assignment_of(released)
        put(released, stock / "source" / name / "p1.ipynb")
        for student in handed_in:
            put(student, stock / "submitted" / assignment_of(student) / name / "p1.ipynb")
    names = list(map(assignment_of, CLASSES))
    nbgrader(*((stock, "generate_assignment", name) for name in names))
    ours = shutil.copytree(stock, stock.parent / "ours")
    configure(ours, OURS)
    nbgrader(*((stock, "autograde", name) for name in names))
    found = subprocess.run(
        [sys.executable, "-c", GRADE, str(ours), *names], capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode == 0, found.stderr
    return stock, ours


@pytest.mark.parametrize("released", CLASSES)
def test_the_scores_are_those_of_nbgrader(released, courses):
    theirs, ours = (scores_of(root, assignment_of(released)) for root in courses)
    assert len(theirs) == len(CLASSES[released])
    assert ours == theirs


def configure(root, more=""):
    text = (STOCK + more).format(root=str(root), seconds=SECONDS)
    (root / "nbgrader_config.py").write_text(text)


def put(name, place):
    place.parent.mkdir(parents=True, exist_ok=True)
    folder, _, file = name.partition("/")
    shutil.copy(FILES / folder / "files" / f"{file}.ipynb", place)


def assignment_of(name):
    return name.replace("/", "-")


def scores_of(root, assignment):
    """By student: the score of every cell, and whether a person must look at it."""
    with Gradebook(f"sqlite:///{root}/gradebook.db", "peers") as gradebook:
        return {
            submission.student.id: {
                grade.name: (grade.auto_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(assignment)
        }
