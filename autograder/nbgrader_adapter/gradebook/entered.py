"""Whose scores the gradebook holds: of which submission, against which release. Noted in the store of verdicts."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook


def fingerprint(folder: Path) -> str:
    """Of every file of a submission."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            digest.update(os.fsencode(file.relative_to(folder)) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def submitted_folder(course: Course, assignment: str, student: str) -> Path:
    directory = course.directory()
    return Path(directory.format_path(directory.submitted_directory, student, assignment))


def state_of(course: Course, book: SourceBook, student: str, submitted: str = "") -> str:
    """What is noted when the scores are entered. submitted : its fingerprint, where it is known."""
    return f"{submitted or fingerprint(submitted_folder(course, book.assignment, student))} {book.fingerprint}"


_begun: dict[tuple[Path, str, str], tuple[str, set[str]]] = {}


def note_notebook(course: Course, book: SourceBook, student: str, notebook: str, submitted: str) -> None:
    """Note that one notebook's scores are entered, in a process that enters one notebook after the other; with the
    last one that was submitted, the whole submission's are.

    submitted : the fingerprint of the submission before the notebook was graded. Where it is another now, somebody has
    collected meanwhile, and nothing is noted.
    """
    folder = submitted_folder(course, book.assignment, student)
    if fingerprint(folder) != submitted:
        return
    key, state = (course.store.folder, book.assignment, student), state_of(course, book, student, submitted)
    before, names = _begun.get(key, ("", set()))
    names = {notebook, *(names if before == state else ())}
    if all(name in names for name in book.notebooks if (folder / f"{name}.ipynb").exists()):
        course.store.note_entered(book.assignment, student, state)
        _begun.pop(key, None)
    else:
        _begun[key] = state, names
