"""What a student does who wants to know the answers: look for them. Runs in a student's session; prints JSON.

Arguments: texts that only what is secret holds, joined by commas; the time before which no such file was there; a
folder that is not looked into.
"""

import importlib
import json
import os
import stat
import sys
from pathlib import Path

marks = [mark.encode() for mark in sys.argv[1].split(",")]
since, left_out = float(sys.argv[2]), Path(sys.argv[3])
MODULES = [
    "solutions",
    "solutions.momentum.reference",
    "chapters",
    "autograder.authoring.exercise",
    "autograder.authoring.cases",
    "autograder.grading.store",
    "autograder.sandbox",
    "autograder.nbgrader_adapter",
    "tests",
]


def files_with_marks():
    """Files whose text or name holds a mark, wherever an account may look."""
    found = []
    for folder, folders, files in os.walk("/"):
        place = Path(folder)
        if place in (Path("/proc"), Path("/sys"), Path("/dev"), left_out):
            folders.clear()
            continue
        for name in files:
            path = place / name
            try:
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_ctime >= since and status.st_size < 1 << 26:
                    text = path.read_bytes()
                    found += [str(path) for mark in marks if mark in text]
            except OSError:
                continue
    return found


def importable():
    found = []
    for name in MODULES:
        try:
            importlib.import_module(name)
            found.append(name)
        except ImportError:
            continue
    return found


def others_processes():
    """What the process list shows of others that holds a mark, and whose environment can be read."""
    shown, readable = [], []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if place.stat().st_uid == os.getuid():
                continue
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        shown += [command.decode(errors="replace") for mark in marks if mark in command]
        try:
            (place / "environ").read_bytes()
            readable.append(command.decode(errors="replace"))
        except OSError:
            continue
    return shown, readable


commands, environments = others_processes()
own = "\0".join(f"{key}={value}" for key, value in os.environ.items()).encode()
print(
    json.dumps(
        {
            "files": files_with_marks(),
            "modules": importable(),
            "check": importlib.import_module("autograder").check.__module__,
            "environment": [mark.decode() for mark in marks if mark in own],
            "commands": commands,
            "environments": environments,
            "server": "JUPYTERHUB_API_TOKEN" in os.environ,
        }
    )
)
