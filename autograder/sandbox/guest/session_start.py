"""One session, from the fork of the fork server: the layers, then the notebook's process.

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

from autograder.sandbox.guest import namespaces, notebook, restrictions, streams, syscalls
from autograder.sandbox.guest.configuration import SessionConfiguration
from autograder.sandbox.shared.messages import Channel, ChannelError, Closed

KIB64 = 1 << 16


def be_supervisor(
    configuration: SessionConfiguration, request: dict[str, Any], descriptors: Sequence[int], files: Sequence[int]
) -> None:
    """Lock this process in, fork the notebook's from it, and wait for its end. Never returns.

    descriptors : of the supervisor's channel, the notebook's, then one for each snapshot
    files : for the notebook's output, see `streams`
    """
    try:
        *descriptors, last = _only([*descriptors[1:], descriptors[0]], files)  # so that the notebook has 3 and up
        control = Channel(socket.socket(fileno=last), KIB64)
        try:
            if configuration.place is not None:
                syscalls.prctl(
                    syscalls.PR_SET_PDEATHSIG, signal.SIGKILL
                )  # of the process in between, where there is one
                namespaces.become_first(configuration.place)
            scratch, bounds = _settle(configuration, request)
            syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
            pid = os.fork()
            if pid == 0:
                control.close()
                data = Channel(socket.socket(fileno=descriptors[0]), request["request_bytes"])
                _notebook(configuration, request, data, descriptors[1:], scratch, bounds)
            if "no_new_privs" in configuration.layers:
                restrictions.no_new_privs()
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


def _settle(configuration: SessionConfiguration, request: dict[str, Any]) -> tuple[str, restrictions.Bounds]:
    """Give this process its places, its user and its limits; the scratch folder, and the limits."""
    layers, uid = configuration.layers, request["uid"]
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    scratch = request["scratch"]
    if configuration.place is not None:
        namespaces.furnish(request["scratch_mib"], uid)
        scratch = namespaces.SCRATCH
    if "own_uid" in layers:
        if configuration.place is None:
            os.chown(scratch, uid, uid)
        restrictions.own_uid(uid)
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)  # its memory is nobody's to read
    _furnish(scratch, request["files"])
    bounds = restrictions.Bounds(
        address_space=configuration.mapped + (request["memory_mib"] << 20),
        processes=request["processes"],
        file=request["file_mib"] << 20,
        descriptors=request["descriptors"],
        cpu=request["cpu"],
    )
    if "rlimits" in layers:
        restrictions.set_rlimits(bounds)
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
    configuration: SessionConfiguration,
    request: dict[str, Any],
    data: Channel,
    snapshots: list[int],
    scratch: str,
    bounds: restrictions.Bounds,
) -> None:
    """The process of the student's code. Never returns."""
    try:
        _lock(configuration, request["uid"], scratch)
        held = restrictions.holding(configuration.layers, request["uid"], bounds, configuration.outer)
        _refresh(configuration, scratch)
        data.send({"ready": held})
    except Exception as error:
        data.send(_failed(error))
        os._exit(1)
    try:
        notebook.serve(data, snapshots, configuration.shell, request["output_bytes"])
    except (Closed, ChannelError):
        os._exit(0)
    finally:
        os._exit(1)


def _failed(error: Exception) -> dict[str, str]:
    return {"failed": f"{type(error).__name__}: {error}"[:500]}


def _lock(configuration: SessionConfiguration, uid: int, scratch: str) -> None:
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # else its own /proc/self is closed to it
    if "no_new_privs" in configuration.layers:
        restrictions.no_new_privs()
    if "landlock" in configuration.layers:
        restrictions.close_files(configuration.readable, scratch, configuration.listed)
    if "seccomp" in configuration.layers:
        syscalls.install_filter(configuration.code)


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


def _refresh(configuration: SessionConfiguration, scratch: str) -> None:
    """Give this fork its own randomness and places."""
    os.environ.update(HOME=f"{scratch}/work", TMPDIR=f"{scratch}/tmp", MPLCONFIGDIR=f"{scratch}/tmp")
    tempfile.tempdir = None
    configuration.shell.settle(os.getcwd(), f"{scratch}/tmp")
    sys.path.insert(0, "")
    random.seed()
    sys.modules["numpy"].random.seed()
    if configuration.torch:
        sys.modules["torch"].default_generator.seed()
