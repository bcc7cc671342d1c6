"""PostgreSQL as the gradebook: graded in parallel, killed in the middle, the same scores as with SQLite.

Run where a server is installed; it is started for these tests, on a socket in a folder of theirs.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.nbgrader_adapter.gradebook import scores
from autograder.nbgrader_adapter.rehearsal import actors

ASSIGNMENT = "descent"


def program(name):
    """A program of the server's, which Debian keeps out of the path; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


pytestmark = [
    pytest.mark.skipif(not program("initdb"), reason="no PostgreSQL server is installed (apt install postgresql)"),
    pytest.mark.skipif(not importlib.util.find_spec("psycopg"), reason="psycopg is not installed"),
]


@pytest.fixture(scope="module")
def database():
    """The address of an empty database; the server ends with the module."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    user = {}
    if os.getuid() == 0:  # the server refuses to be root
        account = next((a for a in pwd.getpwall() if a.pw_name in ("postgres", "nobody")), None)
        shutil.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    data = folder / "data"

    def run(*words):
        subprocess.run(words, check=True, capture_output=True, timeout=120, cwd=folder, **user)

    try:
        run(program("initdb"), "-D", data, "-U", "course", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run(program("pg_ctl"), "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://course@/postgres?host={folder}"
        finally:
            run(program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def course_with(tmp_path, second_course, hand_in):
    """Make the second course with a gradebook of its own and a class that has handed in."""

    def make(name, url):
        settings = f"\nc.CourseDirectory.db_url = {url!r}\n" if url else ""
        secret = "the same for both, so that both have the same hidden cases\n"
        course = second_course(tmp_path / name, ASSIGNMENT, settings, secret)
        cast = actors(course, course.catalogue.assignment(ASSIGNMENT), 12)
        hand_in(course, ASSIGNMENT, [one for one in cast if one.story in ("right", "blank") or one.misconceptions])
        return course.settings.folder, course

    return make


def command(root):
    return [sys.executable, "-m", "autograder", "--course", str(root), "grade", ASSIGNMENT]


def grade(root):
    found = subprocess.run(command(root), capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode in (0, 1), found.stderr
    assert "Traceback" not in found.stderr


def test_postgresql_holds_the_scores_that_sqlite_holds_killed_in_the_middle_or_not(database, course_with):
    plain_root, plain = course_with("plain", "")
    grade(plain_root)
    root, course = course_with("postgresql", database)
    process = subprocess.Popen(command(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(course.store.folder.rglob("entered")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    grade(root)
    ours, theirs = scores.rows(course, ASSIGNMENT), scores.rows(plain, ASSIGNMENT)
    assert len(ours) > 4
    assert ours == theirs
