"""The student's own files beside the notebook: plain ones, few, and none in the place of a module."""

import os

import pytest

from autograder.nbgrader_adapter.notebooks import submitted_files
from autograder.nbgrader_adapter.notebooks.submitted_files import own_files


@pytest.fixture
def folder(tmp_path):
    """put(names): a submission's folder with these files, each holding its name."""

    def put(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        return tmp_path

    return put


KEPT = ["tools.py", "data.npy", "package/__init__.py", "package/a.py", "data/numpy.csv", "my data.txt", "statistics.py"]


def test_plain_files_are_there(folder):
    files, notes = own_files(folder(*KEPT))
    assert files == {name: name.encode() for name in KEPT}
    assert notes == ()


SILENT = ["a.ipynb", "a.cases.json", "timestamp.txt", "submission_secret.txt", ".git/config", "x/__pycache__/a.pyc"]


def test_what_is_nobodys_answer_is_left_out_without_a_word(folder):
    assert own_files(folder(*SILENT)) == ({}, ())


SHADOWS = ["numpy.py", "torch/__init__.py", "autograder/check.py", "checks.py", "solutions/a.py", "matplotlib.py"]


@pytest.mark.parametrize("name", SHADOWS)
def test_nothing_stands_in_the_place_of_a_module(folder, name):
    files, (note,) = own_files(folder(name))
    assert files == {}
    assert "in the place of the module" in note


def test_links_and_pipes_are_left_out(folder):
    place = folder("real.txt")
    (place / "link.txt").symlink_to("real.txt")
    (place / "folder").symlink_to("/usr")
    os.mkfifo(place / "pipe")
    assert list(own_files(place)[0]) == ["real.txt"]


def test_they_are_bounded_in_size_and_number(folder, monkeypatch):
    place = folder("a.txt", "b.txt", "c.txt")
    monkeypatch.setattr(submitted_files, "MAX_FILES", 2)
    files, (note,) = own_files(place)
    assert list(files) == ["a.txt", "b.txt"]
    assert "more than 2 files" in note
    monkeypatch.setattr(submitted_files, "MAX_BYTES", 7)
    files, (note,) = own_files(place)
    assert list(files) == ["a.txt"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert own_files(tmp_path / "none") == ({}, ())
