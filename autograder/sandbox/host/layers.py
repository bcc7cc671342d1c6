"""The layers of protection: their names, which are required, and the sentence when one is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from autograder.sandbox.interface import Unprotected

Want = Literal["required", "wanted", "off"]

#: What each layer does, for `autograder doctor`.
LAYERS = {
    "namespaces": "own processes, network and a private read-only root",
    "own_uid": "a user id of its own for each session",
    "no_new_privs": "no capabilities, and none to gain",
    "rlimits": "bounds on memory, processes, files and descriptors",
    "landlock": "files read-only on an allow list, no TCP, no signals to others",
    "seccomp": "an allow list of system calls",
}
#: Without one of these the grader's memory and secrets can be read: a session does not start.
REQUIRED = ("no_new_privs", "rlimits", "landlock", "seccomp")


class SessionError(RuntimeError):
    """The machinery failed, not the student: nothing can be said about the submission."""


def wants(layers: Sequence[str] | None, unprotected: bool) -> dict[str, Want]:
    """The setting of every layer.

    layers : those to use, each of which must then hold; None for all that this machine gives
    unprotected : whether a session may start without those that are missing
    """
    for name in layers or ():
        if name not in LAYERS:
            raise ValueError(f"there is no layer {name!r}; the layers are {', '.join(LAYERS)}")
    setting: dict[str, Want] = {}
    for name in LAYERS:
        if layers is None:
            setting[name] = "required" if name in REQUIRED else "wanted"
        else:
            setting[name] = "required" if name in layers else "off"
        if setting[name] == "off" and name in REQUIRED and not unprotected:
            raise Unprotected(
                f"The layer '{name}' is required: add it to the setting of layers, or set `unprotected` to run "
                "student code without it."
            )
        if setting[name] == "required" and unprotected:
            setting[name] = "wanted"
    return setting
