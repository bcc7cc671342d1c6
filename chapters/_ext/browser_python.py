"""Python and NumPy for the reader's browser: fetched once by package name, checked by hash, served by the site itself.

Pyodide is a package of npm; NumPy publishes no wheel for it yet, but one of PyPI's wheels carries the very file whose
hash Pyodide's lock file names. An address of that file can be set instead: `numpy_wheel` in `_config.yml`.
"""
from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

from chapters._ext.interactive import CACHE, modules

EXERCISES = Path(__file__).parents[1] / "_exercises"
CARRIER = "open-webui==0.12.4"          # of its 106 MB one file of 3 MB is taken
SERVED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PATIENCE = 30                           # seconds without an answer


class NotFetched(RuntimeError):
    """The files are not to be had here; the sentence says why."""


def pyodide_folder(address: str = "", cache: Path = CACHE) -> Path:
    """A folder with `pyodide/`: the interpreter, its library, NumPy's wheel and a lock file that names this alone."""
    lock = (EXERCISES / "package-lock.json").read_bytes()
    folder = cache / f"pyodide-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        try:
            package = modules(EXERCISES, cache, "The exercises in the page") / "pyodide"
        except ExtensionError as error:
            raise NotFetched(str(error)) from None
        with tempfile.TemporaryDirectory(dir=cache) as work:
            out = Path(work) / "ready" / "pyodide"
            out.mkdir(parents=True)
            for name in SERVED:
                shutil.copy(package / name, out)
            whole = json.loads((package / "pyodide-lock.json").read_text("utf-8"))
            numpy = whole["packages"]["numpy"]
            (out / numpy["file_name"]).write_bytes(wheel(numpy, address, Path(work)))
            (out / "pyodide-lock.json").write_text(json.dumps(whole | {"packages": {"numpy": numpy}}), "utf-8")
            if not folder.exists():                 # another build may have been quicker
                (Path(work) / "ready").rename(folder)
    return folder


def wheel(entry: dict[str, Any], address: str, work: Path) -> bytes:
    """The wheel that an entry of Pyodide's lock file names, from the address or out of the package that carries it."""
    found = download(address) if address else carried(entry["file_name"], work)
    if hashlib.sha256(found).hexdigest() != entry["sha256"]:
        raise NotFetched(f"{address or CARRIER} has another {entry['file_name']} than Pyodide's lock file names: "
                         "the hashes differ")
    return found


def download(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return bytes(answer.read())
    except (OSError, ValueError) as error:
        raise NotFetched(f"NumPy's wheel could not be read from {address}: {error}") from None


def carried(name: str, work: Path) -> bytes:
    """One file of the package that carries it."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--retries=1", f"--timeout={PATIENCE}", f"--dest={work}", CARRIER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(work.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise NotFetched(f"NumPy's wheel is taken out of {CARRIER}, and pip could not fetch that:\n"
                         f"{done.stderr.strip()}")
    with zipfile.ZipFile(wheels[0]) as archive:
        member = next((one for one in archive.namelist() if one.endswith("/" + name)), None)
        if member is None:
            raise NotFetched(f"{CARRIER} has no {name}")
        return archive.read(member)
