"""Where things lie, and what goes wrong before anything is started."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class HubError(Exception):
    """A mistake that one sentence explains, remedy included."""


@dataclass(frozen=True)
class Layout:
    """The hub's own folder.

    folder : settings, exchange and state of one hub
    software : the installed environments and the proxy; several hubs can share them
    """

    folder: Path
    software: Path

    @property
    def state(self) -> Path:
        """What only the hub's own user may read: database, cookie secret, log."""
        return self.folder / "state"

    @property
    def accounts(self) -> Path:
        return self.folder / "accounts.txt"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    def settings(self, role: str) -> Path:
        """Jupyter's settings for a role: `instructor` or `student`."""
        return self.folder / "settings" / role

    def environment(self, role: str) -> Path:
        return self.software / role

    @property
    def proxy(self) -> Path:
        return self.software / "proxy"


def open_to_others(path: Path) -> bool:
    """Whether an account that owns nothing here can enter this folder, or the nearest one above that there is."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path.resolve(), *path.resolve().parents))


def make_folder(path: Path, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Make the folder, and give it this mode and owner whatever the umask says."""
    path.mkdir(parents=True, exist_ok=True)
    if owner is not None:
        os.chown(path, *owner)
    path.chmod(mode)
