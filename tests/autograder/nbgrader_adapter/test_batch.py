"""`autograder grade` against nbgrader's own pass, killed in the middle, on a cluster, and run again.

One class of the second course's assignment, handed in once; every test grades a copy of it.
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import nbformat
import pytest
from distributed import Client
from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.rehearsal import actors

ASSIGNMENT = "descent"
STUDENTS = 8
TIMESTAMP = "2026-01-01 00:00:00.000000 UTC"


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, second_course, hand_in):
    """A course with a class that has handed in and that nobody has graded."""
    course = second_course(tmp_path_factory.mktemp("handed-in") / "course", ASSIGNMENT)
    # the first two are right and blank, the last ones hold misconceptions; endless loops would only cost time here
    cast = actors(course, course.catalogue.assignment(ASSIGNMENT), STUDENTS + 6)
    cast = [
        actor
        for actor in cast
        if actor.story in ("right", "blank", "deletes a check cell", "edits a check cell") or actor.misconceptions
    ][:STUDENTS]
    hand_in(course, ASSIGNMENT, cast, TIMESTAMP)
    return course.settings.folder


@pytest.fixture
def copy(handed_in, tmp_path):
    """Make a copy of the course, secret and all, in a folder of its own."""

    def make(name):
        return shutil.copytree(handed_in, tmp_path / name / "course")

    return make


def command(root, *words):
    return [sys.executable, "-m", "autograder", "--course", str(root), *words]


def grade(root, *words):
    found = subprocess.run(
        command(root, "grade", ASSIGNMENT, *words), capture_output=True, text=True, timeout=300, check=False
    )
    assert found.returncode in (0, 1), found.stderr
    assert "Traceback" not in found.stderr
    return found


def gradebook_of(root):
    """Everything that grading enters in the gradebook, as plain rows."""
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        rows = []
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            rows.append(
                (submission.student.id, str(submission.timestamp), submission.score, submission.needs_manual_grade)
            )
            for notebook in submission.notebooks:
                rows.append((submission.student.id, notebook.name, notebook.late_submission_penalty))
                rows += [
                    (submission.student.id, g.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade)
                    for g in notebook.grades
                ]
                rows += [(submission.student.id, c.name, c.auto_comment, c.manual_comment) for c in notebook.comments]
        return sorted(map(repr, rows))


def files_of(root):
    """Every file of the autograded folder: its text and its permissions."""
    folder = root / "classroom" / "autograded"
    return {
        str(file.relative_to(folder)): (file.stat().st_mode, file.read_text())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def undisturbed(handed_in, tmp_path_factory):
    root = shutil.copytree(handed_in, tmp_path_factory.mktemp("undisturbed") / "course")
    grade(root)
    return root


def test_the_gradebook_is_that_of_nbgraders_own_pass(undisturbed, copy, nbgrader):
    root = copy("stock")
    nbgrader((root, "autograde", ASSIGNMENT))
    assert gradebook_of(root) == gradebook_of(undisturbed)


def test_the_written_notebooks_are_those_of_nbgraders_own_pass(undisturbed, copy, nbgrader):
    root = copy("stock")
    nbgrader((root, "autograde", ASSIGNMENT))
    ours, theirs = files_of(undisturbed), files_of(root)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert ours[name] == theirs[name], name


def test_a_late_penalty_is_that_of_nbgraders_own_pass(copy, nbgrader):
    ours, theirs = copy("late"), copy("late-stock")
    for root in (ours, theirs):
        with (root / "nbgrader_config.py").open("a") as file:
            file.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
        with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
            gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2025-12-31 00:00:00.000000 UTC")
    nbgrader((theirs, "autograde", ASSIGNMENT))
    with Gradebook(f"sqlite:///{theirs}/classroom/gradebook.db", "second-course") as gradebook:
        late = [one.notebooks[0].late_submission_penalty for one in gradebook.assignment_submissions(ASSIGNMENT)]
    assert max(late) > 0
    for words in ((), ("--regrade",)):  # a new entry, and one that is there
        grade(ours, *words)
        assert gradebook_of(ours) == gradebook_of(theirs)


def test_nothing_is_left_beside_the_gradebook(undisturbed):
    assert [file.name for file in (undisturbed / "classroom").glob("gradebook.db*")] == ["gradebook.db"]


def test_a_gradebook_with_a_journal_of_another_kind_keeps_it(undisturbed, tmp_path):
    root = shutil.copytree(undisturbed, tmp_path / "course")
    reader = sqlite3.connect(root / "classroom" / "gradebook.db")  # as formgrader has it open
    try:
        assert reader.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        reader.execute("SELECT count(*) FROM student").fetchone()
        grade(root, "--regrade")
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        reader.close()
    assert gradebook_of(root) == gradebook_of(undisturbed)


def test_one_worker_gives_what_two_give(undisturbed, copy):
    root = copy("one")
    grade(root, "--workers", "1")
    assert gradebook_of(root) == gradebook_of(undisturbed)


def test_what_is_graded_is_not_graded_again(undisturbed):
    assert f"0 graded, {STUDENTS} had a grade already" in grade(undisturbed).stdout


@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0])
def test_killed_at_any_moment_and_started_again_it_ends_with_the_same_gradebook(seconds, undisturbed, copy):
    root = copy("killed")
    verdicts = root / "verdicts" / "verdicts"
    process = subprocess.Popen(command(root, "grade", ASSIGNMENT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(verdicts.rglob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)  # the first verdict is in the store: from here on there is something to lose
    time.sleep(seconds / 4)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {file: file.stat().st_mtime_ns for file in verdicts.rglob("*.json")}
    assert kept
    grade(root)
    assert all(file.stat().st_mtime_ns == before for file, before in kept.items())  # none was computed again
    assert gradebook_of(root) == gradebook_of(undisturbed)
    assert files_of(root).keys() == files_of(undisturbed).keys()


def test_a_regrade_that_is_tried_dry_says_who_would_change_and_writes_nothing(undisturbed, tmp_path):
    root = shutil.copytree(undisturbed, tmp_path / "course")
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        found = gradebook.find_grade("check-halving_step", ASSIGNMENT, ASSIGNMENT, "student-001")
        found.auto_score = 1
        gradebook.db.commit()
    before = gradebook_of(root)
    latest = {file: file.read_text() for file in (root / "verdicts" / "latest").rglob("*.json")}
    for file in latest:
        file.write_text("untouched")
    said = grade(root, "--regrade", "--dry-run").stdout
    assert re.search(r"^student-001: check-halving_step: 1 -> 4$", said, re.MULTILINE)
    assert said.count("->") == 1
    assert gradebook_of(root) == before
    assert {file.read_text() for file in latest} == {"untouched"}


def test_a_score_given_by_hand_stays(undisturbed, tmp_path):
    root = shutil.copytree(undisturbed, tmp_path / "course")
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        gradebook.find_grade("check-halving_step", ASSIGNMENT, ASSIGNMENT, "student-001").manual_score = 3.5
        gradebook.db.commit()
    grade(root, "--regrade", "--student", "student-001")
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        found = gradebook.find_grade("check-halving_step", ASSIGNMENT, ASSIGNMENT, "student-001")
        assert (found.auto_score, found.manual_score, found.score) == (4, 3.5, 3.5)


def test_a_submission_that_comes_anew_is_graded_anew_and_no_other(undisturbed, tmp_path):
    root = shutil.copytree(undisturbed, tmp_path / "course")
    path = root / "classroom" / "submitted" / "student-001" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    nbformat.write(notebook, path)
    assert f"1 graded, {STUDENTS - 1} had a grade already" in grade(root).stdout


def test_a_student_who_handed_in_nothing_is_named(undisturbed):
    found = subprocess.run(
        command(undisturbed, "grade", ASSIGNMENT, "--student", "nobody"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 2
    assert "nobody submitted nothing" in found.stderr


# ------------------------------------------------------------------------------------------------------ on a cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A real scheduler and two worker processes, on loopback; the address, and the workers."""
    folder = tmp_path_factory.mktemp("dask")
    address = folder / "scheduler.json"
    words = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(address),
    ]
    made = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    try:
        deadline = time.monotonic() + 60
        while not address.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for number in range(2):
            made.append(
                subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "distributed.cli.dask_worker",
                        "--scheduler-file",
                        str(address),
                        "--host",
                        "127.0.0.1",
                        "--nthreads",
                        "1",
                        "--no-dashboard",
                        "--local-directory",
                        str(folder / str(number)),
                    ],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        yield json.loads(address.read_text())["address"], folder
    finally:
        for process in reversed(made):
            process.terminate()
        for process in made:
            process.wait(30)


