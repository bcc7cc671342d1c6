"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autograder.exercise import ExerciseError


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file, for its owner alone, that takes the place of `path` at the end.

    Where the writing is broken off, what stood there stays as it was.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}-", newline="", encoding="utf-8", delete=False
        ) as file:
            draft = Path(file.name)
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(draft, path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ExerciseError(f"{path} cannot be written: {error.strerror or error}") from error
