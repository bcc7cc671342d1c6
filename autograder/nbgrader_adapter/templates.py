"""The warm templates of this process: for each course one with PyTorch and one without, as they are needed.

Neither nbgrader nor the exercises are imported here, so that a command can have its template load while it does that.
"""

from __future__ import annotations

import atexit
import json
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config

from autograder.session import Template
from autograder.settings import AutograderSettings, load_settings

if TYPE_CHECKING:
    from autograder.nbgrader_adapter.course import Course

_templates: dict[tuple[str, bool], Template] = {}


def launch_early(config: Config, assignment: str) -> None:
    """Start the template for an assignment before its exercises are loaded, where its source notebook says which."""
    directory = config.CourseDirectory
    folder = Path(directory.root)
    torch = _noted_torch(folder / directory.get("source_directory", "source") / assignment / f"{assignment}.ipynb")
    if torch is not None:
        _launch(load_settings(config), folder, torch)


def launch_template(course: Course, assignment: str) -> Template:
    """The template for an assignment, which may not have loaded all yet.

    It has PyTorch where one of the assignment's exercises needs it, or the assignment is not known.
    """
    return _launch(course.settings, course.folder, _needs_torch(course, assignment))


def template_for(course: Course, assignment: str) -> Template:
    """The same, ready."""
    return launch_template(course, assignment).ready()


def use_template(course: Course, assignment: str, template: Template) -> None:
    """Let this process, a forked worker, use a lane in place of the template it was forked with."""
    _templates[str(course.folder), _needs_torch(course, assignment)] = template


def _launch(settings: AutograderSettings, folder: Path, torch: bool) -> Template:
    key = (str(folder), torch)
    if key not in _templates:
        template = Template(
            torch=torch,
            layers=tuple(settings.layers) if settings.layers else None,
            protected=(folder, settings.store_folder, *settings.folders, settings.secret_path),
            unprotected=settings.unprotected,
        )
        template.launch()
        atexit.register(template.__exit__, None, None, None)
        _templates[key] = template
    return _templates[key]


def _needs_torch(course: Course, assignment: str) -> bool:
    found = course.catalogue.assignments.get(assignment)
    return found is None or found.torch


def _noted_torch(source: Path) -> bool | None:
    """What `autograder build` noted in a source notebook; None where it did not."""
    try:
        noted = json.loads(source.read_bytes())["metadata"]["autograder"]["torch"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return noted if isinstance(noted, bool) else None
