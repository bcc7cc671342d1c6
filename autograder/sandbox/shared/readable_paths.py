"""What a session may read: the interpreter, its packages and the system's libraries, and what the course adds; and what
of that it must not see: the course itself, and every installed package that holds references, wherever they lie."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox.interface import Unprotected

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


def readable_paths(extra: Iterable[str | Path], protected: Iterable[str | Path]) -> tuple[list[str], list[str]]:
    """Every path that sessions can read, none beneath another; and the folders beneath them that are to be hidden.

    Raises
    ------
    Unprotected
        A protected path lies beneath one that can be read, and cannot be hidden there.
    """
    prefixes = dict.fromkeys([sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)])
    own = [f"{prefix}/{name}" for prefix in prefixes for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    wanted = [*SYSTEM, *own, *(os.path.abspath(path) for path in extra)]
    paths = _outermost([path for path in wanted if os.path.lexists(path)])
    hidden: list[str] = []
    for secret in (*protected, *reference_packages(paths)):
        real = os.path.realpath(secret)
        for path in paths:
            if not _beneath(real, os.path.realpath(path)):
                continue
            if not os.path.isdir(real) or any(_beneath(os.path.realpath(needed), real) for needed in wanted):
                raise Unprotected(
                    f"{secret} must be kept from students' code, but it lies in {path}, which that code can read: "
                    "move the course somewhere else."
                )
            if not os.path.islink(path):  # what a link leads to is readable, and hidden, under its own name
                hidden.append(path + real.removeprefix(os.path.realpath(path)))
    return paths, _outermost(hidden)


def reference_packages(readable: Iterable[str]) -> list[str]:
    """The installed packages that hold references, as `pip install .` leaves them: a topic has an exercises.py."""
    places = {os.path.realpath(place) for place in sys.path if place.endswith("-packages")}
    for path in readable:
        for pattern in ("*-packages", "python*/*-packages", "lib*/python*/*-packages", "local/lib*/python*/*-packages"):
            places |= {os.path.realpath(place) for place in glob.glob(f"{glob.escape(path)}/{pattern}")}
    return sorted(
        {
            os.path.join(place, os.path.relpath(file, place).partition("/")[0])
            for place in places
            for depth in ("*", "*/*", "*/*/*")
            for file in glob.glob(f"{glob.escape(place)}/{depth}/exercises.py")
        }
    )


def but_for(readable: Iterable[str], hidden: Iterable[str]) -> tuple[list[str], list[str]]:
    """The readable paths without the hidden folders, for rules that can only allow: (what can be read whole, folders of
    which the names beneath them can be listed, and nothing else)."""
    hidden = [os.path.realpath(folder) for folder in hidden]
    whole: list[str] = []
    listed: list[str] = []
    ahead = [os.path.realpath(path) for path in readable]  # a rule on a link would allow what it leads to
    while ahead:
        path = ahead.pop()
        if path in hidden:
            continue
        if any(_beneath(secret, path) for secret in hidden):
            listed.append(path)
            ahead += [entry.path for entry in os.scandir(path) if not entry.is_symlink()]
        else:
            whole.append(path)
    return whole, _outermost(listed)


def _outermost(paths: list[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: (path.count("/"), path)):
        if not any(_beneath(path, outer) for outer in kept):
            kept.append(path)
    return kept


def _beneath(path: str, outer: str) -> bool:
    return path == outer or path.startswith(outer.rstrip("/") + "/")
