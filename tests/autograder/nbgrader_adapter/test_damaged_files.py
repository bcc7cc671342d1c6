"""A file that a command reads and that is damaged, empty, unreadable or in the way: one sentence, exit code 2."""

import csv
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest

from autograder.grading.store import Store

DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "cut short": lambda path: path.write_bytes(
        path.read_bytes()[: path.stat().st_size // 2] if path.exists() else b"{"
    ),
    "a list": lambda path: path.write_text("[]"),
    "a folder": lambda path: (path.unlink(missing_ok=True), path.mkdir()),
}


@pytest.fixture(scope="module")
def generated(second_course, tmp_path_factory):
    """A course with one assignment generated, and one submission."""
    found = second_course(tmp_path_factory.mktemp("damaged") / "course", "descent")
    folder = found.folder / "submitted" / "anna" / "descent"
    folder.mkdir(parents=True)
    shutil.copy(found.folder / "release" / "descent" / "descent.ipynb", folder)
    return found.settings.folder


@pytest.fixture
def course(generated, tmp_path):
    """A copy of it, to be damaged: where its files are."""
    root = shutil.copytree(generated, tmp_path / "course")
    store = Store(root / "verdicts")
    return SimpleNamespace(root=root, folder=root / "classroom", store=store, secret=root / "course_secret")


@pytest.fixture
def said(course, cli, monkeypatch):
    """Run a command that must end with exit code 2 and one sentence, before it needs a session; the sentence."""
    monkeypatch.setattr("autograder.nbgrader_adapter.fork_servers.launch_early", lambda *_: None)

    def run(*words):
        code, _, err = cli(course.root, *words)
        assert code == 2, err
        assert err.startswith("autograder: ")
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1
        return err

    return run


@pytest.mark.parametrize("command", ["grade", "scores", "report", "export"])
@pytest.mark.parametrize("damage", ["no text", "a folder"])
def test_a_gradebook_that_is_no_database_is_named(damage, command, course, said):
    DAMAGE[damage](course.folder / "gradebook.db")
    assert "gradebook.db cannot be used" in said(command, "descent")


def test_a_gradebook_of_another_program_is_named(course, said):
    (course.folder / "gradebook.db").unlink()
    with sqlite3.connect(course.folder / "gradebook.db") as other:
        other.execute("CREATE TABLE assignment (x)")
    assert "gradebook.db cannot be used" in said("grade", "descent")


@pytest.mark.parametrize("damage", ["empty", "a folder"])
def test_a_secret_that_is_none_is_named(damage, course, said):
    course.secret.unlink(missing_ok=True)
    DAMAGE[damage](course.secret)
    assert "course_secret" in said("grade", "descent")


@pytest.mark.parametrize("damage", ["no text", "cut short", "a folder"])
def test_settings_that_cannot_be_read_are_named(damage, course, said):
    path = course.root / "nbgrader_config.py"
    DAMAGE[damage](path)
    if damage == "cut short":
        path.write_text("c = (")
    assert "nbgrader_config.py" in said("list")


def test_a_store_that_is_a_file_is_named(course, said):
    shutil.rmtree(course.store.folder, ignore_errors=True)
    course.store.folder.write_text("x")
    assert "verdicts" in said("grade", "descent")


@pytest.mark.parametrize("damage", ["empty", "no text", "cut short", "a folder"])
def test_an_entry_of_the_store_that_is_damaged_is_as_if_it_were_not_there(damage, course):
    course.store.remember("descent", "anna", "descent", "k" * 64)
    course.store.note_entered("descent", "anna", "state")
    for name in ("descent.json", "entered"):
        DAMAGE[damage](course.store.folder / "latest" / "descent" / "anna" / name)
    assert course.store.latest("descent", "anna") == {}
    assert course.store.entered("descent", "anna") != "state"


