"""The roster in the gradebook: `autograder roster`, and who of it has submitted."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, Student

from autograder.authoring.errors import ExerciseError
from autograder.cleaning.outputs import readable
from autograder.nbgrader_adapter.batch.entry import one_transaction
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.exchange.collect import unfit_name
from autograder.nbgrader_adapter.gradebook.scores import is_of_one_entry
from autograder.roster.formats import read_roster
from autograder.roster.kept import keep_roster, kept_roster, merged
from autograder.roster.person import Person

GRADEBOOK = {"last_name": "last_name", "first_name": "first_name", "email": "email", "lms_id": "lms_user_id"}


def enrol(
    course: Course, path: Path, columns: Mapping[str, str], *, before_at: bool = False, dry_run: bool = False
) -> list[str]:
    """Take a list of students over into the course's roster and the gradebook. Returns what to say of it.

    Nobody is removed from the gradebook.
    """
    found = read_roster(path, columns, before_at=before_at)
    for person in found.people:
        if reason := unfit_name(person.account):
            raise ExerciseError(f"{path}: the account {readable(person.account)} {reason}: mend it")
    before = _before(course)
    people = merged(before, found.people)
    if not dry_run:
        steps.make_private(course.folder, course.directory().db_url)
    with steps.gradebook_of(course) as gradebook:
        known = {str(name): names for name, *names in gradebook.db.query(Student.id, *_columns())}
        if not dry_run:
            with one_transaction(gradebook):
                for person in people.values():
                    _enter(gradebook, person)
            keep_roster(course.settings.roster_path, people.values())
    new = [account for account in people if account not in known]
    changed = [one.account for one in people.values() if one.account in known and _differs(one, known[one.account])]
    same = len(people) - len(new) - len(changed)
    said = [f"{len(people)} students ({found.format}): {len(new)} new, {len(changed)} changed, {same} as they were"]
    if gone := sorted(set(before) - set(people)):
        said.append(f"{len(gone)} no longer in the roster; their grades stay: {_listed(gone)}")
    if strangers := sorted(set(known) - set(people) - set(gone)):
        said.append(f"{len(strangers)} in the gradebook and not in the roster: {', '.join(_near(strangers, new))}")
    return [*said, *(["nothing was written"] if dry_run else [])]


def shown(course: Course) -> str:
    """The roster as a table."""
    people = kept_roster(course.settings.roster_path)
    if not people:
        raise ExerciseError("the course has no roster yet: run `autograder roster FILE` with a list of its students")
    columns = ("account", "last_name", "first_name", "email", "lms_id", "sis_id", "section")
    fields = [name for name in columns if any(getattr(one, name) for one in people.values())]
    lines = [[name.replace("_", " ") for name in fields]]
    lines += [[readable(getattr(one, name)) for name in fields] for one in people.values()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def name_of(student: Any) -> str:
    """'Lovelace, Ada' of the gradebook's entry; '' where it has no name."""
    return ", ".join(part for part in (student.last_name, student.first_name) if part)


def names_in(gradebook: Gradebook) -> dict[str, str]:
    """'Lovelace, Ada' of everybody in the gradebook who has a name, by student; of nobody where one is damaged."""
    try:
        found = list(gradebook.db.query(Student.id, Student.last_name, Student.first_name))
    except Exception as error:
        if not is_of_one_entry(error):
            raise
        return {}
    return {str(id_): ", ".join(filter(None, names)) for id_, *names in found if any(names)}


def _before(course: Course) -> dict[str, Person]:
    try:
        return kept_roster(course.settings.roster_path)
    except ExerciseError:  # it is written anew
        return {}


def _columns() -> list[Any]:
    return [getattr(Student, name) for name in GRADEBOOK.values()]


def _differs(person: Person, names: list[str | None]) -> bool:
    return any(value not in ("", name or "") for value, name in zip(_values(person), names, strict=True))


def _values(person: Person) -> list[str]:
    return [getattr(person, field) for field in GRADEBOOK]


def _enter(gradebook: Gradebook, person: Person) -> None:
    """What the roster knows of a person; what it does not know stays."""
    try:
        student = gradebook.find_student(person.account)
    except MissingEntry:
        student = gradebook.add_student(person.account)
    for name, value in zip(GRADEBOOK.values(), _values(person), strict=True):
        if value:
            setattr(student, name, value)
    if student.last_name or student.first_name:  # formgrader writes 'None' for the half of a name that is missing
        student.last_name, student.first_name = student.last_name or "", student.first_name or ""


def _listed(names: list[str]) -> str:
    return ", ".join(map(readable, names))


def _near(strangers: list[str], new: list[str]) -> list[str]:
    """Each with the account that may be meant, of those that the gradebook did not have."""
    found = []
    for name in strangers:
        near = difflib.get_close_matches(name, new, 1)
        found.append(readable(name) + (f" (is it {readable(near[0])}?)" if near else ""))
    return found
