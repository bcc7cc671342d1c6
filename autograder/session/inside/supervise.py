"""One session, from the fork of the template: the layers, then the notebook's process, then waiting for its end.

The supervisor is the first process of the session's pid namespace. It runs no student code; what it does after the
notebook's process has started is to collect the dead and to say how that process ended.
"""

from __future__ import annotations

import base64
import os
import random
import signal
import socket
import sys
import tempfile
from typing import Any

from ..wire import Channel, ChannelError, Closed
from . import cells, kernel, lock, streams, world
from .setting import Setting

KIB64 = 1 << 16


def open_session(setting: Setting, request: dict[str, Any], descriptors: list[int]) -> None:
    """Never returns. `descriptors`: the supervisor's channel, the notebook's, then one for each snapshot."""
    try:
        signal.set_wakeup_fd(-1)
        *descriptors, last = _only([*descriptors[1:], descriptors[0]])  # so that the notebook has 3 and up
        control = Channel(socket.socket(fileno=last), KIB64)
        try:
            _run(setting, request, control, descriptors)
        except Exception as error:
            control.send({"failed": f"{type(error).__name__}: {error}"[:500]})
    finally:
        os._exit(1)


def _only(descriptors: list[int]) -> list[int]:
    """Move the session's descriptors to 3 and up, with the streams below, and close everything else."""
    high = 400
    for offset, descriptor in enumerate(descriptors):
        os.dup2(descriptor, high + offset)
    os.closerange(0, high)
    os.closerange(high + len(descriptors), 4096)
    streams.open_files()
    moved = [os.dup2(high + offset, 3 + offset) for offset in range(len(descriptors))]
    os.closerange(high, high + len(descriptors))
    return moved


def _run(setting: Setting, request: dict[str, Any], control: Channel, descriptors: list[int]) -> None:
    layers, uid = setting.layers, request["uid"]
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    scratch = request["scratch"]
    if setting.place is not None:
        world.become_first(setting.place)
        world.furnish(request["scratch_mib"], uid)
        scratch = world.SCRATCH
    if "own_uid" in layers:
        if setting.place is None:
            os.chown(scratch, uid, uid)
        lock.own_uid(uid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # its memory is nobody's to read
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
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
    pid = os.fork()
    if pid == 0:
        control.close()
        _notebook(setting, request, descriptors, scratch, bounds)
    if "no_new_privs" in layers:
        lock.no_new_privs()
    for descriptor in descriptors:
        os.close(descriptor)
    _wait(control, pid)


def _wait(control: Channel, notebook: int) -> None:
    """Collect the dead until nobody is left; the notebook's end is reported with what it had not sent."""
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == notebook:
            left = {name: streams.left_over(number, 8192) for number, name in streams.NAMES.items()}
            texts = {name: data.decode("utf-8", "replace") for name, data in left.items()}
            control.send({"ended": status, **texts})


def _notebook(
    setting: Setting, request: dict[str, Any], descriptors: list[int], scratch: str, bounds: lock.Bounds
) -> None:
    """The process of the student's code. Never returns."""
    data = Channel(socket.socket(fileno=descriptors[0]), request["request_bytes"])
    try:
        _lock(setting, request["uid"], scratch)
        held = lock.holding(setting.layers, request["uid"], bounds, setting.outer)
        _refresh(setting, scratch)
        data.send({"ready": held})
    except Exception as error:
        data.send({"failed": f"{type(error).__name__}: {error}"[:500]})
        os._exit(1)
    try:
        cells.serve(data, descriptors[1:], setting.shell, request["output_bytes"])
    except (Closed, ChannelError):
        os._exit(0)
    finally:
        os._exit(1)


def _lock(setting: Setting, uid: int, scratch: str) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else its own /proc/self is closed to it
    if "no_new_privs" in setting.layers:
        lock.no_new_privs()
    if "landlock" in setting.layers:
        lock.landlock(setting.readable, scratch)
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
    sys.path.insert(0, "")
    random.seed()
    sys.modules["numpy"].random.seed()
    if setting.torch:
        sys.modules["torch"].default_generator.seed()
