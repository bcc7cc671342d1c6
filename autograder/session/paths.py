"""What a session may read: the interpreter, its packages and the system's libraries, and what the course adds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from .interface import Unprotected

SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/etc/alternatives",
)


def readable_paths(extra: Iterable[str | Path], protected: Iterable[str | Path]) -> list[str]:
    """Every path that sessions can read, none beneath another.

    Raises
    ------
    Unprotected
        A protected path lies beneath one that can be read.
    """
    prefixes = dict.fromkeys([sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)])
    own = [f"{prefix}/{name}" for prefix in prefixes for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    wanted = [*SYSTEM, *own, *(os.path.abspath(path) for path in extra)]
    paths = _outermost([path for path in wanted if os.path.lexists(path)])
    for secret in protected:
        for path in paths:
            if _beneath(os.path.realpath(secret), os.path.realpath(path)):
                raise Unprotected(
                    f"{secret} must be kept from students' code, but it lies in {path}, which that code can read: "
                    "move the course somewhere else."
                )
    return paths


def _outermost(paths: list[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: (path.count("/"), path)):
        if not any(_beneath(path, outer) for outer in kept):
            kept.append(path)
    return kept


def _beneath(path: str, outer: str) -> bool:
    return path == outer or path.startswith(outer.rstrip("/") + "/")
