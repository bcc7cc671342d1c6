"""Answers that need no thought, and arguments in other precision."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.student.marking import Oracle


def trivial_functions() -> dict[str, Callable]:
    """Functions that only hand something back."""
    return {
        "nothing": lambda *args, **keywords: None,
        "the first argument": lambda *args, **keywords: args[0],
        "all arguments": lambda *args, **keywords: args,
        "the first and the last argument": lambda *args, **keywords: (args[0], args[-1]),
        "zeros": lambda *args, **keywords: np.zeros_like(args[0]),
        "zeros and the last argument": lambda *args, **keywords: (np.zeros_like(args[0]), args[-1]),
    }


def trivial_values(oracle: Oracle) -> dict[str, Any]:
    """Values that need no thought; zeros and ones have the shapes expected."""
    return {
        "None": None,
        "all arguments": oracle.arguments,
        **{f"argument {i}": argument for i, argument in enumerate(oracle.arguments)},
        "zeros": _filled(oracle.expected, 0),
        "ones": _filled(oracle.expected, 1),
    }


def moved(value: Any, rng: np.random.Generator) -> Any:
    """`value` with every float in its arrays moved by one unit in the last place, up or down; a zero stays one."""

    def move(array: Any) -> Any:
        ends = rng.choice(np.array([-np.inf, np.inf], array.dtype), array.shape)
        return np.where(array == 0, array, np.nextafter(array, ends))[()]

    return _mapped(value, move)


def widened(value: Any) -> Any:
    """`value` with its arrays of floats in the next wider precision."""
    wider = {np.dtype(np.float16): np.float64, np.dtype(np.float32): np.float64, np.dtype(np.float64): np.longdouble}
    return _mapped(value, lambda array: array.astype(wider.get(array.dtype, array.dtype)))


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of `value` with every array of floats in it changed."""
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_mapped(item, change) for item in value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return change(value)
    return copy.deepcopy(value)


def _filled(value: Any, number: int) -> Any:
    """`value` with every number in it replaced."""
    if isinstance(value, dict):
        return {key: _filled(item, number) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_filled(item, number) for item in value]
    return value if value is None or isinstance(value, str) else np.full_like(value, number)
