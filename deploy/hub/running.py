"""The hub as a child process: started, waited for, and ended with its proxy and everybody's servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from .accounts import Account
from .layout import HubError, Layout

CONFIG = Path(__file__).with_name("jupyterhub_config.py")
START_SECONDS = 120
STOP_SECONDS = 60


def check_ports(port: int, proxy_pid: Path) -> None:
    """Refuse ports that are taken; a proxy that outlived its hub is ended first."""
    if not 1 <= port <= 65533:
        raise HubError(f"{port} is not a port that a hub can use: name one between 1 and 65533 with make hub PORT=…")
    _end_left_proxy(proxy_pid)
    for number in range(port, port + 3):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError as error:
                raise HubError(
                    f"port {number} cannot be used ({error.strerror}), and the hub needs {port} to {port + 2}: "
                    "name another with make hub PORT=…"
                ) from None


def run_hub(layout: Layout, port: int, accounts: Sequence[Account], lock: IO[str]) -> int:
    """Run until SIGINT or SIGTERM."""
    binaries = layout.environment("instructor") / "bin"
    with (layout.state / "hub.log").open("ab") as log:
        hub = subprocess.Popen(
            [binaries / "jupyterhub", "-f", CONFIG],
            cwd=layout.state,
            env=_environment(layout, binaries),
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C comes to us alone
            pass_fds=[lock.fileno()],  # the folder is locked for as long as the hub lives
        )
    told: list[int] = []
    before = {number: signal.signal(number, _teller(hub, told)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if _wait_until_up(hub, port):
            print(_welcome(layout, port, accounts), flush=True)
        code = hub.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        print("The hub, its proxy and everybody's servers are stopped.", flush=True)
        return 0
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    print(f"The hub ended by itself ({how}); {layout.state / 'hub.log'} says why, and make hub starts it again. "
          "Nothing that was saved or submitted is lost.", flush=True)  # fmt: skip
    return 1


def _teller(hub: subprocess.Popen, told: list[int]):  # type: ignore[no-untyped-def]
    def tell(number: int, frame: FrameType | None) -> None:
        told.append(number)
        hub.send_signal(signal.SIGTERM if len(told) < 3 else signal.SIGKILL)

    return tell


def _environment(layout: Layout, binaries: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "HOME") if name in os.environ}
    return {**kept, "PATH": f"{binaries}:{kept.get('PATH', os.defpath)}", "CLASSROOM": str(layout.state / "hub.json")}


def _wait_until_up(hub: subprocess.Popen, port: int) -> bool:
    end = time.monotonic() + START_SECONDS
    while hub.poll() is None and time.monotonic() < end:
        with (
            suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/hub/health", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        time.sleep(0.2)
    return False


def _welcome(layout: Layout, port: int, accounts: Sequence[Account]) -> str:
    width = max(len(account.name) for account in accounts)
    return "\n".join(
        [
            f"The hub is at http://127.0.0.1:{port}",
            *(f"    {account.name:{width}}  {account.role}" for account in accounts),
            *([f"Passwords:  {layout.accounts} (only you can read it)"] if layout.accounts.exists() else []),
            f"Log:        {layout.state / 'hub.log'}",
            "Stop it with Ctrl-C.",
        ]
    )


def _end_left_proxy(file: Path) -> None:
    """A hub that was killed leaves its proxy behind, which holds the port."""
    try:
        pid = int(file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"configurable-http-proxy" not in command:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.1)
