"""The template's service: fork a session, end a session."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from autograder.student import drive

from .. import watch, wire
from . import streams, supervise, trials, world
from .setting import Setting

_PATIENCE = 2.0  # seconds for killed processes to go


@dataclass
class _Living:
    """A session, as the template knows it.

    lane : whose it is
    pid : its first process
    notebook : its notebook's process, where that is this process's own child and has not ended yet; else 0
    """

    lane: wire.Channel
    pid: int
    notebook: int = 0
    control: wire.Channel | None = None
    files: Sequence[int] = ()
    hold: int = -1  # its namespace ends with this descriptor
    _end: int = -1  # readable when the notebook's process has ended

    def watch(self) -> None:
        self._end = os.pidfd_open(self.notebook)

    def fileno(self) -> int:
        return self._end

    def report(self) -> None:
        """The notebook's process has ended: say how, with what it had not sent."""
        assert self.control is not None
        _, status, used = os.wait4(self.notebook, 0)
        self.notebook = 0
        cpu = used.ru_utime + used.ru_stime
        with suppress(wire.Closed):
            self.control.send({"ended": status, "cpu": cpu, **streams.left_over(self.files)})

    def close(self) -> None:
        for descriptor in (*self.files, self.hold, self._end):
            if descriptor >= 0:
                os.close(descriptor)
        if self.control is not None:
            self.control.close()


def serve(channel: wire.Channel, setting: Setting) -> None:
    """Answer the grader's requests until it hangs up; its forked workers have lanes of their own."""
    lanes = [channel]
    living: dict[int, _Living] = {}
    dying: set[int] = set()
    while True:
        dying -= {pid for pid in dying if _gone(pid)}
        awaited: list[wire.Channel | _Living] = [*lanes, *(one for one in living.values() if one.notebook)]
        with suppress(wire.Late):
            ready = wire.first_ready(awaited, time.monotonic() + 0.01 if dying else None)
            if isinstance(ready, _Living):
                ready.report()
                continue
            try:
                _answer(ready, lanes, setting, living, dying)
            except wire.Closed:
                if ready is channel:
                    raise
                lanes.remove(ready)
                for pid in [pid for pid, session in living.items() if session.lane is ready]:
                    _end(setting, pid, living, dying)  # its worker is dead


def _answer(
    lane: wire.Channel, lanes: list[wire.Channel], setting: Setting, living: dict[int, _Living], dying: set[int]
) -> None:
    request = lane.receive()
    if "open" in request:
        session, reply = _open(lane, setting, request["open"])
        living[session.pid] = session
        lane.send(reply)
    elif "lane" in request:
        (descriptor,) = lane.take_descriptors()
        lanes.append(wire.Channel(socket.socket(fileno=descriptor), lane.cap, takes_descriptors=True))
        lane.send({"lane": len(lanes)})
    elif request["close"] in living and living[request["close"]].lane is lane:
        _end(setting, request["close"], living, dying)
        lane.send({"closed": request["close"]})


def _open(lane: wire.Channel, setting: Setting, request: dict[str, Any]) -> tuple[_Living, dict[str, Any]]:
    descriptors = lane.take_descriptors()
    own_uid = "own_uid" in setting.layers
    request["uid"] = trials.free_uid() if own_uid else os.getuid()
    if not own_uid and setting.place is None:
        request["processes"] += _processes_of(os.getuid())
    request["cpu"] = math.ceil(request["cpu"])
    for source in request.pop("checks"):
        with suppress(SyntaxError, ValueError):  # the session says so itself
            drive.compiled(source)  # once for every session that is forked from here
    request["scratch"] = "" if setting.place else tempfile.mkdtemp(dir=request["base"])
    files = streams.make_files()
    waiter = setting.place is not None and setting.place.waiter
    session = (_fork_notebook if waiter else _fork_supervisor)(lane, setting, request, descriptors, files)
    return session, {"pid": session.pid, "notebook": session.notebook, "scratch": request["scratch"]}


def _fork_supervisor(
    lane: wire.Channel, setting: Setting, request: dict[str, Any], descriptors: list[int], files: list[int]
) -> _Living:
    pid = os.fork() if setting.place is None else world.fork(setting.place)
    if pid == 0:
        supervise.be_supervisor(setting, request, descriptors, files)
    for descriptor in (*descriptors, *files):
        os.close(descriptor)
    return _Living(lane, pid)


def _fork_notebook(
    lane: wire.Channel, setting: Setting, request: dict[str, Any], descriptors: list[int], files: list[int]
) -> _Living:
    """Without a supervisor, for this process's second copy would cost as much as the first."""
    assert setting.place is not None
    first, hold = world.start_first(setting.place)
    notebook = os.fork()
    if notebook == 0:
        supervise.be_notebook(setting, request, descriptors[1:], files)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    control = wire.Channel(socket.socket(fileno=descriptors[0]), supervise.KIB64)
    session = _Living(lane, first, notebook, control, files, hold)
    session.watch()
    return session


def _end(setting: Setting, pid: int, living: dict[int, _Living], dying: set[int]) -> None:
    session = living.pop(pid)
    session.close()
    os.kill(pid, signal.SIGKILL)
    if setting.place is not None and setting.place.own_pids is not None:
        dying |= {pid, session.notebook} - {0}  # the kernel ends the whole pid namespace with its first process
    else:
        _sweep(pid, living.keys() | dying)


def _gone(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _sweep(first: int, keep: set[int]) -> None:
    """Wait for a killed supervisor, then kill what it leaves: this process inherits it, generation by generation."""
    os.waitpid(first, 0)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        orphans = [pid for pid in watch.children(os.getpid()) if pid not in keep]
        if not orphans:
            return
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)  # ours and not waited for, so the number is still theirs
        time.sleep(0.001)
        for pid in orphans:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
    print("a session's processes would not end", file=sys.stderr)


def _processes_of(uid: int) -> int:
    """Threads of this user: without a uid of their own, a session's processes count with them."""
    count = 0
    for name in os.listdir("/proc"):
        with suppress(OSError):
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count
