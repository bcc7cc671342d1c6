"""What is new in the exchange's inbound directory.

It is looked at again and again: inotify tells nothing of what another machine writes to a shared file system, and a
look costs less than a millisecond for a class's submissions.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeFactory

from autograder.authoring.exercise import ExerciseError
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.collect import Refused, SafeCollect, TooMuch, Unfinished, note_refused

PATIENCE = 60.0  # seconds after which a submission that is not complete is spoken of


@dataclass
class Arrivals:
    """students : who has something to be collected, with the names of the entries, oldest first.

    refused : sentences. too_much : entries of students who can be told that theirs is too large, with the reason.
    reasons : why each entry is not collected, or not yet, whether that is spoken of or not.
    """

    students: dict[str, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    too_much: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


class Inbound:
    """The entries of one assignment, each told of once."""

    def __init__(self, course: Course, assignment: str) -> None:
        self.assignment = assignment
        self.folder = inbound_folder(course, assignment)
        self._known: set[str] = set()
        self._since: dict[str, float] = {}  # when an entry that is not complete was first seen
        self._said: set[str] = set()

    def look(self, course: Course) -> Arrivals:
        """What has come since the last look. What cannot be read yet is looked at again the next time."""
        found = Arrivals()
        collector = collector_for(course, self.assignment)
        records = []
        for name in self._new_names():
            try:
                records.append(collector.record_of(str(self.folder / name)))
            except Unfinished as error:
                self._wait_for(name, str(error), found)
            except Refused as error:
                self._known.add(name)
                found.reasons[name] = str(error)
                found.refused.append(f"{name!a} is not collected: {error}")
                if isinstance(error, TooMuch):
                    found.too_much[name] = str(error)
            except OSError as error:
                self._wait_for(name, str(error.strerror), found)
        if found.reasons:
            note_refused(collector.coursedir, found.reasons, keep=lambda _: True)  # until they are collected
        for record in sorted(records, key=lambda record: record["timestamp"]):
            found.students.setdefault(record["username"], []).append(record["filename"])
        return found

    def collected(self, names: list[str]) -> None:
        """Speak of these no more."""
        self._known.update(names)
        for name in names:
            self._since.pop(name, None)

    def _new_names(self) -> list[str]:
        mark = f"+{self.assignment}+"
        try:
            with os.scandir(self.folder) as entries:
                names = {entry.name for entry in entries if mark in entry.name}
        except OSError as error:
            raise ExerciseError(f"{self.folder} cannot be read: {error.strerror}") from None
        self._known &= names  # what was removed may come again
        return sorted(names - self._known)

    def _wait_for(self, name: str, reason: str, found: Arrivals) -> None:
        now = time.monotonic()
        if name not in self._since:
            found.reasons[name] = reason
        if now - self._since.setdefault(name, now) >= PATIENCE and name not in self._said:
            self._said.add(name)
            found.refused.append(f"{name!a} is not collected yet: {reason}; it is when it can be")


def collector_for(course: Course, assignment: str, student: str = "*") -> SafeCollect:
    """The configured step that collects.

    Raises
    ------
    ExerciseError
        It is another than ours, which looks at what is in the exchange before it takes it.
    """
    directory = course.directory()
    directory.assignment_id, directory.student_id = assignment, student
    collector = ExchangeFactory(config=course.config).Collect(
        coursedir=directory, authenticator=Authenticator(config=course.config), config=course.config
    )
    if not isinstance(collector, SafeCollect):
        raise ExerciseError(
            "`autograder watch` needs an exchange that is a folder, and c.ExchangeFactory.collect = "
            '"autograder.nbgrader_adapter.exchange.collect.SafeCollect" in nbgrader_config.py'
        )
    collector.update = True
    return collector


def inbound_folder(course: Course, assignment: str) -> Path:
    """Where students submit to. Raises ExerciseError where there is no such folder."""
    collector = collector_for(course, assignment)
    folder = Path(collector.root) / collector.coursedir.course_id / "inbound"
    if not folder.is_dir():
        raise ExerciseError(f"{folder} is not there: run `nbgrader release_assignment {assignment}`")
    return folder
