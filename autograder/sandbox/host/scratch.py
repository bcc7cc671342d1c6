"""The folder that a fork server mounts on or keeps scratch in, and those that killed graders left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PREFIX = "session-"
YOUNG = 60  # seconds in which a folder's maker surely comes to hold it


def make_base() -> tuple[str, int]:
    """A new folder and the descriptor that holds it. It is given up when that is closed, at the process's end too."""
    _remove_left()
    base = tempfile.mkdtemp(prefix=PREFIX)
    os.chmod(base, 0o711)  # a session's own user passes through to its scratch
    return base, _hold(base)


def _remove_left() -> None:
    """Remove the folders of this user that no living process holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is held, or another process removes it
            status = folder.lstat()
            if status.st_uid == os.getuid() and status.st_mtime < time.time() - YOUNG:
                os.close(_hold(str(folder)))
                shutil.rmtree(folder, ignore_errors=True)


def _hold(folder: str) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
