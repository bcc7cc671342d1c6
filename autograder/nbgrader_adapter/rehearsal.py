"""A dress rehearsal: a class whose true scores are known, through nbgrader's real exchange, graded and compared."""

from __future__ import annotations

import copy
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder.authoring.build import given_version
from autograder.authoring.cases import hidden_oracles
from autograder.authoring.catalogue import Assignment, Entry
from autograder.authoring.source import definition
from autograder.authoring.standalone import standalone
from autograder.nbgrader_adapter.batch.grade import grade_class
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.gradebook import scores
from autograder.nbgrader_adapter.rehearsal_course import make_rehearsal_course
from autograder.student.begun import is_as_given
from autograder.student.crossing import ask
from autograder.student.marking import mark

BODIES = {
    "crashes": "raise ZeroDivisionError('on purpose')",
    "loops for ever": "while True:\n        pass",
    "ends the process": "import os\n    os._exit(0)",
}
OTHERS = ("right", "blank", "edits a check cell", "deletes a check cell", "retypes a cell")
SUMMARY = "summary.txt"


@dataclass(frozen=True)
class Actor:
    """A made-up student: what they submit, and what is known of it.

    answers : the source of each exercise's solution cell. shares : the part of the points each earns, where that does
        not depend on the cases.
    misconceptions : the name of the one that each answer shows.
    """

    student: str
    story: str
    answers: dict[str, str]
    shares: dict[str, float]
    misconceptions: dict[str, str] = field(default_factory=dict)
    damage: str = ""


def rehearse(real: Course, config_folder: Path, assignment: str, students: int | None = None) -> int:
    """Build, generate, release; submit a class; collect, grade, write feedback; compare with the truth.

    All of it in a course of its own; `real`, whose settings stand in `config_folder`, is left as it is.
    students : as many as hold every misconception and fail in every way, where None

    Returns 0 where every score and every named misconception is as it must be.
    """
    found = real.catalogue.assignment(assignment)
    count = students or enough(found)
    course = make_rehearsal_course(real, config_folder, assignment)
    found = course.catalogue.assignment(assignment)
    print(f"{assignment}: building the notebook, generating the release, releasing it")
    steps.build(course, assignment)
    steps.generate(course, assignment)
    steps.release(course, assignment)
    cast = actors(course, found, count)
    print(f"{assignment}: {len(cast)} made-up students submit")
    with tempfile.TemporaryDirectory() as scratch:
        for actor in cast:
            folder = steps.fetched(course, assignment, Path(scratch) / actor.student)
            perform(actor, folder / f"{assignment}.ipynb")
            steps.submit(course, assignment, actor.student, folder.parent)
    print(f"{assignment}: collecting and grading")
    steps.collect(course, assignment)
    grade_class(course, assignment, students=[actor.student for actor in cast])
    print(f"\n{assignment}: writing feedback")
    for actor in cast:
        steps.feedback(course, assignment, actor.student)
    wrong = compare(course, found, cast)
    for line in wrong:
        print(line, file=sys.stderr)
    said = f"{len(cast)} submissions, {len(wrong)} scores or misconceptions that are not as they must be"
    (course.folder / SUMMARY).write_text(f"{assignment}: {said}\n")
    print(f"\n{said}\nThe rehearsal's course, with its gradebook and feedback: {course.folder}")
    return int(bool(wrong))


def enough(assignment: Assignment) -> int:
    """How many hold every misconception and fail in every way."""
    return len(BODIES) + len(OTHERS) + max(len(entry.exercise.misconceptions) for entry in assignment.entries)


def actors(course: Course, assignment: Assignment, count: int) -> list[Actor]:
    """The class: right answers, each misconception, and each way to fail, as many as asked for."""
    right = {entry.name: definition(entry.exercise.reference) for entry in assignment.entries}
    full = {entry.name: 1.0 for entry in assignment.entries}
    first = assignment.entries[0]
    plots: list[tuple[str, dict[str, str], dict[str, float], str]] = [
        ("right", right, full, ""),
        ("blank", {}, {entry.name: 0.0 for entry in assignment.entries}, ""),
        *(
            (story, right | {first.name: _with_body(first, body)}, full | {first.name: 0.0}, "")
            for story, body in BODIES.items()
        ),
        ("edits a check cell", right, full, "edit"),
        ("deletes a check cell", right, full, "delete"),
        ("retypes a cell", right, full, "retype"),
    ]
    cast = [
        Actor(f"student-{number:03}", story, answers, shares, damage=damage)
        for number, (story, answers, shares, damage) in enumerate(plots[:count], 1)
    ]
    round_ = 0
    while len(cast) < count:
        cast.append(_mistaken(course, assignment, f"student-{len(cast) + 1:03}", round_, right))
        round_ += 1
    return cast


