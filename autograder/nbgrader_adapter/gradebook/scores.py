"""What the gradebook holds, as plain rows, and the class's table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Assignment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import selectinload

from autograder.authoring.exercise import ExerciseError
from autograder.cleaning.outputs import readable
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.steps import gradebook_of


@dataclass(frozen=True)
class ScoreRow:
    """One student's grades.

    cells : by name; None where there is no score yet, and then the total is None too.
    written : the cells that a person marks in any case. automatic : the scores that the grader gave.
    by_hand : the cells whose score was given by hand.
    """

    student: str
    cells: dict[str, float | None]
    max_score: float
    written: frozenset[str]
    automatic: dict[str, float | None]
    by_hand: frozenset[str]
    timestamp: str = ""
    penalty: float = 0

    @property
    def total(self) -> float | None:
        return None if None in self.cells.values() else sum(score for score in self.cells.values() if score is not None)

    @property
    def needs_person(self) -> bool:
        """Whether a cell that the grader should have scored has no score."""
        return any(score is None for name, score in self.cells.items() if name not in self.written)

    @property
    def to_mark(self) -> bool:
        """Whether a written answer waits to be marked."""
        return any(self.cells[name] is None for name in self.written)


def rows(course: Course, assignment: str) -> list[ScoreRow]:
    """The grades of every student who has submitted."""
    with gradebook_of(course) as gradebook:
        return read_rows(gradebook, assignment)


def read_rows(gradebook: Gradebook, assignment: str, damaged: dict[str, str] | None = None) -> list[ScoreRow]:
    """The same, from a gradebook that is open.

    damaged : takes a sentence for each student whose entry cannot be read; where None, the first is an ExerciseError.
    """
    entries = (
        gradebook.db.query(SubmittedAssignment)
        .join(SubmittedAssignment.assignment)
        .filter(Assignment.name == assignment)
        .options(
            selectinload(SubmittedAssignment.notebooks).selectinload(SubmittedNotebook.grades).joinedload(Grade.cell)
        )
    )
    try:
        return sorted(map(_row, entries), key=lambda row: row.student)
    except Exception as error:  # whatever a damaged entry holds
        if not is_of_one_entry(error):
            raise
    gradebook.db.expunge_all()
    numbers = (
        gradebook.db.query(SubmittedAssignment.id, SubmittedAssignment.student_id)
        .join(SubmittedAssignment.assignment)
        .filter(Assignment.name == assignment)
    )
    found = []
    for number, student in sorted(numbers, key=lambda entry: str(entry[1])):
        try:
            found.append(_row(entries.filter(SubmittedAssignment.id == number).one()))
        except Exception as error:
            if not is_of_one_entry(error):
                raise
            said = unreadable(str(student), error)
            if damaged is None:
                raise ExerciseError(said) from None
            damaged[str(student)] = said
    return found


def is_of_one_entry(error: Exception) -> bool:
    """Whether it tells of one entry's content, such as a date that is none, and not of the gradebook as a whole."""
    return not isinstance(error, DBAPIError) or "decode to UTF-8" in str(error.orig)


def unreadable(student: str, error: Exception) -> str:
    """A sentence on an entry that cannot be read, with what mends it."""
    what = " ".join(f"{type(error).__name__}: {error}".split("[SQL:")[0].split())[:200]
    return (
        f"the gradebook's entry of {student} cannot be read ({what}): put a copy of the gradebook in its place and "
        "grade again what has come since"
    )


def read_row(gradebook: Gradebook, assignment: str, student: str) -> ScoreRow:
    """One student's. Raises MissingEntry where nothing of theirs has been graded."""
    return _row(gradebook.find_submission(assignment, student))


def table(found: Iterable[ScoreRow]) -> str:
    """The class's table as text: one row a student, one column a graded cell."""
    found = list(found)
    cells = list(dict.fromkeys(name for row in found for name in row.cells))
    heads = ["student", *(name.removeprefix("check-") for name in cells), "total", "of"]
    lines = [
        [readable(row.student), *(_shown(row, name) for name in cells), number(row.total, "-"), f"{row.max_score:g}"]
        for row in found
    ]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [heads, ["-" * width for width in widths], *lines]
    )


def _row(submission: Any) -> ScoreRow:
    grades = [grade for notebook in submission.notebooks for grade in sorted(notebook.grades, key=lambda g: g.name)]
    row = ScoreRow(
        submission.student.id,
        {grade.name: None if _waits(grade) else float(grade.score) for grade in grades},
        float(submission.max_score),
        frozenset(grade.name for grade in grades if grade.cell.cell_type != "code" or _is_solution(grade)),
        {grade.name: None if grade.auto_score is None else float(grade.auto_score) for grade in grades},
        frozenset(grade.name for grade in grades if grade.manual_score is not None),
        str(submission.timestamp or ""),
        sum(float(notebook.late_submission_penalty or 0) for notebook in submission.notebooks),
    )
    numbers = (*row.cells.values(), *row.automatic.values(), row.max_score, row.penalty)
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise ValueError("a score is no number")
    return row


def _shown(row: ScoreRow, name: str) -> str:
    return number(row.cells.get(name), "to mark" if name in row.written else "person")


def _waits(grade: Any) -> bool:
    return grade.manual_score is None and (grade.auto_score is None or grade.needs_manual_grade)


def _is_solution(grade: Any) -> bool:
    return any(cell.name == grade.name for cell in grade.cell.notebook.solution_cells)


def number(value: float | None, none: str = "person") -> str:
    """A score as text; `none` where there is none."""
    return none if value is None else f"{value:g}"
