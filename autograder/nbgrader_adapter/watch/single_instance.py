"""One watcher a course."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from autograder.authoring.exercise import ExerciseError

PATIENCE = 5.0  # seconds in which the workers of a watcher that was killed are gone too, and the lock with them


@contextmanager
def only_watcher(path: Path) -> Iterator[None]:
    """Hold the lock file. It goes with this process and its workers, however they end.

    Raises
    ------
    ExerciseError
        Another process holds it.
    """
    with path.open("a+") as file:
        if not _locked(file):
            file.seek(0)
            raise ExerciseError(
                f"process {file.read().strip() or 'unknown'} watches this course already: stop it first, "
                "or name all assignments in one command"
            )
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield


def _locked(file: IO[str]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
