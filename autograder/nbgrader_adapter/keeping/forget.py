"""What is kept of a student, removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.authoring.errors import ExerciseError
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.collect import forget_refused
from autograder.nbgrader_adapter.exchange.steps import file_of, gradebook_of
from autograder.nbgrader_adapter.keeping.restore import remove
from autograder.nbgrader_adapter.keeping.traces import Traces, of_student
from autograder.nbgrader_adapter.watch.ledger import Ledger, ledger_path
from autograder.nbgrader_adapter.watch.single_instance import only_watcher
from autograder.roster.kept import keep_roster, kept_roster

OUT_OF_REACH = (
    "their home on the hub, with the notebooks and nbgrader's copies of what was submitted: whoever runs the hub "
    "removes it with the account, and from the hub's list of users and its logs",
    "backups that were made before: one that is restored brings the student back, so run this again then",
    "pages and tables that you have written (report, similar, export), and what a learning platform was given",
    "a database server's own logs and backups, where the gradebook is on one, and an exchange that is a server's",
)


def forget(course: Course, traces: Traces) -> Iterator[str]:
    """Remove it all; yields a sentence for each thing that cannot be. The gradebook's entry goes last.

    Raises
    ------
    ExerciseError
        `autograder watch` is at work on the course.
    """
    store = course.store.folder
    with only_watcher(store / "watch.lock") if store.is_dir() else nullcontext():
        for path in (*traces.pages, *traces.inbound, *traces.cached, *traces.folders, *traces.latest, *traces.verdicts):
            yield from _trying(path, partial(remove, path))
        if traces.answers:
            yield from _trying(ledger_path(store), partial(_forget_answers, ledger_path(store), traces.student))
        for path in traces.refused:
            yield from _trying(path, partial(forget_refused, path, traces.student))
        for path in traces.logs:
            yield from _trying(path, partial(_clear_lines, path, traces.student))
        if traces.in_roster:
            _strike_out(course.settings.roster_path, traces.student)
        if traces.in_gradebook:
            _remove_entry(course, traces.student)


def _strike_out(roster: Path, student: str) -> None:
    people = kept_roster(roster)
    people.pop(student, None)
    if people:
        keep_roster(roster, people.values())
    else:  # a list without a student is none
        roster.unlink()


def _trying(path: Path, do: Callable[[], None]) -> Iterator[str]:
    try:
        do()
    except OSError as error:
        place = error.filename or path
        yield f"{place} cannot be removed ({error.strerror}): where it belongs to another account, have root remove it"


def _forget_answers(path: Path, student: str) -> None:
    with closing(Ledger(path)) as ledger:
        ledger.forget(student)


def _clear_lines(log: Path, student: str) -> None:
    """In its place, for a program may be writing to it."""
    pattern = of_student(student)
    with log.open("r+b") as file:
        kept = [line for line in file if not pattern.search(line)]
        file.seek(0)
        file.writelines(kept)
        file.truncate()


def _remove_entry(course: Course, student: str) -> None:
    url = course.directory().db_url
    try:
        with gradebook_of(course) as gradebook:
            gradebook.remove_student(student)
    except MissingEntry:
        pass
    except (ValueError, TypeError) as error:  # such as a date that is none
        raise ExerciseError(
            f"the gradebook's entry of {student} cannot be removed ({error}): put a copy of the gradebook in its "
            "place, and run this again"
        ) from None
    if (file := file_of(url)) is not None:
        _shrink(file)


def _shrink(database: Path) -> None:
    """Write a database anew: what was deleted stays readable in its free pages else."""
    try:
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("VACUUM")
    except sqlite3.Error as error:
        raise ExerciseError(
            f"{database} holds what was deleted until it is written anew, which failed ({error}): run "
            f"`sqlite3 {database} VACUUM` when no other program uses it"
        ) from None
