"""Starting the fork server: by exec, with a scrubbed environment and one socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[3]
# The grader's packages are loaded as bare namespaces, so that nothing of them runs but what is inside.
BOOT = """
import sys, types
root, descriptor = sys.argv[1:]
for name in ("autograder", "autograder.sandbox", "autograder.student"):
    module = types.ModuleType(name)
    module.__path__ = [root + "/" + name.replace(".", "/")]
    sys.modules[name] = module
from autograder.sandbox.guest.fork_server import main
main(int(descriptor))
"""


def start(sock: socket.socket, base: str, log: IO[bytes]) -> subprocess.Popen:
    """The fork server's process. `base` is a directory of its own; `sock` is the end that it keeps."""
    return subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", BOOT, str(ROOT), str(sock.fileno())],
        env=environment(base),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=[sock.fileno()],
        start_new_session=True,
        cwd="/",
    )


def environment(base: str) -> dict[str, str]:
    """Nothing of the grader's environment goes inside."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {
        **threads,
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/bin:/usr/bin:/bin",
        "HOME": base,
        "TMPDIR": base,
        "MPLCONFIGDIR": base,
        "IPYTHONDIR": base,
        "LANG": "C.UTF-8",
        "TERM": "xterm-color",
        "PAGER": "cat",
        "USER": "student",
        "LOGNAME": "student",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NBGRADER_EXECUTION": "autograde",  # as nbgrader's own pass has it: cells may ask
    }
