"""A course as nbgrader's settings describe it: catalogue, store, and the warm templates that play submissions."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.catalogue import Catalogue, forget_modules, load_catalogue, state_of
from autograder.session import Template
from autograder.settings import AutograderSettings, load_settings
from autograder.store import Store
from autograder.student.release import SUFFIX


@dataclass(frozen=True, eq=False)
class Course:
    settings: AutograderSettings
    catalogue: Catalogue
    store: Store
    folder: Path  # nbgrader's: source, release, submitted, autograded, feedback
    config: Config

    def directory(self) -> CourseDirectory:
        return CourseDirectory(config=self.config)

    @property
    def protected(self) -> tuple[Path, ...]:
        """What no session may read."""
        return (self.folder, self.store.folder, *self.settings.folders, self.settings.secret_path)


_courses: dict[str, tuple[str, Course]] = {}


def course_of(config: Config) -> Course:
    """The course of nbgrader's settings; loaded once in a process, and again when its files have changed.

    Formgrader's web server runs for weeks: it must not grade by the exercises of the day on which it was started.
    """
    key = repr(config)
    state, course = _courses.get(key, ("", None))
    if course is None or state != state_of(course.settings.folders):
        settings = load_settings(config)
        if course is not None:
            forget_modules(settings.folders)
        folder = Path(CourseDirectory(config=config).root)
        course = Course(settings, load_catalogue(settings), Store(settings.store_folder), folder, config)
        _courses[key] = state_of(settings.folders), course
    return course


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


def template_for(course: Course, assignment: str) -> Template:
    """The warm template for an assignment, started on first use."""
    return launch_template(course, assignment).__enter__()


def launch_template(course: Course, assignment: str) -> Template:
    """The same, which may not have loaded all yet.

    It has PyTorch where one of the assignment's exercises needs it, or the assignment is not known.
    """
    found = course.catalogue.assignments.get(assignment)
    torch = found is None or found.torch
    key = (str(course.folder), torch)
    if key not in _templates:
        settings = course.settings
        template = Template(
            torch=torch,
            layers=tuple(settings.layers) if settings.layers else None,
            protected=course.protected,
            unprotected=settings.unprotected,
        )
        template.launch()
        atexit.register(template.__exit__, None, None, None)
        _templates[key] = template
    return _templates[key]


def use_template(course: Course, assignment: str, template: Template) -> None:
    """Let this process, a forked worker, use a lane in place of the template it was forked with."""
    found = course.catalogue.assignments.get(assignment)
    _templates[str(course.folder), found is None or found.torch] = template


_templates: dict[tuple[str, bool], Template] = {}
