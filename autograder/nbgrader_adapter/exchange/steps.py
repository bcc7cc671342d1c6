"""nbgrader's own steps, called one by one: generate, release, fetch, submit, collect, autograde, feedback."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeFactory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from autograder.authoring.build import build_assignment
from autograder.authoring.exercise import ExerciseError
from autograder.cleaning.outputs import readable
from autograder.nbgrader_adapter.closed import make_file, make_folders
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.collect import unfit_name
from autograder.options import nearest


class StepFailed(ExerciseError):
    """A step of nbgrader's that did not succeed; the text holds the last lines of its log."""


def api_of(course: Course) -> NbGraderAPI:
    return NbGraderAPI(config=course.config)


def build(course: Course, assignment: str) -> Path:
    """Write the source notebook and the public cases."""
    found = course.catalogue.assignment(assignment)
    make_private(course.folder)
    source = course.folder / course.directory().source_directory
    source.mkdir(mode=0o700, parents=True, exist_ok=True)
    return build_assignment(found, source, course.settings.book)


def generate(course: Course, assignment: str) -> None:
    make_private(course.folder, course.directory().db_url)
    make_folders(course.directory())
    _do(f"generating {assignment}", api_of(course).generate_assignment(assignment))
    plan = course.settings.assignments.get(assignment, {})
    if "duedate" in plan:
        with gradebook_of(course) as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=plan["duedate"])


def release(course: Course, assignment: str) -> None:
    """Put the release on the exchange, in place of an earlier one."""
    api = api_of(course)
    if assignment in api.get_released_assignments():
        _do(f"withdrawing {assignment}", api.unrelease(assignment))
    _do(f"releasing {assignment}", api.release_assignment(assignment))


def collect(course: Course, assignment: str) -> None:
    _do(f"collecting {assignment}", api_of(course).collect(assignment, update=True))


def feedback(course: Course, assignment: str, student: str) -> None:
    _do(f"feedback of {student}", api_of(course).generate_feedback(assignment, student, force=True))


def submit(course: Course, assignment: str, student: str, folder: Path) -> None:
    """Submit the folder's assignment through the exchange, as a student does."""
    directory = course.directory()
    directory.student_id, directory.assignment_id = student, assignment
    factory = ExchangeFactory(config=course.config)
    app = factory.Submit(coursedir=directory, authenticator=Authenticator(config=course.config), config=course.config)
    app.assignment_dir = str(folder)
    app.start()


def fetched(course: Course, assignment: str, folder: Path) -> Path:
    """A copy of what the exchange offers to students, in `folder/<assignment>`."""
    exchange = ExchangeFactory(config=course.config).FetchAssignment(
        coursedir=course.directory(), authenticator=Authenticator(config=course.config), config=course.config
    )
    outbound = Path(exchange.root) / course.directory().course_id / "outbound" / assignment
    if not outbound.is_dir():
        raise ExerciseError(f"{assignment} has not been released: run `nbgrader release_assignment {assignment}`")
    shutil.copytree(outbound, folder / assignment, dirs_exist_ok=True)
    return folder / assignment


def submitted_students(course: Course, assignment: str) -> list[str]:
    """Whose submissions can be graded, in the order of their names."""
    return sorted(name for name in _submitted(course, assignment) if not unfit_name(name))


def unfit_students(course: Course, assignment: str) -> dict[str, str]:
    """Whose submissions cannot be graded for the name of their folder, as it can be shown; the reason and remedy."""
    reasons = {name: unfit_name(name) for name in _submitted(course, assignment)}
    return {
        readable(name): f"it is not graded, because the name of its folder {reason}: rename the folder to the student's"
        for name, reason in sorted(reasons.items())
        if reason
    }