def perform(actor: Actor, path: Path) -> None:
    """Write the actor's answers into the released notebook."""
    notebook = nbformat.read(path, as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for name, source in actor.answers.items():
        cells[f"solution-{name}"].source = source
    first_check = next(
        cell for cell in notebook.cells if str(cell.metadata.get("nbgrader", {}).get("grade_id")).startswith("check-")
    )
    if actor.damage == "edit":
        first_check.source = "pass  # nothing to see here"
    elif actor.damage == "delete":
        notebook.cells.remove(first_check)
    elif actor.damage == "retype":
        name = next(iter(actor.answers))
        cell = cells[f"solution-{name}"]
        replaced = nbformat.v4.new_markdown_cell(cell.source, metadata=copy.deepcopy(cell.metadata))
        notebook.cells[notebook.cells.index(cell)] = replaced
    nbformat.write(notebook, path)


def compare(course: Course, assignment: Assignment, cast: list[Actor]) -> list[str]:
    """What is not as it must be, one line each: the scores in the gradebook, the misconceptions in the store."""
    rows = {row.student: row for row in scores.rows(course, assignment.name)}
    wrong = []
    for actor in cast:
        if actor.student not in rows:
            wrong.append(f"{actor.student} ({actor.story}) has no row in the gradebook")
            continue
        latest = course.store.latest(assignment.name, actor.student).values()
        held = {v.exercise: v.misconception for graded in latest for v in graded.verdicts.values()}
        case_set = next((graded.case_set for graded in latest), 0)
        for entry in assignment.entries:
            got = rows[actor.student].cells.get(f"check-{entry.name}")
            true = round(entry.points * _share(course, assignment, entry, actor, case_set), 2)
            stopped_by_the_clock = got is None and actor.story == "loops for ever"  # a busy machine: a person is right
            if got != true and not stopped_by_the_clock:
                wrong.append(f"{actor.student} ({actor.story}): {entry.name} has {got}, and is worth {true}")
            if held.get(entry.name, "") != actor.misconceptions.get(entry.name, ""):
                wrong.append(f"{actor.student} ({actor.story}): {entry.name} was taken for {held.get(entry.name)!r}")
    return wrong


def _mistaken(course: Course, assignment: Assignment, student: str, round_: int, right: dict[str, str]) -> Actor:
    """Somebody with a misconception in every exercise that has one: the round_-th of each."""
    answers, held = dict(right), {}
    shares = {entry.name: 1.0 for entry in assignment.entries if not entry.exercise.misconceptions}
    for entry in assignment.entries:
        if entry.exercise.misconceptions:
            wrong = entry.exercise.misconceptions[round_ % len(entry.exercise.misconceptions)]
            answers[entry.name] = standalone(wrong.answer, entry.name, _given_names(entry))
            if is_as_given(answers[entry.name], given_version(entry.exercise)):  # what is to be mended, not begun
                shares[entry.name] = 0.0
                continue
            held[entry.name] = wrong.name
    return Actor(student, "mistaken: " + ", ".join(held.values()), answers, shares, held)


def _given_names(entry: Entry) -> set[str]:
    return {thing.__name__ for thing in entry.exercise.given}


def _share(course: Course, assignment: Assignment, entry: Entry, actor: Actor, case_set: int) -> float:
    """The share of the points that the actor's answer is worth on this set of hidden cases."""
    if entry.name in actor.shares:
        return actor.shares[entry.name]
    held = actor.misconceptions[entry.name]
    answer = next(wrong.answer for wrong in entry.exercise.misconceptions if wrong.name == held)
    return _truth(course, assignment, entry, case_set, answer)


def _truth(course: Course, assignment: Assignment, entry: Entry, case_set: int, answer: Any) -> float:
    """The share of the points that `answer` is worth on a set of hidden cases, found without any session."""
    exercise = entry.exercise
    oracles = hidden_oracles(exercise, course.settings.secret(), assignment.name, case_set)
    with np.errstate(all="ignore"):  # a misconception may well divide by zero
        answers = [ask(exercise.drive, answer, o.arguments, o.keywords, twice=exercise.pure) for o in oracles]
    return mark(oracles, answers, exercise.compare, pure=exercise.pure).share


def _with_body(entry: Entry, body: str) -> str:
    """A function with this body under the exercise's name; for a class, a class that does it when it is made."""
    if isinstance(entry.exercise.reference, type):
        made = textwrap.indent(f"def __init__(self, *arguments, **keywords):\n    {body}", "    ")
        return f"class {entry.name}:\n{made}"
    return f"def {entry.name}(*arguments, **keywords):\n    {body}"
