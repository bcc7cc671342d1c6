"""`autograder grade`: every submission that has no grade yet, one line each for whoever needs a person."""
from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.exercise import ExerciseError
from autograder.nbgrader_adapter import scores, steps
from autograder.nbgrader_adapter.course import Course
from autograder.progress import progress


@dataclass(frozen=True)
class Trouble:
    student: str
    cell: str
    reason: str


def grade_class(course: Course, assignment: str, *, students: Sequence[str] | None = None, regrade: bool = False) -> int:
    """Grade, print the class's table and who needs a person. Returns 0 where every submission has a grade, else 1."""
    submitted = steps.submitted_students(course, assignment)
    if not submitted:
        raise ExerciseError(f"nothing is submitted for {assignment!r} in {course.folder}: run `nbgrader collect {assignment}`")
    if unknown := set(students or ()) - set(submitted):
        raise ExerciseError(f"{', '.join(sorted(unknown))} submitted nothing for {assignment!r}")
    wanted = [student for student in submitted if not students or student in students]
    graded = set() if regrade else steps.graded_students(course, assignment)
    troubles: list[Trouble] = []
    todo = [student for student in wanted if student not in graded]
    for student in progress(todo, f"grading {assignment}"):
        troubles += grade_one(course, assignment, student)
    print(f"{len(todo)} graded, {len(wanted) - len(todo)} had a grade already\n")
    found = [row for row in scores.rows(course, assignment) if row.student in wanted]
    print(scores.table(found))
    for trouble in troubles:
        print(f"{trouble.student}: {trouble.cell}: {trouble.reason}", file=sys.stderr)
    waiting = [row.student for row in found if row.total is None] + sorted(set(wanted) - {row.student for row in found})
    if waiting:
        print(f"\n{len(waiting)} of {len(wanted)} need a person: {', '.join(waiting)}", file=sys.stderr)
    return int(bool(waiting))


def grade_one(course: Course, assignment: str, student: str) -> list[Trouble]:
    """Grade one submission; whatever happens, it ends with a grade or with 'needs a person'."""
    scores.forget(course, assignment, student)
    success, log = steps.autograde(course, assignment, student)
    if not success:
        return [Trouble(student, "submission", _reason(log))]
    troubles = []
    for notebook, graded in course.store.latest(assignment, student).items():
        troubles += [Trouble(student, f"{notebook}, {name}", verdict.reason)
                     for name, verdict in graded.verdicts.items() if verdict.needs_person]
        troubles += [Trouble(student, notebook, trouble) for trouble in graded.troubles]
    return troubles


def _reason(log: str) -> str:
    """The exception at the end of nbgrader's log, in one line."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and "There was an error" not in line
             and "Please see the" not in line and "Removing failed" not in line]
    return lines[-1] if lines else "nbgrader failed and said nothing"


