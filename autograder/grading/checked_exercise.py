"""What judging an answer and wording the verdict both read: the exercise, and what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autograder.authoring.exercise import Exercise
from autograder.student.marking import Oracle


@dataclass(frozen=True)
class CheckedExercise:
    """What was put to a student's answer: the oracles in the order of the calls, public ones first.

    as_given : whether the code is what was given; asked only where the answers are not right.
    """

    exercise: Exercise
    points: float
    public: tuple[Oracle, ...]
    hidden: tuple[Oracle, ...]
    as_given: Callable[[], bool] = lambda: False
