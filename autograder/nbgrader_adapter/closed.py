"""What nbgrader makes in a course is for its owner alone, as far as it is new: the gradebook, and the folders of what
students hand in. A course whose `c.CourseDirectory.groupshared` is set is left to nbgrader.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from sqlalchemy import event
from sqlalchemy.engine import Engine
from traitlets.config import Config


def make_folders(directory: CourseDirectory) -> None:
    """Make the folders of what is handed in, graded and told, before nbgrader does it for everybody to read."""
    if directory.groupshared:
        return
    for name in (directory.submitted_directory, directory.autograded_directory, directory.feedback_directory):
        Path(directory.root, name).mkdir(mode=0o700, exist_ok=True)


def make_file(file: str | Path) -> None:
    """Make an empty file for its owner alone, where there is none."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def close_gradebooks(config: Config) -> None:
    """Have a gradebook that nbgrader opens in this process, and that is not there yet, be made for its owner alone."""
    if not config.CourseDirectory.get("groupshared", False):
        _listen()


@cache  # once in a process, which may read its settings several times
def _listen() -> None:
    def make(dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
        if dialect.name == "sqlite" and arguments and str(arguments[0]).startswith("/"):
            with suppress(OSError):  # what is wrong with the place is told by whoever opens it
                make_file(arguments[0])

    event.listen(Engine, "do_connect", make)
