"""Grading many submissions: what needs no gradebook in workers, one writer to the gradebook, one transaction each.

The same steps as nbgrader's own pass, in the same order and by the same classes; but a notebook is read and written
once, and the steps are handed a gradebook that is open already. A test holds the result against nbgrader's.
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_notebook
from nbgrader.api import BaseCell, Gradebook
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from nbgrader.utils import find_all_files
from sqlalchemy import text

from autograder.grading.verdict import GradedNotebook
from autograder.nbgrader_adapter.context import Context
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook
from autograder.nbgrader_adapter.notebooks.reading import NotGradable, read_submission
from autograder.sandbox import ForkServer


@dataclass(frozen=True)
class SubmissionResult:
    """A submission graded and written to `folder`, which only has to be put in place and entered in the gradebook.

    notebooks : by name, the notebook without outputs, and its verdicts. fingerprint : of what was submitted.
    """

    student: str
    folder: Path
    notebooks: dict[str, tuple[Any, GradedNotebook]]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def unsure(self) -> bool:
        return any(graded.unsure for _, graded in self.notebooks.values())


def prepare(course: Course) -> None:
    """Make what every draft needs and forks can share: nbgrader's steps, and the validator of notebooks."""
    _all_steps(course)
    nbformat.validate(new_notebook())


def draft(course: Course, book: SourceBook, student: str, fork_server: ForkServer) -> SubmissionResult:
    """Clean, play and judge one submission. Nothing is written but the draft and the verdicts in the store."""
    context = Context(course, book, fork_server)
    directory = _converter(course).coursedir
    submitted = Path(directory.format_path(directory.submitted_directory, student, book.assignment))
    folder = course.store.folder / "graded_submissions" / book.assignment / student
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notes = _copy_files(course, directory, submitted, folder, book.assignment)
    notebooks: dict[str, tuple[Any, GradedNotebook]] = {}
    for name in book.notebooks:
        file = submitted / f"{name}.ipynb"
        if not os.path.lexists(file):
            notes.append(f"{name}.ipynb was not submitted")
            continue
        if file.is_symlink() or not file.is_file():  # a pipe would be waited for without end
            raise NotGradable(f"{file.name} is a link or no plain file; a submission must hold the notebook itself")
        resources = {"unique_key": name, **_resources(context, book, student, name)}
        notebook, left_out = read_submission(file, course.settings)
        notes += left_out
        for step in _steps(course, offline=True):
            notebook, resources = step.preprocess(notebook, resources)
        nbformat.validate(notebook)
        (folder / file.name).write_bytes(_text(notebook).encode("utf-8", "replace"))
        notebooks[name] = (_without_outputs(notebook), resources["autograder"])
    if not notebooks:
        raise NotGradable(f"it holds no notebook called {' or '.join(f'{name}.ipynb' for name in book.notebooks)}")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(int(str(_converter(course).permissions), 8))
    return SubmissionResult(student, folder, notebooks, fingerprint(submitted), tuple(notes))


def enter(course: Course, gradebook: Gradebook, book: SourceBook, drafted: SubmissionResult) -> None:
    """Put the draft in place and its scores in the gradebook, in one transaction."""
    directory = _converter(course).coursedir
    place = Path(directory.format_path(directory.autograded_directory, drafted.student, book.assignment))
    with one_transaction(gradebook):
        submission = _submission(course, gradebook, book, drafted.student)
        for submitted in submission.notebooks:
            if submitted.name not in drafted.notebooks:
                for grade in submitted.grades:  # not handed in: nbgrader gives it 0
                    grade.auto_score, grade.needs_manual_grade = 0, False
        context = Context(course, _Open(gradebook, submission))
        for name, (notebook, graded) in drafted.notebooks.items():
            resources = {"autograder": graded, **_resources(context, book, drafted.student, name)}
            for step in _steps(course, offline=False):
                notebook, resources = step.preprocess(notebook, resources)
        _replace(drafted.folder, place)


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
    directory = _converter(course).coursedir
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


def fingerprint(folder: Path) -> str:
    """Of every file of a submission."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            digest.update(os.fsencode(file.relative_to(folder)) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


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


def _resources(context: Context, book: SourceBook, student: str, notebook: str) -> dict[str, Any]:
    """What nbgrader's steps are told of a notebook."""
    told = {"student": student, "assignment": book.assignment, "notebook": notebook}
    return {"nbgrader": {**told, "db_url": _converter(context.course).coursedir.db_url}, **context.as_resources()}


def _steps(course: Course, *, offline: bool) -> list[Any]:
    """The configured steps that write nothing to the gradebook, or those that do; made once."""
    return [step for step in _all_steps(course) if isinstance(step, (SaveAutoGrades, AssignLatePenalties)) != offline]


@lru_cache
def _converter(course: Course) -> Autograde:
    """nbgrader's own, made once: for its settings, its steps and the course's folders."""
    return Autograde(coursedir=course.directory(), config=course.config)


@lru_cache
def _all_steps(course: Course) -> list[Any]:
    converter = _converter(course)
    exporter = NotebookExporter(parent=converter, config=course.config)
    exporter._preprocessors = []
    for step in (*converter.sanitize_preprocessors, *converter.autograde_preprocessors):
        exporter.register_preprocessor(step)
    return [step for step in exporter._preprocessors if step.enabled]


def _copy_files(course: Course, directory: Any, submitted: Path, folder: Path, assignment: str) -> list[str]:
    """Everything but notebooks: the student's files, then the assignment's own over them."""
    source = Path(directory.format_path(directory.source_directory, ".", assignment))
    kept = set(course.config.Autograde.get("exclude_overwriting", {}).get(assignment, []))
    notes = []
    for root in (submitted, source):
        for name in find_all_files(str(root), [*directory.ignore, "*.ipynb"]):
            file = Path(name)
            if file.is_symlink() or not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
                notes.append(f"{file.name!a} is a link or no plain file, and was left out")
                continue
            target = folder / file.relative_to(root)
            if root == source and str(file.relative_to(root)) in kept:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return notes


def _text(notebook: Any) -> str:
    text = nbformat.versions[nbformat.current_nbformat].writes_json(notebook)  # it is validated already
    return text if text.endswith("\n") else text + "\n"


def _without_outputs(notebook: Any) -> Any:
    bare = copy.copy(notebook)
    bare.cells = [copy.copy(cell) for cell in notebook.cells]
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return bare


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
