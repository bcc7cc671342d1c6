"""What lies beside a notebook in its session: the student's own plain files, and the course's over them."""

from __future__ import annotations

import os
import stat
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path

from autograder.nbgrader_adapter.course import Course, files_of
from autograder.student.release import SUFFIX

MAX_FILES = 200
MAX_BYTES = 16 << 20  # all together
MAX_DEPTH = 8
_NEVER = {"timestamp.txt", "submission_secret.txt", "feedback"}
#: Names that mean something else in a session.
_TAKEN = {"autograder", "solutions", "checks", "sitecustomize", "usercustomize"}


def session_files(course: Course, assignment: str, student: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files of a session by their path, and a sentence for each of the student's that is left out."""
    directory = course.directory()
    folder = Path(directory.format_path(directory.submitted_directory, student, assignment))
    given = files_of(course, assignment)
    mine, notes = own_files(folder)
    clashes = [name for name in mine if any(_clash(name, other) for other in given)]
    return {**{name: data for name, data in mine.items() if name not in clashes}, **given}, notes


def own_files(folder: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """A submission's plain files but for its notebooks; no links, nothing that shadows what a session imports."""
    files: dict[str, bytes] = {}
    notes: list[str] = []
    size = 0
    for path in _plain_files(folder):
        name = str(path.relative_to(folder))
        if reason := _unfit(name):
            notes += [f"{name!a} is not beside the notebook when it is graded: {reason}"] if reason != "-" else []
            continue
        size += path.lstat().st_size
        if size > MAX_BYTES or len(files) == MAX_FILES:
            what = f"{MAX_BYTES >> 20} MiB" if size > MAX_BYTES else f"{MAX_FILES} files"
            notes.append(f"{name!a} and what follows it is not beside the notebook when it is graded: more than {what}")
            break
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            files[name] = file.read(MAX_BYTES + 1)
    return files, tuple(notes)


def _plain_files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if depth < MAX_DEPTH and name != "__pycache__")
        paths = [Path(place) / name for name in sorted(names)]
        found += [path for path in paths if stat.S_ISREG(path.lstat().st_mode)]
        if len(found) > 10 * MAX_FILES:
            break
    return found


def _unfit(name: str) -> str:
    """Why a file is left out: '' where it is not, '-' where that needs no word."""
    parts = Path(name).parts
    if name.endswith((".ipynb", SUFFIX)) or parts[0] in _NEVER or any(part.startswith(".") for part in parts):
        return "-"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is no text"
    module = parts[0].partition(".")[0]
    code = len(parts) > 1 or parts[0].endswith((".py", ".pyc", ".so"))
    if code and (module in _TAKEN or _is_installed(module)):
        return f"it would stand in the place of the module {module}"
    return ""


def _is_installed(module: str) -> bool:
    folders = list({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    spec = PathFinder.find_spec(module, folders) if module.isidentifier() else None
    return spec is not None and spec.origin is not None


def _clash(name: str, other: str) -> bool:
    """Whether one of two paths is the other's folder, or the same."""
    return name == other or name.startswith(other + "/") or other.startswith(name + "/")
