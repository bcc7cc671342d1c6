"""`make hub` where something is missing: one sentence that names it and the remedy, and an exit code of 2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hub import free_port

from deploy.hub.accounts import make_accounts
from deploy.hub.layout import HubError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path):
    """Run `python -m deploy.hub start` in a folder of its own; its exit code and what it says."""

    def run(*words, path=os.environ["PATH"]):
        command = [sys.executable, "-m", "deploy.hub", "--folder", tmp_path / "hub", *words]
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.returncode, done.stderr

    return run


def needs_npm():
    if shutil.which("npm") is None:
        pytest.skip("without npm that is what is said first")


def test_without_a_course(start, tmp_path):
    code, said = start("start", "--course", tmp_path)
    assert code == 2
    assert "holds no nbgrader_config.py" in said


def test_with_a_course_that_was_not_set_up(start, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'x'\n")
    code, said = start("start", "--course", tmp_path)
    assert code == 2
    assert "set the course up first, with make course" in said


def test_without_npm(start, course, tmp_path):
    code, said = start("start", "--course", course, path=str(tmp_path))
    assert code == 2
    assert "npm is not installed" in said


def test_with_a_port_in_use(start, course):
    needs_npm()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = start("start", "--course", course, "--port", min(port, 65533))
    assert code == 2
    assert f"port {port} cannot be used" in said
    assert "make hub PORT=" in said


def test_with_a_port_that_is_none(start, course):
    needs_npm()
    code, said = start("start", "--course", course, "--port", "70000")
    assert code == 2
    assert "70000 is not a port" in said


def test_when_it_runs_already(hub, course):
    done = subprocess.run(
        hub.command("start", "--course", course), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert "a hub is running" in done.stderr


def test_in_a_folder_that_students_cannot_enter(able, start, course):
    code, said = start("start", "--course", course, "--port", free_port())
    assert code == 2
    assert "students' accounts cannot enter" in said  # pytest's folders are closed to others


def test_an_account_that_is_somebody_s_is_not_taken(hub):
    with pytest.raises(HubError, match=r"has an account .*-instructor already"):
        make_accounts(hub.folder / "state" / "others.txt", hub.prefix)


def test_removing_a_hub_that_is_not_there(start):
    code, said = start("remove")
    assert code == 2
    assert "there is no hub in" in said