@pytest.mark.parametrize("format_", ["nbgrader", "canvas", "moodle"])
def test_a_disk_that_is_full_is_named_and_leaves_the_file_that_was_there(format_, course, said, tmp_path, monkeypatch):
    path = tmp_path / "written"
    path.write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(os, "replace", full)
    assert "No space left" in said("export", "descent", "--format", format_, "--to", path)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["written"]
    assert path.read_text() == "before"


@pytest.mark.parametrize("folder", ["release", "source"])
@pytest.mark.parametrize("damage", ["empty", "no text", "cut short", "a folder", "a list"])
def test_an_assignment_s_notebook_that_is_damaged_is_named_with_what_writes_it_again(damage, folder, course, said):
    path = course.folder / folder / "descent" / "descent.ipynb"
    DAMAGE[damage](path)
    sentence = said("grade", "descent")
    assert str(path) in sentence
    assert ("nbgrader generate_assignment" if folder == "release" else "autograder build") in sentence
    assert not list((course.folder / "autograded").glob("*"))


# --------------------------------------------------------------- one student's record, in a class that is graded

OF = "(SELECT id FROM submitted_assignment WHERE student_id = 'right-1')"
ITS_NOTEBOOK = f"(SELECT id FROM submitted_notebook WHERE assignment_id IN {OF})"
ENTRIES = {
    "a score that is text": f"UPDATE grade SET auto_score = 'many' WHERE notebook_id IN {ITS_NOTEBOOK}",
    "a score without end": f"UPDATE grade SET manual_score = 9e999 WHERE notebook_id IN {ITS_NOTEBOOK}",
    "a time that is none": f"UPDATE submitted_assignment SET timestamp = 'yesterday' WHERE id IN {OF}",
    "a grade of no cell": "UPDATE grade SET cell_id = 'nothing' WHERE id IN "
    f"(SELECT id FROM grade WHERE notebook_id IN {ITS_NOTEBOOK} LIMIT 1)",
    "a penalty that is text": f"UPDATE submitted_notebook SET late_submission_penalty = 'x' WHERE id IN {ITS_NOTEBOOK}",
    "a name that is no text": "UPDATE student SET first_name = CAST(x'ff' AS TEXT) WHERE id = 'right-1'",
}


@pytest.fixture
def graded(small_class, tmp_path):
    """A copy of a course with a graded class, to be damaged."""
    root = shutil.copytree(small_class.root, tmp_path / "graded")
    return SimpleNamespace(root=root, folder=root / "classroom", store=Store(root / "verdicts"))


