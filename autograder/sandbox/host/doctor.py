"""What `autograder doctor` looks for: whether a session reads what it must not, on this machine, as it is installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from autograder.sandbox import Cell, ForkServer, SessionError
from autograder.sandbox.shared.readable_paths import readable_paths, reference_packages
from autograder.settings import AutograderSettings

_LOOK = """
import json, os
def reads(place):
    try:
        if not os.path.isdir(place):
            return bool(open(place, "rb").read(1))
        return any(reads(os.path.join(folder, name)) for folder, _, names in os.walk(place) for name in names)
    except OSError:
        return False
print(json.dumps([place for place in {places!r} if reads(place)]))
"""


def looked_for(settings: AutograderSettings | None) -> list[str]:
    """What sessions must not read: the course's folders, its secret and its store, and installed packages that hold
    references. settings : of the course, where there is one."""
    course: list[Path] = []
    if settings is not None:
        course = [*settings.folders, settings.secret_path, settings.store_folder]
    readable, _ = readable_paths([], [])
    return sorted({*(str(path) for path in course if path.exists()), *reference_packages(readable)})


def probe_reach(settings: AutograderSettings | None, places: Sequence[str]) -> list[str]:
    """Those of the places of which a session, started as for this course, reads a byte."""
    layers = tuple(settings.layers) if settings is not None and settings.layers else None
    with ForkServer(torch=False, layers=layers, protected=places) as fork_server:
        (result,) = fork_server.play([Cell(_LOOK.format(places=list(places)))], []).cells
    if result.status != "done" or len(result.outputs) != 1:
        raise SessionError(f"the session that was to look did not end well: {result.reason or result.outputs}")
    return [str(place) for place in json.loads(result.outputs[0]["text"])]
