"""The student's half: `check()` and what it needs. It imports NumPy and the standard library, nothing of the grader."""

from autograder.student.check import CheckFailed, check

__all__ = ["CheckFailed", "check"]
