"""What runs inside: the fork server, and its forks: notebooks' processes, their snapshots, and supervisors.

Nothing here decides anything: the grader believes none of it after the first line of a student's code has run.
"""
