"""A copy of a course in one file, made while it is used."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

from sqlalchemy.engine import make_url

from autograder.authoring.errors import ExerciseError
from autograder.files import replacing
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.keeping import keys
from autograder.nbgrader_adapter.keeping.archive import ArchiveWriter
from autograder.nbgrader_adapter.keeping.places import GRADEBOOK, places
from autograder.nbgrader_adapter.watch.ledger import ledger_path

PATIENCE = 60.0  # seconds for another program to end its writing


@dataclass(frozen=True)
class BackedUp:
    """What was written. left_out : what is no plain file, such as a link.

    elsewhere : the address of a gradebook that is no file, and so is not in it.
    """

    path: Path
    files: int
    size: int
    left_out: tuple[Path, ...]
    elsewhere: str


def back_up(course: Course, config_folder: Path, to: Path, key: Path | None = None) -> BackedUp:
    """Write the course to a file, for its owner alone; in a folder, to a new file of the course's name and the time.

    key : holds the public or secret keys for which it is encrypted.

    Raises
    ------
    ExerciseError
        The course, the key or the file cannot be used. What stood in the file's place stays.
    """
    directory = course.directory()
    found = places(course, config_folder)
    recipients = keys.recipients(key) if key else []
    made = datetime.now(UTC)
    if to.is_dir():
        name = f"{directory.course_id or config_folder.name}-{made:%Y-%m-%dT%H%M%SZ}.tar.gz"
        to = to / (f"{name}.age" if key else name)
    within = next((path for path in found.values() if path in to.absolute().parents or path == to.absolute()), None)
    if within is not None:
        raise ExerciseError(f"{to} lies in {within}, which is backed up itself: name a place outside of the course")
    head = {
        "course": str(directory.course_id),
        "made": made.isoformat(timespec="seconds"),
        "places": {name: _as_kept(path, config_folder) for name, path in found.items()},
    }
    databases = {ledger_path(course.store.folder.resolve())}
    databases |= {path.resolve() for name, path in found.items() if name == GRADEBOOK}
    with (
        replacing(to, binary=True) as file,
        tempfile.TemporaryDirectory(dir=config_folder, prefix=".backup-") as scratch,
        _locked(file, recipients) as stream,
        ArchiveWriter(stream, head) as archive,
    ):

        def whole(path: Path) -> Path:
            return _copied(path, Path(scratch)) if path in databases else path

        # the gradebook is last, so that it is never older than what the store says of it
        for name in sorted(found, key=lambda name: name == GRADEBOOK):
            archive.add(name, found[name].resolve(), whole)
    elsewhere = "" if GRADEBOOK in found or directory.db_url.startswith("sqlite") else _address(course)
    return BackedUp(to, archive.files, to.stat().st_size, tuple(archive.left_out), elsewhere)


def _as_kept(path: Path, config_folder: Path) -> str:
    """From the course's folder where it lies in it, so that it can be put back into another."""
    return str(path.relative_to(config_folder)) if path.is_relative_to(config_folder) else str(path)


@contextmanager
def _locked(file: IO[bytes], recipients: list[object]) -> Iterator[IO[bytes]]:
    if recipients:
        with keys.encrypting(file, recipients) as stream:
            yield stream
    else:
        yield file


def _copied(database: Path, folder: Path) -> Path:
    """A copy of a database as it stands between two changes, by SQLite's own backup."""
    copy, until = folder / f"{len(list(folder.iterdir()))}.db", time.monotonic() + PATIENCE

    def wait(status: int, *_: int) -> None:  # SQLite itself would wait for ever
        if time.monotonic() > until:
            raise sqlite3.OperationalError("it is locked")

    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True, timeout=0.1)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target, progress=wait)
            (verdict,) = target.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise ExerciseError(
            f"{database} cannot be backed up ({verdict}): where another program is writing to it, wait for that to "
            "end; where it is damaged, put an earlier copy in its place"
        )
    return copy


def _address(course: Course) -> str:
    """Of a database server, as its own tools take it, without the password."""
    url = make_url(course.directory().db_url)
    return url.set(drivername=url.get_backend_name()).render_as_string()
