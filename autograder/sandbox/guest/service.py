"""The fork server's service: fork a session, end a session."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from autograder.sandbox.guest import namespaces, probes, session_start, streams
from autograder.sandbox.guest.configuration import SessionConfiguration
from autograder.sandbox.shared import messages, processes
from autograder.student import drive

_PATIENCE = 2.0  # seconds for killed processes to go


def serve(channel: messages.Channel, configuration: SessionConfiguration) -> None:
    """Answer the grader's requests until it hangs up; its forked workers have lanes of their own."""
    lanes = [channel]
    living: dict[int, messages.Channel] = {}  # whose each session is, by the number of its first process
    dying: set[int] = set()
    while True:
        dying -= {pid for pid in dying if _gone(pid)}
        with suppress(messages.Late):
            ready = messages.first_ready(lanes, time.monotonic() + 0.01 if dying else None)
            try:
                _answer(ready, lanes, configuration, living, dying)
            except messages.Closed:
                if ready is channel:
                    raise
                lanes.remove(ready)
                for pid in [pid for pid, owner in living.items() if owner is ready]:
                    _end(configuration, pid, living, dying)  # its worker is dead


def _answer(
    lane: messages.Channel,
    lanes: list[messages.Channel],
    configuration: SessionConfiguration,
    living: dict[int, messages.Channel],
    dying: set[int],
) -> None:
    request = lane.receive()
    if "open" in request:
        reply = _open(lane, configuration, request["open"])
        living[reply["pid"]] = lane
        lane.send(reply)
    elif "lane" in request:
        (descriptor,) = lane.take_descriptors()
        lanes.append(messages.Channel(socket.socket(fileno=descriptor), lane.cap, takes_descriptors=True))
        lane.send({"lane": len(lanes)})
    elif living.get(request["close"]) is lane:
        _end(configuration, request["close"], living, dying)
        lane.send({"closed": request["close"]})


def _open(lane: messages.Channel, configuration: SessionConfiguration, request: dict[str, Any]) -> dict[str, Any]:
    descriptors = lane.take_descriptors()
    own_uid = "own_uid" in configuration.layers
    request["uid"] = probes.free_uid() if own_uid else os.getuid()
    if not own_uid and configuration.place is None:
        request["processes"] += _processes_of(os.getuid())
    request["cpu"] = math.ceil(request["cpu"])
    for source in request.pop("checks"):
        with suppress(SyntaxError, ValueError):  # the session says so itself
            drive.compiled(source)  # once for every session that is forked from here
    request["scratch"] = "" if configuration.place else tempfile.mkdtemp(dir=request["base"])
    files = streams.make_files()
    pid = os.fork() if configuration.place is None else namespaces.fork(configuration.place)
    if pid == 0:
        session_start.be_supervisor(configuration, request, descriptors, files)
    for descriptor in (*descriptors, *files):
        os.close(descriptor)
    return {"pid": pid, "scratch": request["scratch"]}


def _end(configuration: SessionConfiguration, pid: int, living: dict[int, messages.Channel], dying: set[int]) -> None:
    del living[pid]
    os.kill(pid, signal.SIGKILL)
    if configuration.place is not None and configuration.place.own_pids is not None:
        dying.add(pid)  # the kernel ends the whole pid namespace with its first process
    else:
        _sweep(pid, living.keys() | dying)


def _gone(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _sweep(first: int, keep: set[int]) -> None:
    """Wait for a killed supervisor, then kill what it leaves: this process inherits it, generation by generation."""
    os.waitpid(first, 0)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        orphans = [pid for pid in processes.children(os.getpid()) if pid not in keep]
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