def _submitted(course: Course, assignment: str) -> set[str]:
    """The names of the folders of submissions, whatever they hold; nbgrader's own look passes over a few in silence."""
    directory = course.directory()
    folders = glob(directory.format_path(directory.submitted_directory, "*", assignment))
    any_name, this = "(?P<student_id>.*)", re.escape(assignment)
    pattern = directory.format_path(directory.submitted_directory, any_name, this, escape=True)
    found = (re.fullmatch(pattern, folder, re.DOTALL) for folder in folders if os.path.isdir(folder))
    return {match["student_id"] for match in found if match}


@contextmanager
def gradebook_of(course: Course) -> Iterator[Gradebook]:
    """The gradebook, opened once; where there is none, an empty one in memory, so that looking makes none.

    Its own trouble is an ExerciseError that names it.
    """
    directory = course.directory()
    file = file_of(directory.db_url)
    url = directory.db_url if file is None or file.exists() else "sqlite:///:memory:"
    try:
        with Gradebook(url, directory.course_id) as gradebook:
            yield gradebook
    except DBAPIError as error:
        place = make_url(directory.db_url).render_as_string()  # without the password
        remedy = (
            "another program is writing to it: wait for that to end, then run this again"
            if "locked" in str(error.orig)
            else "where the file is damaged, is no database or cannot be written, put a copy in its place or mend its "
            "permissions; where the disk is full, make room"
        )
        raise ExerciseError(f"the gradebook {place} cannot be used ({error.orig}): {remedy}") from error


def make_private(folder: Path, db_url: str = "") -> None:
    """Make the course's folder, and an empty gradebook, where they are missing, so that nobody else can read them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (file := file_of(db_url)) is not None:
        make_file(file)


def file_of(db_url: str) -> Path | None:
    """The file of a gradebook in SQLite; None for another database."""
    return Path(db_url.removeprefix("sqlite:///")) if db_url.startswith("sqlite:///") else None


def read_assignment(gradebook: Gradebook, name: str) -> Any:
    """The gradebook's assignment. Raises ExerciseError where what is noted of it cannot be read."""
    try:
        return gradebook.find_assignment(name)
    except (ValueError, TypeError) as error:  # such as a date that is none
        raise ExerciseError(
            f"the gradebook's entry of the assignment {name!r} cannot be read ({error}): put a copy of the gradebook "
            "in its place"
        ) from None


def require_assignment(course: Course, gradebook: Gradebook, name: str) -> None:
    """Raises ExerciseError where no assignment has this name; it says what there is, or how it comes in."""
    graded = assignment_names(gradebook)
    if name in graded:
        return
    sources = course.folder / course.directory().source_directory
    known = sorted({*graded, *course.catalogue.assignments, *(path.name for path in sources.glob("*/"))})
    if name in known:
        raise ExerciseError(
            f"the gradebook has no assignment called {name!r}: run `nbgrader generate_assignment {name}`"
        )
    raise ExerciseError(
        f"there is no assignment called {name!r}; known are: {', '.join(known) or 'none'}{nearest(name, known)}"
    )


def assignment_names(gradebook: Gradebook) -> list[str]:
    """In nbgrader's order, and whatever else is noted of them."""
    return [str(name) for (name,) in gradebook.db.query(Assignment.name).order_by(Assignment.duedate, Assignment.name)]


def known_assignments(gradebook: Gradebook, wanted: Collection[str]) -> list[str]:
    """The gradebook's assignments of these names; all of them where none is named."""
    known = assignment_names(gradebook)
    if unknown := sorted(set(wanted) - set(known)):
        names = ", ".join(map(repr, unknown))
        near = nearest(unknown[0], known)
        raise ExerciseError(
            f"the gradebook has no assignment called {names}; it has: {', '.join(known) or 'none'}{near}"
        )
    return [name for name in known if name in wanted] if wanted else known


def _do(what: str, result: dict[str, Any]) -> None:
    if not result["success"]:
        tail = "\n".join(str(result.get("log") or result.get("error") or "").strip().splitlines()[-15:])
        raise StepFailed(f"{what} failed; nbgrader says:\n{tail}")