def test_a_cluster_gives_what_this_machine_gives(undisturbed, copy, cluster):
    root = copy("cluster")
    grade(root, "--scheduler", cluster[0])
    assert gradebook_of(root) == gradebook_of(undisturbed)
    assert files_of(root) == files_of(undisturbed)


def test_a_worker_of_the_cluster_that_is_killed_over_a_submission_costs_a_retry(undisturbed, copy, cluster):
    root = copy("killed-worker")
    client = Client(cluster[0])
    try:
        client.wait_for_workers(2, timeout=60)
        pids = client.run(os.getpid)
        process = subprocess.Popen(
            command(root, "grade", ASSIGNMENT, "--scheduler", cluster[0]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        busy, deadline = [], time.monotonic() + 120
        while not busy and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            busy = [worker for worker, stack in client.call_stack().items() if "grade_submission" in str(stack)]
        os.kill(pids[busy[0]], signal.SIGKILL)
        said = process.communicate(timeout=300)[1]
    finally:
        client.close()
    assert process.returncode in (0, 1), said
    assert "Traceback" not in said
    assert gradebook_of(root) == gradebook_of(undisturbed)
    assert files_of(root) == files_of(undisturbed)


def test_a_scheduler_that_is_not_there_is_one_sentence(undisturbed):
    found = subprocess.run(
        command(undisturbed, "grade", ASSIGNMENT, "--regrade", "--scheduler", "tcp://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in found.stderr
