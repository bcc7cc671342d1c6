"""The warm fork servers of this process: for each course one with PyTorch and one without, as they are needed.

Neither nbgrader nor the exercises are imported here, so that a command can have it load while it does that.
"""

from __future__ import annotations

import atexit
import json
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config

from autograder.sandbox import ForkServer
from autograder.settings import AutograderSettings, load_settings

if TYPE_CHECKING:
    from autograder.nbgrader_adapter.course import Course

_fork_servers: dict[tuple[str, bool], ForkServer] = {}


def launch_early(config: Config, assignment: str) -> None:
    """Start the fork server for an assignment before its exercises are loaded, where its source notebook says which."""
    directory = config.CourseDirectory
    folder = Path(directory.root)
    torch = _noted_torch(folder / directory.get("source_directory", "source") / assignment / f"{assignment}.ipynb")
    if torch is not None:
        _launch(load_settings(config), folder, torch)


def launch_fork_server(course: Course, assignment: str) -> ForkServer:
    """The fork server for an assignment, which may not have loaded all yet.

    It has PyTorch where one of the assignment's exercises needs it, or the assignment is not known.
    """
    return _launch(course.settings, course.folder, _needs_torch(course, assignment))


def fork_server_for(course: Course, assignment: str) -> ForkServer:
    """The same, ready."""
    return launch_fork_server(course, assignment).ready()


def use_fork_server(course: Course, assignment: str, fork_server: ForkServer) -> None:
    """Let this process, a forked worker, use a lane in place of the fork server it was forked with."""
    _fork_servers[str(course.folder), _needs_torch(course, assignment)] = fork_server


def _launch(settings: AutograderSettings, folder: Path, torch: bool) -> ForkServer:
    key = (str(folder), torch)
    if key not in _fork_servers:
        fork_server = ForkServer(
            torch=torch,
            layers=tuple(settings.layers) if settings.layers else None,
            protected=(folder, settings.store_folder, *settings.folders, settings.secret_path),
            unprotected=settings.unprotected,
        )
        fork_server.launch()
        atexit.register(fork_server.__exit__, None, None, None)
        _fork_servers[key] = fork_server
    return _fork_servers[key]


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