@pytest.mark.parametrize("command", ["export", "report", "scores"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_of_the_gradebook_that_is_damaged_is_named_and_the_others_are_shown(entry, command, graded, cli):
    with closing(sqlite3.connect(graded.folder / "gradebook.db")) as gradebook, gradebook:
        assert gradebook.execute(ENTRIES[entry]).rowcount > 0
    to = ["--to", graded.root / "written"] if command in ("export", "report") else []
    code, out, err = cli(graded.root, command, "descent", *to)
    assert "Traceback" not in err
    shown = (graded.root / "written").read_text() if to else out
    assert "right-2" in shown
    assert code == 1
    assert "the gradebook's entry of right-1 cannot be read" in err
    if command == "export":
        scores = {row["student_id"]: row["score"] for row in csv.DictReader(shown.splitlines())}
        assert scores.get("right-1", "") == ""
        assert float(scores["right-2"]) > 0
    if command == "report":
        assert "the gradebook&#39;s entry of right-1 cannot be read" in shown


@pytest.mark.parametrize("entry", ["a time that is none", "a grade of no cell"])
def test_an_entry_of_the_gradebook_that_is_damaged_is_named_while_the_others_are_graded(entry, graded, bounded):
    with closing(sqlite3.connect(graded.folder / "gradebook.db")) as gradebook, gradebook:
        gradebook.execute(ENTRIES[entry])
    told = {**os.environ, "PYTHONWARNINGS": "ignore"}
    words = ["grade", "descent", "--regrade", "--student", "right-1", "--student", "right-2"]
    found = bounded([sys.executable, "-m", "autograder", "--course", graded.root, *words], env=told)
    assert found.returncode == 1, found.stderr
    assert "Traceback" not in found.stderr
    assert [line for line in found.stderr.splitlines() if line.startswith("right-1: ")]
    assert "right-2" in found.stdout


RECORDS = DAMAGE | {
    "of another kind": lambda path: path.write_text(json.dumps({"key": 3, "outputs": []})),
    "with text for numbers": lambda path: path.write_text(
        json.dumps({**json.loads(path.read_text()), "cpu_seconds": "x", "key": [1]})
    ),
    "nested without end": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("damage", RECORDS)
@pytest.mark.parametrize("which", ["latest", "verdicts"])
def test_a_record_of_the_store_that_is_damaged_is_named_and_the_others_are_shown(which, damage, graded, cli):
    latest = graded.store.folder / "latest" / "descent" / "right-1" / "descent.json"
    key = json.loads(latest.read_text())["key"]
    path = latest if which == "latest" else graded.store.folder / "verdicts" / key[:2] / f"{key}.json"
    RECORDS[damage](path)
    code, _, err = cli(graded.root, "report", "descent", "--to", graded.root / "report.html")
    assert code == 1
    (sentence,) = [line for line in err.splitlines() if "right-1" in line]
    assert f"{path} cannot be read" in sentence
    assert "`autograder grade descent --student right-1 --regrade` writes it again" in sentence
    page = (graded.root / "report.html").read_text()
    assert str(path) in page
    assert "right-2" in page
    assert ">right-2<" in page.split("<h2>Time and memory</h2>")[1]
    assert ">right-1<" not in page.split("<h2>Time and memory</h2>")[1]
    code, _, err = cli(graded.root, "explain", "right-1", "running_mean")
    assert (code, len(err.splitlines())) == (2, 1)
    assert str(path) in err


@pytest.mark.parametrize("damage", ["empty", "no text", "cut short", "a folder", "a list"])
def test_a_graded_notebook_that_is_damaged_is_named_where_it_is_read(damage, graded, cli):
    shutil.rmtree(graded.store.folder / "latest" / "descent" / "person")  # its reason stands in the notebook alone
    path = graded.folder / "autograded" / "person" / "descent" / "descent.ipynb"
    DAMAGE[damage](path)
    code, _, err = cli(graded.root, "report", "descent", "--to", graded.root / "report.html")
    assert code == 1
    (sentence,) = err.splitlines()
    assert sentence.startswith(f"autograder: person: {path} cannot be read")
    assert "right-2" in (graded.root / "report.html").read_text()


# --------------------------------------------------------------------------------------------- a disk that is full


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("place", ["verdicts", "classroom"])
def test_a_disk_that_is_full_while_grading_is_one_sentence_and_the_next_run_goes_on(place, course, bounded):
    shutil.copytree(course.folder / "submitted" / "anna", course.folder / "submitted" / "bob")
    disk = course.root / place
    aside = disk.with_name("aside")
    disk.rename(aside)
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", disk], check=True, capture_output=True)
    try:
        shutil.copytree(aside, disk, dirs_exist_ok=True)
        command = [sys.executable, "-m", "autograder", "--course", course.root, "grade", "descent"]
        room = os.statvfs(disk)
        filler = disk / "filler"
        filler.write_bytes(b"x" * (room.f_bavail * room.f_frsize))
        full = bounded(command)
        assert full.returncode == 2, full.stderr
        (sentence,) = [line for line in full.stderr.splitlines() if line.startswith("autograder: ")]
        assert "make room" in sentence
        assert "Traceback" not in full.stderr
        assert "person" not in full.stderr
        filler.unlink()
        assert [path.name for path in course.folder.rglob("*") if path.name.endswith((".new", ".old"))] == []
        assert not list((course.folder / "autograded").glob("*/descent"))
        after = bounded(command)
        assert after.returncode in (0, 1), after.stderr
        assert "2 graded, 0 had a grade already" in after.stdout
        assert len(list((course.folder / "autograded").glob("*/descent/descent.ipynb"))) == 2
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
