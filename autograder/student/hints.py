"""What a wrong answer looks like where no misconception is known: it raised, did not end, or nothing moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.student.compare import place_of
from autograder.student.marking import CaseMark, Oracle
from autograder.student.values import is_tensor

LONGEST = 300  # characters of a sentence on one case


def hint(oracle: Oracle, answer: Any, names: Sequence[str] = ()) -> str:
    """One sentence on `answer`, which is wrong, or ''.

    names : what the contract says that is returned.
    """
    if answer is None and oracle.expected is not None:
        return "It returns None, as a function without a `return` does."
    try:
        return _still(oracle, answer, names)
    except Exception:  # an answer may be anything, and a hint is no duty
        return ""


def no_value(case: CaseMark) -> str:
    """One sentence on a case to which no value came, but an exception or no end; else ''."""
    if case.mismatch is None or case.mismatch.kind not in ("raised", "stopped"):
        return ""
    said = _one_line(case.mismatch.sentence)
    if case.mismatch.kind == "stopped" and not said.startswith("it "):  # the grader's words for how it went
        said = f"it did not end: {said}" if said.startswith("timeout") else f"no answer came: {said}"
    return f"On the case “{case.name}” {said}."


def _one_line(sentence: str) -> str:
    text = " ".join(sentence.split()).rstrip(".")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _still(oracle: Oracle, answer: Any, names: Sequence[str]) -> str:
    expected = oracle.expected
    if isinstance(expected, tuple) and isinstance(answer, (tuple, list)) and len(answer) == len(expected):
        for index, (a, e) in enumerate(zip(answer, expected, strict=True)):
            if _came_back(oracle, a, e):
                fields: Sequence[str] = getattr(type(expected), "_fields", ()) or names
                name = f"`{fields[index]}`" if len(fields) == len(expected) else f"`answer[{index}]`"
                return f"{name} came back as it was given: nothing moved."
        return ""
    if isinstance(expected, list) and len(expected) > 1:
        if isinstance(answer, (tuple, list)) and len(answer) > 1 and _constant(answer) and not _constant(expected):
            return f"Nothing moved: all {len(answer)} values of {place_of((), names)} are the same."
        return ""
    if _came_back(oracle, answer, expected):
        return f"{_capital(place_of((), names))} came back as it was given: nothing moved."
    return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _came_back(oracle: Oracle, answer: Any, expected: Any) -> bool:
    """Whether an array, or a list of arrays, is one of the arguments, and should not be."""
    if not _size(answer) or _equal(answer, expected):
        return False
    return any(_equal(answer, argument) for argument in oracle.arguments)


def _constant(path: Sequence[Any]) -> bool:
    return _size(path[0]) > 0 and all(_equal(item, path[0]) for item in path[1:])


def _equal(a: Any, b: Any) -> bool:
    first, second = list(_arrays(a)), list(_arrays(b))
    return len(first) == len(second) and all(
        x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc" and y.dtype.kind in "fc")
        for x, y in zip(first, second, strict=True)
    )


def _size(value: Any) -> int:
    return sum(array.size for array in _arrays(value))


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """The numbers in a value: of an array, or of a list of them."""
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _arrays(item)
    elif isinstance(value, (np.ndarray, np.generic, float)):
        yield np.asarray(value)
