"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from autograder.authoring.exercise import ExerciseError


@contextmanager
def drafted(path: Path) -> Iterator[IO[str]]:
    """A text file, for its owner alone, that takes the place of `path` at the end.

    Where the writing is broken off, what stood there stays as it was.
    """
    with _draft(path, mode="w", newline="", encoding="utf-8") as file:
        yield file


@contextmanager
def replacing(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """The same for a file that somebody asked for: on the disk before it has its name; what fails is one sentence."""
    try:
        with _draft(path, mode="wb") if binary else drafted(path) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ExerciseError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def _draft(path: Path, **how: Any) -> Iterator[IO[Any]]:
    draft = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False, **how) as file:
            draft = Path(file.name)
            yield file
        os.replace(draft, path)
    except BaseException:
        if draft is not None:
            draft.unlink(missing_ok=True)
        raise
