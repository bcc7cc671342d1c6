"""What a measurement was made on, and how a whole command is measured."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.1
LOOKING_SHARE = 0.02  # of a core: a look walks the pages of every process, and takes its time from what is measured


def describe() -> dict[str, Any]:
    """The machine and the versions, as they go into a results file."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**20),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        **{name: version(name).split("+")[0] for name in ("numpy", "torch", "nbgrader", "ipython")},
    }


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


@dataclass(frozen=True)
class Measured:
    """seconds : wall clock. cpu_seconds : of the command and all its descendants that were waited for.

    peak_mib : the greatest sum of the proportional set sizes of its processes.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(command: Sequence[str], cwd: Path, log: Path) -> Measured:
    """Run a whole command; its output goes to `log`. Raises CalledProcessError where its exit code is 2 or more."""
    peak = 0.0
    with log.open("ab") as output:
        start, cpu = time.perf_counter(), os.times()
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output)
        over = threading.Event()

        def watch() -> None:
            nonlocal peak
            pause = LOOK_SECONDS
            while not over.wait(pause):
                began = time.thread_time()
                peak = max(peak, sum(map(_pss_mib, _tree(process.pid))))
                pause = max(LOOK_SECONDS, (time.thread_time() - began) / LOOKING_SHARE)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        seconds, spent = time.perf_counter() - start, os.times()
        over.set()
        watcher.join()
    if code > 1:
        raise subprocess.CalledProcessError(code, list(command), f"see {log}")
    used = spent.children_user + spent.children_system - cpu.children_user - cpu.children_system
    return Measured(seconds, used, peak)


def _tree(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for pid in found:
        with suppress(OSError):  # it has ended meanwhile
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
    return found


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
