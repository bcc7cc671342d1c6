"""Which layers hold on this machine: each is tried in a fork that is thrown away."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograder.sandbox.guest import landlock, namespaces, restrictions, syscalls

REMEDIES = {
    "namespaces": "allow namespaces to this user or container (syscalls.unprivileged_userns_clone=1, or CAP_SYS_ADMIN)",
    "own_uid": "run as root with CAP_SETUID, on a Python that other users can read",
    "no_new_privs": "use a kernel that has prctl(PR_SET_NO_NEW_PRIVS)",
    "rlimits": "allow setrlimit in this container",
    "landlock": "use Linux 5.13 or later with Landlock among its security modules (lsm=landlock,...)",
    "seccomp": "install libseccomp2 and use a kernel with CONFIG_SECCOMP_FILTER",
}


def layers_here(order: dict[str, Any], hidden: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The layers to set of those that the order wants, and for each that is missing a sentence with the remedy."""
    trials: dict[str, Callable[[], None]] = {
        "namespaces": lambda: _try_world(order, hidden),
        "own_uid": lambda: _try_uid(order, "namespaces" in good),
        "no_new_privs": restrictions.no_new_privs,
        "rlimits": lambda: restrictions.set_rlimits(restrictions.Bounds(1 << 40, 1 << 16, 1 << 30, 1 << 10, 1 << 20)),
        "landlock": lambda: _try_landlock(order),
        "seccomp": lambda: _try_filter(),
    }
    good: list[str] = []
    missing: dict[str, str] = {}
    for name, trial in trials.items():
        if order["layers"][name] == "off":
            missing[name] = "left out by the settings"
        elif reason := _outcome(trial):
            missing[name] = f"not available ({reason}): {REMEDIES[name]}"
        else:
            good.append(name)
    return tuple(good), missing


def filter_for(layers: Sequence[str]) -> bytes:
    """The seccomp program for a session with these layers."""
    from autograder.sandbox.guest.seccomp_filter import compile_filter

    scoped = "landlock" in layers and landlock.abi_version() >= landlock.SCOPED_SINCE
    return compile_filter(
        namespaces="namespaces" in layers,
        signals_scoped="namespaces" in layers or "own_uid" in layers or scoped,
    )


def devices() -> list[str]:
    """The devices that a session may use."""
    return [path for name in namespaces.DEVICES if os.path.exists(path := f"/dev/{name}")]


def free_uid() -> int:
    """A user id that nothing on this machine has, from what is mapped here."""
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    start, _, count = max(ranges, key=lambda entry: entry[2])
    low, high = start + min(count // 2, 2**30), start + min(count, 2**31) - 2
    if high - low < 1000:
        raise OSError("too few user ids are mapped here")
    return random.SystemRandom().randrange(low, high)


def _outcome(trial: Callable[[], None]) -> str:
    """'' where `trial` works in a fork of this process, else why not."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
            trial()
            os._exit(0)
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:500])
        finally:
            os._exit(1)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    reason = os.read(reading, 500).decode("utf-8", "replace")
    os.close(reading)
    return "" if status == 0 else reason or f"the trial ended with status {status}"


def _try_world(order: dict[str, Any], hidden: Sequence[str]) -> None:
    place = namespaces.enter(order["base"], order["readable"], hidden)
    pid = namespaces.fork(place)
    if pid == 0:
        try:
            namespaces.become_first(place)
            namespaces.furnish(1, os.getuid())
            os._exit(0)
        except OSError as error:
            print(error, file=sys.stderr, flush=True)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise OSError("a process in the new namespaces could not mount its own /proc and scratch")


def _try_uid(order: dict[str, Any], own_root: bool) -> None:
    if os.geteuid() != 0:
        raise OSError("not root")
    if own_root:
        namespaces.enter(order["base"], order["readable"], ())
    restrictions.own_uid(free_uid())
    for name in ("os", "numpy"):  # what is imported late must be readable for that user
        with open(str(sys.modules[name].__file__), "rb"):
            pass


def _try_landlock(order: dict[str, Any]) -> None:
    restrictions.close_files(order["readable"], order["base"])
    if not restrictions.root_is_closed():
        raise OSError("the rules have no effect")


def _try_filter() -> None:
    code = filter_for(("namespaces",))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.install_filter(code)
