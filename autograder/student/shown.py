"""Values as a student reads them: short, with what matters of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.student.drive import Raised
from autograder.student.values import is_tensor

WIDTH = 100
MAX_VALUE = 4_000  # characters of one value
MAX_DEPTH = 3  # containers in containers that are spelled out
MOST = 6  # items of a list; of a longer one the first, and the one that is wrong
NO_ANSWER = ("stopped", "refused", "missing")  # stand in `Raised` where the session has no value to give


def shown(value: Any, path: tuple[Any, ...] = ()) -> str:
    """A value in a few lines, with the shape and dtype of arrays; of a long or deep one the beginning.

    path : what is shown even where the value is so long that it is cut.
    """
    return cut(_shown(value, path, 0))


def cut(text: str, most: int = MAX_VALUE) -> str:
    """`text`, or its beginning and that it goes on."""
    return text if len(text) <= most else f"{text[:most]}… [cut here: {len(text):,} characters]"


def _shown(value: Any, path: tuple[Any, ...], depth: int) -> str:
    if isinstance(value, Raised):
        if value.exception in NO_ANSWER:
            return f"no answer: {value.message}"
        return f"the exception {value}"
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{_array(value)}  (shape {value.shape}, {value.dtype})" if value.ndim else f"{value} ({value.dtype})"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        inner = ", ".join(
            f"{name}={_shown(item, path[1:] if path[:1] == (name,) else (), depth)}"
            for name, item in zip(value._fields, value, strict=True)
        )
        return f"{type(value).__name__}({inner})"
    if isinstance(value, (tuple, list)):
        return _bracketed(value, path, depth)
    text = f"a dict of {len(value)}" if isinstance(value, dict) and (depth or len(value) > 20) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _array(value: Any) -> str:
    """Its numbers, to six digits; of a long array both ends."""
    if max(value.shape, default=0) > value.size:  # it has no numbers, and may have a million rows of none
        return "[]"
    if value.size <= 20 and value.ndim <= 2 and value.dtype.kind in "biufc":
        return _nested(value.tolist())  # a hundred times faster than NumPy's own layout
    with np.printoptions(precision=6, threshold=20, edgeitems=3, linewidth=100):
        return str(value).replace("\n", "\n    ")


def _nested(value: Any) -> str:
    if isinstance(value, list):
        rows = any(isinstance(item, list) for item in value)
        return f"[{(',' + chr(10) + '     ' if rows else ', ').join(map(_nested, value))}]"
    if not isinstance(value, float):
        return f"{value:.6g}" if isinstance(value, complex) else str(value)
    text = f"{value:.6g}"
    return f"{text}." if text.lstrip("-").isdigit() else text  # 2. is no integer


def _bracketed(value: Sequence[Any], path: tuple[Any, ...], depth: int) -> str:
    if depth == MAX_DEPTH and value and not path:
        return f"({len(value)} values)" if isinstance(value, tuple) else f"[{len(value)} values]"
    wrong = path[0] if path and isinstance(path[0], int) and path[0] < len(value) else None
    items = [_shown(item, path[1:] if i == wrong else (), depth + 1) for i, item in enumerate(value[:MOST])]
    if wrong is not None and wrong >= MOST:  # the first ones, and the one that is meant
        skipped = [] if wrong == MOST else ["..."]
        items += [*skipped, f"[{wrong}]: {_shown(value[wrong], path[1:], depth + 1)}"]
    if len(value) > max(MOST, (wrong or 0) + 1):
        items.append("...")
    inner = ", ".join(items)
    if len(inner) > WIDTH - 10:  # too long for a line: an item a line
        inner = ",\n     ".join(item.replace("\n", "\n ") for item in items)
    return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
