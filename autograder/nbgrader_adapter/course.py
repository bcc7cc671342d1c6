"""A course as nbgrader's settings describe it: its settings, catalogue, store and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.authoring.catalogue import Catalogue, forget_modules, load_catalogue, state_of
from autograder.authoring.errors import ExerciseError
from autograder.grading.store import Store, folder_fingerprint
from autograder.nbgrader_adapter.fork_servers import ForkServers
from autograder.sandbox import ForkServer
from autograder.settings import AutograderSettings, load_settings
from autograder.student.release import SUFFIX


@dataclass(frozen=True, eq=False)
class Course:
    settings: AutograderSettings
    catalogue: Catalogue
    store: Store
    folder: Path  # nbgrader's: source, release, submitted, autograded, feedback
    config: Config
    fork_servers: ForkServers

    def directory(self) -> CourseDirectory:
        return CourseDirectory(config=self.config)

    @cached_property
    def code(self) -> dict[Path, str]:
        """A fingerprint of each folder of exercises, as it is when this course is first asked."""
        return {folder.resolve(): folder_fingerprint(folder.resolve()) for folder in self.settings.folders}

    def launch_fork_server(self, assignment: str) -> ForkServer:
        """The fork server for an assignment, which may not have loaded all yet.

        It has PyTorch where one of the assignment's exercises needs it, or the assignment is not known.
        """
        found = self.catalogue.assignments.get(assignment)
        return self.fork_servers.launch(torch=found is None or found.torch)

    def fork_server_for(self, assignment: str) -> ForkServer:
        """The same, ready."""
        return self.launch_fork_server(assignment).ready()


_courses: dict[str, tuple[str, Course]] = {}  # nbgrader makes its steps itself: they know their settings and no more


def course_of(config: Config, fork_servers: ForkServers | None = None) -> Course:
    """The course of nbgrader's settings; loaded once in a process, and again when its files have changed.

    Formgrader's web server runs for weeks: it must not grade by the exercises of the day on which it was started.

    fork_servers : those that were launched already, if any
    """
    key = repr(config)
    state, course = _courses.get(key, ("", None))
    if course is None or state != state_of(course.settings.folders):
        settings = load_settings(config)
        if course is not None:
            forget_modules(settings.folders)
        folder = Path(CourseDirectory(config=config).root)
        fork_servers = course.fork_servers if course else fork_servers or ForkServers(settings, folder)
        store = Store(settings.store_folder)
        course = Course(settings, load_catalogue(settings), store, folder, config, fork_servers)
        _courses[key] = state_of(settings.folders), course
    return course


def released_notebook(course: Course, assignment: str, notebook: str) -> NotebookNode | None:
    """An assignment's notebook as students have it, with the cells that bear no mark; None where it is not there."""
    directory = course.directory()
    for folder in (directory.release_directory, directory.source_directory):
        file = Path(directory.format_path(folder, ".", assignment)) / f"{notebook}.ipynb"
        with suppress(OSError, ExerciseError):  # what depends on it has a way without
            return _read_notebook(file, file.stat().st_mtime_ns)
    return None


def require_readable(course: Course, assignment: str, notebooks: Iterable[str]) -> None:
    """Raises ExerciseError where a file that belongs to the assignment, and is there, cannot be read."""
    directory = course.directory()
    again = f"`nbgrader generate_assignment {assignment} --force` writes it again"
    source = f"`autograder build {assignment}` writes it again, where the assignment is made of exercises; else put a "
    source += "copy of it in its place"
    for folder, remedy in ((directory.release_directory, again), (directory.source_directory, source)):
        for notebook in notebooks:
            file = Path(directory.format_path(folder, ".", assignment)) / f"{notebook}.ipynb"
            try:
                if os.path.lexists(file):
                    _read_notebook(file, file.stat().st_mtime_ns)
            except OSError as error:
                raise ExerciseError(f"{file} cannot be read ({error.strerror}): {remedy}") from None
            except ExerciseError as error:
                raise ExerciseError(f"{error}: {remedy}") from None
    try:
        files_of(course, assignment)
    except OSError as error:
        remedy = "mend it, give this account access to it, or move it out of the assignment's source folder"
        raise ExerciseError(f"{error.filename} cannot be read ({error.strerror}): {remedy}") from None


@lru_cache(maxsize=64)
def _read_notebook(file: Path, _changed: int) -> NotebookNode:
    try:
        return nbformat.read(file, as_version=4)
    except OSError:
        raise
    except Exception as error:  # whatever is in a damaged file
        raise ExerciseError(f"{file} is not a notebook ({type(error).__name__})") from None


def files_of(course: Course, assignment: str) -> dict[str, bytes]:
    """The files that go out with an assignment, but for notebooks and public cases: what its cells may read."""
    folder = Path(course.directory().format_path(course.directory().source_directory, ".", assignment))
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.suffix != ".ipynb"
        and not file.name.endswith(SUFFIX)
        and ".ipynb_checkpoints" not in file.parts
    }
