"""Native threads before a fork: the copy has none of them, and a library that counts on them waits without end.

A session starts with one thread for each library, but a student may ask for more (`torch.set_num_threads(4)`). OpenBLAS
ends its threads at a fork itself. OpenMP does not; it does when it is told to, and starts them again when they are
needed, in the copy and in the notebook.
"""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress

_OPENMP = re.compile(r"/\S*/lib(?:gomp|omp|iomp)\S*\.so\S*$", re.MULTILINE)
_HARD = 2  # omp_pause_hard: what it holds is given back, its threads with it


def end_threads() -> None:
    """End the threads of every OpenMP library that is loaded, where this process has any but its own."""
    with suppress(OSError, AttributeError):
        if len(os.listdir("/proc/self/task")) == 1:
            return
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            libraries = set(_OPENMP.findall(file.read()))
        for path in libraries:
            library = ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
            library.omp_pause_resource_all(_HARD)
