"""The other layers, each set and then looked at: what the session reports is what it found, not what it asked for."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass

import landlockpy
from landlockpy import AccessFS, Ruleset, Scope

from autograder.sandbox.guest import syscalls

_READ_FILE = AccessFS.READ_FILE | AccessFS.EXECUTE
_READ = _READ_FILE | AccessFS.READ_DIR
_DEVICE = AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE
_WRITE = (
    _READ
    | AccessFS.WRITE_FILE
    | AccessFS.TRUNCATE
    | AccessFS.REMOVE_DIR
    | AccessFS.REMOVE_FILE
    | AccessFS.MAKE_DIR
    | AccessFS.MAKE_REG
    | AccessFS.MAKE_SOCK
    | AccessFS.MAKE_FIFO
    | AccessFS.MAKE_SYM
    | AccessFS.REFER
    | AccessFS.RESOLVE_UNIX
)
SCOPED_SINCE = 6  # Landlock's ABI that can keep signals and abstract sockets inside


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


def landlock(readable: Sequence[str], writable: str, listed: Sequence[str] = ()) -> None:
    """Files and directories beneath `readable` can be read and run, those beneath `writable` changed, no others.

    listed : directories beneath which names can be read, and nothing else: Python looks through them for modules
    """
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in readable:
            if path.startswith("/dev/"):
                rules.allow_path(path, _DEVICE)
            else:
                rules.allow_path(path, _READ if os.path.isdir(path) else _READ_FILE)
        for path in listed:
            rules.allow_path(path, AccessFS.READ_DIR)
        rules.allow_path(writable, _WRITE)
        rules.restrict()


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


def landlock_abi() -> int:
    return landlockpy.abi_version()
