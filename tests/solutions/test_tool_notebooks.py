"""Notebooks as other tools and habits leave them, each graded as it is: right answers to the assignment on momentum.

`tests/faults` holds one for each way; only the version in them is made the present one.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import read_config

ROOT = Path(__file__).parents[2]
FAULTS = ROOT / "tests" / "faults"
NAMES = sorted(path.name.removesuffix(".ipynb") for path in FAULTS.iterdir())
IN_WORDS = [name for name in NAMES if name.startswith(("written", "all_cell"))]
ASSIGNMENT = "momentum"
CONFIG = """
load_subconfig("nbgrader_config.py", path={root!r})
c = get_config()
c.CourseDirectory.root = {here!r} + "/classroom"
c.AutograderSettings.secret_file = {here!r} + "/course_secret"
c.AutograderSettings.store = {here!r} + "/verdicts"
c.AutograderSettings.case_sets = 1
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which each notebook is handed in by a student of its name; graded."""
    here = tmp_path_factory.mktemp("tools")
    (here / "nbgrader_config.py").write_text(CONFIG.format(root=str(ROOT), here=str(here)))
    made = course_of(read_config(here))
    steps.build(made, ASSIGNMENT)
    steps.generate(made, ASSIGNMENT)
    version = re.search(r'"version": "(\w+)"', (made.folder / f"release/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").read_text())
    for name in NAMES:
        folder = made.folder / "submitted" / name / ASSIGNMENT
        shutil.copytree(made.folder / "release" / ASSIGNMENT, folder)
        source = FAULTS / name
        files = list(source.iterdir()) if source.is_dir() else [source.with_suffix(".ipynb")]
        for file in files:
            target = folder / (f"{ASSIGNMENT}.ipynb" if file.suffix == ".ipynb" else file.name)
            text = file.read_text(encoding="utf-8")
            target.write_text(re.sub(r'("version": ?)"\w+"', rf'\1"{version[1]}"', text), encoding="utf-8")
        (folder / "timestamp.txt").write_text("2026-01-01 00:00:00.000000 UTC")
    command = [sys.executable, "-m", "autograder", "--course", here, "grade", ASSIGNMENT]
    told = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    found = subprocess.run(command, env=told, capture_output=True, text=True, timeout=900, check=False)
    assert found.returncode == 0, found.stderr
    return made


@pytest.fixture(scope="module")
def grades(course):
    """Each student's (score, points) by cell; the score is None where a person is needed."""
    with Gradebook(course.directory().db_url, course.directory().course_id) as gradebook:
        return {
            submission.student.id: {
                grade.name: (grade.auto_score, grade.cell.max_score) for grade in submission.notebooks[0].grades
            }
            for submission in gradebook.assignment_submissions(ASSIGNMENT)
        }


@pytest.mark.parametrize("name", NAMES)
def test_every_right_answer_has_its_points(name, course, grades):
    """But for the case of the dtype, where the answer has another than it was given."""
    (graded,) = course.store.latest(ASSIGNMENT, name).values()
    assert len(graded.verdicts) == 5
    wrong = {}
    for cell, verdict in graded.verdicts.items():
        wrong[cell] = [kind for _, kind, _, passed, _ in verdict.cases if not passed]
        score, points = grades[name][cell]
        assert score == points if not wrong[cell] else 0 < score < points
    assert [kinds for kinds in wrong.values() if kinds] == ([["dtype"]] if name == "longdouble" else [])


@pytest.mark.parametrize("name", IN_WORDS)
def test_an_answer_in_words_in_another_place_waits_for_a_person(name, grades):
    (words,) = [score for cell, (score, _) in grades[name].items() if cell.startswith("written")]
    assert words is None


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_feedback_page_with_every_verdict(name, course):
    steps.feedback(course, ASSIGNMENT, name)
    page = (course.folder / "feedback" / name / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    for exercise in ("qhm_step", "AggMo", "largest_stable_lr", "change_lr", "read_momentum"):
        assert f"{exercise}: " in page
    assert "</html>" in page
