"""Timing short steps against each other in one run: in turns, so that what else the machine does falls on all alike."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.machine import describe, today

ROUNDS = 5                      # at least; more while the time lasts
SHORTEST = 2e-3                 # seconds that one timing lasts at least

Step = Callable[[], None]


def conditions(device: str) -> dict[str, Any]:
    """On what, when and by which clock is measured, as it goes into a results file."""
    return {
        "machine": describe() | ({"gpu": torch.cuda.get_device_name()} if device == "cuda" else {}),
        "date": today(), "threads": torch.get_num_threads(), "load": round(os.getloadavg()[0], 1),
        "clock": "process" if clock(device) is time.process_time else "wall",
    }  # fmt: skip


def summary(times: list[float]) -> dict[str, float]:
    """The rounds of one contender: how many, their median and the lowest, in microseconds."""
    return {"rounds": len(times), "median_us": micro(statistics.median(times)), "lowest_us": micro(min(times))}


def micro(seconds: float) -> float:
    return float(f"{1e6 * seconds:.3g}")


def clock(device: str) -> Callable[[], float]:
    return time.process_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def rounds(contenders: dict[str, Step], device: str, seconds: float) -> dict[str, list[float]]:
    """The seconds of one call for each contender, once a round."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    now = clock(device)
    calls: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for name, step in contenders.items():           # warm up, and find how many calls are long enough to be timed
        step()
        wait()
        start = now()
        step()
        wait()
        calls[name] = max(1, round(SHORTEST / max(now() - start, 1e-6)))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < ROUNDS:
        for name, step in contenders.items():
            wait()
            start = now()
            for _ in range(calls[name]):
                step()
            wait()
            times[name].append((now() - start) / calls[name])
    return times
