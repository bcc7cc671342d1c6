"""A hub of the tests' own: its folder, course, accounts and port, all gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.hub.__main__ import SHARED_FOLDER
from deploy.hub.accounts import Account, read_accounts

ROOT = Path(__file__).parents[2]
START_SECONDS = 900  # the environments are installed on the first start of all


class Hub:
    """`make hub` in a folder that students can enter, for a course in a folder that they cannot."""

    def __init__(self, course: Path) -> None:
        self.course = course
        self.folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir=SHARED_FOLDER.parent))
        self.folder.chmod(0o755)
        self.software = SHARED_FOLDER / "software"
        self.prefix = f"hub{os.getpid()}"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.said = self.folder / "said.txt"
        self.process: subprocess.Popen | None = None

    @property
    def accounts(self) -> dict[str, Account]:
        """By the last part of their names: `instructor`, `ada`, `emmy`."""
        return {account.name.rsplit("-", 1)[1]: account for account in read_accounts(self.folder / "accounts.txt")}

    def command(self, *words: object) -> list[str]:
        start = [sys.executable, "-m", "deploy.hub", "--folder", self.folder, "--software", self.software]
        return [str(word) for word in [*start, *words]]

    def start(self) -> None:
        words = self.command("start", "--course", self.course, "--port", self.port, "--prefix", self.prefix)
        with self.said.open("w") as said:
            self.process = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said)
        end = time.monotonic() + START_SECONDS
        while "Stop it with Ctrl-C" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text() + self.log()
            assert time.monotonic() < end, self.said.read_text() + self.log()
            time.sleep(0.2)

    def log(self) -> str:
        file = self.folder / "state" / "hub.log"
        return file.read_text()[-4000:] if file.exists() else ""

    def stop(self) -> int:
        """Tell it to stop, as Ctrl-C and systemd do; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(90)
        self.process = None
        return code

    def kill(self) -> int:
        """Kill JupyterHub itself where it stands; the exit code of the command that had started it."""
        assert self.process is not None
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        code = self.process.wait(60)
        self.process = None
        return code

    def processes(self) -> list[str]:
        """What runs for this hub, proxy and servers included: the command lines that name its folder or accounts."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command = (place / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                owner = place.stat().st_uid
            except OSError:
                continue
            mine = owner in {account.owner[0] for account in self.accounts.values()}
            if mine or (str(self.port + 2) in command and "configurable-http-proxy" in command):
                found.append(command)
        return found

    def run_as(self, who: str, *words: object, folder: str = "~") -> subprocess.CompletedProcess[str]:
        """A command in somebody's account, with the environment that the hub gives to their role."""
        account = self.accounts[who]
        binaries = self.software / account.role / "bin"
        place = str(account.home) if folder == "~" else folder
        environment = {
            "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
            "JUPYTER_CONFIG_PATH": str(self.folder / "settings" / account.role),
            "HOME": str(account.home),
            "USER": account.name,
            "LANG": "C.UTF-8",
        }
        uid, gid = account.owner
        return subprocess.run(
            [str(word) for word in words],
            cwd=place,
            env=environment,
            user=uid,
            group=gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def remove(self) -> None:
        """Everything that was made, whatever has happened before."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.process.kill()
        done = subprocess.run(self.command("remove"), cwd=ROOT, capture_output=True, text=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        assert done.returncode == 0, done.stderr


def free_port() -> int:
    """The first of three ports in a row that nobody uses."""
    for port in range(20000 + os.getpid() % 10000, 60000, 3):
        try:
            for number in range(port, port + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port
    raise AssertionError("no three free ports in a row")
