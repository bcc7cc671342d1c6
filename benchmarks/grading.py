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

from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.rehearsal import Actor, perform
from autograder.settings import CONFIG_NAME
from benchmarks import tables
from benchmarks.course import ASSIGNMENTS, BIN, answers_of, make_course
from benchmarks.machine import Measured, describe, measure, today

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
    with tempfile.TemporaryDirectory() as scratch:
        # All of it stays until the end: ext4 passes by what was just deleted whenever it makes a file, which slows down
        # whoever is measured after a class is thrown away.
        rows = list(_rows(options, Path(scratch)))
    results = {"machine": describe(), "date": today(), "rows": rows}
    tables.GRADING.write_text(json.dumps(results, indent=1) + "\n")
    tables.README.write_text(tables.in_readme(tables.README.read_text(), results))
    print(f"{tables.comparison(results)}\n\n{tables.shares(results)}\n\n{tables.machine(results)}")


def _rows(options: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    for kind, assignment in ASSIGNMENTS.items():
        stock = _stock(_class(scratch, assignment, options.stock), assignment)
        yield (first := _row(kind, "nbgrader autograde", 1, options.stock, stock, None))
        for workers in (1, 2):
            ours, parts = _ours(_class(scratch, assignment, options.size), assignment, options.size, workers)
            yield {**_row(kind, "autograder grade", workers, options.size, ours, first), "parts": parts}
    for size in options.growth:
        assignment = ASSIGNMENTS["torch"]
        ours, parts = _ours(_class(scratch, assignment, size), assignment, size, 2)
        yield {**_row("torch", "autograder grade", 2, size, ours, None), "parts": parts}


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


def _stock(course: Course, assignment: str) -> Measured:
    """nbgrader as it comes."""
    (course.folder / CONFIG_NAME).write_text(STOCK.format(folder=str(course.folder)))
    return measure([str(BIN / "nbgrader"), "autograde", assignment], course.folder, course.folder / "log")


def _ours(course: Course, assignment: str, size: int, workers: int) -> tuple[Measured, dict[str, float]]:
    """Ours, and where its time went: the command is run once more, when it has nothing left to do."""
    folder = course.folder
    words = [str(BIN / "autograder"), "--course", str(folder), "grade", assignment, "--workers", str(workers)]
    all_of_it = measure(words, folder, folder / "log")
    start = measure(words, folder, folder / "log")
    students = [place.name for place in (folder / "submitted").iterdir()]
    graded = [graded for student in students for graded in course.store.latest(assignment, student).values()]
    assert len(graded) == size, f"{size - len(graded)} of {size} submissions have no verdict"
    sessions = sum(one.cpu_seconds for one in graded) / size
    return all_of_it, {
        "start_seconds": round(start.seconds, 2),
        "session_cpu_seconds": round(sessions, 4),
        "grader_cpu_seconds": round((all_of_it.cpu_seconds - start.cpu_seconds) / size - sessions, 4),
    }


def _class(scratch: Path, assignment: str, size: int) -> Course:
    """A fresh course with a class of this size that has handed in."""
    course = make_course(Path(tempfile.mkdtemp(dir=scratch)), assignment)
    _submit(course, assignment, size)
    return course


def _submit(course: Course, assignment: str, size: int) -> None:
    """A class's answers, no two notebooks equal."""
    release = course.folder / "release" / assignment
    answered: dict[tuple[str, ...], Path] = {}
    for number in range(size):
        answers = answers_of(course, assignment, number)
        place = course.folder / "submitted" / f"student-{number:05}" / assignment
        place.parent.mkdir(parents=True)
        like = answered.setdefault(tuple(answers.values()), place)
        shutil.copytree(release if like is place else like, place)
        if like is place:
            perform(Actor(place.parent.name, "", answers, {}), place / f"{assignment}.ipynb")
            (place / "timestamp.txt").write_text("2026-01-01 00:00:00.000000 UTC")
        _sign(place / f"{assignment}.ipynb", place.parent.name)


def _sign(file: Path, student: str) -> None:
    """Make a notebook one that nobody else hands in: verdicts on equal ones are computed once."""
    notebook = nbformat.read(file, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution"))
    cell.source = f"# {student}\n{cell.source}"
    nbformat.write(notebook, file)


if __name__ == "__main__":
    main()
