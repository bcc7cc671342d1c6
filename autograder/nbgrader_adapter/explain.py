"""`autograder explain`: everything about one answer, hidden cases included, for appeals."""

from __future__ import annotations

from autograder.exercise import ExerciseError
from autograder.nbgrader_adapter.course import Course


def explanations(course: Course, student: str, exercise: str, assignment: str | None = None) -> list[str]:
    """One text for each assignment in which the student answered the exercise."""
    known = (
        [assignment]
        if assignment
        else [
            name
            for name, found in course.catalogue.assignments.items()
            if any(entry.name == exercise for entry in found.entries)
        ]
    )
    if assignment:
        course.catalogue.assignment(assignment)
    if not known:
        names = ", ".join(sorted(course.catalogue.exercises))
        raise ExerciseError(f"there is no exercise called {exercise!r} in any assignment; known are: {names}")
    found = []
    for name in known:
        for notebook, graded in course.store.latest(name, student).items():
            for verdict in graded.verdicts.values():
                if verdict.exercise == exercise:
                    score = "needs a person" if verdict.score is None else f"{verdict.score:g} of {verdict.max_score:g}"
                    found.append(f"{student}, {name}, {notebook}: {exercise}: {score}\n{verdict.explanation}")
    if not found:
        raise ExerciseError(
            f"{student!r} has no graded answer to {exercise!r}: grade it first, with `autograder grade`"
        )
    return found
