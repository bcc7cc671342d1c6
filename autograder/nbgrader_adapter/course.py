"""A course as nbgrader's settings describe it: its catalogue, its store, and the warm templates that play submissions."""
from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.catalogue import Catalogue, load_catalogue
from autograder.grading import Job
from autograder.session import Template
from autograder.settings import AutograderSettings, load_settings
from autograder.store import Store
from autograder.student.release import SUFFIX


@dataclass(frozen=True)
class Course:
    settings: AutograderSettings
    catalogue: Catalogue
    store: Store
    folder: Path            # nbgrader's: source, release, submitted, autograded, feedback
    config: Config

    def directory(self) -> CourseDirectory:
        return CourseDirectory(config=self.config)

    @property
    def protected(self) -> tuple[Path, ...]:
        """What no session may read."""
        return (self.folder, self.store.folder, *self.settings.folders, self.settings.secret_path)


_courses: dict[str, Course] = {}


def course_of(config: Config) -> Course:
    """The course of nbgrader's settings; loaded once in a process."""
    key = repr(config)
    if key not in _courses:
        settings = load_settings(config)
        folder = Path(CourseDirectory(config=config).root)
        _courses[key] = Course(settings, load_catalogue(settings), Store(settings.store_folder), folder, config)
    return _courses[key]


def files_of(course: Course, assignment: str) -> dict[str, bytes]:
    """The files that go out with an assignment, but for notebooks and public cases: what its cells may read."""
    folder = Path(course.directory().format_path(course.directory().source_directory, ".", assignment))
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*"))
            if file.is_file() and file.suffix != ".ipynb" and not file.name.endswith(SUFFIX)
            and ".ipynb_checkpoints" not in file.parts}


def player_for(course: Course, job: Job) -> Template:
    """The warm template that plays this job's submissions."""
    settings = course.settings
    return _template(job.assignment is None or job.assignment.torch, tuple(settings.layers or ()) or None,
                     course.protected, settings.unprotected)


@lru_cache
def _template(torch: bool, layers: tuple[str, ...] | None, protected: tuple[Path, ...], unprotected: bool) -> Template:
    template = Template(torch=torch, layers=layers, protected=protected, unprotected=unprotected)
    template.__enter__()
    atexit.register(template.__exit__, None, None, None)
    return template
