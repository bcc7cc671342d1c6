"""`autograder explain`: everything about one answer, hidden cases included, for appeals."""

from __future__ import annotations

from nbgrader.api import Student

from autograder.authoring.exercise import ExerciseError
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.options import nearest


def explanations(course: Course, student: str, exercise: str, assignment: str | None = None) -> list[str]:
    """One text for each assignment in which the student answered the exercise."""
    with steps.gradebook_of(course) as gradebook:
        names = list(dict.fromkeys([*course.catalogue.assignments, *steps.assignment_names(gradebook)]))
        students = [str(name) for (name,) in gradebook.db.query(Student.id)]
    if assignment and assignment not in names:
        course.catalogue.assignment(assignment)
    known = [assignment] if assignment else names
    found: list[str] = []
    damaged: list[str] = []
    for name in known:
        for notebook, graded in course.store.latest(name, student, damaged).items():
            for verdict in graded.verdicts.values():
                if verdict.exercise == exercise:
                    score = "needs a person" if verdict.score is None else f"{verdict.score:g} of {verdict.max_score:g}"
                    flags = "".join(f"\nLook at it: {flag}" for flag in verdict.flags)
                    found.append(f"{student}, {name}, {notebook}: {exercise}: {score}{flags}\n{verdict.explanation}")
    if found:
        return found
    if damaged:
        raise ExerciseError(f"{damaged[0]}: grade again, with `autograder grade --student {student} --regrade`")
    exercises = sorted({entry.name for one in course.catalogue.assignments.values() for entry in one.entries})
    if exercise not in exercises:
        raise ExerciseError(
            f"there is no exercise called {exercise!r} in any assignment; known are: {', '.join(exercises) or 'none'}"
            + nearest(exercise, exercises)
        )
    raise ExerciseError(
        f"{student!r} has no graded answer to {exercise!r}: grade it first, with `autograder grade`"
        + ("" if student in students else nearest(student, students))
    )
