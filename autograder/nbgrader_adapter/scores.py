"""What the gradebook holds, as plain rows: the class's table, and grades for export."""
from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.steps import gradebook_of

COLUMNS = ("assignment", "student_id", "last_name", "first_name", "email", "timestamp", "raw_score",
           "late_submission_penalty", "score", "max_score", "needs_person")


@dataclass(frozen=True)
class Row:
    """One student's grades. A cell that needs a person has None, and so has the total."""
    student: str
    cells: dict[str, float | None]
    max_score: float
    timestamp: str = ""
    penalty: float = 0

    @property
    def total(self) -> float | None:
        return None if None in self.cells.values() else sum(score for score in self.cells.values() if score is not None)


def rows(course: Course, assignment: str) -> list[Row]:
    """The grades of every student who has submitted."""
    with gradebook_of(course) as gradebook:
        try:
            submissions = gradebook.assignment_submissions(assignment)
        except MissingEntry:
            return []
        return [_row(submission) for submission in sorted(submissions, key=lambda s: str(s.student.id))]


def forget(course: Course, assignment: str, student: str) -> None:
    """Take back the automatic scores of a submission, so that a regrade that fails leaves no old score behind."""
    with gradebook_of(course) as gradebook:
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            return
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = None, True
        gradebook.db.commit()


def table(found: Iterable[Row]) -> str:
    """The class's table as text: one row a student, one column a graded cell."""
    found = list(found)
    cells = list(dict.fromkeys(name for row in found for name in row.cells))
    heads = ["student", *(name.removeprefix("check-") for name in cells), "total", "of"]
    lines = [[row.student, *(_number(row.cells.get(name)) for name in cells), _number(row.total), f"{row.max_score:g}"]
             for row in found]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    return "\n".join("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                               for i, (text, width) in enumerate(zip(line, widths, strict=True)))
                     for line in [heads, ["-" * width for width in widths], *lines])


def export(course: Course, assignments: Iterable[str], path: Path) -> int:
    """Write the grades as CSV, nbgrader's columns and one that says who needs a person; their scores are blank.

    Returns the number of students who need a person.
    """
    waiting = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for assignment in assignments:
            with gradebook_of(course) as gradebook:
                for line in _export_lines(gradebook, assignment):
                    waiting += line[-1] == "yes"
                    writer.writerow(line)
    return waiting


def _export_lines(gradebook: Gradebook, assignment: str) -> list[list[str]]:
    lines = []
    max_score = f"{gradebook.find_assignment(assignment).max_score:g}"
    for student in sorted(gradebook.students, key=lambda s: str(s.id)):
        head = [assignment, student.id, student.last_name or "", student.first_name or "", student.email or ""]
        try:
            row = _row(gradebook.find_submission(assignment, student.id))
        except MissingEntry:
            lines.append([*head, "", "0", "0", "0", max_score, "no"])
            continue
        score = "" if row.total is None else f"{max(0.0, row.total - row.penalty):g}"
        lines.append([*head, row.timestamp, _number(row.total, ""), f"{row.penalty:g}", score, max_score,
                      "yes" if row.total is None else "no"])
    return lines


def _row(submission: object) -> Row:
    cells: dict[str, float | None] = {}
    for notebook in submission.notebooks:                                # type: ignore[attr-defined]
        for grade in sorted(notebook.grades, key=lambda g: g.name):
            waiting = grade.manual_score is None and (grade.auto_score is None or grade.needs_manual_grade)
            cells[grade.name] = None if waiting else float(grade.score)
    return Row(submission.student.id, cells, float(submission.max_score),      # type: ignore[attr-defined]
               str(submission.timestamp or ""), float(submission.late_submission_penalty or 0))  # type: ignore[attr-defined]


def _number(value: float | None, none: str = "person") -> str:
    return none if value is None else f"{value:g}"
