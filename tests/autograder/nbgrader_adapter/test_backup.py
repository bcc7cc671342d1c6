"""A course backed up, destroyed and restored: the same grades, and the same again when it is graded again."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.nbgrader_adapter.keeping import backup as backups
from autograder.nbgrader_adapter.keeping import restore as restores

COURSE = Path(__file__).parents[2] / "course"
AGAIN = ("right-1", "mistaken-1")


@pytest.fixture
def course(small_class, tmp_path, fresh_modules):
    """A course with a graded class, and its exercises, in a folder of its own."""
    root = tmp_path / "course"
    shutil.copytree(COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("classroom", "verdicts"):
        shutil.copytree(small_class.root / name, root / name)
    shutil.copy(small_class.root / "course_secret", root)
    return SimpleNamespace(root=root, folder=root / "classroom", gradebook=root / "classroom" / "gradebook.db")


@pytest.fixture
def archive(course, cli, tmp_path):
    code, _, err = cli(course.root, "backup", tmp_path / "course.tar.gz")
    assert code == 0, err
    return tmp_path / "course.tar.gz"


@pytest.fixture
def said(cli):
    """A command that must end with exit code 2 and one sentence; the sentence."""

    def run(root, *words):
        code, _, err = cli(root, *words)
        assert code == 2, err
        assert len(err.strip().splitlines()) == 1
        return err

    return run


def tree(folder):
    """Every file's content and mode."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.name != "watch.lock"
    }


def grades(database):
    with contextlib.closing(sqlite3.connect(database)) as gradebook:
        return gradebook.execute(
            "SELECT s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade FROM grade g"
            " JOIN submitted_notebook n ON n.id = g.notebook_id JOIN submitted_assignment s ON s.id = n.assignment_id"
            " JOIN base_cell c ON c.id = g.cell_id ORDER BY 1, 2"
        ).fetchall()


def test_destroyed_restored_and_graded_again_it_is_equal(course, archive, cli, bounded):
    files, before = tree(course.root), grades(course.gradebook)
    assert len(before) > 60
    shutil.rmtree(course.root)
    code, out, err = cli(course.root, "restore", archive)
    assert code == 0, err
    assert f"{len(files)} files" in out
    restored = tree(course.root)
    assert grades(course.gradebook) == before
    for name in files.keys() | restored.keys():
        if not name.endswith("gradebook.db"):  # its pages may lie in another order
            assert restored.get(name) == files.get(name), name
    shutil.rmtree(course.root / "verdicts" / "verdicts")  # so that they are computed, and not looked up
    words = [word for student in AGAIN for word in ("--student", student)]
    graded = bounded([sys.executable, "-m", "autograder", "grade", "descent", "--regrade", *words], cwd=course.root)
    assert graded.returncode == 0, graded.stderr
    scores = [row[:4] for row in grades(course.gradebook)]  # nbgrader has a person look again at what they marked
    assert scores == [row[:4] for row in before]
    again = {name for name in tree(course.root) if name.startswith("verdicts/verdicts/")}
    assert len(again) == len(AGAIN)
    assert again <= set(files)  # under the very same keys


