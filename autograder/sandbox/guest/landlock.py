"""Landlock, by its three system calls: an allow list of files, no TCP or UDP, nobody outside to be signalled.

The numbers are those of linux/landlock.h; https://docs.kernel.org/userspace-api/landlock.html explains them. A right
that this kernel's Landlock does not know is left out: it is then denied by nothing here, as on any older kernel.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from enum import IntFlag

from autograder.sandbox.guest import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_ABI_VERSION, _PATH_BENEATH = 1, 1
SCOPED_SINCE = 6  # the ABI that can keep signals and abstract sockets inside


class Access(IntFlag):
    """What may be done with a file or directory: LANDLOCK_ACCESS_FS_*."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15
    RESOLVE_UNIX = 1 << 16


#: The bits that exist from an ABI on: of files; of the network (TCP to bind and connect, then UDP); of the scope.
_FILES = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF, 9: 0x1FFFF}
_NETWORK = {4: 0x3, 10: 0xF}
_SCOPE = {6: 0x3}


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi_version() -> int:
    """The version of this kernel's Landlock; an OSError where there is none or it is switched off."""
    return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ABI_VERSION))


def restrict(allowed: Iterable[tuple[str, Access]]) -> None:
    """Allow this process, and all that it will start, what `allowed` lists, each with all that lies beneath it, and
    nothing else that Landlock knows of. It cannot be taken back, and needs no_new_privs, which it sets."""
    abi = abi_version()
    files = _known(_FILES, abi)
    attributes = _Ruleset(files, _known(_NETWORK, abi), _known(_SCOPE, abi))
    ruleset = _call(
        _CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0)
    )
    try:
        for path, access in allowed:
            _allow(ruleset, path, access & files)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(access, descriptor)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _known(bits: dict[int, int], abi: int) -> int:
    return max((mask for since, mask in bits.items() if since <= abi), default=0)


def _call(number: int, *arguments: object) -> int:
    return syscalls.system_call(number, *arguments, what="landlock")
