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
from typing import Any

_OPENMP = re.compile(rb".*/lib(?:gomp|omp|iomp)[^/]*\.so[^/]*")
_HARD = 2  # omp_pause_hard: what it holds is given back, its threads with it


class _Library(ctypes.Structure):
    """The beginning of `struct dl_phdr_info` of <link.h>."""

    _fields_ = (("address", ctypes.c_void_p), ("name", ctypes.c_char_p))


_Visitor = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Library), ctypes.c_size_t, ctypes.c_void_p)
_PROGRAM = ctypes.CDLL(None)


def end_threads() -> None:
    """End the threads of every OpenMP library that is loaded."""
    for path in _loaded():
        with suppress(OSError, AttributeError):
            ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY).omp_pause_resource_all(_HARD)


def _loaded() -> list[str]:
    """The OpenMP libraries of this process; not every session can read its own /proc."""
    found: list[str] = []

    def visit(library: Any, _size: int, _data: Any) -> int:
        name = library.contents.name or b""
        if _OPENMP.fullmatch(name):
            found.append(os.fsdecode(name))
        return 0

    _PROGRAM.dl_iterate_phdr(_Visitor(visit), None)
    return found
