"""What runs inside: the template, and in its forks the supervisor, the notebook's process and its snapshots.

Nothing here decides anything: the grader believes none of it after the first line of a student's code has run.
"""
