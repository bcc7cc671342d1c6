"""A student forgotten, out of a course with a real exchange: nothing of theirs is left, and all of the others."""

import io
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.authoring.source import definition
from autograder.nbgrader_adapter.exchange.collect import note_refused
from autograder.nbgrader_adapter.gradebook import scores

from .conftest import Classroom

pytestmark = pytest.mark.filterwarnings("ignore:.*timestamp.txt:pytest.PytestUnraisableExceptionWarning")

GONE, STAYS = "zebedee", "zebedee-2"  # one name begins with the other
MARK = "\n    # written by zebedee alone"


@pytest.fixture(scope="module")
def answered_once(released, catalogue, tmp_path_factory):
    """Two students with feedback. One has submitted twice, differently; in the end both have handed in the same."""
    desk = tmp_path_factory.mktemp("answered")
    quiet = SimpleNamespace(readouterr=lambda: ("", ""))
    room = Classroom(Path(shutil.copytree(released, desk / "course")), catalogue, quiet)
    first = definition(catalogue.exercises["running_mean"].reference).replace("return mean", "return 2 * mean")
    room.student(GONE).answer(running_mean=f"{first}{MARK}\n\nprint('{GONE} was here')").submit()
    assert room.watch("--limit", 0, 24)[0] == 0
    room.student(GONE).answer().submit()
    room.student(STAYS).submit()
    assert room.watch("--limit", 0, 24)[0] == 0
    directory = room.course.directory()
    directory.assignment_id = "descent"
    note_refused(directory, {f"{name}+descent+2026-01-01 00:00:00 UTC": "it is a link" for name in (GONE, STAYS)})
    lines = [f"Submitted {GONE}/descent\n", f"Submitted {STAYS}/descent\n", "Converting\n"]
    (room.root / "nbgrader.log").write_text("".join(lines))
    room.configure('c.NbGrader.logfile = "nbgrader.log"')
    room.configure('c.Exchange.cache = c.CourseDirectory.root + "/cache"')
    for name in (GONE, STAYS):
        held = sorted(room.inbound.glob(f"{name}+*"))[-1]
        shutil.copytree(held, room.root / "classroom" / "cache" / "second-course" / held.name)
    room.close()
    return desk


@pytest.fixture
def answered(answered_once, catalogue, tmp_path, capsys):
    """A copy of it for one test."""
    shutil.copytree(answered_once, tmp_path, dirs_exist_ok=True)
    room = Classroom(tmp_path / "course", catalogue, capsys)
    yield room
    room.close()


def everything(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def bearing(root, name):
    """The files and folders that have the name, in their own or in their content, where it stands for itself."""
    other = f"{name}-2".encode()
    named = [path for path in root.rglob("*") if path.name == name or path.name.startswith(f"{name}+")]
    return named + [path for path, data in everything(root).items() if name.encode() in data.replace(other, b"")]


def test_nothing_of_the_student_is_left_and_all_of_the_others(answered, cli):
    before = everything(answered.root)
    pages = set((answered.exchange / "feedback").glob("*.html"))
    assert len(pages) == 3
    assert len(bearing(answered.root, GONE)) > 12
    (others,) = [row for row in scores.rows(answered.course, "descent") if row.student == STAYS]
    code, out, err = cli(answered.root, "forget", GONE, "--yes")
    assert (code, err) == (0, ""), err
    assert bearing(answered.root, GONE) == []
    assert len(set((answered.exchange / "feedback").glob("*.html"))) == 1
    assert len(answered.student(STAYS).fetch()) == 1
    assert scores.rows(answered.course, "descent") == [others]
    assert answered.refused().keys() == {STAYS}
    assert [student for student, _ in answered.answered()] == [STAYS]
    assert (answered.root / "nbgrader.log").read_text() == f"Submitted {STAYS}/descent\nConverting\n"
    after = everything(answered.root)
    own = {path for path in before if STAYS in str(path)}
    assert len(own) > 8
    assert all(before[path] == after[path] for path in own)
    (latest,) = answered.course.store.folder.glob(f"latest/descent/{STAYS}/descent.json")
    key = json.loads(latest.read_text())["key"]
    assert [path.stem for path in answered.course.store.folder.glob("verdicts/*/*.json")] == [key]
    assert "for good" in out
    assert "backups that were made before" in out
    code, _, err = cli(answered.root, "forget", GONE, "--yes")
    assert code == 2
    assert "nothing is kept here of a student called 'zebedee' (did you mean 'zebedee-2'?)" in err


@pytest.mark.parametrize(("answer", "code", "said"), [("no\n", 1, "nothing was removed"), ("", 2, "give --yes")])
def test_it_asks_and_a_no_removes_nothing(answered, cli, monkeypatch, answer, code, said):
    before = everything(answered.root)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    found, out, err = cli(answered.root, "forget", GONE)
    assert (found, len(err.splitlines())) == (code, 1)
    assert said in err
    assert f"{answered.inbound}/{GONE}+descent+" in out
    assert "the gradebook's entry of zebedee, with grades of descent" in out
    after = everything(answered.root)
    assert {path for path in before if before[path] != after[path]} == set()


def test_what_cannot_be_removed_is_named_and_the_rest_is_gone(answered, cli, monkeypatch):
    real = shutil.rmtree

    def rmtree(path, *more, **options):
        if str(path).startswith(str(answered.inbound)):  # as where each student owns their own
            raise PermissionError(13, "Permission denied", str(path))
        real(path, *more, **options)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    code, _, err = cli(answered.root, "forget", GONE, "--yes")
    assert code == 1
    assert "cannot be removed (Permission denied): where it belongs to another account, have root remove it" in err
    assert {path.parent for path in bearing(answered.root, GONE) if path.is_dir()} == {answered.inbound}
    monkeypatch.undo()
    assert cli(answered.root, "forget", GONE, "--yes")[0] == 0
    assert bearing(answered.root, GONE) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../zebedee", "descent/..", "*", "zebede?", "[z]ebedee"])
def test_a_name_that_is_none_removes_nothing(classroom, cli, name):
    folder = classroom.root / "classroom" / "submitted" / GONE / "descent"
    folder.mkdir(parents=True)
    before = everything(classroom.root)
    code, _, err = cli(classroom.root, "forget", name, "--yes")
    assert (code, len(err.splitlines())) == (2, 1)
    assert everything(classroom.root) == before
    assert folder.is_dir()


def test_it_does_not_run_beside_a_watcher(answered, cli, monkeypatch):
    from autograder.nbgrader_adapter.watch import single_instance

    monkeypatch.setattr(single_instance, "PATIENCE", 0.1)
    before = bearing(answered.root, GONE)
    with single_instance.only_watcher(answered.course.store.folder / "watch.lock"):
        code, _, err = cli(answered.root, "forget", GONE, "--yes")
    assert code == 2
    assert f"process {os.getpid()} watches this course already" in err
    assert bearing(answered.root, GONE) == before
