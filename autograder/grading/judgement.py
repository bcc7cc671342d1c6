"""Judging the answers to one exercise, outside the student's process: the score, and what explains it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograder.authoring.exercise import Exercise
from autograder.grading.checked_exercise import CheckedExercise
from autograder.grading.verdict import Verdict, needs_person
from autograder.grading.wording import explanation_of, feedback_on, not_begun
from autograder.sandbox.interface import Answer
from autograder.student.compare import Mismatch
from autograder.student.crossing import Refused
from autograder.student.drive import Raised
from autograder.student.feedback import hidden_lines
from autograder.student.marking import Mark, Oracle, explains, mark


def judge_answers(asked: CheckedExercise, answers: tuple[Answer, ...]) -> Verdict:
    """The verdict: the score from the hidden cases, the words from the public ones."""
    exercise, count = asked.exercise, len(asked.public)
    if len(answers) != count + len(asked.hidden):
        return needs_person(exercise.name, asked.points, "the session gave no answers")
    if unsure := next(
        (answer.reason for answer in answers if answer.status == "stopped" and "wall clock" in answer.reason), ""
    ):
        return needs_person(exercise.name, asked.points, unsure)
    public = _mark(exercise, asked.public, answers[:count], pure=False)  # asked once, which is enough for the words
    # what each misconception answers to hidden cases takes its time, and is not asked where the public ones tell
    hidden = _mark(exercise, asked.hidden, answers[count:], pure=exercise.pure, recognise=public.right)
    if not hidden.right and asked.as_given():
        return _not_begun(asked, public, hidden)
    score = round(asked.points * hidden.share, 2)
    lines = hidden_lines(hidden)
    held = _held(asked, public, hidden, answers[count:])
    feedback = feedback_on(asked, public, hidden, held, score, lines, answers)
    return Verdict(
        exercise.name,
        score,
        asked.points,
        misconception=held,
        cases=tuple(
            (case.name, case.kind, case.weight, case.passed, line.note)
            for case, line in zip(hidden.cases, lines, strict=True)
        ),
        feedback=feedback,
        explanation=explanation_of(asked, public, hidden),
    )


def _not_begun(asked: CheckedExercise, public: Mark, hidden: Mark) -> Verdict:
    name, points = asked.exercise.name, asked.points
    feedback = not_begun(asked)
    marks = [Mark(mark.cases) for mark in (public, hidden)]  # whatever misconception was given to be mended
    explanation = f"It is not begun: its code is as it was given.\n{explanation_of(asked, *marks)}"
    return Verdict(name, 0.0, points, feedback=feedback, explanation=explanation, begun=False)


def _mark(
    exercise: Exercise, oracles: tuple[Oracle, ...], answers: tuple[Answer, ...], *, pure: bool, recognise: bool = True
) -> Mark:
    values = [_values(answer) for answer in answers]
    result = mark(oracles, values, exercise.compare, pure=pure, recognise=recognise, names=exercise.returns)
    cases = [
        replace(case, mismatch=Mismatch(answer.status, answer.reason)) if answer.reason else case
        for case, answer in zip(result.cases, answers, strict=False)
    ]
    return Mark((*cases, *result.cases[len(answers) :]), result.misconception)


def _values(answer: Answer) -> tuple[Any, ...]:
    """The values, or a `Raised` in their place: what did not come back as a value is not right."""
    if answer.status == "value" and answer.values:
        return answer.values
    if answer.status == "refused":
        return (Refused(message=answer.reason),)
    return (Raised(answer.exception or answer.status, answer.message or answer.reason, answer.line),)


def _held(asked: CheckedExercise, public: Mark, hidden: Mark, answers: tuple[Answer, ...]) -> str:
    """The misconception that explains everything that is wrong, public and hidden, or ''."""
    if not public.misconception:
        return hidden.misconception
    values = [_values(answer) for answer in answers]
    firsts = [case.mismatch for case in hidden.cases[: len(answers)]]
    known = explains(public.misconception, asked.hidden, values, firsts, asked.exercise.compare)
    return public.misconception if known else ""
