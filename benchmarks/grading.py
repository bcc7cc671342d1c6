"""Grading a class: `nbgrader autograde` as it comes, against `autograder grade`, on the same submissions in one run.

Both go from collected files to the gradebook and the written autograded notebooks. Stock nbgrader runs the same
notebooks in its kernels, where `check()` compares with the public cases.

    python -m benchmarks.grading [--stock 20] [--class 200] [--growth 50 2000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.nbgrader_adapter import steps
from autograder.nbgrader_adapter.course import Course, course_of
from autograder.nbgrader_adapter.rehearsal import Actor, perform
from autograder.settings import read_config
from autograder.source import definition
from autograder.standalone import standalone
from benchmarks.machine import Measured, describe, measure, today

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "grading.json"
BIN = Path(sys.executable).parent
ASSIGNMENTS = {"torch": "momentum", "numpy": "momentum-numpy"}
CONFIG = """
c = get_config()
load_subconfig({config!r})
c.CourseDirectory.root = {folder!r}
c.Exchange.root = {folder!r} + "/exchange"
c.AutograderSettings.secret_file = {folder!r} + "/course_secret"
c.AutograderSettings.store = {folder!r} + "/verdicts"
c.AutograderSettings.assignments = {{"momentum-numpy": {{
    "exercises": ["qhm_step", "largest_stable_lr", "read_momentum"]}}}}
"""
STOCK = """
c = get_config()
c.CourseDirectory.root = {folder!r}
c.CourseDirectory.course_id = "deep-training"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stock", type=int, default=20, help="submissions for nbgrader as it comes")
    parser.add_argument("--class", type=int, default=200, dest="size", help="submissions for ours")
    parser.add_argument("--growth", type=int, nargs="*", default=[50, 2000], help="sizes of further classes")
    options = parser.parse_args()
    rows = list(_rows(options))
    RESULT.write_text(json.dumps({"machine": describe(), "date": today(), "rows": rows}, indent=1) + "\n")
    print(table(rows))


def _rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for kind, assignment in ASSIGNMENTS.items():
        stock = _measured(assignment, options.stock, "nbgrader", 1)
        yield (first := _row(kind, "nbgrader autograde", 1, options.stock, stock, None))
        for workers in (1, 2):
            ours = _measured(assignment, options.size, "autograder", workers)
            yield _row(kind, "autograder grade", workers, options.size, ours, first)
    for size in options.growth:
        ours = _measured(ASSIGNMENTS["torch"], size, "autograder", 2)
        yield _row("torch", "autograder grade", 2, size, ours, None)


def _row(
    kind: str, grader: str, workers: int, size: int, measured: Measured, stock: dict[str, Any] | None
) -> dict[str, Any]:
    each = measured.seconds / size
    row = {
        "assignment": kind,
        "grader": grader,
        "workers": workers,
        "submissions": size,
        "seconds_per_submission": round(each, 4),
        "cpu_seconds_per_submission": round(measured.cpu_seconds / size, 4),
        "ratio_to_nbgrader": stock and round(stock["seconds_per_submission"] / each, 1),
        "peak_mib": round(measured.peak_mib),
    }
    print(row, file=sys.stderr, flush=True)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| assignment | grader | workers | submissions | ms a submission | times nbgrader | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row["ratio_to_nbgrader"] is None else f"{row['ratio_to_nbgrader']:g}"
        lines.append(
            f"| {row['assignment']} | {row['grader']} | {row['workers']} | {row['submissions']} | "
            f"{row['seconds_per_submission'] * 1000:.0f} | {ratio} | {row['peak_mib']} |"
        )
    return "\n".join(lines)


def _measured(assignment: str, size: int, grader: str, workers: int) -> Measured:
    """A fresh course with a class of this size, graded by one command."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        course = _course(folder, assignment)
        _submit(course, assignment, size)
        log = folder / "log"
        if grader == "autograder":
            command = [str(BIN / "autograder"), "--course", scratch, "grade", assignment, "--workers", str(workers)]
            return measure(command, folder, log)
        (folder / "nbgrader_config.py").write_text(STOCK.format(folder=scratch))
        return measure([str(BIN / "nbgrader"), "autograde", assignment], folder, log)


def _course(folder: Path, assignment: str) -> Course:
    (folder / "nbgrader_config.py").write_text(
        CONFIG.format(config=str(ROOT / "nbgrader_config.py"), folder=str(folder))
    )
    course = course_of(read_config(folder))
    steps.build(course, assignment)
    steps.generate(course, assignment)
    return course


def _submit(course: Course, assignment: str, size: int) -> None:
    """Half the class right, the others with one misconception after the other; nobody loops or crashes."""
    entries = course.catalogue.assignment(assignment).entries
    release = course.folder / "release" / assignment
    for number in range(size):
        answers = {}
        for entry in entries:
            wrong = entry.exercise.misconceptions
            known = {thing.__name__ for thing in entry.exercise.given}
            answers[entry.name] = (
                definition(entry.exercise.reference)
                if number % 2 == 0
                else standalone(wrong[number // 2 % len(wrong)].answer, entry.name, known)
            )
        place = course.folder / "submitted" / f"student-{number:05}" / assignment
        place.parent.mkdir(parents=True)
        shutil.copytree(release, place)
        perform(Actor(place.parent.name, "", answers, {}), place / f"{assignment}.ipynb")
        (place / "timestamp.txt").write_text("2026-01-01 00:00:00.000000 UTC")
        nbformat.validate(nbformat.read(place / f"{assignment}.ipynb", as_version=4))


if __name__ == "__main__":
    main()
