"""What a session's processes use, read from outside in /proc, and signals to them that cannot hit anyone else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MAX_PROCESSES = 4096


@dataclass(frozen=True)
class Usage:
    """cpu : seconds, with those of processes that are gone; anonymous : bytes of each process; count : processes."""

    cpu: float
    anonymous: dict[int, int]
    count: int


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


def usage(pids: Iterable[int]) -> Usage:
    """What these processes use now."""
    cpu, count, anonymous = 0, 0, {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b") ")[2].split()
            with open(f"/proc/{pid}/statm", "rb") as file:
                pages = file.read().split()
        except OSError:
            continue
        cpu += sum(map(int, fields[11:15]))  # utime, stime, and those of children waited for
        anonymous[pid] = (int(pages[1]) - int(pages[2])) * PAGE
        count += 1
    return Usage(cpu / TICK, anonymous, count)


def own_share(pid: int) -> int:
    """Bytes of anonymous memory, pages shared with other processes counted by their share. Slow: a page walk."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss_Anon:"))
    except OSError:
        return 0


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
