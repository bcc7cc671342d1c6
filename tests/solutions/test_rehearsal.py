"""Every assignment of the course, rehearsed by the installed command with its defaults, and cut off where it hangs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = sorted(file.parent.name for file in (ROOT / "solutions").glob("*/assignment.md"))
COMMAND = Path(sys.executable).with_name("autograder")
SECONDS = 900  # several times what the longest takes on two quiet cores
CONFIG = """
load_subconfig("nbgrader_config.py", path={root!r})
c = get_config()
c.CourseDirectory.root = {here!r} + "/classroom"
c.AutograderSettings.secret_file = {here!r} + "/course_secret"
c.AutograderSettings.store = {here!r} + "/verdicts"
c.AutograderSettings.rehearsals = {here!r} + "/rehearsal"
c.AutograderSettings.case_sets = 4
"""
# Python reads it at its start, in every process that is not told to leave its environment alone.
NOTES_FORKS = """
import os
def note():
    with open(os.environ["NOTED_FORKS"], "a") as file:
        file.write(f"{len(os.listdir('/proc/self/task'))}\\n")
os.register_at_fork(before=note)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folder of a course with this one's exercises, and nothing in it yet."""
    here = tmp_path_factory.mktemp("course")
    (here / "nbgrader_config.py").write_text(CONFIG.format(root=str(ROOT), here=str(here)))
    return here


@pytest.fixture
def command(tmp_path):
    """Run words within SECONDS: what came of it, and the threads of each process that forked. What hangs is ended."""

    def run(words, seconds=SECONDS):
        (tmp_path / "sitecustomize.py").write_text(NOTES_FORKS)
        noted = tmp_path / "forks"
        told = {**os.environ, "PYTHONPATH": str(tmp_path), "NOTED_FORKS": str(noted)}
        for name in [name for name in told if name.endswith("_NUM_THREADS")]:  # the command sees to it itself
            del told[name]
        process = subprocess.Popen(
            list(map(str, words)), env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            said = process.communicate(timeout=seconds)[0]
        finally:
            end_all_of(process)
            process.stdout.close()
        threads = [int(line) for line in noted.read_text().split()] if noted.exists() else []
        return process.returncode, said, threads

    return run


def end_all_of(process):
    """End the process and all below it."""
    if process.poll() is None:
        top = psutil.Process(process.pid)
        family = [top, *top.children(recursive=True)]
        for member in family:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait(30)
        psutil.wait_procs(family, 30)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_class_that_holds_every_misconception_gets_its_true_scores(assignment, course, command):
    code, said, threads = command([COMMAND, "--course", course, "rehearse", assignment])
    assert code == 0, said
    assert re.search(r"^\d+ submissions, 0 scores or misconceptions that are not as they must be$", said, re.MULTILINE)
    assert threads, "nothing was forked"
    assert set(threads) == {1}
    assert not (course / "classroom").exists(), "made-up students are in the real course"


def test_nothing_that_a_watcher_of_all_assignments_does_before_it_forks_starts_a_thread(course, command):
    """It has the references answer everything first."""
    code, said, threads = command(
        [sys.executable, "-c", WATCHER, course, *ASSIGNMENTS],
    )
    assert code == 0, said
    assert set(threads) == {1}


WATCHER = """
import sys
from autograder.workers.threads import use_one_thread
use_one_thread()
from pathlib import Path
from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.batch.executors import warm_up
from autograder.workers.pool import map_forked
from autograder.settings import read_config
course = course_of(read_config(Path(sys.argv[1])))
warm_up(course, dict.fromkeys(sys.argv[2:], range(course.settings.case_sets)))
list(map_forked(lambda _, number: number, range(4), 2))
"""


def test_a_command_that_hangs_fails_and_what_it_has_started_is_ended(command, tmp_path):
    hangs = "import subprocess, sys, time\nopen(sys.argv[1], 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\n"
    with pytest.raises(subprocess.TimeoutExpired):
        command([sys.executable, "-c", hangs + "time.sleep(600)", tmp_path / "pid"], seconds=3)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
