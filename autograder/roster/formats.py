"""Lists of students as platforms export them, told apart by their columns.

Canvas's gradebook has `Student, ID, SIS User ID, SIS Login ID, Section`, a row or two that are no students' ("Points
Possible", "Manual Posting") and a made-up "Student, Test". Source: Canvas's `lib/gradebook_exporter.rb` (`csv_data`).

Moodle's grade export and its list of participants have `First name, Last name, ID number, Email address` (`Surname` in
older ones), and `Username` where its administrator has named it among the fields of exports. Source:
https://docs.moodle.org/405/en/Grade_export and Moodle's `grade/export/lib.php`.

nbgrader's own `nbgrader db student import` reads `id, last_name, first_name, email, lms_user_id`; its export calls the
first `student_id`. What `autograder roster` keeps has these columns and a few more.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.errors import ExerciseError
from autograder.options import nearest
from autograder.roster.person import FIELDS, Person

LONGEST = 128  # characters of a field in nbgrader's gradebook
NO_STUDENT = ("points possible", "manual posting", "student, test")


@dataclass(frozen=True)
class Format:
    """name : the platform. columns : by a person's field, what a column of it may be called. whole_name : the column of
    'Last, First'."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    whole_name: str = ""


FORMATS = (
    Format(
        "Canvas",
        {
            "account": ("SIS Login ID",),
            "login": ("SIS Login ID",),
            "lms_id": ("ID",),
            "sis_id": ("SIS User ID",),
            "section": ("Section",),
        },
        whole_name="Student",
    ),
    Format(
        "Moodle",
        {
            "account": ("Username",),
            "login": ("Username",),
            "last_name": ("Last name", "Surname"),
            "first_name": ("First name",),
            "email": ("Email address",),
            "lms_id": ("ID number",),
            "section": ("Groups", "Group"),
        },
    ),
    Format(
        "nbgrader",
        {
            "account": ("student_id", "id"),
            "last_name": ("last_name",),
            "first_name": ("first_name",),
            "email": ("email",),
            "lms_id": ("lms_user_id",),
            "sis_id": ("sis_user_id",),
            "login": ("login",),
            "section": ("section",),
        },
    ),
)


@dataclass(frozen=True)
class Found:
    """What a file holds: the platform that it is of, and its students in their order."""

    format: str
    people: tuple[Person, ...]


def read_roster(path: Path, columns: Mapping[str, str] | None = None, *, before_at: bool = False) -> Found:
    """The students of a file.

    columns : by a person's field, the column to take in place of the format's.
    before_at : whether an account is what stands before the @ of an address.

    Raises
    ------
    ExerciseError
        The file cannot be read, or a student has no account, or one that another has.
    """
    columns = columns or {}
    rows = _rows(path)
    _, header = next(rows, (0, []))
    if not any(header):
        raise ExerciseError(f"{path} is empty: export the list of students again")
    format_, places = _places(path, header, columns)
    people: dict[str, Person] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        whole = cells.pop("whole_name", "")
        if whole.lower() in NO_STUDENT or not (whole or any(cells.values())):
            continue
        if whole and "last_name" not in cells:
            cells["last_name"], cells["first_name"] = _split(whole)
        person = _person(path, line, cells, header[places["account"]], before_at=before_at)
        if person.account in people and format_.name == "nbgrader" and people[person.account] == person:
            continue  # nbgrader's export has a line for each assignment
        if person.account in people:
            raise ExerciseError(
                f"{path}: the account {person.account!r} stands in line {lines[person.account]} and in line {line}: "
                "leave one of them"
            )
        people[person.account], lines[person.account] = person, line
    if not people:
        raise ExerciseError(f"{path} has the columns of {format_.name}, and no student")
    return Found(format_.name, tuple(people.values()))


def column_names(given: list[str]) -> dict[str, str]:
    """'account=Email address' and the like, by field."""
    found = {}
    for text in given:
        field, equals, column = text.partition("=")
        if not equals or not column.strip():
            raise ExerciseError(f"--column takes FIELD=NAME, such as account='Email address', not {text!r}")
        if field not in FIELDS:
            raise ExerciseError(f"--column names the field {field!r}; the fields are {', '.join(FIELDS)}")
        found[field] = column.strip()
    return found


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The file's rows, each with the number of its line."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ExerciseError(f"{path}, line {reader.line_num}: it cannot be read as CSV ({error})") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExerciseError(f"{path} cannot be read: {error.strerror or error}") from None
    if content.startswith(b"PK\x03\x04"):
        raise ExerciseError(f"{path} is a spreadsheet or an archive: save it as CSV in UTF-8")
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExerciseError(f"{path} is no text in UTF-8: save it as CSV in UTF-8") from None


def _places(path: Path, header: list[str], columns: Mapping[str, str]) -> tuple[Format, dict[str, int]]:
    """The format that most columns are of, and by field the place of its column."""
    names = [name.strip() for name in header]
    seen = ", ".join(map(repr, names))
    for column in columns.values():
        if column not in names:
            raise ExerciseError(f"{path} has no column {column!r}{nearest(column, names)}; it has {seen}")

    def places_in(format_: Format) -> dict[str, int]:
        found = {
            field: names.index(name)
            for field, known in format_.columns.items()
            for name in known[::-1]
            if name in names
        }
        if format_.whole_name in names:
            found["whole_name"] = names.index(format_.whole_name)
        return found

    format_ = max(FORMATS, key=lambda one: len(set(places_in(one).values())))
    places = places_in(format_) | {field: names.index(column) for field, column in columns.items()}
    if "account" not in places:
        wanted = ", ".join(f"{' or '.join(map(repr, one.columns['account']))} ({one.name})" for one in FORMATS)
        raise ExerciseError(
            f"{path} has no column with the students' accounts: looked for {wanted}; found {seen}: name one with "
            "--column account=NAME"
        )
    if twice := sorted({names[place] for place in places.values() if names.count(names[place]) > 1}):
        raise ExerciseError(f"{path} has more than one column called {twice[0]!r}: leave one of them")
    return format_, places


def _person(path: Path, line: int, cells: Mapping[str, str], column: str, *, before_at: bool) -> Person:
    who = " ".join(filter(None, (cells.get("first_name"), cells.get("last_name"))))
    place = f"{path}, line {line}" + (f" ({who})" if who.isprintable() and who else "")
    for name, value in cells.items():
        if not value.isprintable():
            raise ExerciseError(f"{place}: the {name.replace('_', ' ')} {value!a} holds a character that no name has")
        if len(value) > LONGEST:
            raise ExerciseError(f"{place}: the {name.replace('_', ' ')} is longer than {LONGEST} characters")
    account = cells["account"].partition("@")[0] if before_at else cells["account"]
    if not account:
        raise ExerciseError(f"{place} has no account in the column {column.strip()!r}: fill it in, or remove the line")
    return Person(**{**cells, "account": account})


def _split(name: str) -> tuple[str, str]:
    """The last name and the first of 'Lovelace, Ada', or of 'Ada Lovelace'."""
    last, comma, first = name.partition(",")
    if comma:
        return last.strip(), first.strip()
    first, _, last = name.rpartition(" ")
    return last, first
