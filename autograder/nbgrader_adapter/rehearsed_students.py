"""Made-up students in a real course: earlier versions rehearsed in it. Found, and removed where somebody says so."""

from __future__ import annotations

import re
from glob import glob
from pathlib import Path

from nbgrader.api import Student
from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeFactory

from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.keeping.forget import forget
from autograder.nbgrader_adapter.keeping.traces import find_traces
from autograder.roster.kept import kept_roster

NAMED = re.compile(r"student-\d{3,}")  # as `actors` in rehearsal.py names them


def rehearsed_students(course: Course) -> list[str]:
    """Those whose account is named as a rehearsal names it, who have no name or address, and are not in the roster."""
    with steps.gradebook_of(course) as gradebook:
        entries = {
            str(student): any(known)
            for student, *known in gradebook.db.query(
                Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id
            )
        }
    real = {student for student, known in entries.items() if known} | set(kept_roster(course.settings.roster_path))
    found = {*entries, *(path.name.partition("+")[0] for path in _inbound(course)), *_with_folders(course)}
    return sorted(student for student in found - real if NAMED.fullmatch(student))


def remove_students(course: Course, config_folder: Path, students: list[str]) -> list[str]:
    """Remove all that is kept of them. Returns a sentence for each thing that cannot be removed."""
    return [
        sentence for student in students for sentence in forget(course, find_traces(course, config_folder, student))
    ]


def _with_folders(course: Course) -> set[str]:
    directory = course.directory()
    folders = glob(directory.format_path(directory.submitted_directory, "*", "*"))
    parts = {part for folder in folders for part in Path(folder).relative_to(course.folder).parts}
    return {part for part in parts if NAMED.fullmatch(part)}


def _inbound(course: Course) -> list[Path]:
    """What lies in the exchange to be collected."""
    exchange = ExchangeFactory(config=course.config).FetchAssignment(
        coursedir=course.directory(), authenticator=Authenticator(config=course.config), config=course.config
    )
    inbound = Path(exchange.root) / course.directory().course_id / "inbound"
    return sorted(inbound.glob("student-*+*+*")) if inbound.is_dir() else []
