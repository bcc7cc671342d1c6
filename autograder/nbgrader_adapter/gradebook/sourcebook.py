"""What the gradebook knows of a released assignment, copied out once, so that cleaning a notebook asks no database."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

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
    """Stands for the gradebook in the steps that only read of the assignment."""

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


def _named(cells: tuple[Any, ...], name: str) -> Any:
    found = next((cell for cell in cells if cell.name == name), None)
    if found is None:
        raise MissingEntry(f"No such cell: {name}")
    return found
