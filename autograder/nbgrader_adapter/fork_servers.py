"""The warm fork servers of a course: one with PyTorch and one without, as they are needed.

Neither nbgrader nor the exercises are imported here, so that a command can have them load while it does that.
"""

from __future__ import annotations

import atexit
import json
from pathlib import Path

from traitlets.config import Config

from autograder.sandbox import ForkServer
from autograder.settings import AutograderSettings, load_settings


class ForkServers:
    """The course is named by its settings and its folder."""

    def __init__(self, settings: AutograderSettings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._launched: dict[bool, ForkServer] = {}

    def launch(self, *, torch: bool) -> ForkServer:
        """The one with PyTorch, or without; it may not have loaded all yet."""
        if torch not in self._launched:
            settings = self._settings
            fork_server = ForkServer(
                torch=torch,
                layers=tuple(settings.layers) if settings.layers else None,
                protected=(self._folder, settings.store_folder, *settings.folders, settings.secret_path),
                unprotected=settings.unprotected,
            )
            fork_server.launch()
            atexit.register(fork_server.__exit__, None, None, None)
            self._launched[torch] = fork_server
        return self._launched[torch]

    def close(self) -> None:
        """End those that were launched."""
        while self._launched:
            self._launched.popitem()[1].__exit__(None, None, None)


def launch_early(config: Config, *assignments: str) -> ForkServers:
    """Fork servers of which those for these assignments load already, before the course's exercises do.

    Which is needed stands in the source notebook; where it does not, nothing is launched.
    """
    directory = config.CourseDirectory
    folder = Path(directory.root)
    fork_servers = ForkServers(load_settings(config), folder)
    for name in assignments:
        torch = _noted_torch(folder / directory.get("source_directory", "source") / name / f"{name}.ipynb")
        if torch is not None:
            fork_servers.launch(torch=torch)
    return fork_servers


def _noted_torch(source: Path) -> bool | None:
    """What `autograder build` noted in a source notebook; None where it did not."""
    try:
        noted = json.loads(source.read_bytes())["metadata"]["autograder"]["torch"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return noted if isinstance(noted, bool) else None
