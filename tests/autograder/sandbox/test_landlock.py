"""Landlock's rules, set in a process of their own and then tried."""

import subprocess
import sys

import pytest

from autograder.sandbox.guest import landlock
from autograder.sandbox.guest.landlock import Access

TRY = """
import os, socket, sys
from autograder.sandbox.guest.landlock import Access, restrict
folder, act = sys.argv[1:]
read = Access.READ_FILE | Access.READ_DIR
write = read | Access.WRITE_FILE | Access.MAKE_REG | Access.TRUNCATE
restrict([(folder + "/read", read), (folder + "/write", write), (folder + "/one", Access.READ_FILE)])
exec(act)
"""
REFUSED = {
    "read what is not listed": "open(folder + '/other/file')",
    "list what is not listed": "os.listdir(folder)",
    "write where it may read": "open(folder + '/read/file', 'a')",
    "make a file where it may read": "open(folder + '/read/new', 'w')",
    "remove where it may write": "os.remove(folder + '/write/file')",
    "run": "os.execv('/bin/true', ['true'])",
    "listen": "socket.socket().bind(('127.0.0.1', 0))",
    "signal its parent": "os.kill(os.getppid(), 0)",
}
ALLOWED = {
    "read": "open(folder + '/read/file').read()",
    "read one file": "open(folder + '/one').read()",
    "write": "open(folder + '/write/file', 'w').write('new')",
    "make a file": "open(folder + '/write/new', 'w').close()",
}
SINCE = {"listen": 4, "signal its parent": 6}


def run(folder, act):
    for name in ("read", "write", "other"):
        (folder / name).mkdir()
        (folder / name / "file").write_text("text")
    (folder / "one").write_text("text")
    command = [sys.executable, "-c", TRY, str(folder), act]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_listed_is_refused(what, tmp_path):
    if landlock.abi_version() < SINCE.get(what, 1):
        pytest.skip("this kernel's Landlock does not know it")
    done = run(tmp_path, REFUSED[what])
    assert done.returncode == 1
    assert "PermissionError" in done.stderr


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_listed_is_allowed(what, tmp_path):
    done = run(tmp_path, ALLOWED[what])
    assert done.returncode == 0, done.stderr


def test_every_right_belongs_to_some_version():
    newest = max(landlock._FILES)
    assert landlock._known(landlock._FILES, newest) == sum(Access)
    assert landlock._known(landlock._FILES, 1) & Access.REFER == 0


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        landlock._allow(-1, str(tmp_path / "gone"), Access.READ_FILE)
