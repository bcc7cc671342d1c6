"""Graded on submission: seconds from `nbgrader submit` to the feedback in the exchange, `autograder watch` at work.

Each submission is made while the watcher waits; then a whole class submits at once.

    python -m benchmarks.watch [--submissions 20] [--burst 20]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.rehearsal import Actor, perform
from autograder.nbgrader_adapter.watch.answers import collected, is_answered
from benchmarks.course import ASSIGNMENTS, BIN, ROOT, answers_of, make_course
from benchmarks.machine import describe, today

RESULT = ROOT / "benchmarks" / "results" / "watch.json"
LONGEST = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=20, help="one after the other")
    parser.add_argument("--burst", type=int, default=20, help="at once")
    options = parser.parse_args()
    rows = [
        row for kind, name in ASSIGNMENTS.items() for row in _measured(kind, name, options.submissions, options.burst)
    ]
    RESULT.write_text(json.dumps({"machine": describe(), "date": today(), "rows": rows}, indent=1) + "\n")
    print(table(rows))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = ["| assignment | submissions | median s | longest s |", "|---|---|---|---|"]
    for row in rows:
        how = f"{row['submissions']} {row['arriving']}"
        lines.append(f"| {row['assignment']} | {how} | {row['median_seconds']:g} | {row['longest_seconds']:g} |")
    return "\n".join(lines)


def _measured(kind: str, assignment: str, submissions: int, burst: int) -> list[dict[str, Any]]:
    """A fresh course under watch."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        course = make_course(folder, assignment)
        steps.release(course, assignment)
        log = folder / "log"
        with log.open("w") as output:
            watcher = subprocess.Popen(
                [str(BIN / "autograder"), "--course", scratch, "watch", assignment], stdout=output, stderr=output
            )
        try:
            _wait_for(lambda: "watching" in log.read_text(), watcher, log)
            each = []
            for number in range(submissions):
                sent = _submit(course, assignment, f"student-{number:03}", number, folder)
                each.append(_answered(course, assignment, f"student-{number:03}", watcher, log) - sent)
            names = {f"burst-{number:03}": number for number in range(burst)}
            times = {name: _submit(course, assignment, name, number, folder) for name, number in names.items()}
            together = [_answered(course, assignment, name, watcher, log) - sent for name, sent in times.items()]
        finally:
            watcher.terminate()
            watcher.wait()
    return [_row(kind, "one by one", each), _row(kind, "at once", together)]


def _row(kind: str, arriving: str, seconds: list[float]) -> dict[str, Any]:
    row = {
        "assignment": kind,
        "arriving": arriving,
        "submissions": len(seconds),
        "median_seconds": round(statistics.median(seconds), 2),
        "longest_seconds": round(max(seconds), 2),
    }
    print(row, file=sys.stderr, flush=True)
    return row


def _submit(course: Course, assignment: str, student: str, number: int, folder: Path) -> float:
    """Submit right answers or misconceptions, by turns. Returns when the submission was in the exchange."""
    desk = folder / "desks" / student
    shutil.copytree(course.folder / "release" / assignment, desk / assignment)
    answers = answers_of(course, assignment, number)
    perform(Actor(student, "", answers, {}), desk / assignment / f"{assignment}.ipynb")
    steps.submit(course, assignment, student, desk)
    return time.time()


def _answered(course: Course, assignment: str, student: str, watcher: subprocess.Popen, log: Path) -> float:
    """When the student's feedback was in the exchange."""
    handed = collected(course, assignment, student)
    _wait_for(lambda: handed.folder.exists() and is_answered(handed, {assignment: None}), watcher, log)
    return handed.page(assignment).stat().st_mtime


def _wait_for(condition: Any, watcher: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        if watcher.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the watcher did not answer:\n{log.read_text()}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
