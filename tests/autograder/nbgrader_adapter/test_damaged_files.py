"""A file that a command reads and that is damaged, empty, unreadable or in the way: one sentence, exit code 2."""

import errno
import os
import shutil
import sqlite3
from types import SimpleNamespace

import pytest

from autograder.grading.store import Store

DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "cut short": lambda path: path.write_bytes(
        path.read_bytes()[: path.stat().st_size // 2] if path.exists() else b"{"
    ),
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
def said(course, cli):
    """Run a command that must end with exit code 2 and one sentence; the sentence."""

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
