"""The course that benchmarks measure on: this one's momentum assignment, with PyTorch and without, and its answers."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

from autograder.authoring.exercise import Exercise
from autograder.authoring.source import definition
from autograder.authoring.standalone import standalone
from autograder.nbgrader_adapter.course import Course, course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import CONFIG_NAME, read_config

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
ASSIGNMENTS = {"torch": "momentum", "numpy": "momentum-numpy"}
_CONFIG = """
c = get_config()
load_subconfig({config!r})
c.CourseDirectory.root = {folder!r}
c.Exchange.root = {folder!r} + "/exchange"
c.Exchange.cache = {folder!r} + "/exchange-cache"
c.AutograderSettings.secret_file = {folder!r} + "/course_secret"
c.AutograderSettings.store = {folder!r} + "/verdicts"
c.AutograderSettings.assignments = {{"momentum-numpy": {{
    "exercises": ["qhm_step", "largest_stable_lr", "read_momentum"]}}}}
"""


def make_course(folder: Path, assignment: str) -> Course:
    """A fresh course in a folder, its assignment built and generated."""
    config = _CONFIG.format(config=str(ROOT / "nbgrader_config.py"), folder=str(folder))
    (folder / CONFIG_NAME).write_text(config)
    course = course_of(read_config(folder))
    steps.build(course, assignment)
    steps.generate(course, assignment)
    return course


def answers_of(course: Course, assignment: str, number: int) -> dict[str, str]:
    """What student `number` hands in, by exercise: half are right, the others have one misconception after the other.

    Nobody loops or crashes.
    """
    entries = course.catalogue.assignment(assignment).entries
    return {entry.name: _answer(entry.exercise, number) for entry in entries}


def _answer(exercise: Exercise, number: int) -> str:
    return _text(exercise, None if number % 2 == 0 else number // 2 % len(exercise.misconceptions))


@lru_cache
def _text(exercise: Exercise, wrong: int | None) -> str:
    if wrong is None:
        return definition(exercise.reference)
    known = {thing.__name__ for thing in exercise.given}
    return standalone(exercise.misconceptions[wrong].answer, exercise.name, known)
