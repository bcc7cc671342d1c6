"""Verdicts on disk, keyed by the content of submission, exercises and environment: none is computed twice."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import autograder
from autograder.files import drafted
from autograder.grading.notebook import Job
from autograder.grading.verdict import GradedNotebook

#: What a file that is damaged can end its reading in.
WHATEVER = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Store:
    """A folder that its owner alone can read: it holds hidden cases' explanations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get(self, key: str) -> GradedNotebook | None:
        """The verdicts of this key; None where there are none, or the file is damaged."""
        return _graded(self._path(key), [])

    def put(self, key: str, graded: GradedNotebook) -> None:
        """Keep it; whole or not at all."""
        _write(self._path(key), json.dumps({**graded.to_json(), "key": key}))

    def remember(self, assignment: str, student: str, notebook: str, key: str) -> None:
        """Note which verdicts are the latest of a student's notebook, for `explain` and `report`."""
        _write(self._latest(assignment, student, notebook), json.dumps({"key": key}))

    def latest(self, assignment: str, student: str, damaged: list[str] | None = None) -> dict[str, GradedNotebook]:
        """The latest verdicts of a student, by notebook. What is damaged is as if it had not been graded.

        damaged : takes a sentence for each file that cannot be read.
        """
        found, damaged = {}, [] if damaged is None else damaged
        for file in sorted(self._latest(assignment, student, "x").parent.glob("*.json")):
            try:
                path = self._path(json.loads(file.read_text())["key"])
            except WHATEVER as error:
                damaged.append(f"{file} cannot be read ({type(error).__name__})")
                continue
            if (graded := _graded(path, damaged)) is not None:
                found[file.stem] = graded
        return found

    def note_entered(self, assignment: str, student: str, state: str) -> None:
        """Note that the gradebook holds the scores of this state: what was submitted, against which release."""
        _write(self._entered(assignment, student), state)

    def entered(self, assignment: str, student: str) -> str:
        """The state whose scores the gradebook holds; '' where it holds none."""
        try:
            return self._entered(assignment, student).read_text()
        except (OSError, ValueError):
            return ""

    def folders_of(self, student: str) -> tuple[Path, ...]:
        """The folders of a student: those that say which verdicts are the latest, and what a crash left half-graded."""
        name = self._latest("x", student, "x").parent.name
        found = [path for path in self.folder.glob("latest/*/*") if path.name == name]
        return (*sorted(found), *sorted(path for path in self._begun() if path.name == student))

    def _begun(self) -> Iterable[Path]:
        """What the processes that grade write while they do."""
        yield from self.folder.glob("graded_submissions/*/*")
        yield from self.folder.glob("stalls/*/*")

    def unreferenced(self, without: Iterable[Path] = ()) -> tuple[Path, ...]:
        """The verdicts to which no folder refers but those in `without`. To remove one costs its computation, should it
        be wanted again."""
        passed, kept = set(without), set()
        for file in self.folder.glob("latest/*/*/*.json"):
            if file.parent not in passed:
                with suppress(*WHATEVER):
                    kept.add(self._path(json.loads(file.read_text())["key"]))
        return tuple(sorted(file for file in self.folder.glob("verdicts/*/*.json") if file not in kept))

    def _entered(self, assignment: str, student: str) -> Path:
        return self._latest(assignment, student, "x").parent / "entered"

    def _path(self, key: str) -> Path:
        return self.folder / "verdicts" / key[:2] / f"{key}.json"

    def _latest(self, assignment: str, student: str, notebook: str) -> Path:
        parts = [part.replace("/", "_").lstrip(".") or "_" for part in (assignment, student, notebook)]
        return self.folder / "latest" / parts[0] / parts[1] / f"{parts[2]}.json"


def _graded(path: Path, damaged: list[str]) -> GradedNotebook | None:
    """The verdicts in a file; None where it is not there or, with a sentence for `damaged`, is none."""
    try:
        graded = GradedNotebook.from_json(json.loads(path.read_text()))
        if not _is_whole(graded):
            raise ValueError("it is not what was written")
    except FileNotFoundError:  # as of what is not kept, for the wall clock stopped it
        return None
    except WHATEVER as error:
        damaged.append(f"{path} cannot be read ({type(error).__name__})")
        return None
    return graded


def _is_whole(graded: GradedNotebook) -> bool:
    """Whether everything that is read of it has its type."""
    return (
        all(isinstance(word, str) for word in (*graded.troubles, *graded.layers))
        and all(isinstance(number, float | int) for number in (graded.cpu_seconds, graded.peak_mib, graded.case_set))
        and all(isinstance(outputs, list) for outputs in graded.outputs.values())
        and all(
            isinstance(one.score, float | int | None)
            and isinstance(one.max_score, float | int)
            and all(isinstance(word, str) for word in (one.exercise, one.reason, one.misconception, one.explanation))
            and all(isinstance(flag, str) for flag in one.flags)
            and all(len(case) == 5 and isinstance(case[2], float | int) for case in one.cases)
            for one in graded.verdicts.values()
        )
    )


def key_of(notebook: Any, job: Job, code: Mapping[Path, str]) -> str:
    """A fingerprint of all that the verdicts depend on. code : that of each folder of exercises."""
    cells = [[cell.cell_type, cell.source, cell.metadata.get("nbgrader", {})] for cell in notebook.cells]
    assignment = job.assignment
    content = [
        job.assignment_id,
        cells,
        notebook.metadata.get("autograder", {}),
        job.case_sets,
        job.case_set(notebook),
        hashlib.sha256(job.secret).hexdigest(),
        repr(job.limits),
        _environment(),
        {name: hashlib.sha256(data).hexdigest() for name, data in job.files.items()},
        assignment and [[entry.name, entry.points] for entry in assignment.entries],
        assignment and sorted({code[_root(entry)] for entry in assignment.entries}),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _root(entry: Any) -> Path:
    """The folder of all topics: an exercise may use what several share."""
    return Path(inspect.getfile(entry.exercise.draw)).resolve().parents[1]


def folder_fingerprint(folder: Path) -> str:
    """Of every Python file in a folder and below it; read again when one has changed."""
    files = sorted(folder.rglob("*.py"))
    return _fingerprint(folder, tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@lru_cache
def _fingerprint(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for file, *_ in files:
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache
def _environment() -> list[str]:
    from importlib.metadata import version

    return [
        platform.python_version(),
        np.__version__,
        version("torch"),
        version("ipython"),
        folder_fingerprint(Path(autograder.__file__).parent),
    ]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with drafted(path) as file:
        file.write(text)
