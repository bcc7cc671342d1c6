"""The roster as it is kept: a CSV file that `autograder roster` writes, and reads again, for its owner alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.authoring.errors import ExerciseError
from autograder.files import replacing
from autograder.roster.formats import read_roster
from autograder.roster.person import Person

COLUMNS = {
    "account": "student_id",
    "last_name": "last_name",
    "first_name": "first_name",
    "email": "email",
    "lms_id": "lms_user_id",
    "sis_id": "sis_user_id",
    "login": "login",
    "section": "section",
}


def kept_roster(path: Path) -> dict[str, Person]:
    """By account; empty where there is none."""
    if not path.exists():
        return {}
    try:
        return {person.account: person for person in read_roster(path).people}
    except ExerciseError as error:
        raise ExerciseError(f"the roster cannot be read: {error}; `autograder roster FILE` writes it anew") from None


def keep_roster(path: Path, people: Iterable[Person]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(path) as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS.values())
        lines.writerows([getattr(person, field) for field in COLUMNS] for person in people)


def merged(before: Mapping[str, Person], people: Iterable[Person]) -> dict[str, Person]:
    """Those of a new list, with what an earlier one says of them and this one does not."""
    return {one.account: one.over(before.get(one.account, one)) for one in people}
