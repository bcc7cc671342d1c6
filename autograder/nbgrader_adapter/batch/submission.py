"""Grading one submission, in a worker: what needs no gradebook.

The same steps as nbgrader's own pass, in the same order and by the same classes; but a notebook is read and written
once, and the steps are handed what is open already. A test holds the result against nbgrader's.
"""

from __future__ import annotations

import copy
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_notebook
from nbgrader.utils import find_all_files

from autograder.grading.verdict import GradedNotebook
from autograder.nbgrader_adapter.batch.pipeline_steps import all_steps, converter_of, grading_steps, resources_for
from autograder.nbgrader_adapter.context import Context
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.entered import fingerprint
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
    """Make what every submission needs and forks can share: nbgrader's steps, and the validator of notebooks."""
    all_steps(course)
    nbformat.validate(new_notebook())


def grade_submission(course: Course, book: SourceBook, student: str, fork_server: ForkServer) -> SubmissionResult:
    """Clean, play and judge one submission. Nothing is written but the result and the verdicts in the store."""
    context = Context(course, book, fork_server)
    directory = converter_of(course).coursedir
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
        resources = {"unique_key": name, **resources_for(context, book, student, name)}
        notebook, left_out = read_submission(file, course.settings)
        notes += left_out
        for step in grading_steps(course):
            notebook, resources = step.preprocess(notebook, resources)
        nbformat.validate(notebook)
        (folder / file.name).write_bytes(_text(notebook).encode("utf-8", "replace"))
        notebooks[name] = (_without_outputs(notebook), resources["autograder"])
    if not notebooks:
        raise NotGradable(f"it holds no notebook called {' or '.join(f'{name}.ipynb' for name in book.notebooks)}")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(int(str(converter_of(course).permissions), 8))
    return SubmissionResult(student, folder, notebooks, fingerprint(submitted), tuple(notes))


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
