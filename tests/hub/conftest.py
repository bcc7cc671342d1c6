"""The hub of these tests, started once. Skipped, with the reason, where a part of it is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for place in (HERE, ROOT):  # the helpers beside this file; deploy/, which is not installed
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

MARK = f"marked-{os.urandom(12).hex()}"


@pytest.fixture(scope="session")
def able():
    """Skips what this machine cannot do."""
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("a hub with real accounts needs root and useradd")
    if shutil.which("npm") is None:
        pytest.skip("the hub's proxy needs npm")


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course with its source notebook built, marked so that what leaks of it is known."""
    folder = tmp_path_factory.mktemp("hub") / "course"
    folder.mkdir()
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for file in (folder / "solutions").rglob("*.py"):
        if file.read_text().strip() and file.name != "checks.py":  # whose text goes out with the public cases
            file.write_text(file.read_text() + f"\n# {MARK}\n")
    words = [sys.executable, "-m", "autograder", "--course", str(folder), "build", "momentum"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (folder / "classroom" / "course_secret").write_text(os.urandom(32).hex())  # as grading makes it
    return folder


@pytest.fixture(scope="session")
def mark():
    """A line of every file of the solutions that no student gets."""
    return MARK


@pytest.fixture(scope="session")
def hub(able, course):
    from hub import Hub

    made = Hub(course)
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def shots(tmp_path_factory):
    """A folder for pictures of every step."""
    return tmp_path_factory.mktemp("shots")


@pytest.fixture(scope="module")
def desk_of(hub, browser, shots):
    """Somebody's window on the hub, logged in; the same one all through a module."""
    from pages import Replies

    desks = {}

    def open_desk(who):
        if who not in desks:
            account = hub.accounts[who]
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            desks[who] = Replies(page, hub.address, account.name, shots)
            desks[who].log_in(account.password)
        return desks[who]

    return open_desk
