"""The other layers, each set and then looked at: what the session reports is what it found, not what it asked for."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.sandbox.guest import landlock, syscalls
from autograder.sandbox.guest.landlock import Access

_READ_FILE = Access.READ_FILE | Access.EXECUTE
_READ = _READ_FILE | Access.READ_DIR
_DEVICE = Access.READ_FILE | Access.WRITE_FILE | Access.TRUNCATE
_WRITE = (
    _READ
    | Access.WRITE_FILE
    | Access.TRUNCATE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.MAKE_SOCK
    | Access.MAKE_FIFO
    | Access.MAKE_SYM
    | Access.REFER
    | Access.RESOLVE_UNIX
)


@dataclass(frozen=True)
class Bounds:
    """rlimits of one session, in the kernel's units."""

    address_space: int
    processes: int
    file: int
    descriptors: int
    cpu: int

    def pairs(self) -> list[tuple[int, int]]:
        return [
            (resource.RLIMIT_AS, self.address_space),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_FSIZE, self.file),
            (resource.RLIMIT_NOFILE, self.descriptors),
            (resource.RLIMIT_CPU, self.cpu),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_MEMLOCK, 1 << 16),
            (resource.RLIMIT_MSGQUEUE, 0),
        ]


def set_rlimits(bounds: Bounds) -> None:
    for kind, value in bounds.pairs():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def own_uid(uid: int) -> None:
    """Become a user that nobody else is."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def no_new_privs() -> None:
    syscalls.drop_capabilities()
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def close_files(readable: Sequence[str], writable: str, listed: Sequence[str] = ()) -> None:
    """Files and directories beneath `readable` can be read and run, those beneath `writable` changed, no others.

    listed : directories beneath which names can be read, and nothing else: Python looks through them for modules
    """

    def rights(path: str) -> Access:
        if path.startswith("/dev/"):
            return _DEVICE
        return _READ if os.path.isdir(path) else _READ_FILE

    landlock.restrict(
        [
            *((path, rights(path)) for path in readable),
            *((path, Access.READ_DIR) for path in listed),
            (writable, _WRITE),
        ]
    )


def holding(wanted: Sequence[str], uid: int, bounds: Bounds, outer: dict[str, str]) -> list[str]:
    """Those of the layers that hold in this process, by looking.

    outer : the namespaces that the fork server started in, by kind
    """
    looks = {
        "namespaces": lambda: all(os.readlink(f"/proc/self/ns/{kind}") != name for kind, name in outer.items()),
        "own_uid": lambda: os.getresuid() == (uid,) * 3 and os.getresgid() == (uid,) * 3 and not os.getgroups(),
        "no_new_privs": lambda: syscalls.prctl(syscalls.PR_GET_NO_NEW_PRIVS) == 1 and not syscalls.has_capabilities(),
        "rlimits": lambda: all(0 <= resource.getrlimit(kind)[1] <= value for kind, value in bounds.pairs()),
        "landlock": root_is_closed,
        "seccomp": lambda: syscalls.prctl(syscalls.PR_GET_SECCOMP) == 2,
    }
    return [name for name in wanted if looks[name]()]


def root_is_closed() -> bool:
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
    except PermissionError:
        return True
    return False
