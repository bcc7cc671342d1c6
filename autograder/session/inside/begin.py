"""One session, from the fork of the template: the layers, then the notebook's process.

The fork becomes the session's supervisor, which runs no student code: it forks the notebook's process, collects the
dead and says how that process ended.
"""

from __future__ import annotations

import base64
import os
import random
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from ..wire import Channel, ChannelError, Closed
from . import cells, kernel, lock, streams, world
from .setting import Setting

KIB64 = 1 << 16


def be_supervisor(setting: Setting, request: dict[str, Any], descriptors: Sequence[int], files: Sequence[int]) -> None:
    """Lock this process in, fork the notebook's from it, and wait for its end. Never returns.

    descriptors : of the supervisor's channel, the notebook's, then one for each snapshot
    files : for the notebook's output, see `streams`
    """
    try:
        *descriptors, last = _only([*descriptors[1:], descriptors[0]], files)  # so that the notebook has 3 and up
        control = Channel(socket.socket(fileno=last), KIB64)
        try:
            if setting.place is not None:
                kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # of the process in between, where there is one
                world.become_first(setting.place)
            scratch, bounds = _settle(setting, request)
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            pid = os.fork()
            if pid == 0:
                control.close()
                data = Channel(socket.socket(fileno=descriptors[0]), request["request_bytes"])
                _notebook(setting, request, data, descriptors[1:], scratch, bounds)
            if "no_new_privs" in setting.layers:
                lock.no_new_privs()
            for descriptor in descriptors:
                os.close(descriptor)
            _wait(control, pid)
        except Exception as error:
            control.send(_failed(error))
    finally:
        os._exit(1)


def _only(descriptors: Sequence[int], files: Sequence[int]) -> list[int]:
    """Move the session's descriptors to 3 and up, with the streams below, and close everything else."""
    signal.set_wakeup_fd(-1)
    held = [*files, *descriptors]
    high = max(held) + 1
    for offset, descriptor in enumerate(held):
        os.dup2(descriptor, high + offset)
    os.closerange(0, high)
    os.closerange(high + len(held), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    streams.place_files(range(high, high + len(files)))
    moved = [os.dup2(high + len(files) + offset, 3 + offset) for offset in range(len(descriptors))]
    os.closerange(high, high + len(held))
    return moved


def _settle(setting: Setting, request: dict[str, Any]) -> tuple[str, lock.Bounds]:
    """Give this process its places, its user and its limits; the scratch folder, and the limits."""
    layers, uid = setting.layers, request["uid"]
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    scratch = request["scratch"]
    if setting.place is not None:
        world.furnish(request["scratch_mib"], uid)
        scratch = world.SCRATCH
    if "own_uid" in layers:
        if setting.place is None:
            os.chown(scratch, uid, uid)
        lock.own_uid(uid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # its memory is nobody's to read
    _furnish(scratch, request["files"])
    bounds = lock.Bounds(
        address_space=setting.mapped + (request["memory_mib"] << 20),
        processes=request["processes"],
        file=request["file_mib"] << 20,
        descriptors=request["descriptors"],
        cpu=request["cpu"],
    )
    if "rlimits" in layers:
        lock.set_rlimits(bounds)
    return scratch, bounds


def _wait(control: Channel, notebook: int) -> None:
    """Collect the dead until nobody is left; the notebook's end is reported with what it had not sent."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == notebook:
            control.send({"ended": status, **streams.left_over((1, 2))})


def _notebook(
    setting: Setting, request: dict[str, Any], data: Channel, snapshots: list[int], scratch: str, bounds: lock.Bounds
) -> None:
    """The process of the student's code. Never returns."""
    try:
        _lock(setting, request["uid"], scratch)
        held = lock.holding(setting.layers, request["uid"], bounds, setting.outer)
        _refresh(setting, scratch)
        data.send({"ready": held})
    except Exception as error:
        data.send(_failed(error))
        os._exit(1)
    try:
        cells.serve(data, snapshots, setting.shell, request["output_bytes"])
    except (Closed, ChannelError):
        os._exit(0)
    finally:
        os._exit(1)


def _failed(error: Exception) -> dict[str, str]:
    return {"failed": f"{type(error).__name__}: {error}"[:500]}


def _lock(setting: Setting, uid: int, scratch: str) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else its own /proc/self is closed to it
    if "no_new_privs" in setting.layers:
        lock.no_new_privs()
    if "landlock" in setting.layers:
        lock.landlock(setting.readable, scratch, setting.listed)
    if "seccomp" in setting.layers:
        kernel.install_filter(setting.code)


def _furnish(scratch: str, files: dict[str, str]) -> None:
    """Make the working directory and the files that lie beside the notebook."""
    for name in ("tmp", "shm", "work"):
        os.mkdir(f"{scratch}/{name}", 0o700)
    os.chdir(f"{scratch}/work")
    for name, data in files.items():
        if os.path.dirname(name):
            os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "xb") as file:
            file.write(base64.b64decode(data))


def _refresh(setting: Setting, scratch: str) -> None:
    """Give this fork its own randomness and places."""
    os.environ.update(HOME=f"{scratch}/work", TMPDIR=f"{scratch}/tmp", MPLCONFIGDIR=f"{scratch}/tmp")
    tempfile.tempdir = None
    setting.shell.settle(os.getcwd(), f"{scratch}/tmp")
    sys.path.insert(0, "")
    random.seed()
    sys.modules["numpy"].random.seed()
    if setting.torch:
        sys.modules["torch"].default_generator.seed()
