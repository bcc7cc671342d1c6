"""Cases drawn and answered by the reference: public ones from a fixed seed, hidden ones from the course's secret."""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.authoring.exercise import Case, Exercise, ExerciseError
from autograder.student.drive import Raised, run_driver
from autograder.student.marking import PURITY, Oracle

PUBLIC_SEED = 1986  # back-propagation's year; any number would do


def public_oracles(exercise: Exercise) -> tuple[Oracle, ...]:
    """The cases that go out with the assignment."""
    return _oracles(exercise, PUBLIC_SEED)


def hidden_oracles(exercise: Exercise, secret: bytes, assignment: str, case_set: int) -> tuple[Oracle, ...]:
    """The hidden cases of one set, answered once and kept."""
    digest = _hmac(secret, "cases", assignment, exercise.name, str(case_set))
    return _oracles(exercise, int.from_bytes(digest[:16], "big"))


def case_set_of(secret: bytes, assignment: str, student: str, submission: str, sets: int) -> int:
    """Which set of hidden cases a submission gets: neighbours differ, and nobody can tell without the secret.

    submission : its text. Handed in again as it was it meets the same cases, changed it meets others, so that what
        one feedback told of a case is of little use for the next.
    """
    return int.from_bytes(_hmac(secret, "set", assignment, student, submission)[:8], "big") % sets


def draw(exercise: Exercise, seed: int) -> list[Case]:
    """The cases of one draw.

    Raises
    ------
    ExerciseError
        The generator fails, draws no 'values' case, or its names repeat.
    """
    try:
        cases = list(exercise.draw(np.random.default_rng(seed)))
    except Exception as error:
        raise ExerciseError(f"{exercise.name}: its case generator fails: {type(error).__name__}: {error}") from error
    names = [case.name for case in cases]
    if len(set(names)) < len(names) or PURITY in names:
        raise ExerciseError(f"{exercise.name}: two of its cases have one name, or one is called {PURITY!r}")
    if not any(case.kind == "values" for case in cases):
        raise ExerciseError(f"{exercise.name}: none of its cases is of the kind 'values'")
    if bad := [case.name for case in cases if case.kind not in ("values", "edge", "dtype") or not case.weight > 0]:
        raise ExerciseError(f"{exercise.name}: the case {bad[0]!r} has an unknown kind or a weight that is not above 0")
    return cases


def check_draws(exercise: Exercise, seeds: Sequence[int] = range(3)) -> None:
    """Refuse a generator whose names, kinds, weights or shapes depend on the draw."""
    first, *others = [
        [
            (case.name, case.kind, case.weight, _shapes(case.arguments), _shapes(case.keywords))
            for case in draw(exercise, seed)
        ]
        for seed in seeds
    ]
    for other in others:
        for a, b in zip(first, other, strict=False):
            if a != b:
                raise ExerciseError(
                    f"{exercise.name}: its case generator gives {a[0]!r} other names, kinds, weights or "
                    "shapes from one seed to the next; draw values only"
                )
        if len(first) != len(other):
            raise ExerciseError(
                f"{exercise.name}: its case generator gives {len(first)} cases for one seed and "
                f"{len(other)} for another"
            )


@lru_cache(maxsize=4096)
def _oracles(exercise: Exercise, seed: int) -> tuple[Oracle, ...]:
    return tuple(_answered(exercise, case) for case in draw(exercise, seed))


def _answered(exercise: Exercise, case: Case) -> Oracle:
    expected = _ask(exercise, exercise.reference, case)
    if isinstance(expected, Raised):
        raise ExerciseError(
            f"{exercise.name}: its reference raises {expected.exception} ({expected.message}) on the case {case.name!r}"
        )
    return Oracle(
        case.name,
        case.arguments,
        dict(case.keywords),
        expected,
        case.kind,
        case.weight,
        case.private,
        _MistakenAnswers(exercise, case),
    )


class _MistakenAnswers(Mapping[str, Any]):
    """What each misconception answers to a case: asked for when a wrong answer is to be recognised, and kept."""

    def __init__(self, exercise: Exercise, case: Case) -> None:
        self._exercise, self._case = exercise, case
        self._answers: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._answers:
            wrong = next(wrong for wrong in self._exercise.misconceptions if wrong.name == name)
            self._answers[name] = _ask(self._exercise, wrong.answer, self._case)
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        return (wrong.name for wrong in self._exercise.misconceptions)

    def __len__(self) -> int:
        return len(self._exercise.misconceptions)


def _ask(exercise: Exercise, answer: Any, case: Case) -> Any:
    with np.errstate(all="ignore"):  # a misconception may well divide by zero
        return run_driver(exercise.drive, answer, copy.deepcopy(case.arguments), copy.deepcopy(dict(case.keywords)))


def _shapes(value: Any) -> Any:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return tuple(value.shape), str(value.dtype)
    if isinstance(value, dict):
        return {key: _shapes(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [_shapes(item) for item in value]
    return type(value).__name__


def _hmac(secret: bytes, *parts: str) -> bytes:
    return hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).digest()