def test_encrypted_it_is_read_with_its_key_alone(course, cli, said, tmp_path):
    files = tree(course.root)
    key, other, public = (tmp_path / name for name in ("key", "other", "public"))
    code, out, _ = cli(course.root, "backup", "--new-key", key)
    assert code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public.write_text(out.splitlines()[-1])
    assert public.read_text().startswith("age1")
    cli(course.root, "backup", "--new-key", other)
    assert cli(course.root, "backup", tmp_path, "--key", public)[0] == 0  # the machine needs no secret
    (locked,) = tmp_path.glob("*.age")
    assert b"course_secret" not in locked.read_bytes()
    assert "is encrypted: name the file of its key" in said(course.root, "restore", locked, "--replace")
    assert "cannot be decrypted" in said(course.root, "restore", locked, "--replace", "--key", other)
    assert "holds no key that decrypts" in said(course.root, "restore", locked, "--replace", "--key", public)
    assert tree(course.root) == files
    shutil.rmtree(course.root)
    assert cli(course.root, "restore", locked, "--key", key)[0] == 0
    assert tree(course.root).keys() == files.keys()


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("damage", ["cut short", "one byte", "more behind", "empty"])
def test_a_damaged_backup_changes_nothing(damage, locked, course, archive, cli, said, tmp_path):
    key = ()
    if locked:
        cli(course.root, "backup", "--new-key", tmp_path / "key")
        key = ("--key", tmp_path / "key")
        cli(course.root, "backup", archive, *key)
    data = bytearray(archive.read_bytes())
    if damage == "cut short":
        del data[len(data) - 5000 :]
    elif damage == "one byte":
        data[len(data) // 2] ^= 1
    elif damage == "more behind":
        data += b"x"
    else:
        data.clear()
    archive.write_bytes(data)
    files, folders = tree(course.root), set(course.root.rglob("*"))
    key = key if data else ()
    assert str(archive) in said(course.root, "restore", archive, "--replace", *key)
    assert str(archive) in said(course.root, "restore", archive, "--check", *key)
    assert tree(course.root) == files
    assert {path for path in course.root.rglob("*") if path.name != "watch.lock"} == folders
    empty = tmp_path / "empty"
    said(empty, "restore", archive, *key)
    assert not empty.exists()


def test_a_course_that_is_not_empty_is_left_as_it_is_unless_told(course, archive, cli, said):
    (course.folder / "submitted" / "right-1" / "descent" / "descent.ipynb").write_text("changed since")
    (course.folder / "gradebook.db-journal").write_bytes(b"of another database")
    files = tree(course.root)
    sentence = said(course.root, "restore", archive)
    assert "is not empty" in sentence
    assert "--replace" in sentence
    assert tree(course.root) == files
    assert cli(course.root, "restore", archive, "--replace")[0] == 0
    restored = tree(course.root)
    assert restored["classroom/submitted/right-1/descent/descent.ipynb"][0] != b"changed since"
    assert "classroom/gradebook.db-journal" not in restored  # SQLite would have played it into the restored one
    assert not [path for path in course.root.rglob(".*") if "restor" in path.name]


@pytest.mark.parametrize("step", range(8))
def test_stopped_anywhere_all_is_as_it_was(step, course, archive, cli, monkeypatch):
    """A failure between any two renames, and then one that does not even let it undo: the next run does."""
    files = tree(course.root)
    real, renames = os.replace, []

    def replace(source, target):
        if not str(target).endswith(restores.JOURNAL):
            renames.append(target)
            if len(renames) == step + 1:
                raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert cli(course.root, "restore", archive, "--replace")[0] == 130
    assert tree(course.root) == files
    renames.clear()
    monkeypatch.setattr(restores.Swap, "undo", lambda *_, **__: None)
    assert cli(course.root, "restore", archive, "--replace")[0] == 130
    monkeypatch.undo()
    restores.undo_earlier(course.root)
    assert tree(course.root) == files
    assert cli(course.root, "restore", archive, "--replace")[0] == 0


def test_checked_it_says_what_it_holds_and_writes_nothing(course, archive, cli, tmp_path):
    code, out, _ = cli(tmp_path / "nowhere", "restore", archive, "--check")
    assert code == 0
    assert "whole; course 'second-course'" in out
    assert "gradebook.db" in out
    assert not (tmp_path / "nowhere").exists()


def test_the_backup_is_its_owner_s_alone_and_the_earlier_one_stays_when_it_fails(course, archive, said, monkeypatch):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = archive.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert "cannot be written: No space left" in said(course.root, "backup", archive)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.glob(".course*")] == []
    assert [path.name for path in course.root.glob(".backup*")] == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_an_encrypted_backup_on_a_full_disk_is_one_sentence(course, cli, tmp_path):
    from autograder.nbgrader_adapter.keeping import keys

    keys.make_key(tmp_path / "key")
    with (
        pytest.raises(OSError, match="No space left"),
        open("/dev/full", "wb", buffering=0) as full,
        keys.encrypting(full, keys.recipients(tmp_path / "key")) as stream,
    ):
        stream.write(bytes(1 << 24))


