"""A grader for notebooks: the score is computed where the student's code cannot reach it."""

from autograder.student import check

__all__ = ["check"]
