"""`check(my_function)`: the public cases, in the student's own notebook."""

from __future__ import annotations

import sys
from typing import Any

from autograder.student import time_limit
from autograder.student.begun import is_as_given, source_of
from autograder.student.caller import folders, named_tuples, names_of
from autograder.student.crossing import NotTried, Stopped, ask
from autograder.student.display import show
from autograder.student.drive import Raised
from autograder.student.feedback import NOT_BEGUN, Feedback, public_lines, worked_case
from autograder.student.hints import hint, no_value
from autograder.student.marking import mark
from autograder.student.release import PublicExercise, ReleaseError, read_exercise


class CheckFailed(AssertionError):
    """An answer that is not right yet. It shows its own text and no traceback, so that the text is what is read.

    Below a table that is shown, the text is short: what is to be changed, or the first case that is wrong.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(answer: Any) -> None:
    """Compare `answer`, a function or class of an exercise, with the public cases that came with the assignment.

    Shows a table of named cases: as HTML in a notebook, else as text.

    Raises
    ------
    CheckFailed
        Something is wrong, or there is nothing to check; its text says what and why.
    """
    frame = sys._getframe(1)
    if not callable(answer):
        raise CheckFailed(f"check() takes a function or class of an exercise, not {type(answer).__name__}.")
    try:
        exercise = read_exercise(names_of(answer, frame), folders(frame), named_tuples(frame))
    except ReleaseError as error:
        raise CheckFailed(str(error)) from None
    feedback, right = judge_publicly(exercise, answer)
    shown = show(feedback, exercise.name, exercise.book)
    if not right:
        raise CheckFailed(_short(feedback) if shown else feedback.text())
    if not shown:
        print(feedback.text())


def _short(feedback: Feedback) -> str:
    """What stands under the table, and in nbgrader's Validate: the headline, and the one thing to look at."""
    wrong = next((f"{line.name}: {line.note}" for line in feedback.lines if line.passed is False), "")
    return "\n".join([feedback.headline, *(feedback.sentences[:1] or [wrong])])


def judge_publicly(exercise: PublicExercise, answer: Any) -> tuple[Feedback, bool]:
    """The feedback on `answer`, and whether every public case is right."""
    answers = _answers(exercise, answer)
    stopped = next((i for i, found in enumerate(answers) if isinstance(found[0], Stopped)), None)
    names = exercise.returns
    result = mark(
        exercise.oracles, answers, exercise.compare, pure=exercise.pure, recognise=stopped is None, names=names
    )
    passed = sum(case.passed for case in result.cases)
    if result.right:
        headline = f"{exercise.name}: all {passed} public cases are right."
        return Feedback(headline, public_lines(result)), True
    if exercise.given and is_as_given(source_of(answer), exercise.given):
        return Feedback(f"{exercise.name}: no case is right yet.", (), (NOT_BEGUN,), exercise.read), False
    advice = [exercise.sentences[result.misconception]] if result.misconception else []
    wrong = result.first_wrong if stopped is None else stopped
    if wrong is not None and wrong < len(answers):
        oracle, answer_, found = exercise.oracles[wrong], answers[wrong][0], result.cases[wrong].mismatch
        if not advice and (told := no_value(result.cases[wrong]) or hint(oracle, answer_, names)):
            advice.append(told)
        reason, path = (found.sentence, found.path) if found else ("", ())
        advice.append(worked_case(oracle, answer_, exercise.driver, reason, path))
    headline = f"{exercise.name}: {passed} of {len(result.cases)} public cases are right."
    return Feedback(headline, public_lines(result), tuple(advice), exercise.read), False


def _answers(exercise: PublicExercise, answer: Any) -> list[tuple[Any, ...]]:
    """The answers to each case. A call that does not end is stopped, and those after it are not made: each of them
    could take as long."""
    answers: list[tuple[Any, ...]] = []
    for oracle in exercise.oracles:
        if answers and isinstance(answers[-1][0], Stopped | NotTried):
            answers.append((NotTried(),))
            continue
        found: tuple[Any, ...] = ()
        with time_limit.ended_after(time_limit.SECONDS) as bell:
            found = ask(exercise.drive, answer, oracle.arguments, oracle.keywords, twice=exercise.pure)
        if bell.rang:
            line = next((one.line for one in found if isinstance(one, Raised)), "")
            answers.append((Stopped(message=f"it did not end within {time_limit.SECONDS:g} seconds", line=line),))
        else:
            answers.append(found)
    return answers
