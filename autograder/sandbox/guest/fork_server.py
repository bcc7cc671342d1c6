"""The fork server: a process with one thread that has everything loaded, and forks a session when it is asked.

It is started by `exec`, holds no secret and no reference, and runs no student code.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import resource
import socket
import sys
from typing import Any

from autograder.sandbox.guest import namespaces, probes, syscalls
from autograder.sandbox.guest.configuration import SessionConfiguration
from autograder.sandbox.guest.service import serve
from autograder.sandbox.guest.shell import make_shell
from autograder.sandbox.guest.substitutes import NoTorch, narrow_imports, replace_package, torch_folders
from autograder.sandbox.shared import messages
from autograder.sandbox.shared.lazy_compiler import compile_nothing, load_compiler_later
from autograder.sandbox.shared.readable_paths import but_for

REQUEST_BYTES = 96 << 20
DESCRIPTORS = 1 << 16
_TORCH_MODULES = ("torch", "torch.nn", "torch.optim", "torch.utils.data", "torch.nn.functional")
_TORCH_LATE = "torch.profiler._cupti_monitor"  # what the first step of an optimizer imports
_MODULES = (
    "numpy",
    "numpy.random",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "matplotlib.font_manager",
    "stack_data",
    "asttokens",
    "executing",
    "asyncio",
    "subprocess",
    "multiprocessing.reduction",
    "matplotlib.backends.backend_agg",
    "PIL.PngImagePlugin",
    "IPython.core.magics",
    "IPython.core.completer",
)
_HOST_FACTS = ("/proc/cpuinfo", "/proc/meminfo")
_KINDS = ("pid", "mnt", "net", "ipc")


def main(descriptor: int) -> None:
    """Set up as the grader's first message says, then serve it until it hangs up."""
    gc.disable()  # until all is loaded
    os.set_inheritable(descriptor, False)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, DESCRIPTORS), most))  # it holds some for every session
    channel = messages.Channel(socket.socket(fileno=descriptor), REQUEST_BYTES, takes_descriptors=True)
    try:
        order = channel.receive()
        try:
            configuration, missing = _set_up(order)
        except Exception as error:
            channel.send({"failed": f"{type(error).__name__}: {error}"[:1000]})
            return
        place = configuration.place
        two_steps = place is not None and place.own_pids is None
        channel.send({"layers": configuration.layers, "missing": missing, "two_steps": two_steps})
        serve(channel, configuration)
    except messages.Closed:
        os._exit(0)  # there is nothing to put away, and unloading PyTorch takes its time


def _set_up(order: dict[str, Any]) -> tuple[SessionConfiguration, dict[str, str]]:
    """Load, go into the private root, and find out which layers hold here."""
    hidden = [*order["hidden"], *([] if order["torch"] else torch_folders())]
    for name in (*_MODULES, *(_TORCH_MODULES if order["torch"] else ())):
        importlib.import_module(name)
    if order["torch"]:
        if importlib.util.find_spec(_TORCH_LATE):
            importlib.import_module(_TORCH_LATE)
        load_compiler_later()
        compile_nothing()
        sys.modules["torch"].set_num_threads(1)
    else:
        sys.meta_path.insert(0, NoTorch)
    shell = make_shell()
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    outer = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in _KINDS}
    layers, missing = probes.layers_here(order, hidden)
    code = probes.filter_for(layers) if "seccomp" in layers else b""
    place = namespaces.enter(order["base"], order["readable"], hidden) if "namespaces" in layers else None
    # without a root of its own a session is kept from what is hidden by what it is allowed
    whole, listed = (order["readable"], []) if place else but_for(order["readable"], order["hidden"])
    readable = (*whole, *probes.devices(), *(("/proc",) if place else _HOST_FACTS))
    narrow_imports(order["readable"], order["hidden"])
    _settle()
    own = outer if place else {}
    return SessionConfiguration(
        layers, readable, tuple(listed), place, own, code, shell, order["torch"], _mapped()
    ), missing


def _settle() -> None:
    """The last things before the first fork. The shell's reset has searched for garbage, which takes its time."""
    sys.argv[:] = [""]
    replace_package()
    syscalls.collapse_memory()
    gc.freeze()
    gc.enable()
    if (threads := len(os.listdir("/proc/self/task"))) != 1:
        raise RuntimeError(f"the fork server has {threads} threads, so its forks could hang")


def _mapped() -> int:
    """Bytes of address space that every fork starts with."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
