"""Grades as CSV: nbgrader's own columns, or those that Canvas or Moodle imports.

Canvas reads `Student, ID, SIS User ID, SIS Login ID, Section` and then a column an assignment, headed by its title or
by "Title (id)"; a row "Points Possible" comes first. It finds a student by ID, then SIS User ID, then SIS Login ID,
then the name, and leaves a grade whose field is blank. Source: Canvas's `lib/gradebook_importer.rb`
(`update_column_count`, `process_student`, `check_for_non_student_row`, `no_change_to_value?`) and
`lib/gradebook_exporter.rb` (`csv_data`).

Moodle reads any columns and asks on its import page which of them says who it is (ID number, email address or username)
and which grade item each other one is; a grade that is blank or "-" is no grade. Source:
https://docs.moodle.org/405/en/Grade_import and Moodle's `grade/import/csv/classes/load_data.php`
(`map_user_data_with_value`, `update_grade_item`, `import_new_grade_item`: a new item takes "-" alone for no grade).

In all of them somebody who needs a person has no number (a blank; for Moodle "-", which it writes itself for no grade),
so has somebody who submitted what could not be collected or is not graded yet; who submitted nothing has nbgrader's 0,
or no number where that is asked for. nbgrader's columns say which of these it is. The roster gives the names, and what
nbgrader's gradebook has no field for: the section, and the platform's own login and number.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, Student

from autograder.authoring.exercise import ExerciseError
from autograder.files import replacing
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.collect import refused_students
from autograder.nbgrader_adapter.exchange.steps import gradebook_of, read_assignment
from autograder.nbgrader_adapter.gradebook.enrolment import name_of
from autograder.nbgrader_adapter.gradebook.scores import ScoreRow, is_of_one_entry, number, read_rows, unreadable
from autograder.roster.kept import kept_roster
from autograder.roster.person import Person

NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "needs_person",
    "submitted",
    "section",
)
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("First name", "Last name", "ID number", "Username", "Email address")
NO_GRADE = "-"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet takes what begins so for a formula


@dataclass(frozen=True)
class Written:
    """What an export holds: how many scores are blank because they need a person, and how many are of nothing that was
    submitted."""

    waiting: int
    absent: int


@dataclass(frozen=True)
class Listed:
    """A student: the gradebook's entry, and what the roster says beyond it."""

    entry: Student
    person: Person

    def __getattr__(self, name: str) -> Any:
        return getattr(self.entry, name)


@dataclass(frozen=True)
class AssignmentScores:
    """An assignment with the rows of who submitted it, by student.

    ungraded : who has submitted and has no row: refused when it was collected, or collected and not graded yet.
    absent : the score of who submitted nothing.
    """

    name: str
    duedate: str
    max_score: float
    rows: Mapping[str, ScoreRow]
    ungraded: frozenset[str] = frozenset()
    absent: float | None = 0.0

    def submitted(self, student: str) -> bool:
        return student in self.rows or student in self.ungraded

    def score(self, student: str) -> float | None:
        """With the late penalty off; None where a person is needed."""
        row = self.rows.get(student)
        if row is None:
            return None if student in self.ungraded else self.absent
        return None if row.total is None else max(0.0, row.total - row.penalty)

    def needs_person(self, student: str) -> bool:
        return self.submitted(student) and self.score(student) is None

    @property
    def waiting(self) -> int:
        return sum(row.total is None for row in self.rows.values()) + len(self.ungraded)


def export(
    course: Course,
    assignments: Iterable[str],
    path: Path,
    format_: str = "nbgrader",
    columns: Mapping[str, str] | None = None,
    damaged: dict[str, str] | None = None,
    absent: float | None = 0.0,
) -> Written:
    """Write the grades; a broken-off export leaves the file that was there.

    columns : what Canvas's or Moodle's column of an assignment is called, where that is not the assignment's name.
    damaged : takes a sentence for each student whose entries cannot be read, and who has a blank or is left out; where
    None, the first is an ExerciseError.
    absent : the score of who submitted nothing; None for a blank.
    """
    roster = kept_roster(course.settings.roster_path)
    with gradebook_of(course) as gradebook:
        students = [Listed(one, roster.get(str(one.id), Person(str(one.id)))) for one in _students(gradebook, damaged)]
        found = (_marked(course, gradebook, students, name, damaged) for name in assignments)
        marked = [replace(assignment, absent=absent) for assignment in found]
        lines = FORMATS[format_](students, marked, columns or {})
        with replacing(path) as file:
            csv.writer(file).writerows([_harmless(field) for field in line] for line in lines)
        missing = sum(not assignment.submitted(one.id) for assignment in marked for one in students)
    return Written(sum(assignment.waiting for assignment in marked), missing)


