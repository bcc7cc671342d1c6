"""Two submit at once, somebody submits twice, the hub is killed: nothing is lost."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from test_privacy import released

# nbgrader's own submit, loaded before the moment that both wait for.
SUBMIT = """
import sys, time
from nbgrader.apps import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
app = NbGrader()
app.initialize([])
directory = CourseDirectory(config=app.config)
directory.assignment_id = "momentum"
step = ExchangeFactory(config=app.config).Submit(
    coursedir=directory, authenticator=Authenticator(config=app.config), config=app.config)
time.sleep(max(0, float(sys.argv[1]) - time.time()))
step.start()
"""


@pytest.fixture
def fetched(hub):
    """Both students have the assignment."""
    released(hub)
    for who in ("ada", "emmy"):
        done = hub.run_as(who, "bash", "-c", "rm -rf momentum; nbgrader fetch_assignment momentum")
        assert done.returncode == 0, done.stderr


def collected(hub, who):
    """The notebook of the submission that the instructor's collect brings."""
    done = hub.run_as("instructor", "bash", "-c", "cd course && nbgrader collect momentum --update")
    assert done.returncode == 0, done.stderr
    folder = hub.accounts["instructor"].home / "course" / "classroom" / "submitted"
    return (folder / hub.accounts[who].name / "momentum" / "momentum.ipynb").read_text()


def write_answer(hub, who, words):
    file = hub.accounts[who].home / "momentum" / "momentum.ipynb"
    notebook = json.loads(file.read_text())
    notebook["cells"][-1]["source"] = [words]
    file.write_text(json.dumps(notebook))


def test_two_who_submit_in_one_second_are_both_collected(hub, fetched):
    together = time.time() + 20
    with ThreadPoolExecutor() as pool:
        for who in ("ada", "emmy"):
            write_answer(hub, who, f"{who} at {together}")
        running = [pool.submit(hub.run_as, who, "python", "-c", SUBMIT, together) for who in ("ada", "emmy")]
        for done in (future.result() for future in running):
            assert done.returncode == 0, done.stderr
    for who in ("ada", "emmy"):
        assert f"{who} at {together}" in collected(hub, who)


def test_of_two_submissions_of_one_student_the_later_counts(hub, fetched):
    for words in ("my first words", "my second words"):
        write_answer(hub, "ada", words)
        done = hub.run_as("ada", "nbgrader", "submit", "momentum")
        assert done.returncode == 0, done.stderr
    assert "my second words" in collected(hub, "ada")


def test_a_hub_that_was_killed_starts_again_and_nothing_is_lost(hub, fetched, desk_of):
    from pages import Notebook

    ada = desk_of("ada")
    words = "written before the hub was killed"
    write_answer(hub, "ada", words)
    Notebook(ada, "momentum/momentum.ipynb")  # her server and her kernel run
    done = hub.run_as("ada", "nbgrader", "submit", "momentum")
    assert done.returncode == 0, done.stderr
    assert hub.kill() == 1
    assert "ended by itself (signal 9)" in hub.said.read_text()
    hub.start()
    Notebook(ada, "momentum/momentum.ipynb")  # still logged in, on the same server
    ada.shot("after the hub was killed")
    assert words in (hub.accounts["ada"].home / "momentum" / "momentum.ipynb").read_text()
    assert words in collected(hub, "ada")


def test_a_hub_that_is_told_to_stop_leaves_nothing_running(hub):
    assert hub.stop() == 0
    assert hub.processes() == []
    hub.start()