def test_a_gradebook_that_is_written_to_is_copied_whole(course, cli, said, tmp_path, monkeypatch):
    with contextlib.closing(sqlite3.connect(course.gradebook, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # as while a score is entered: what is not committed is not in it
        other.execute("UPDATE grade SET auto_score = 99")
        assert cli(course.root, "backup", tmp_path / "b.tar.gz")[0] == 0
        other.execute("ROLLBACK")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(backups, "PATIENCE", 0.3)
        assert "gradebook.db cannot be backed up (it is locked)" in said(course.root, "backup", tmp_path / "c.tar.gz")
    assert cli(tmp_path / "other", "restore", tmp_path / "b.tar.gz")[0] == 0
    assert grades(tmp_path / "other" / "classroom" / "gradebook.db") == grades(course.gradebook)


def test_a_damaged_gradebook_is_not_backed_up(course, said, tmp_path):
    course.gradebook.write_bytes(b"no database" * 1000)
    assert "gradebook.db cannot be backed up" in said(course.root, "backup", tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_gradebook_on_a_server_is_named_with_its_own_tool(course, cli, tmp_path):
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.CourseDirectory.db_url = "postgresql+psycopg://grader:hush@db.example.org/course"\n')
    code, out, err = cli(course.root, "backup", tmp_path / "b.tar.gz")
    assert code == 1
    assert "--file=gradebook.dump 'postgresql://grader:***@db.example.org/course'" in err
    assert "hush" not in out + err
    code, out, _ = cli(tmp_path / "other", "restore", tmp_path / "b.tar.gz")
    assert code == 0
    assert "put that back with pg_restore" in out


def test_a_link_stays_behind_and_is_named(course, cli, tmp_path):
    link = course.folder / "submitted" / "right-1" / "descent" / "passwd"
    link.symlink_to("/etc/passwd")
    code, _, err = cli(course.root, "backup", tmp_path / "b.tar.gz")
    assert code == 0
    assert f"{link} is left out" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("backup",), "name the file to write"),
        (("backup", "b", "--new-key", "k"), "--new-key writes a key and no backup"),
        (("backup", "b", "--key", "nbgrader_config.py"), "holds no age key: `autograder backup --new-key FILE`"),
        (("backup", "classroom/submitted/b"), "which is backed up itself"),
        (("backup", "nowhere/b"), "nowhere/b cannot be written"),
        (("backup", "--new-key", "nbgrader_config.py"), "is there already"),
        (("restore", "missing.tar.gz"), "missing.tar.gz is not there"),
        (("restore", "classroom"), "classroom is a folder"),
        (("restore", "nbgrader_config.py"), "is damaged, or no backup"),
        (("restore", "nbgrader_config.py", "--key", "x"), "is not encrypted: leave --key out"),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence, course, said, monkeypatch):
    monkeypatch.chdir(course.root)
    files = tree(course.root)
    assert sentence in said(course.root, *words)
    assert tree(course.root) == files


def test_folders_that_hold_one_another_are_refused(course, said, tmp_path):
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.AutograderSettings.store = "exercises/verdicts"\n')
    shutil.move(course.root / "verdicts", course.root / "exercises" / "verdicts")
    assert "lies in it: give it a folder of its own" in said(course.root, "backup", tmp_path / "b.tar.gz")


# ------------------------------------------------------------------------------------ an archive that somebody made


def forged(path, places, entries):
    """An archive with these places and members, and right hashes."""
    hashes = {}
    with tarfile.open(path, "w:gz") as archive:

        def add(name, data, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, link
            archive.addfile(info, io.BytesIO(data))

        add("head.json", json.dumps({"format": 1, "places": places}).encode())
        for name, data, *more in entries:
            add(name, data, *more)
            if not more:
                hashes[name] = (len(data), hashlib.sha256(data).hexdigest())
        add("hashes.json", json.dumps(hashes).encode())
    return path


@pytest.mark.parametrize(
    ("places", "entries"),
    [
        ({"secret": "../../evil"}, [("secret", b"x")]),
        ({"secret": ".."}, [("secret", b"x")]),
        ({"submitted": "submitted"}, [("submitted", b"", tarfile.DIRTYPE), ("submitted/../../evil", b"x")]),
        ({"submitted": "submitted"}, [("submitted", b"", tarfile.SYMTYPE, "/tmp"), ("submitted/evil", b"x")]),
        ({"submitted": "submitted"}, [("submitted", b"", tarfile.LNKTYPE, "/etc/passwd")]),
        ({"submitted": "submitted"}, [("evil", b"x")]),
        ({"submitted": ""}, [("submitted", b"x")]),
    ],
)
def test_a_forged_archive_writes_nothing_outside_of_the_course(places, entries, said, tmp_path):
    path = forged(tmp_path / "forged.tar.gz", places, entries)
    assert "is damaged, or no backup" in said(tmp_path / "a" / "b", "restore", path)
    assert {one.name for one in tmp_path.iterdir()} == {"forged.tar.gz"}


def test_what_lay_outside_goes_back_there_only_when_told(cli, said, tmp_path):
    path = forged(tmp_path / "made.tar.gz", {"secret": str(tmp_path / "far" / "secret")}, [("secret", b"x")])
    assert "give --outside" in said(tmp_path / "course", "restore", path)
    assert not (tmp_path / "far").exists()
    assert cli(tmp_path / "course", "restore", path, "--outside")[0] == 0
    assert (tmp_path / "far" / "secret").read_bytes() == b"x"


def test_a_file_with_another_content_than_was_written_is_named(said, tmp_path):
    path = forged(tmp_path / "made.tar.gz", {"secret": "secret"}, [("secret", b"right")])
    data = gzip.decompress(path.read_bytes()).replace(b"right", b"wrong")
    path.write_bytes(gzip.compress(data))
    assert "'secret' is not what was backed up" in said(tmp_path / "course", "restore", path)
    assert not (tmp_path / "course").exists()