def column_names(given: Iterable[str], assignments: Iterable[str]) -> dict[str, str]:
    """'momentum=Homework 1 (123)' and the like, by assignment."""
    names = {}
    for text in given:
        name, equals, column = text.partition("=")
        if not equals or not column.strip():
            raise ExerciseError(f"--column takes ASSIGNMENT=NAME, such as momentum='Homework 1 (123)', not {text!r}")
        if name not in assignments:
            raise ExerciseError(f"--column names the assignment {name!r}, which is not among those to export")
        names[name] = column.strip()
    return names


def _students(gradebook: Gradebook, damaged: dict[str, str] | None) -> list[Student]:
    """Those whose names can be read, in their order."""
    try:
        return sorted(gradebook.students, key=lambda student: str(student.id))
    except Exception as error:  # whatever a damaged entry holds
        if not is_of_one_entry(error):
            raise
    gradebook.db.expunge_all()
    found = []
    for (name,) in sorted(gradebook.db.query(Student.id)):
        try:
            found.append(gradebook.find_student(name))
        except Exception as error:
            if not is_of_one_entry(error):
                raise
            said = unreadable(str(name), error)
            if damaged is None:
                raise ExerciseError(said) from None
            damaged[str(name)] = said
    return found


def _marked(
    course: Course, gradebook: Gradebook, students: list[Listed], name: str, damaged: dict[str, str] | None
) -> AssignmentScores:
    assignment = read_assignment(gradebook, name)
    unread = None if damaged is None else dict[str, str]()
    rows = {row.student: row for row in read_rows(gradebook, name, unread)}
    if damaged is not None and unread is not None:
        damaged.update(unread)
    directory = course.directory()
    refused = refused_students(directory, name)
    ungraded = frozenset(
        student.id
        for student in students
        if student.id not in rows
        and (
            student.id in refused
            or student.id in (unread or ())
            or Path(directory.format_path(directory.submitted_directory, student.id, name)).is_dir()
        )
    )
    return AssignmentScores(name, str(assignment.duedate or ""), float(assignment.max_score), rows, ungraded)


def _nbgrader(students: list[Any], marked: list[AssignmentScores], columns: Mapping[str, str]) -> Iterable[list[Any]]:
    yield list(NBGRADER)
    for assignment in marked:
        for student in students:
            row = assignment.rows.get(student.id)
            yield [
                assignment.name,
                assignment.duedate,
                row.timestamp if row else "",
                student.id,
                student.last_name,
                student.first_name,
                student.email,
                number(row.total if row else assignment.score(student.id), ""),
                f"{row.penalty:g}" if row else "0",
                number(assignment.score(student.id), ""),
                f"{assignment.max_score:g}",
                "yes" if assignment.needs_person(student.id) else "no",
                "yes" if assignment.submitted(student.id) else "no",
                student.person.section,
            ]


def _canvas(students: list[Any], marked: list[AssignmentScores], columns: Mapping[str, str]) -> Iterable[list[Any]]:
    yield [*CANVAS, *(columns.get(assignment.name, assignment.name) for assignment in marked)]
    yield ["    Points Possible", "", "", "", "", *(f"{assignment.max_score:g}" for assignment in marked)]
    for student in students:
        name, person = name_of(student) or student.id, student.person
        scores = [number(assignment.score(student.id), "") for assignment in marked]
        yield [name, student.lms_user_id, person.sis_id, person.login or student.id, person.section, *scores]


def _moodle(students: list[Any], marked: list[AssignmentScores], columns: Mapping[str, str]) -> Iterable[list[Any]]:
    yield [*MOODLE, *(columns.get(assignment.name, assignment.name) for assignment in marked)]
    for student in students:
        scores = [number(assignment.score(student.id), NO_GRADE) for assignment in marked]
        login = student.person.login or student.id
        yield [student.first_name, student.last_name, student.lms_user_id, login, student.email, *scores]


FORMATS = {"nbgrader": _nbgrader, "canvas": _canvas, "moodle": _moodle}


def _harmless(field: Any) -> str:
    """A field that no spreadsheet takes for a formula. Scores are never negative."""
    text = "" if field is None else str(field)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) and text != NO_GRADE else text
