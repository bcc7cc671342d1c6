"""The student's half: `check()` and what it needs. It imports NumPy and the standard library, nothing of the grader."""
