"""What a hub needs installed: an environment for students, one for instructors, and the proxy.

The two environments hold the same packages but for the grader. Students have `check()` and no more of it; the
instructor's, from which the hub runs as well, has the whole. Neither holds an exercise or a solution.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .layout import ROOT, HubError, Layout, open_to_others

PACKAGES = ("jupyterhub", "jupyterlab")  # besides what the course itself needs
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = (ROOT / "constraints.txt", ROOT / "deploy" / "constraints.txt")
PROXY = ROOT / "deploy" / "proxy"
PROXY_SCRIPT = "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
SYSTEM_PYTHON = "/usr/bin/python3.11"


def install(layout: Layout, roles: Sequence[str]) -> None:
    """Install what is missing or was made for other versions: minutes the first time, seconds for another grader."""
    if _ready(layout, roles):
        return  # by whoever installed it, into whose folder we need not write
    layout.software.mkdir(parents=True, exist_ok=True)
    with (layout.software / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several hubs may share what is installed
        _install_proxy(layout)
        python = base_python(shared="student" in roles)
        state = _state(python)
        common = layout.software / "common"
        if _stamp(common) != state:
            _say(f"installing JupyterLab, nbgrader and PyTorch into {layout.software} (some minutes the first time)")
            _install_common(python, common)
            _put_stamp(common, state)
        for role in roles:
            environment = layout.environment(role)
            if _stamp(environment / "cloned") != state:
                _clone(common, environment)
                _put_stamp(environment / "cloned", state)
            if _stamp(environment) != (grader := _grader_state(state, role)):
                _say(f"the grader, into the {role}'s environment")
                _install_grader(environment, role)
                _put_stamp(environment, grader)


def _ready(layout: Layout, roles: Sequence[str]) -> bool:
    state = _state(base_python(shared="student" in roles))
    return _stamp(layout.proxy) == _proxy_state() and all(
        _stamp(layout.environment(role)) == _grader_state(state, role) for role in roles
    )


def base_python(*, shared: bool) -> str:
    """A Python that every account can run, where accounts share the environments; ours otherwise."""
    ours = os.path.realpath(sys.executable)
    if not shared or open_to_others(Path(ours)):
        return ours
    if Path(SYSTEM_PYTHON).exists():
        return SYSTEM_PYTHON
    raise HubError(
        f"{ours} lies where other accounts cannot run it, and there is no {SYSTEM_PYTHON}: install Debian's "
        "python3.11, or run make with a PYTHON that every account can run."
    )


def check_npm() -> str:
    """The path of npm."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise HubError(
            "npm is not installed, and the hub's proxy comes from it: install Node.js 20 or later with npm "
            "(on Debian: apt-get install nodejs npm)."
        )
    return npm


def _install_proxy(layout: Layout) -> None:
    if _stamp(layout.proxy) == _proxy_state():
        return
    _say(f"the proxy, into {layout.proxy}")
    layout.proxy.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PROXY / name, layout.proxy)
    # the lock holds every package's hash; a package's own scripts are not run
    _run([check_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=layout.proxy)
    _put_stamp(layout.proxy, _proxy_state())


def _install_common(python: str, common: Path) -> None:
    if not (common / "bin" / "python").exists() or os.path.realpath(common / "bin" / "python") != python:
        shutil.rmtree(common, ignore_errors=True)
        _run([python, "-m", "venv", "--without-pip", common])
        common.chmod(0o755)
    _pip(common, "install", *(f"--constraint={file}" for file in CONSTRAINTS), *_packages())


def _clone(common: Path, environment: Path) -> None:
    """The environment once more, its files shared by hard links but for the scripts, which name their Python."""
    shutil.rmtree(environment, ignore_errors=True)
    shutil.copytree(common, environment, symlinks=True, copy_function=os.link)
    (environment / "ready").unlink(missing_ok=True)
    (environment / "cloned").mkdir()
    for file in [*(environment / "bin").iterdir(), environment / "pyvenv.cfg"]:
        if not file.is_symlink():
            text = file.read_bytes().replace(bytes(common), bytes(environment))
            mode = file.stat().st_mode
            file.unlink()
            file.write_bytes(text)
            file.chmod(mode)


def _install_grader(environment: Path, role: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-build-isolation"]
        _run([*wheel, "--no-deps", "--no-index", "--wheel-dir", folder, ROOT / "deploy" / role])
        _pip(environment, "install", "--no-index", "--no-deps", "--force-reinstall", *Path(folder).glob("*.whl"))


def _pip(environment: Path, *arguments: object) -> None:
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python"]
    _run([*pip, arguments[0], "--quiet", "--disable-pip-version-check", *arguments[1:]])


def _run(words: Sequence[object], **options: object) -> None:
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        tail = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise HubError(f"`{' '.join(command[:6])} …` failed; it says:\n{tail}")


def _packages() -> list[str]:
    return [*PACKAGES, *tomllib.loads(PROJECT.read_text())["project"]["dependencies"]]


def _state(python: str) -> str:
    return _digest("\n".join([python, *_packages()]), *CONSTRAINTS)


def _proxy_state() -> str:
    return _digest("", PROXY / "package-lock.json")


def _grader_state(state: str, role: str) -> str:
    folder = ROOT / "autograder" / ("student" if role == "student" else "")
    sources = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return _digest(state, ROOT / "deploy" / role / "pyproject.toml", *sources)


def _digest(start: str, *files: Path) -> str:
    digest = hashlib.sha256(start.encode())
    for file in files:
        digest.update(b"\0" + file.read_bytes())
    return digest.hexdigest()


def _stamp(folder: Path) -> str:
    try:
        return (folder / "ready").read_text()
    except OSError:
        return ""


def _put_stamp(folder: Path, state: str) -> None:
    (folder / "ready").write_text(state)


def _say(what: str) -> None:
    print(f"== {what}", flush=True)
