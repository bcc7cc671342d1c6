"""Entering a graded submission in the gradebook: one writer, one transaction each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.api import BaseCell, Gradebook
from sqlalchemy import text

from autograder.nbgrader_adapter.batch.pipeline_steps import converter_of, entering_steps, resources_for
from autograder.nbgrader_adapter.batch.submission import SubmissionResult
from autograder.nbgrader_adapter.context import Context
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook


def enter(course: Course, gradebook: Gradebook, book: SourceBook, result: SubmissionResult) -> None:
    """Put what was graded in place and its scores in the gradebook, in one transaction."""
    directory = converter_of(course).coursedir
    place = Path(directory.format_path(directory.autograded_directory, result.student, book.assignment))
    with one_transaction(gradebook):
        submission = _submission(course, gradebook, book, result.student)
        for submitted in submission.notebooks:
            if submitted.name not in result.notebooks:
                for grade in submitted.grades:  # not handed in: nbgrader gives it 0
                    grade.auto_score, grade.needs_manual_grade = 0, False
        context = Context(course, _Open(gradebook, submission))
        for name, (notebook, graded) in result.notebooks.items():
            resources = {"autograder": graded, **resources_for(context, book, result.student, name)}
            for step in entering_steps(course):
                notebook, resources = step.preprocess(notebook, resources)
        _replace(result.folder, place)


def set_aside(course: Course, gradebook: Gradebook, book: SourceBook, student: str) -> None:
    """Enter a submission that could not be graded: no automatic score, and a flag for a person."""
    with one_transaction(gradebook):
        for notebook in _submission(course, gradebook, book, student).notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = None, True
            for comment in notebook.comments:  # of a submission before this one
                comment.auto_comment = None


def _submission(course: Course, gradebook: Gradebook, book: SourceBook, student: str) -> Any:
    """The gradebook's entry of a submission, made where it is missing."""
    directory = converter_of(course).coursedir
    folder = directory.format_path(directory.submitted_directory, student, book.assignment)
    timestamp = _timestamp(directory, folder)
    when = {"timestamp": timestamp} if timestamp else {}
    gradebook.update_or_create_student(student)
    gradebook.db.flush()  # the entry asks for the student
    return gradebook.update_or_create_submission(book.assignment, student, **when)


def _timestamp(directory: Any, folder: str) -> Any:
    """When it was submitted; None where its timestamp.txt, which may be the student's own, does not say."""
    path = Path(folder) / "timestamp.txt"
    try:
        return directory.get_existing_timestamp(folder) if path.is_file() and not path.is_symlink() else None
    except (ValueError, OverflowError):
        return None


@contextmanager
def one_transaction(gradebook: Gradebook) -> Iterator[None]:
    """Make every commit inside wait for the end, so that a new entry is written once, with its grades. An exception
    undoes all of it. A query sees what is flushed before it."""
    session = gradebook.db()
    commit = session.commit
    session.commit = lambda: None
    try:
        with session.no_autoflush:
            yield
        commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.commit = commit
        session.expunge_all()  # or memory grows with the class


@contextmanager
def one_journal(gradebook: Gradebook) -> Iterator[None]:
    """Have SQLite keep its journal, empty, from one transaction to the next: a file made and removed for each costs
    more than what is written, and makes every other new file slower on some file systems."""
    sqlite = gradebook.engine.dialect.name == "sqlite"
    if not sqlite or gradebook.db.execute(text("PRAGMA journal_mode")).scalar() != "delete":  # somebody's own choice
        yield
        return
    gradebook.db.execute(text("PRAGMA journal_mode=TRUNCATE"))
    try:
        yield
    finally:
        gradebook.db.execute(text("PRAGMA journal_mode=DELETE"))


class _Open:
    """An open gradebook, as the steps ask it.

    One submission and its grades and comments are read at once: nbgrader looks each up with a query over many tables.
    """

    def __init__(self, gradebook: Gradebook, submission: Any) -> None:
        self._gradebook, self._submission = gradebook, submission
        self._notebooks = notebooks = {notebook.name: notebook for notebook in submission.notebooks}
        cells = gradebook.db.query(BaseCell.id, BaseCell.name).filter(
            BaseCell.notebook_id.in_([notebook.notebook.id for notebook in notebooks.values()])
        )
        names = dict(map(tuple, cells))
        self._grades = {(n, names[grade.cell_id]): grade for n, book in notebooks.items() for grade in book.grades}
        self._comments = {(n, names[note.cell_id]): note for n, book in notebooks.items() for note in book.comments}

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        found = self._grades.get((notebook, grade_cell))
        return found or self._gradebook.find_grade(grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        found = self._comments.get((notebook, solution_cell))
        return found or self._gradebook.find_comment(solution_cell, notebook, assignment, student)

    def find_submission(self, assignment: str, student: str) -> Any:
        return self._submission

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> Any:
        found = self._notebooks[notebook]
        if self._submission.total_seconds_late > 0:  # then a penalty is taken from the score, the database's sum
            self._gradebook.db.flush()
            self._gradebook.db.expire(found, ["score"])
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gradebook, name)


def _replace(folder: Path, place: Path) -> None:
    """Put a folder in the place of another. A crash in between leaves the old one beside it, never half of one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_dev != place.parent.stat().st_dev:  # the store lies on another disk
        folder = _copied(folder, place.with_name(f".{place.name}.new"))
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(folder, place)
    shutil.rmtree(old, ignore_errors=True)


def _copied(folder: Path, new: Path) -> Path:
    """The folder's copy at another place; nothing is left there where it does not fit."""
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir()
        for path in sorted(folder.rglob("*")):
            target = new / path.relative_to(folder)
            if path.is_dir():
                target.mkdir()
            else:
                shutil.copy(path, target)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return new
