"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autograder.authoring.exercise import ExerciseError


@contextmanager
def drafted(path: Path) -> Iterator[IO[str]]:
    """A text file, for its owner alone, that takes the place of `path` at the end.

    Where the writing is broken off, what stood there stays as it was.
    """
    draft = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}-", newline="", encoding="utf-8", delete=False
        ) as file:
            draft = Path(file.name)
            yield file
        os.replace(draft, path)
    except BaseException:
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """The same for a file that somebody asked for: on the disk before it has its name; what fails is one sentence."""
    try:
        with drafted(path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ExerciseError(f"{path} cannot be written: {error.strerror or error}") from error
