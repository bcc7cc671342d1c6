"""How a talk with a session ends when it is not by an answer."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass


class Over(Exception):
    """A limit is reached; the sentence says which.

    whole : it is the whole submission's
    fatal : there is no use in an interrupt
    """

    def __init__(self, sentence: str, *, whole: bool = False, fatal: bool = False) -> None:
        super().__init__(sentence)
        self.whole = whole
        self.fatal = fatal


class Dead(Exception):
    """The process is gone; the sentence says how."""


@dataclass(frozen=True)
class Clock:
    """When to stop: seconds of CPU and of wall clock from now. whole : within the submission's own."""

    cpu: float
    wall: float
    whole: bool = True


def how_it_ended(status: int) -> str:
    """The end of a process for a person, from its wait status."""
    try:
        code = os.waitstatus_to_exitcode(status)
        return f"process died: {signal.Signals(-code).name}" if code < 0 else f"process died: exit code {code}"
    except ValueError:
        return "process died"
