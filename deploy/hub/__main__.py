"""`make hub`: start the classroom on this machine, and stop it when told to.

    python -m deploy.hub start      the hub, until Ctrl-C
    python -m deploy.hub install    only what has to be installed for it
    python -m deploy.hub remove     the made-up accounts, their homes, and the hub's folder

As root every account is a unix user. Anybody else gets a hub with one account, their own, for all roles.
Exit codes: 0 done; 1 the hub ended by itself; 2 a mistake that the sentence on stderr names.
"""

from __future__ import annotations

import argparse
import fcntl
import getpass
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from .accounts import Account, existing_instructor, make_accounts, one_account, read_accounts, remove_accounts
from .classroom import course_id_of, give_course, make_exchange, write_settings
from .layout import ROOT, HubError, Layout, make_folder, open_to_others
from .running import check_ports, run_hub
from .software import PROXY_SCRIPT, check_npm, install

SHARED_FOLDER = Path("/srv/deep-training")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    shared = os.geteuid() == 0
    folder = (options.folder or (SHARED_FOLDER if shared else ROOT / "build" / "hub")).absolute()
    layout = Layout(folder, (options.software or folder / "software").absolute())
    try:
        return int(options.run(options, layout, shared) or 0)
    except HubError as error:
        print(f"hub: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hub: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.hub", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, help="the hub's folder, outside of private ones where accounts share it")
    parser.add_argument("--software", type=Path, help="where its environments are (default: in its folder)")
    parser.set_defaults(run=_start)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    start = commands.add_parser("start", help="start the hub")
    start.add_argument("--course", type=Path, default=ROOT, help="the folder that holds nbgrader_config.py")
    start.add_argument("--port", type=int, default=8000, help="the hub's; the two above it are used on loopback too")
    start.add_argument("--prefix", default="demo", help="what the made-up accounts' names start with")
    start.set_defaults(run=_start)
    start.add_argument("--instructor", metavar="ACCOUNT", help="an account that there is, in place of made-up ones")
    start.add_argument("--group", metavar="GROUP", default="students", help="the unix group of the students, with it")
    commands.add_parser("install", help="install what a hub needs").set_defaults(run=_install)
    commands.add_parser("remove", help="remove accounts and folder").set_defaults(run=_remove)
    return parser


def _start(options: argparse.Namespace, layout: Layout, shared: bool) -> int:
    course = options.course.resolve()
    course_id = course_id_of(course)
    check_npm()
    with _lock(layout) as lock:
        check_ports(options.port, layout.state / "proxy.pid")
        if shared:
            _close(course, layout)
        install(layout, ("student", "instructor") if shared else ("instructor",))
        accounts = _prepare(options, layout, course, course_id, shared)
        return run_hub(layout, options.port, accounts, lock)


def _prepare(options: argparse.Namespace, layout: Layout, course: Path, course_id: str, shared: bool) -> list[Account]:
    """Accounts, course, exchange and settings; what is there already stays as it is."""
    accounts = _accounts(options, layout, shared)
    instructor = next(account for account in accounts if account.role == "instructor")
    home = instructor.home if shared else layout.folder / "home"
    if not shared:
        make_folder(home, 0o700)
    copy = give_course(course, home, layout, instructor.owner, shared=shared)
    make_exchange(layout, course_id, instructor.owner)
    write_settings(layout, course_id, copy, instructor.owner)
    plan = {
        "folder": str(layout.folder),
        "software": str(layout.software),
        "proxy_script": PROXY_SCRIPT,
        "port": options.port,
        "shared": shared,
        "instructors": [account.name for account in accounts if account.role == "instructor"],
        "students": [account.name for account in accounts if account.role == "student"],
        "groups": [options.group] if options.instructor else [],
    }
    if not shared:
        plan |= {"password": instructor.password, "notebook_dir": str(home)}
    file = layout.state / "hub.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(plan, indent=2) + "\n")
    return accounts


def _accounts(options: argparse.Namespace, layout: Layout, shared: bool) -> list[Account]:
    if not shared:
        if options.instructor:
            raise HubError("--instructor needs root: a hub that is not root's has one account, that of who starts it.")
        return one_account(layout.accounts, getpass.getuser())
    if options.instructor:
        return existing_instructor(options.instructor)
    return make_accounts(layout.accounts, options.prefix)


def _close(course: Path, layout: Layout) -> None:
    """Nobody but its owner may enter the course's own folder: the solutions and the secret are in it."""
    if open_to_others(course):
        course.chmod(course.stat().st_mode & 0o700)
        print(f"== closed {course} to other accounts: it holds the solutions")
    for place in (layout.folder, layout.software):
        if not open_to_others(place):
            raise HubError(
                f"students' accounts cannot enter {place}: name a folder that they can, with make hub HUB=/srv/…"
            )


def _lock(layout: Layout) -> IO[str]:
    """Held by the hub for as long as it runs."""
    make_folder(layout.folder, 0o755 if os.geteuid() == 0 else 0o700)
    make_folder(layout.state, 0o700)
    file = (layout.state / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise HubError(f"a hub is running in {layout.folder} already: stop it first, or name another folder.") from None
    return file


def _install(options: argparse.Namespace, layout: Layout, shared: bool) -> None:
    check_npm()
    install(layout, ("student", "instructor") if shared else ("instructor",))
    print(f"installed in {layout.software}")


def _remove(options: argparse.Namespace, layout: Layout, shared: bool) -> None:
    if not layout.state.is_dir():
        raise HubError(f"there is no hub in {layout.folder}.")
    with _lock(layout):
        if shared:
            remove_accounts(read_accounts(layout.accounts))
        for place in (layout.exchange, layout.folder / "settings", layout.folder / "home", layout.software):
            if place.is_relative_to(layout.folder):
                shutil.rmtree(place, ignore_errors=True)
        layout.accounts.unlink(missing_ok=True)
        shutil.rmtree(layout.state)
    with suppress(OSError):  # somebody's own files are there
        layout.folder.rmdir()
    print(f"removed the hub in {layout.folder}" + (", with its accounts and their homes" if shared else ""))


if __name__ == "__main__":
    sys.exit(main())
