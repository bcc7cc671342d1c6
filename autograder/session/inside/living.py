"""A session as its template knows it: from the fork to the end of its notebook's process."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .. import wire
from . import begin, streams, world
from .setting import Setting


@dataclass
class Living:
    """A session that was opened and not closed yet.

    lane : whose it is
    pid : its first process

    Where no supervisor does it, the template says how the notebook's process ended, and has:

    notebook : that process, or 0. It is collected at the session's end, so that its number and CPU time stay known.
    control : where the grader is told
    files : what the notebook writes to, see `streams`
    hold : the pid namespace ends with this descriptor
    end : is readable when the notebook's process has ended
    reported : whether the grader was told that it has
    """

    lane: wire.Channel
    pid: int
    notebook: int = 0
    control: wire.Channel | None = None
    files: Sequence[int] = ()
    hold: int = -1
    end: int = -1
    reported: bool = False

    def fileno(self) -> int:
        return self.end

    @property
    def awaited(self) -> bool:
        """Whether there is an end of the notebook's process to report."""
        return self.notebook > 0 and not self.reported

    def report(self) -> None:
        """The notebook's process has ended: say how, with what it had not sent."""
        assert self.control is not None
        self.reported = True
        found = os.waitid(os.P_PID, self.notebook, os.WEXITED | os.WNOWAIT)
        assert found is not None
        status = found.si_status << 8 if found.si_code == os.CLD_EXITED else found.si_status
        with suppress(wire.Closed):
            self.control.send({"ended": status, **streams.left_over(self.files)})

    def close(self) -> None:
        """Give up what this process has of it."""
        for descriptor in (*self.files, self.hold, self.end):
            if descriptor >= 0:
                os.close(descriptor)
        if self.control is not None:
            self.control.close()


def fork_supervisor(
    lane: wire.Channel, setting: Setting, request: dict[str, Any], descriptors: list[int], files: list[int]
) -> Living:
    """A session whose first process is a copy of this one, and waits for the notebook's."""
    pid = os.fork() if setting.place is None else world.fork(setting.place)
    if pid == 0:
        begin.be_supervisor(setting, request, descriptors, files)
    for descriptor in (*descriptors, *files):
        os.close(descriptor)
    return Living(lane, pid)


def fork_notebook(
    lane: wire.Channel, setting: Setting, request: dict[str, Any], descriptors: list[int], files: list[int]
) -> Living:
    """A session without a supervisor: a second copy of this process would cost as much as the first."""
    assert setting.place is not None
    first, hold = world.start_first(setting.place)
    notebook = os.fork()
    if notebook == 0:
        begin.be_notebook(setting, request, descriptors[1:], files)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    control = wire.Channel(socket.socket(fileno=descriptors[0]), begin.KIB64)
    return Living(lane, first, notebook, control, files, hold, os.pidfd_open(notebook))
