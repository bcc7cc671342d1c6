"""Which tests go to one worker where several run them: those that build something together, and those that need the
machine for themselves."""

from __future__ import annotations

from pathlib import Path

ALONE = "alone"
GROUPS = {
    # accounts, fork bombs and memory hogs, a database server, clocks that a busy machine makes go off
    "hub/": ALONE,
    "autograder/sandbox/": ALONE,
    "autograder/test_hostile.py": ALONE,
    "autograder/nbgrader_adapter/test_postgresql.py": ALONE,
    "autograder/workers/test_pool.py": ALONE,
    "autograder/workers/test_cluster.py": ALONE,
    "autograder/nbgrader_adapter/test_batch.py": ALONE,
    # built once: the book, the small class, the released course
    "chapters/": "book",
    "autograder/report/test_report.py": "small class",
    "autograder/report/test_similar.py": "small class",
    "autograder/nbgrader_adapter/test_feedback_page.py": "small class",
    "autograder/nbgrader_adapter/test_export.py": "small class",
    "autograder/nbgrader_adapter/test_damaged_files.py": "small class",
    "autograder/nbgrader_adapter/test_peers.py": "small class",
    "autograder/nbgrader_adapter/test_backup.py": "small class",
    "autograder/nbgrader_adapter/watch/": "released",
}
# long, and nothing in common: each goes where there is room
EACH = ("solutions/test_rehearsal.py", "solutions/test_exercises.py")
LONGEST = (ALONE, "book")  # begun first, so that none is left when all others have ended


def group_of(path: Path) -> str | None:
    """The group of a test file of this folder; None where each of its tests may go to any worker."""
    name = path.relative_to(Path(__file__).parent).as_posix()
    if name in EACH:
        return None
    return next((group for start, group in GROUPS.items() if name.startswith(start)), name)


def turn_of(path: Path) -> int:
    """When a test file is begun where several run: the longest groups, then the others, then what fills the gaps."""
    group = group_of(path)
    return len(LONGEST) + (group is None) if group not in LONGEST else LONGEST.index(group)
