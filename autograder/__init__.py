"""A grader for notebooks: the score is computed where the student's code cannot reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.student import check

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    """`check`, loaded with NumPy when it is asked for: the grader's command has its thread pools to bound before."""
    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograder.student import check

    return check
