"""Is this answer the expected one? Shape first, then values, with a tolerance by dtype.

Fair by rule: lists and scalars pass through `asarray`; a named tuple equals a tuple; the shape is exact, and a
0-d array equals a scalar; NaN only where NaN is expected. The dtype is judged only where a case says so.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.student.values import is_tensor

#: (rtol, atol) by the dtype expected: some hundred times what another order of the same operations changes,
#: and far below what a wrong formula does.
TOLERANCES = {
    "float64": (1e-8, 1e-10),
    "float32": (1e-4, 1e-6),
    "float16": (1e-2, 1e-3),
    "complex128": (1e-8, 1e-10),
    "complex64": (1e-4, 1e-6),
}
CLOSE = (1e-3, 1e-6)  # the tolerance of an answer that is wrong and near
_TOLERANCE_OF = {np.dtype(name): tolerance for name, tolerance in TOLERANCES.items()}


@dataclass(frozen=True)
class Mismatch:
    """Why an answer is not the expected one.

    kind : 'type', 'shape', 'dtype', 'nan' or 'values', or 'property' for a judge's own reason.
    sentence : may show values, so it is for public cases only.
    error : the greatest absolute error.
    path : where in the answer it is: indices, keys and names of fields, from the outside in.
    close : whether the values are right to three digits or so; a hidden case tells no more of the error.
    """

    kind: str
    sentence: str
    error: float | None = None
    path: tuple[Any, ...] = ()
    close: bool = False


def place_of(path: tuple[Any, ...], names: Sequence[str] = (), parts: bool = True) -> str:
    """What `path` leads to, in words that a contract uses: `state.v`, or `answer[7][0]` where it names nothing.

    names : what the contract says that it returns.
    parts : whether `path` starts with which of those it is; else there is one name, of the whole.
    """
    rest = list(path)
    if parts and len(names) > 1 and rest and isinstance(rest[0], int) and rest[0] < len(names):
        start = names[rest.pop(0)]
    elif len(names) == 1:
        start = names[0]
    elif not rest:
        return "the answer"
    else:
        start = "answer"
    steps = [f".{step}" if isinstance(step, Field) else f"[{step!r}]" for step in rest]
    return f"`{start}{''.join(steps)}`"


class Field(str):
    """The name of a named tuple's field in a path; a plain string is a dict's key."""

    __slots__ = ()


def named(found: Mismatch, names: Sequence[str], expected: Any) -> Mismatch:
    """`found`, with the wrong part called as the contract calls it."""
    before = place_of(found.path)
    if not names or not found.sentence.startswith(before):
        return found
    parts = isinstance(expected, tuple) and len(expected) == len(names)
    if len(names) > 1 and not parts:
        return found
    return replace(found, sentence=place_of(found.path, names, parts) + found.sentence.removeprefix(before))


def same(
    answer: Any,
    expected: Any,
    arguments: tuple = (),
    private: Any = None,
    *,
    tolerance: tuple[float, float] | None = None,
) -> Mismatch | None:
    """None where `answer` equals `expected` within the tolerance, else the first mismatch found.

    The default judge. `tolerance` (rtol, atol) replaces the one that `TOLERANCES` gives by dtype.
    """
    return _compare(answer, expected, tolerance, ())


def same_dtype(answer: Any, expected: Any) -> Mismatch | None:
    """None where every array of `answer` has the dtype of its fellow in `expected`; values are not looked at."""
    if isinstance(expected, Mapping):
        pairs = [(answer[key], expected[key]) for key in expected]
    elif isinstance(expected, (tuple, list)):
        pairs = list(zip(answer, expected, strict=True))
    else:
        wanted, came = dtype_name(expected), dtype_name(answer)
        if wanted is None or wanted == came or _empty_list(answer, expected):
            return None
        if wanted == "int64" and came == np.dtype(np.intp).name:  # an index, where it has 32 bits: in a browser
            return None
        return Mismatch("dtype", f"the dtype is {came or type(answer).__name__}, but {wanted} was given")
    return next((found for pair in pairs if (found := same_dtype(*pair))), None)


def dtype_name(value: Any) -> str | None:
    """'float32' and the like for an array or tensor of numbers, else None."""
    if is_tensor(value):
        return str(value.dtype).removeprefix("torch.")
    return str(value.dtype) if isinstance(value, (np.ndarray, np.generic)) else None


def _compare(answer: Any, expected: Any, tolerance: tuple[float, float] | None, path: tuple) -> Mismatch | None:
    if isinstance(expected, Mapping):
        return _compare_mapping(answer, expected, tolerance, path)
    if isinstance(expected, (tuple, list)):
        return _compare_sequence(answer, expected, tolerance, path)
    if expected is None or isinstance(expected, str):
        if type(answer) is type(expected) and answer == expected:
            return None
        return _mismatch("type", path, f"is {_shown(answer)}, not {expected!r}")
    return _compare_arrays(answer, expected, tolerance, path)


def _mismatch(kind: str, path: tuple, what: str, error: float | None = None) -> Mismatch:
    return Mismatch(kind, f"{place_of(path)} {what}", error, path)


def _compare_mapping(answer: Any, expected: Mapping, tolerance: Any, path: tuple) -> Mismatch | None:
    if not isinstance(answer, Mapping) or set(answer) != set(expected):
        keys = ", ".join(map(repr, expected))
        return _mismatch("type", path, f"is {_shown(answer)}, not a dict with the keys {keys}")
    return next(
        (found for key in expected if (found := _compare(answer[key], expected[key], tolerance, (*path, key)))), None
    )


def _compare_sequence(answer: Any, expected: Any, tolerance: Any, path: tuple) -> Mismatch | None:
    if (isinstance(answer, np.ndarray) and answer.ndim) or (is_tensor(answer) and answer.ndim):
        answer = list(answer)
    if not isinstance(answer, (tuple, list)):
        return _mismatch("type", path, f"is {_shown(answer)}, not {len(expected)} values")
    if len(answer) != len(expected):
        return _mismatch("shape", path, f"holds {_values(len(answer))}, not {len(expected)}")
    fields = map(Field, getattr(type(expected), "_fields", ())) if hasattr(type(expected), "_fields") else None
    return next(
        (
            found
            for name, a, e in zip(fields or range(len(expected)), answer, expected, strict=True)
            if (found := _compare(a, e, tolerance, (*path, name)))
        ),
        None,
    )


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _compare_arrays(answer: Any, expected: Any, tolerance: Any, path: tuple) -> Mismatch | None:
    e = _numbers(expected)
    a = _numbers(answer)
    if e is None:
        raise TypeError(
            f"the expected value {_shown(expected)} cannot be compared by `same`: give the exercise a judge"
        )
    if a is None:
        return _mismatch("type", path, f"is {_shown(answer)}, not numbers")
    if _empty_list(answer, e):
        return None
    if a.shape != e.shape:
        return _mismatch("shape", path, f"has the shape {a.shape}, not {e.shape}")
    rtol, atol = tolerance or _TOLERANCE_OF.get(e.dtype, (0, 0))
    if _close(a, e, rtol, atol):
        return None
    if not np.array_equal(np.isnan(a), np.isnan(e)):
        kind = "is NaN where a number was expected" if np.isnan(a).any() else "is a number where NaN was expected"
        return _mismatch("nan", path, kind + _at(a, e, np.isnan(a) != np.isnan(e)))
    error = _greatest_error(a, e)
    what = f"is off by up to {error:.2g}" if np.isfinite(error) else "is off without bound"
    what += _at(a, e)
    if rtol and a.dtype in _TOLERANCE_OF and _close(a, e, *_TOLERANCE_OF[a.dtype]):
        what += f": right only to the precision of {a.dtype}"
    return replace(_mismatch("values", path, what, error), close=_close(a, e, *CLOSE))


def _at(a: np.ndarray, e: np.ndarray, wrong: np.ndarray | None = None) -> str:
    """Which entry of an array is wrong, or most so: of a long one both ends are shown, and it may stand between."""
    if a.size < 2:
        return ""
    weights = np.nan_to_num(_errors(a, e), nan=np.inf, posinf=np.inf) if wrong is None else wrong
    index = np.unravel_index(int(np.argmax(weights)), a.shape)
    place = ", ".join(str(int(i)) for i in index)
    return f", at [{place}]: {_number(a[index])} where {_number(e[index])} is right"


def _errors(a: np.ndarray, e: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        errors = np.abs(a.astype(np.complex128 if "c" in a.dtype.kind + e.dtype.kind else np.float64) - e)
    return np.where(np.isnan(errors) & ((a == e) | (np.isnan(a) & np.isnan(e))), 0, errors)


def _number(value: Any) -> str:
    return f"{value:.6g}" if value.dtype.kind in "fc" else str(value)


def _empty_list(answer: Any, expected: Any) -> bool:
    """Whether nothing was expected, and an empty list came: it has neither a dtype nor further axes to be wrong in."""
    return isinstance(answer, (list, tuple)) and not answer and np.shape(expected)[:1] == (0,)


def _close(a: np.ndarray, e: np.ndarray, rtol: float, atol: float) -> bool:
    if a.dtype == e.dtype and a.tobytes() == e.tobytes():  # right to the last bit, as most right answers are
        return True
    if e.dtype.kind in "bui" and a.dtype.kind in "bui":
        return bool(np.array_equal(a, e))
    with np.errstate(all="ignore"):
        error = np.abs(a - e)
        if np.isfinite(error).all():  # the usual case, in a fifth of the time
            return bool((error <= atol + rtol * np.abs(e)).all())
    return bool(np.allclose(a, e, rtol=rtol, atol=atol, equal_nan=True))


def _greatest_error(a: np.ndarray, e: np.ndarray) -> float:
    error = _errors(a, e)
    return float(error.max(initial=0)) if np.isfinite(error).all() else float("inf")


def _numbers(value: Any) -> np.ndarray | None:
    """`value` as an array of numbers, or None where it is none."""
    if is_tensor(value):
        value = value.detach().cpu().float().numpy() if "bfloat16" in str(value.dtype) else value.detach().cpu().numpy()
    elif isinstance(value, (list, tuple)) and "torch" in sys.modules:
        value = [_numbers(item) if is_tensor(item) else item for item in value]
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "buifc" else None


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    text = repr(value) if isinstance(value, (bool, int, float, str)) else ""
    return text if 0 < len(text) < 40 else f"a {type(value).__name__}"
