"""One thread in every process that forks.

A fork copies the thread that calls it and no other. A library's pool of threads is then one without threads: libgomp
waits for them without end, in the child's next parallel region. So the grader's process starts no such pool, and says
so where one is there all the same. NumPy and PyTorch must not be imported before `use_one_thread` is called.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

from autograder.authoring.errors import ExerciseError

POOLS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM")
DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")  # a backward pass starts a thread for each
PATIENCE = 1.0  # seconds in which a thread that has ended leaves /proc


def use_one_thread() -> None:
    """Have no library start a pool in this process: those that are still to be loaded, and those that are there."""
    os.environ.update(dict.fromkeys((f"{pool}_NUM_THREADS" for pool in POOLS), "1"))
    os.environ.update(dict.fromkeys(DEVICES, ""))
    if "numpy" in sys.modules:
        import_module("threadpoolctl").threadpool_limits(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def require_one_thread() -> None:
    """Refuse to fork a process that has threads of a library's. Python's own are known to Python, and are no pool.

    Raises
    ------
    ExerciseError
        There are others.
    """
    deadline = time.monotonic() + PATIENCE
    while (others := _threads() - len(sys._current_frames())) > 0:
        if time.monotonic() > deadline:
            raise ExerciseError(
                f"the grader's process has {others} threads that a library started, so what it forks could hang: "
                "start it as the command `autograder`, and let no exercise start threads where it is imported or asked"
            )
        time.sleep(0.01)


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))
