"""What the gradebook knows of a released assignment, copied out once, so that cleaning a notebook asks no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from nbgrader.api import Gradebook, MissingEntry

from autograder.authoring.exercise import ExerciseError


@dataclass(frozen=True)
class SourceCell:
    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool


@dataclass(frozen=True)
class GradedCell:
    name: str
    cell_type: str
    max_score: float


@dataclass(frozen=True)
class SolutionCell:
    name: str


@dataclass(frozen=True)
class SourceNotebook:
    """The attributes are those of nbgrader's `Notebook`, as far as its cleaning steps read them."""

    name: str
    kernelspec: str | None
    source_cells: tuple[SourceCell, ...]
    grade_cells: tuple[GradedCell, ...]
    solution_cells: tuple[SolutionCell, ...]
    task_cells: tuple[GradedCell, ...]


@dataclass(frozen=True)
class SourceBook:
    """Stands where nbgrader's steps open a gradebook to read: `with Gradebook(url) as gb: gb.find_notebook(…)`."""

    assignment: str
    notebooks: dict[str, SourceNotebook]

    def find_notebook(self, notebook: str, assignment: str) -> SourceNotebook:
        if assignment != self.assignment or notebook not in self.notebooks:
            raise MissingEntry(f"No such notebook: {assignment}/{notebook}")
        return self.notebooks[notebook]

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> SourceCell:
        found: SourceCell = _named(self.find_notebook(notebook, assignment).source_cells, name)
        return found

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> GradedCell:
        source = self.find_notebook(notebook, assignment)
        found: GradedCell = _named((*source.grade_cells, *source.task_cells), name)
        return found

    def __enter__(self) -> SourceBook:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def read_sourcebook(gradebook: Gradebook, assignment: str) -> SourceBook:
    """Copy an assignment out of the gradebook. An ExerciseError says how it comes into it."""
    try:
        found = gradebook.find_assignment(assignment)
    except MissingEntry:
        raise ExerciseError(
            f"the gradebook has no assignment called {assignment!r}: run `nbgrader generate_assignment {assignment}`"
        ) from None
    return SourceBook(
        assignment,
        {
            notebook.name: SourceNotebook(
                notebook.name,
                notebook.kernelspec,
                tuple(SourceCell(c.name, c.cell_type, c.source, c.checksum, c.locked) for c in notebook.source_cells),
                tuple(GradedCell(c.name, c.cell_type, c.max_score) for c in notebook.grade_cells),
                tuple(SolutionCell(c.name) for c in notebook.solution_cells),
                tuple(GradedCell(c.name, c.cell_type, c.max_score) for c in notebook.task_cells),
            )
            for notebook in found.notebooks
        },
    )


@contextmanager
def standing_in(book: Any, *modules: str) -> Iterator[None]:
    """Hand `book` to nbgrader's steps in these modules, which would each open the gradebook anew for every notebook.

    Opening it costs more than the step itself: an engine, a connection and a look at every table. The schema of a
    cell's metadata, which nbgrader checks anew with every cell, is checked once.
    """
    patches: list[Any] = [patch(f"{module}.Gradebook", lambda *_, **__: book) for module in modules]
    patches.append(patch("nbgrader.nbgraderformat.common.jsonschema", SimpleNamespace(validate=_validate)))
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


def _validate(instance: Any, schema: dict[str, Any]) -> None:
    """`jsonschema.validate`, with the validator of a schema kept, and what it found of instances met before."""
    plain, its_schema = json.dumps(instance, sort_keys=True), json.dumps(schema, sort_keys=True)
    find = _found_error if len(plain) < 1000 else _found_error.__wrapped__  # a student's may be of any size
    error = find(plain, its_schema)
    if error is not None:
        raise error


@lru_cache(maxsize=4096)
def _found_error(instance: str, schema: str) -> Any:
    return best_match(_validator(schema).iter_errors(json.loads(instance)))


@lru_cache
def _validator(schema: str) -> Any:
    plain = json.loads(schema)
    kind = validator_for(plain)
    kind.check_schema(plain)
    return kind(plain)


def _named(cells: tuple[Any, ...], name: str) -> Any:
    found = next((cell for cell in cells if cell.name == name), None)
    if found is None:
        raise MissingEntry(f"No such cell: {name}")
    return found
