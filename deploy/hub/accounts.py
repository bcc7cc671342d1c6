"""The made-up accounts of `make hub`: real unix users, made when they are missing and removed on request."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .layout import HubError

STUDENTS = ("ada", "emmy")
HEADER = "# The hub's made-up accounts: name, role, password. `make hub-remove` removes them."


@dataclass(frozen=True)
class Account:
    """role : `instructor` or `student`."""

    name: str
    role: str
    password: str

    @property
    def home(self) -> Path:
        return Path(pwd.getpwnam(self.name).pw_dir)

    @property
    def owner(self) -> tuple[int, int]:
        entry = pwd.getpwnam(self.name)
        return entry.pw_uid, entry.pw_gid


def read_accounts(file: Path) -> list[Account]:
    """The accounts written down in the file; none where there is no file."""
    if not file.exists():
        return []
    lines = [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return [Account(name, role, password) for name, role, password in lines]


def make_accounts(file: Path, prefix: str) -> list[Account]:
    """An instructor and two students with passwords of their own, as unix users whose homes nobody else can read.

    Raises
    ------
    HubError
        Somebody else has an account of that name.
    """
    accounts = read_accounts(file)
    if not accounts:
        names = [f"{prefix}-instructor", *(f"{prefix}-{student}" for student in STUDENTS)]
        if taken := [name for name in names if _exists(name)]:
            raise HubError(
                f"this machine has an account {taken[0]} already, which is not this hub's: choose other names "
                "with make hub PREFIX=…"
            )
        roles = ["instructor", *("student" for _ in STUDENTS)]
        accounts = [Account(name, role, _password()) for name, role in zip(names, roles, strict=True)]
        write_accounts(file, accounts)  # before they are made, so that those which are made can be removed
    for account in accounts:
        if not _exists(account.name):
            _run("useradd", "--create-home", "--shell", "/bin/bash", account.name)
        account.home.chmod(0o700)  # useradd leaves homes that everybody can read
    _run("chpasswd", text="".join(f"{account.name}:{account.password}\n" for account in accounts))
    return accounts


def existing_instructor(name: str) -> list[Account]:
    """The account of an instructor that the machine has already; students have theirs."""
    if not _exists(name):
        raise HubError(f"this machine has no account {name}: make it first, with useradd --create-home {name}.")
    account = Account(name, "instructor", "")
    account.home.chmod(0o700)
    return [account]


def one_account(file: Path, name: str) -> list[Account]:
    """The account of whoever runs the hub, which is instructor and student in one."""
    accounts = read_accounts(file) or [Account(name, "instructor", _password())]
    write_accounts(file, accounts)
    return accounts


def remove_accounts(accounts: Iterable[Account]) -> None:
    """End what runs in the accounts' names and remove them with their homes."""
    for account in accounts:
        if _exists(account.name):
            _end_processes(account.owner[0])
            _run("userdel", "--force", "--remove", account.name)


def write_accounts(file: Path, accounts: Iterable[Account]) -> None:
    lines = [HEADER, *(f"{account.name} {account.role} {account.password}" for account in accounts)]
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write("\n".join(lines) + "\n")


def _end_processes(uid: int) -> None:
    for _ in range(50):
        running = [int(place.name) for place in Path("/proc").glob("[0-9]*") if _owner(place) == uid]
        if not running:
            return
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


def _owner(place: Path) -> int:
    """Whose process it is; -1 where it has ended and only its entry is left."""
    try:
        if (place / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return -1
        return place.stat().st_uid
    except OSError:
        return -1


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _password() -> str:
    return secrets.token_urlsafe(24)


def _run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HubError(f"`{' '.join(words)}` failed: {done.stderr.strip()}")
