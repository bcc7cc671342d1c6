"""What a student finds who looks for the answers, and for what others have handed in: nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOK = Path(__file__).with_name("look.py")


@pytest.fixture(scope="module")
def handed_in(hub):
    """Emmy's submission, which holds a word of her own; the path of it in the exchange."""
    released(hub)
    home = hub.accounts["emmy"].home
    done = hub.run_as("emmy", "bash", "-c", "rm -rf momentum; nbgrader fetch_assignment momentum")
    assert done.returncode == 0, done.stderr
    notebook = home / "momentum" / "momentum.ipynb"
    notebook.write_text(notebook.read_text().replace("*Your answer*", EMMYS))
    done = hub.run_as("emmy", "nbgrader", "submit", "momentum")
    assert done.returncode == 0, done.stderr
    inbound = hub.folder / "exchange" / "deep-training" / "inbound"
    return max(inbound.glob(f"{hub.accounts['emmy'].name}+*"), key=lambda path: path.stat().st_mtime)


EMMYS = f"emmys-{os.urandom(8).hex()}"


def released(hub):
    """Have the instructor release momentum, if that has not been done."""
    if not (hub.folder / "exchange" / "deep-training" / "outbound" / "momentum").exists():
        words = "nbgrader generate_assignment momentum && nbgrader release_assignment momentum"
        done = hub.run_as("instructor", "bash", "-c", f"cd course && {words}")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def found(hub, desk_of, handed_in, mark):
    """What Ada finds, from a terminal of her own JupyterLab."""
    from pages import Terminal

    home = hub.accounts["ada"].home
    # the tokens by which each server is known, and all that must not be found
    secret = (hub.accounts["instructor"].home / "course" / "classroom" / "course_secret").read_text()
    cookie = (hub.folder / "state" / "cookie_secret").read_text().strip()
    marks = [mark, secret, cookie, EMMYS, *(a.password for a in hub.accounts.values())]
    shutil.copy(LOOK, home / "look.py")
    since = os.stat(hub.course).st_ctime
    command = f"python look.py {','.join(marks)} {since} {ROOT} > found.json 2> error.txt"
    (home / "look.sh").write_text(f"rm look.sh\n{command}\n")  # it holds what must not be found
    for name in ("look.py", "look.sh"):
        os.chown(home / name, *hub.accounts["ada"].owner)
    terminal = Terminal(desk_of("ada"))
    terminal.run("bash look.sh; rm look.py", home / "done")
    assert not (home / "error.txt").read_text()
    return json.loads((home / "found.json").read_text())


def test_it_was_a_session_of_the_hub_and_check_is_there(found):
    assert found["server"]
    assert found["check"] == "autograder.student.check"


def test_no_file_holds_a_solution_a_secret_or_another_s_work(found):
    assert found["files"] == []


def test_nothing_of_the_grader_s_half_can_be_imported(found):
    assert found["modules"] == []


def test_the_environment_holds_no_secret(found):
    assert found["environment"] == []


def test_the_process_list_holds_no_secret(found):
    assert found["commands"] == []
    assert found["environments"] == []


@pytest.mark.parametrize(
    "place",
    [f"exchange/deep-training/{name}" for name in ("inbound", "feedback")]
    + ["state", "settings/instructor", "accounts.txt"],
)
def test_closed_to_students(hub, place):
    assert hub.run_as("ada", "bash", "-c", f"ls {hub.folder / place} && cat {hub.folder / place}").returncode != 0


def test_homes_and_the_course_are_closed_to_students(hub):
    for place in (hub.accounts["instructor"].home, hub.accounts["emmy"].home, hub.course):
        assert hub.run_as("ada", "ls", place).returncode != 0


def test_nobody_renames_what_another_has_handed_in(hub, handed_in):
    """Even by its name, which cannot be listed."""
    assert hub.run_as("ada", "mv", handed_in, f"{handed_in}.gone").returncode != 0


def test_nobody_replaces_what_the_instructor_has_released(hub, handed_in):
    course = hub.folder / "exchange" / "deep-training"
    assert hub.run_as("ada", "mv", course, f"{course}.gone").returncode != 0
    assert hub.run_as("ada", "touch", course / "outbound" / "momentum" / "momentum.ipynb").returncode != 0


def test_a_student_s_settings_and_environment_cannot_be_written_by_students(hub):
    for place in (hub.folder / "settings" / "student", hub.software / "student" / "lib", hub.software / "proxy"):
        assert hub.run_as("ada", "touch", place / "planted").returncode != 0
