"""The layer 'namespaces': the fork server's private root, and each session's own processes and scratch.

The fork server moves once into a root made of read-only bind mounts of what may be read, on a fresh tmpfs whose
directories everyone may traverse, so that a Python under a closed home works for another uid. Each session then needs
only its own pid namespace, an empty network, `/proc` and scratch.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.sandbox.guest import syscalls

DEVICES = ("null", "full", "random", "urandom")  # not zero: what is mapped of it is memory that nobody counts
SCRATCH = "/scratch"
_HIDDEN_INODES = 20_000


@dataclass(frozen=True)
class Namespaces:
    """own_pids : a descriptor of the fork server's pid namespace where each fork can get a new one directly;
    None where a session needs a fork in between.
    """

    own_pids: int | None


def enter(base: str, readable: Sequence[str], hidden: Sequence[str]) -> Namespaces:
    """Move this process into a private root. An OSError says what the machine does not allow.

    base : an empty directory to mount on
    readable : absolute paths, none beneath another
    hidden : directories beneath them that shall look empty
    """
    try:
        syscalls.unshare(syscalls.CLONE_NEWNS)
    except PermissionError:
        _own_user()
        syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("root", base, "tmpfs", syscalls.MS_NOSUID, "size=1m,mode=755")
    for path in readable:
        _bind(base, path)
    for path in hidden:
        syscalls.mount("none", base + path, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=4k,mode=000")
    _devices(base)
    os.mkdir(base + "/proc")
    syscalls.mount("/proc", base + "/proc", flags=syscalls.MS_BIND | syscalls.MS_REC)
    os.mkdir(base + SCRATCH)
    if not os.path.lexists(base + "/tmp"):  # there is one where the environment itself lies beneath it
        os.symlink(SCRATCH + "/tmp", base + "/tmp")
    syscalls.pivot_root(base)
    syscalls.make_readonly("/", recursive=False, devices=True)
    return Namespaces(_own_pids())


def fork(world: Namespaces) -> int:
    """Fork, the child being the first process of a new pid namespace or, where that takes two steps, on its way."""
    if world.own_pids is not None:
        _new_pids(world.own_pids)
    return os.fork()


def _new_pids(own: int) -> None:
    syscalls.setns(own, syscalls.CLONE_NEWPID)  # a second unshare is refused without this step back
    syscalls.unshare(syscalls.CLONE_NEWPID)


def become_first(world: Namespaces) -> None:
    """In the child: make sure that this is pid 1."""
    if world.own_pids is None:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        first = os.fork()
        if first:
            os.closerange(0, os.sysconf("SC_OPEN_MAX"))
            os.waitpid(first, 0)
            os._exit(0)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, 9)
    if os.getpid() != 1:
        raise OSError("the session is not the first process of its namespace")


def furnish(scratch_mib: int, uid: int) -> None:
    """Give this process mounts of its own, the session's /proc and scratch, and an empty network that no other has."""
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("proc", "/proc", "proc", flags | syscalls.MS_NOEXEC)
    syscalls.mount("scratch", SCRATCH, "tmpfs", flags, f"size={scratch_mib}m,nr_inodes={_HIDDEN_INODES},mode=700")
    os.chown(SCRATCH, uid, uid if uid != os.getuid() else -1)


def _own_user() -> None:
    uid, gid = os.getuid(), os.getgid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _own_pids() -> int | None:
    descriptor = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.setns(descriptor, syscalls.CLONE_NEWPID)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _bind(base: str, path: str) -> None:
    target = base + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(path), target)
        return
    if stat.S_ISDIR(mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    syscalls.mount(path, target, flags=syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.make_readonly(target, recursive=True)


def _devices(base: str) -> None:
    os.mkdir(base + "/dev")
    for name in DEVICES:
        if os.path.exists("/dev/" + name):
            os.close(os.open(f"{base}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
            syscalls.mount("/dev/" + name, f"{base}/dev/{name}", flags=syscalls.MS_BIND)
    os.symlink(SCRATCH + "/shm", base + "/dev/shm")
    os.symlink("/proc/self/fd", base + "/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{base}/dev/{name}")
