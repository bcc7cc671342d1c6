"""nbgrader's collect for an exchange that everybody writes to: it follows no link, and one bad name stops nobody.

Named in nbgrader_config.py: `c.ExchangeFactory.collect = "autograder.nbgrader_adapter.exchange.collect.SafeCollect"`.
"""

from __future__ import annotations

import errno
import json
import os
import pwd
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch, fnmatchcase
from itertools import count
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc
from traitlets import Bool

from autograder.files import drafted

MAX_DEPTH = 16
MAX_FILES = 2000
MAX_SECRET = 1000  # bytes; nbgrader's have 128
SECRET = "submission_secret.txt"
MAX_NAME = 200  # bytes of a student's name, of the 255 that a directory's may have


class Refused(Exception):
    """A submission that is not collected; the sentence says why."""


class TooMuch(Refused):
    """It is the student's own, and larger than the settings allow."""


class Unfinished(Refused):
    """It is still being written, or whoever wrote it was stopped."""


@dataclass(frozen=True)
class InboundSubmission:
    """Something in a submission. descriptor : of the directory that holds it, open for the time of the loop's turn."""

    path: str
    name: str
    descriptor: int
    status: os.stat_result


class SafeCollect(ExchangeCollect):
    """Collects what is a submission, and says what is not.

    Refused, each with a line in the log: entries of the inbound directory whose name is not a submission's, links and
    plain files in the place of a submission, submissions that are not owned by the student whose name they have, those
    that are not written to their end, and those that are too large. Of a submission that is collected, links, pipes,
    files of another owner and what is too deep stay behind, and its `timestamp.txt` is written anew. It takes the place
    of an earlier one when all of it is there, so a full disk costs nobody what was collected before. nbgrader's own
    step copies what links point to, takes a submission in somebody else's name with a warning, takes half of one,
    removes the earlier one first, and ends for everybody at the first odd name.

    refused : after `start`, the reason for each entry that is not collected. failed : the same, where the machine and
    not the submission is to blame, so that it may be collected later.
    """

    check_owner: bool
    src_records: list[dict[str, Any]]
    real_owners = Bool(
        True,
        help="Whether each student has an account on this machine, so that a submission which another account owns is "
        "refused. Unset it where one account submits for all, as in a rehearsal.",
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._by_owner = self.real_owners and self.check_owner
        self.check_owner = False  # nbgrader's own would come late, and only warn
        self.refused: dict[str, str] = {}
        self.failed: dict[str, str] = {}

    def record_of(self, path: str) -> dict[str, Any]:
        """nbgrader's record of a submission: its student, the name of its directory and its time.

        Raises
        ------
        Refused, OSError
            It is not collected.
        """
        filename = os.path.basename(path)
        username, timestamp = _parsed(filename, str(self.coursedir.assignment_id))
        self._examine(path, username)
        return {"username": username, "filename": filename, "timestamp": timestamp}

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """The same; one that is refused has no username, and is dropped in `init_src`."""
        filename = os.path.basename(path)
        try:
            return self.record_of(path)
        except (Refused, OSError) as error:
            self._refuse(filename, error)
            return {"username": None, "filename": filename, "timestamp": datetime.min}

    def init_src(self) -> None:
        super().init_src()
        self.src_records = [record for record in self.src_records if record["username"] is not None]

    def copy_files(self) -> None:
        """Copy what is new. What fails leaves the earlier one in its place, and the other submissions go on."""
        self._copy_all()
        wanted = str(self.coursedir.student_id)  # a pattern; of others this step has seen nothing
        note_refused(self.coursedir, self.refused | self.failed, keep=lambda name: not fnmatchcase(name, wanted))

    def _copy_all(self) -> None:
        for record in self.src_records:
            source = os.path.join(self.inbound_path, record["filename"])
            place = self.coursedir.format_path(
                self.coursedir.submitted_directory, record["username"], self.coursedir.assignment_id
            )
            if self._is_wanted(record, place):
                try:
                    self._collect(source, Path(place))
                except (Refused, OSError) as error:
                    self._refuse(record["filename"], error)

    def _is_wanted(self, record: dict[str, Any], place: str) -> bool:
        """nbgrader's rule: what is newer if `update`, and by `before_duedate` what has another time."""
        if not os.path.isdir(place):
            return True
        try:
            existing = self.coursedir.get_existing_timestamp(place)
        except (ValueError, AttributeError, OverflowError):  # somebody wrote no time into its timestamp.txt
            existing = None
        if self.update and (existing is None or record["timestamp"] > existing):
            return True
        return bool(self.before_duedate and existing != record["timestamp"])

    def _collect(self, source: str, place: Path) -> None:
        """Copy the plain files to a directory beside, then let it take the place of the earlier one."""
        new, old = (place.with_name(f".{place.name}.{word}") for word in ("new", "old"))
        if old.exists() and not place.exists():  # stopped between the two steps below
            os.replace(old, place)
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        try:
            self.do_copy(source, str(new))
            if place.exists():
                os.replace(place, old)
            os.replace(new, place)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        self.log.info("Collected %s", os.path.basename(source))

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the plain files, and write `timestamp.txt` last."""
        os.makedirs(dest)
        owner = os.lstat(src).st_uid
        for found in self._found(src):
            if reason := self._left_out(found, owner):
                self.log.warning("%s of %s is left out: %s", ascii(found.path), os.path.basename(src), reason)
            elif not self._ignored(found) and found.path != "timestamp.txt":
                _copy(found, os.path.join(dest, found.path))
        with open(os.path.join(dest, "timestamp.txt"), "w") as file:
            file.write(os.path.basename(src).rsplit("+", 3)[2])

    def _refuse(self, filename: str, error: Exception) -> None:
        if isinstance(error, Refused):
            self.refused[filename] = str(error)
        else:
            self.failed[filename] = ascii(str(error))
        self.log.warning("%s is not collected: %s", ascii(filename), _plain(error))

    def _examine(self, path: str, username: str) -> None:
        """Refuse what is no directory, is not the student's, or is too much."""
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            raise Refused("it is a link")
        if not stat.S_ISDIR(status.st_mode):
            raise Refused("it is no directory")
        if self._by_owner and (owner := _owner(status)) != username:
            raise Refused(f"it is in the name of {username} and belongs to {owner}")
        secret_of(path)
        size, most = 0, 1000 * self.coursedir.max_dir_size
        for found in self._found(path):
            size += 0 if self._ignored(found) else found.status.st_size
            if size > most:
                raise TooMuch(f"it holds more than {most // 1000} KB")

    def _found(self, path: str) -> Iterator[InboundSubmission]:
        """Everything that a submission holds, but for directories that are entered and those that nbgrader ignores."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        with _closing(descriptor):
            yield from self._below(descriptor, "", 0, count(1))

    def _below(self, descriptor: int, place: str, depth: int, number: Iterator[int]) -> Iterator[InboundSubmission]:
        # by descriptors all the way, so that no directory can become a link while it is read
        with os.scandir(descriptor) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            if next(number) > MAX_FILES:
                raise TooMuch(f"it holds more than {MAX_FILES} files and directories")
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode) or depth == MAX_DEPTH:
                yield InboundSubmission(os.path.join(place, name), name, descriptor, status)
            elif not self._excluded(name):
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
                with _closing(inner):
                    yield from self._below(inner, os.path.join(place, name), depth + 1, number)

    def _left_out(self, found: InboundSubmission, owner: int) -> str:
        if stat.S_ISLNK(found.status.st_mode):
            return "it is a link"
        if stat.S_ISDIR(found.status.st_mode):
            return f"it is more than {MAX_DEPTH} directories deep"
        if not stat.S_ISREG(found.status.st_mode):
            return "it is no plain file"
        if self._by_owner and found.status.st_uid != owner:
            return f"it belongs to {_owner(found.status)}"
        return ""

    def _ignored(self, found: InboundSubmission) -> bool:
        """nbgrader's rule: names to ignore, names to include, and the size of one file."""
        included = any(fnmatch(found.name, pattern) for pattern in self.coursedir.include)
        too_large = found.status.st_size > 1000 * self.coursedir.max_file_size
        return self._excluded(found.name) or not included or too_large

    def _excluded(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self.coursedir.ignore)


def secret_of(path: str) -> str:
    """What `nbgrader submit` writes last; from it come the names of the submission's feedback pages.

    Raises
    ------
    Unfinished
        It is not there yet.
    Refused
        It is not one that nbgrader writes.
    """
    try:
        descriptor = os.open(os.path.join(path, SECRET), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unfinished(f"it holds no {SECRET}, which `nbgrader submit` writes at its end") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise Refused(f"its {SECRET} is no plain file") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"its {SECRET} is no plain file")
        secret = file.read(MAX_SECRET + 1)
    if not secret:
        raise Unfinished(f"its {SECRET} is empty: its disk was full, or it is still being written")
    if not re.fullmatch(rb"[!-~]{1,%d}" % MAX_SECRET, secret):
        raise Refused(f"its {SECRET} is not one that nbgrader writes")
    return secret.decode("ascii")


def _parsed(filename: str, assignment: str) -> tuple[str, datetime]:
    """Student and time of a submission's name: student+assignment+time+random, or without the last."""
    parts = filename.rsplit("+", 3)
    if len(parts) < 3:
        raise Refused("its name is not one that nbgrader gives to a submission")
    if reason := unfit_name(parts[0]):
        raise Refused(f"its name is not one of a student: it {reason}")
    if len(parts) == 3:
        parts = [*parts, ""]
    if parts[1] != assignment:
        raise Refused(f"its name does not say that it is for {assignment}")
    try:
        time = parse_utc(parts[2])
    except (ValueError, OverflowError):
        raise Refused("its name holds no time") from None
    return parts[0], time


def unfit_name(student: str) -> str:
    """Why a name cannot be that of a student's folder; '' where it can.

    `nbgrader submit` takes any name: those of AD, LDAP and OAuth hold backslashes, spaces, apostrophes and any letters.
    """
    if not student.strip():
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in student):
        return "is no text in UTF-8"
    if student.startswith((".", "-")):
        return f"begins with {student[0]!r}, which commands take for something else"
    if "/" in student or not student.isprintable() or student != student.strip():
        return "holds a character that no folder's name should have"
    if set("*?[") & set(student):
        return "holds one of * ? [, which nbgrader takes for a pattern"
    return f"is longer than {MAX_NAME} bytes" if len(student.encode("utf-8", "replace")) > MAX_NAME else ""


