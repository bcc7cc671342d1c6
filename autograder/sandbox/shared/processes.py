"""What a session's processes use, read from outside in /proc, and signals to them that cannot hit anyone else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MAX_PROCESSES = 4096
HIDDEN_SOCKETS = 64  # what a process counts for that does not show what it holds


@dataclass(frozen=True)
class Usage:
    """cpu : seconds, with those of processes that are gone; anonymous : bytes of each process; count : processes;
    sockets : those that they hold open."""

    cpu: float
    anonymous: dict[int, int]
    count: int
    sockets: int = 0


def children(pid: int) -> list[int]:
    """The child processes of every thread of `pid`; none where it is gone."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def tree(root: int) -> dict[int, int]:
    """The root, of depth 0, and every descendant of it with its depth."""
    depth = {root: 0}
    ahead = [root]
    while ahead and len(depth) < MAX_PROCESSES:
        pid = ahead.pop()
        for child in children(pid):
            if child not in depth:
                depth[child] = depth[pid] + 1
                ahead.append(child)
    return depth


class Clocks:
    """The CPU time of a session's processes, from one look to the next.

    The kernel adds a child's time to its parent's when the parent waits for it. Where nobody waits, as where SIGCHLD is
    ignored, it is lost; so what a process had when it was last seen is kept here, as far as no parent has it.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[int, int]] = {}
        self._lost = 0

    def total(self, now: dict[tuple[int, int], tuple[int, int]]) -> float:
        """Seconds in all. now : of each process, by number and start, its own ticks and those of collected children."""
        gone = sum(sum(ticks) for process, ticks in self._seen.items() if process not in now)
        collected = sum(ticks[1] - self._seen.get(process, (0, 0))[1] for process, ticks in now.items())
        self._lost += max(0, gone - collected)
        self._seen = now
        return (sum(map(sum, now.values())) + self._lost) / TICK


def usage(pids: Iterable[int], clocks: Clocks | None = None) -> Usage:
    """What these processes use now. clocks : of earlier looks at the same session."""
    ticks: dict[tuple[int, int], tuple[int, int]] = {}
    sockets: set[str] = set()
    unseen, count, anonymous = 0, 0, {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b") ")[2].split()
            with open(f"/proc/{pid}/statm", "rb") as file:
                pages = file.read().split()
        except OSError:
            continue
        user, system, of_children, in_system = map(int, fields[11:15])
        ticks[pid, int(fields[19])] = user + system, of_children + in_system
        held = _sockets(pid)
        unseen += HIDDEN_SOCKETS if held is None else 0
        sockets |= held or set()
        anonymous[pid] = (int(pages[1]) - int(pages[2])) * PAGE
        count += 1
    return Usage((clocks or Clocks()).total(ticks), anonymous, count, len(sockets) + unseen)


def _sockets(pid: int) -> set[str] | None:
    """The sockets that a process holds, by the kernel's names; None where it hides them."""
    found = set()
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):
                name = os.readlink(f"/proc/{pid}/fd/{number}")
                found |= {name} if name.startswith("socket:") else set()
    except PermissionError:
        return None
    except OSError:
        pass  # it is gone
    return found


def own_share(pid: int) -> int | None:
    """Bytes of anonymous memory, pages shared with other processes counted by their share. Slow: a page walk.

    None where the process hides it.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss_Anon:"))
    except PermissionError:
        return None
    except OSError:
        return 0  # it is gone


def send_signal(root: int, pid: int, number: signal.Signals) -> None:
    """Signal `pid` if it is the root or descends from it; who took its number meanwhile is left alone."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if pid in tree(root):
            signal.pidfd_send_signal(handle, number)
    except OSError:
        pass
    finally:
        os.close(handle)
