"""The hub with accounts that there are already, and the hub of somebody who is not root."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hub import free_port
from pages import Replies

ROOT = Path(__file__).parents[2]
NEEDED = ("deploy", "autograder", "solutions", "nbgrader_config.py", "pyproject.toml", "constraints.txt")


def wait_for(said: Path, process: subprocess.Popen) -> None:
    end = time.monotonic() + 120
    while "Stop it with Ctrl-C" not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.2)


@pytest.fixture
def running(tmp_path):
    """Start a command that is a hub, wait until it is up, and stop it at the end."""
    started = []

    def start(words, **options):
        said = tmp_path / f"said{len(started)}"
        with said.open("w") as out:
            process = subprocess.Popen([str(word) for word in words], stdout=out, stderr=out, **options)
        started.append(process)
        wait_for(said, process)
        return said.read_text()

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(90) for process in started] == [0] * len(started)


@pytest.fixture
def page(browser):
    made = browser.new_context(viewport={"width": 1400, "height": 900})
    yield made.new_page()
    made.close()


def test_accounts_that_there_are_log_in_if_they_are_in_the_group(hub, running, page, shots):
    folder = hub.folder / "with-accounts"
    port = free_port()
    ada, emmy = hub.accounts["ada"], hub.accounts["emmy"]
    words = hub.command("start", "--course", hub.course, "--port", port)
    words[words.index("--folder") + 1] = str(folder)
    said = running([*words, "--instructor", hub.accounts["instructor"].name, "--group", ada.name], cwd=ROOT)
    assert "Passwords" not in said
    desk = Replies(page, f"http://127.0.0.1:{port}", emmy.name, shots)
    page.goto(f"{desk.address}/hub/login")
    page.fill("#username_input", emmy.name)
    page.fill("#password_input", emmy.password)
    page.click("#login_submit")
    page.get_by_text("Invalid username or password").wait_for()
    Replies(page, desk.address, ada.name, shots).log_in(ada.password)


@pytest.fixture
def checkout(hub):
    """A course of Ada's own, gone afterwards: it holds what she must not find elsewhere."""
    ada = hub.accounts["ada"]
    checkout = ada.home / "checkout"
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, checkout)
    shutil.copytree(hub.course / "classroom", checkout / "classroom")
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, *ada.owner)
    yield checkout
    shutil.rmtree(checkout)


def test_without_root_one_account_has_all_the_tools(hub, checkout, running, page, shots):
    ada = hub.accounts["ada"]
    python = hub.software / "instructor" / "bin" / "python"
    port = free_port()
    words = [python, "-m", "deploy.hub", "--software", hub.software, "start", "--port", port]
    uid, gid = ada.owner
    environment = {"PATH": os.environ["PATH"], "HOME": str(ada.home), "LANG": "C.UTF-8"}
    running(words, cwd=checkout, user=uid, group=gid, extra_groups=[], env=environment)
    accounts = checkout / "build" / "hub" / "accounts.txt"
    assert accounts.stat().st_mode & 0o777 == 0o600
    desk = Replies(page, f"http://127.0.0.1:{port}", ada.name, shots)
    desk.log_in(accounts.read_text().split()[-1])
    entries = desk.menu_entries("Nbgrader")
    desk.shot("without root")
    assert "Assignment List" in entries
    assert "Formgrader" in entries
