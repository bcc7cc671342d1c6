"""`autograder watch`: graded and answered as they arrive, once each, and not too often."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import read_config

# nbgrader's release_feedback leaves a file to be closed by the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:.*timestamp.txt:pytest.PytestUnraisableExceptionWarning")

FULL = 13
BLANK = "def halving_step(params, grads, state, *, lr=0.1):\n    raise NotImplementedError"
NOTE = '<meta name="autograder" content="note">'


def test_a_submission_is_graded_and_answered_to_its_student_alone(classroom):
    ann, bob = classroom.student("ann"), classroom.student("bob").answer(halving_step=BLANK)
    ann.submit()
    bob.submit()
    code, said, err = classroom.watch()
    assert code == 0, err
    assert sorted(line.split("  ", 1)[1] for line in said) == [
        "descent  ann  13 of 15  answered",
        "descent  bob  9 of 15  answered",
    ]
    assert (classroom.score("ann"), classroom.score("bob")) == (FULL, FULL - 4)
    (pages,) = ann.fetch()
    assert "halving_step" in pages["descent"]
    assert NOTE not in pages["descent"]
    assert "It is not answered yet" not in pages["descent"]
    (pages,) = bob.fetch()
    assert "It is not answered yet" in pages["descent"]
    assert classroom.student("eve").fetch() == []


def test_what_is_answered_is_not_answered_again(classroom):
    ann = classroom.student("ann")
    ann.submit()
    classroom.watch()
    before = pages_of(classroom)
    assert classroom.watch() == (0, [], "")
    assert pages_of(classroom) == before


def test_what_was_collected_and_released_by_hand_counts_as_answered(classroom):
    ann = classroom.student("ann")
    ann.submit()
    course = course_of(read_config(classroom.root))
    steps.collect(course, "descent")
    classroom_grade(classroom)
    steps.feedback(course, "descent", "ann")
    classroom.student("ann").step("ReleaseFeedback").start()
    before = pages_of(classroom)
    (line,) = classroom.watch()[1]
    assert line.endswith("its feedback is out already")
    assert pages_of(classroom) == before


def test_submissions_are_answered_as_they_arrive_until_it_is_told_to_end(classroom, until):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    process = classroom.start("--every", "0.2")
    until(lambda: "watching descent" in process.log.read_text(), process)
    ann.submit()
    until(lambda: classroom_lines(process, "ann", "answered"), process)
    bob.submit()
    ann.answer(halving_step=BLANK).submit()
    until(lambda: len(classroom_lines(process, "", "answered")) == 3, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    first, second = ann.fetch()
    assert "It is not answered yet" not in first["descent"]
    assert "It is not answered yet" in second["descent"]
    assert len(bob.fetch()) == 1
    assert "Traceback" not in process.log.read_text()


def test_what_is_in_work_is_answered_before_it_ends(classroom, until):
    ann = classroom.student("ann").answer(halving_step="import time\ntime.sleep(2)\n" + BLANK)
    ann.submit()
    process = classroom.start()
    until(lambda: list((classroom.root / "verdicts").glob("graded_submissions/descent/ann")), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert classroom_lines(process, "ann", "answered"), process.log.read_text()


def test_beyond_the_limit_a_submission_is_graded_and_its_feedback_waits(classroom):
    ann = classroom.student("ann").answer(halving_step=BLANK)
    ann.submit()
    classroom.watch("--limit", 1, 24)
    ann.answer().submit()
    (line,) = classroom.watch("--limit", 1, 24)[1]
    assert "13 of 15  held until 2" in line
    assert line.endswith("answered once in 24 hours")
    assert classroom.score("ann") == FULL
    _, held = ann.fetch()
    assert NOTE in held["descent"]
    assert "You have been answered once in 24 hours" in held["descent"]
    assert "halving_step" not in held["descent"]
    assert classroom.watch("--limit", 1, 24)[1] == []
    (line,) = classroom.watch("--limit", 2, 24)[1]
    assert line.endswith("13 of 15  answered")
    assert NOTE not in ann.fetch()[1]["descent"]


def test_what_was_held_goes_out_when_the_window_opens(classroom, until):
    ann = classroom.student("ann")
    process = classroom.start("--limit", "1", "0.004")  # hours: 14 seconds
    ann.submit()
    until(lambda: classroom_lines(process, "ann", "answered"), process)
    ann.submit()
    until(lambda: classroom_lines(process, "ann", "answered once in 0.004 hours"), process)
    until(lambda: len(classroom_lines(process, "ann", "answered")) == 2, process)
    assert all(NOTE not in pages["descent"] for pages in ann.fetch())


def test_a_newer_submission_takes_the_place_of_one_that_is_held(classroom):
    ann = classroom.student("ann")
    for _ in range(3):
        ann.submit()
        classroom.watch("--limit", 1, 24)
    assert classroom.answered() == [("ann", "answered"), ("ann", "held")]
    classroom.watch("--limit", 0, 1)
    assert [NOTE in pages["descent"] for pages in ann.fetch()] == [False, True, False]


def test_one_student_s_limit_is_no_other_s(classroom):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    ann.submit()
    classroom.watch("--limit", 1, 24)
    bob.submit()
    (line,) = classroom.watch("--limit", 1, 24)[1]
    assert line.endswith("bob  13 of 15  answered")


def test_the_settings_hold_the_limit_where_the_command_has_none(classroom):
    classroom.configure("c.AutograderSettings.watch_answers = 1\nc.AutograderSettings.watch_hours = 2")
    ann = classroom.student("ann")
    for _ in range(2):
        ann.submit()
        said = classroom.watch()[1]
    assert said[0].endswith("answered once in 2 hours")


def test_whoever_needs_a_person_is_told_so_and_named(classroom):
    ann = classroom.student("ann")
    text = ann.notebook.read_text()
    ann.notebook.write_text(text.replace(version := version_in(text), "0" * len(version)))
    ann.submit()
    code, (line,), _ = classroom.watch()
    assert code == 1
    assert "descent  ann  - of 15  needs a person: it was made from version 0000" in line
    (pages,) = ann.fetch()
    assert "a person will look at it" in pages["descent"]
    assert classroom.watch() == (0, [], "")


def test_a_notebook_that_is_not_the_assignment_s_is_answered_with_a_note(classroom):
    ann = classroom.student("ann")
    (ann.notebook.parent / "scratch.ipynb").write_text(ann.notebook.read_text())
    ann.submit()
    classroom.watch()
    (pages,) = ann.fetch()
    assert "scratch.ipynb is not one of the assignment&#x27;s notebooks (descent)" in pages["scratch"]
    assert NOTE not in pages["descent"]


def test_a_submission_that_takes_long_keeps_nobody_waiting(classroom):
    ann = classroom.student("ann").answer(halving_step="while True:\n    pass")
    ann.submit()
    classroom.student("bob").submit()
    said = classroom.watch("--workers", 2)[1]
    assert [line.split("  ")[2] for line in said] == ["bob", "ann"]


def test_a_second_watcher_refuses_and_a_killed_one_is_in_nobody_s_way(classroom, until):
    process = classroom.start()
    until(lambda: "watching descent" in process.log.read_text(), process)
    code, said, err = classroom.watch()
    assert (code, said) == (2, [])
    assert err == (
        f"autograder: process {process.pid} watches this course already: stop it first, "
        "or name all assignments in one command\n"
    )
    process.kill()
    process.wait()
    assert classroom.watch()[0] == 0


def test_the_machinery_may_be_killed_and_the_next_submission_is_graded(classroom, until):
    process = classroom.start()
    classroom.student("ann").submit()
    until(lambda: classroom_lines(process, "ann", "answered"), process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    fork_server = next(child for child in children if "guest.fork_server" in Path(f"/proc/{child}/cmdline").read_text())
    os.kill(int(fork_server), signal.SIGKILL)
    classroom.student("bob").submit()
    until(lambda: classroom_lines(process, "bob", "13 of 15  answered"), process)


def test_while_the_exercises_cannot_be_loaded_submissions_wait_and_no_student_is_blamed(classroom, until):
    process = classroom.start()
    until(lambda: "watching descent" in process.log.read_text(), process)
    file = classroom.root / "exercises" / "descent" / "exercises.py"
    text = file.read_text()
    file.write_text(text + "\nraise ValueError('half an edit')\n")
    until(lambda: "so submissions wait" in process.log.read_text(), process)
    classroom.student("ann").submit()
    until(lambda: classroom_lines(process, "ann", "ValueError: half an edit"), process)
    assert classroom.student("ann").fetch() == []
    file.write_text(text)
    until(lambda: "are loaded again" in process.log.read_text(), process)
    until(lambda: classroom_lines(process, "ann", "13 of 15  answered"), process)


@pytest.mark.parametrize(
    ("line", "words", "sentence"),
    [
        ("c.ExchangeFactory.collect = 'nbgrader.exchange.default.ExchangeCollect'", [], "needs an exchange that is a"),
        ("c.Exchange.root = str(here / 'nowhere')", [], "run `nbgrader release_assignment descent`"),
        ("", ["nothing"], "there is no assignment called 'nothing'; known are: composed, descent"),
        ("", ["--limit", "three", "24"], "--limit takes a number of answers and one of hours: a whole number"),
        ("", ["--every", "0"], "--every: a number above 0 is wanted, not '0'"),
        ("", ["--limit", "-1", "24"], "a whole number of at least 0 is wanted, not '-1'"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(classroom, line, words, sentence):
    classroom.configure(line)
    code, said, err = classroom.watch(*words)
    assert (code, said) == (2, [])
    assert sentence in err
    assert err.count("\n") == 1


def test_a_ledger_that_is_damaged_is_one_sentence(classroom):
    (classroom.root / "verdicts").mkdir(exist_ok=True)
    (classroom.root / "verdicts" / "watch.db").write_text("this is no database, though it is as long as one" * 30)
    code, _, err = classroom.watch()
    assert code == 2
    assert "where it is damaged, remove it" in err


def pages_of(room):
    return {page.name: page.stat().st_mtime_ns for page in (room.exchange / "feedback").glob("*")}


def classroom_lines(process, student, end):
    lines = process.log.read_text().splitlines()
    return [line for line in lines if line.endswith(end) and f"  {student}" in line and "held" not in end]


def classroom_grade(room):
    found = subprocess.run(
        [sys.executable, "-m", "autograder", "--course", str(room.root), "grade", "descent"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def version_in(text):
    return json.loads(text)["metadata"]["autograder"]["version"]