def _copy(found: InboundSubmission, target: str) -> None:
    """Copy the plain file that was found, and nothing that has taken its place since."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(found.name, flags, dir_fd=found.descriptor), "rb") as source:
        if not os.path.samestat(os.fstat(source.fileno()), found.status):
            raise Refused(f"{found.path!a} changed while it was copied")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            shutil.copyfileobj(source, file)


def _owner(status: os.stat_result) -> str:
    try:
        return pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return f"user {status.st_uid}"


def _plain(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else ascii(str(error))


def note_refused(directory: Any, refused: Mapping[str, str], keep: Callable[[str], bool] = lambda _: False) -> None:
    """Note for the export and the report who has something on the exchange that was not collected.

    refused : the reason for each entry, by its name. keep : of which students an earlier note stays; the others, who
        are collected now, go.
    """
    path = _noted(directory, str(directory.assignment_id))
    before = refused_students(directory, str(directory.assignment_id))
    found = {student: reason for student, reason in before.items() if keep(student)}
    found |= {student: refused[name] for name in refused if not unfit_name(student := _student(name))}
    with suppress(OSError):  # a full disk has been said already
        if found != before:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with drafted(path) as file:
                json.dump(found, file)


def refused_students(directory: Any, assignment: str) -> dict[str, str]:
    """Whose submission the last collection refused, with the reason."""
    try:
        found = json.loads(_noted(directory, assignment).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def forget_refused(path: Path, student: str) -> None:
    """Take a student out of a file of `note_refused`'s."""
    found = json.loads(path.read_text())
    found.pop(student, None)
    with drafted(path) as file:
        json.dump(found, file)


def _noted(directory: Any, assignment: str) -> Path:
    return Path(directory.root) / ".refused" / f"{assignment}.json"


def _student(filename: str) -> str:
    return filename.rsplit("+", 3)[0].encode("utf-8", "replace").decode()


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)
