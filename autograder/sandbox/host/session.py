"""One forked session as the grader holds it: its channels, its processes, and the clocks that bound it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from autograder.sandbox.host.endings import Clock, Dead, Over, how_it_ended
from autograder.sandbox.host.layers import SessionError
from autograder.sandbox.interface import Limits
from autograder.sandbox.shared import processes
from autograder.sandbox.shared.messages import Channel, ChannelError, Closed, Late, read, wait

START_SECONDS = 30.0
FIRST_LOOK = 0.1  # seconds before /proc is read for the first time
LOOK = 0.08
SEVERAL = 1.5  # how much more a session's processes may hold together than one of them may
_BESIDES = 2  # processes that the kernel does not count with the session's user, or not yet
SOCKETS = 256  # each holds up to .4 MiB that the kernel counts for no process
GRACE = 1.5  # seconds between an interrupt and a kill


class Session:
    """A session from its fork to its end. Its methods raise `Over`, `Dead` and `ChannelError`, never block for ever."""

    def __init__(
        self,
        pid: int,
        two_steps: bool,
        control: Channel,
        data: Channel,
        snapshots: list[Channel],
        limits: Limits,
        scratch: str = "",
    ) -> None:
        self.pid = pid
        self.notebook = 0  # found at the start
        self.control = control
        self.data = data
        self.snapshots = snapshots
        self.limits = limits
        self.peak = 0.0
        self.scratch = scratch
        self.kills = 0  # how often `kill_answering` was called
        self.left: dict[str, Any] = {}  # what the notebook's process had not sent when it died
        self._two_steps = two_steps
        self._supervisor = pid
        self._clocks = processes.Clocks()
        self._ended = ""
        self._base = 0
        self._cpu_left = self._cpu_all = limits.submission_seconds
        self._deadline = time.monotonic() + limits.submission_seconds * limits.wall_factor
        self._looked = time.monotonic()
        self.layers: tuple[str, ...] = ()

    def start(self) -> tuple[str, ...]:
        """Wait until the session is locked in; the layers that it found to hold."""
        deadline = time.monotonic() + START_SECONDS
        try:
            message = self._first_message(deadline)
        except ChannelError as error:
            raise SessionError(f"the session did not start: {error}") from None
        if self._two_steps:
            self._supervisor = (processes.children(self.pid) or [self.pid])[0]
        self.notebook = (processes.children(self._supervisor) or [0])[0]
        self._base = processes.usage([self.notebook]).anonymous.get(self.notebook, 0)
        self.layers = tuple(message["ready"])
        return self.layers

    def _first_message(self, deadline: float) -> dict[str, Any]:
        while True:
            for channel in (self.data, self.control):
                for raw in channel.drain():
                    message = read(raw)
                    if "ready" in message:
                        return message
                    raise SessionError(f"a session could not be locked in: {message.get('failed', message)}")
            wait([self.data, self.control], deadline)

    def usage(self) -> processes.Usage:
        """What the session's processes use."""
        return processes.usage(processes.tree(self.pid), self._clocks)

    def bound(self, spent: float, most: float, deadline: float) -> None:
        """The CPU seconds that the submission may use in all, and those that it has used in earlier sessions."""
        self._cpu_left, self._cpu_all = most - spent, most
        self._deadline = deadline

    def talk(self, channel: Channel, take: Callable[[dict[str, Any]], bool], clock: Clock, cap: int) -> None:
        """Hand every message of `channel` to `take` until it returns true.

        cap : bytes that may come before that
        """
        start = time.monotonic()
        base: float | None = None
        most = channel.received + cap
        # reading /proc costs as much as a short cell: a first look only when this one lasts, or many were short
        look = min(start + FIRST_LOOK, max(start, self._looked + FIRST_LOOK))
        while True:
            for raw in channel.drain():
                if take(read(raw)):
                    return
            if channel.received > most:
                raise ChannelError("it sent more than it may")
            now = time.monotonic()
            if clock.whole and now > self._deadline:
                raise self._used_up("the wall clock")
            if now - start > clock.wall:
                raise Over(f"timeout after {clock.wall:g} s on the wall clock")
            if now > look:
                base = self._look(clock, base, now - start)
                self._looked = time.monotonic()
                look = self._looked + LOOK
            self._watch_end(channel)
            with suppress(Late):
                wait([channel] if self._ended else [channel, self.control], min(look, start + clock.wall) + 0.001)

    def _used_up(self, what: str) -> Over:
        limits = self.limits
        seconds = limits.submission_seconds * limits.wall_factor if "wall" in what else self._cpu_all
        return Over(f"the submission's {seconds:g} s of {what} are used up", whole=True)

    def _look(self, clock: Clock, base: float | None, elapsed: float) -> float:
        """Hold what the session uses against its limits. base : CPU seconds before this talk; returned for the next."""
        usage = self.usage()
        if base is None:
            base = max(0.0, usage.cpu - elapsed)
        if usage.cpu - base > clock.cpu:
            raise Over(f"timeout after {clock.cpu:g} s")
        if clock.whole and usage.cpu > self._cpu_left:
            raise self._used_up("CPU time")
        grown = sum(max(0, size - self._base) for size in usage.anonymous.values())
        self.peak = max(self.peak, grown / 2**20)
        most = int(SEVERAL * self.limits.memory_mib) << 20
        # forks count their common pages several times: look closer before anybody is accused
        if grown > most and sum(map(_share, usage.anonymous.items())) > most + self._base:
            raise Over(f"out of memory: more than {most >> 20} MiB", fatal=True)
        if usage.sockets > SOCKETS + len(self.snapshots):
            raise Over(f"more than {SOCKETS} sockets", fatal=True)
        # the kernel refuses a fork beyond that first, where it counts for this session alone
        if usage.count > self.limits.all_processes(len(self.snapshots)) + _BESIDES:
            raise Over(f"more than {self.limits.processes} processes", fatal=True)
        if self.scratch and _bytes_beneath(self.scratch) > self.limits.scratch_mib << 20:
            raise Over(f"more than {self.limits.scratch_mib} MiB of files", fatal=True)
        return base

    def look_at_memory(self) -> None:
        """Note what the snapshots hold, for the record."""
        sizes = self.usage().anonymous.values()
        self.peak = max(self.peak, max([max(0, size - self._base) for size in sizes], default=0) / 2**20)

    def _watch_end(self, channel: Channel) -> None:
        """Raise `Dead` where the notebook's process has ended and `channel` is its own."""
        if self._ended:
            return
        try:
            for raw in self.control.drain():
                message = read(raw)
                if isinstance(message.get("ended"), int):
                    self._ended = how_it_ended(message["ended"])
                    self.left = message
        except Closed:  # the supervisor ends with the last of its processes
            self._ended = self._ended or "process died with its supervisor"
        if self._ended and channel is self.data:
            raise Dead(self._ended)

    def interrupt(self) -> None:
        """KeyboardInterrupt in the running cell."""
        processes.send_signal(self.pid, self.notebook, signal.SIGINT)

    def end_notebook(self) -> str:
        """Kill the notebook's process and wait for it; the snapshots stay. Returns how it ended."""
        processes.send_signal(self.pid, self.notebook, signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while not self._ended:
            self._watch_end(self.control)
            if not self._ended:
                wait([self.control], deadline)
        return self._ended

    def kill_answering(self) -> None:
        """Kill what the waiting snapshots have forked. They are children of the session's first process by now."""
        self.kills += 1
        depths = processes.tree(self._supervisor)
        for pid, depth in depths.items():
            if depth > 1:
                processes.send_signal(self.pid, pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the channels; the processes are the fork server's to kill."""
        for channel in (self.control, self.data, *self.snapshots):
            channel.close()


def _share(process: tuple[int, int]) -> int:
    """A process's own share of its memory; all that it holds, where it hides the share."""
    pid, size = process
    share = processes.own_share(pid)
    return size if share is None else share


def _bytes_beneath(folder: str) -> int:
    """The size of all files beneath a folder; links are not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total
