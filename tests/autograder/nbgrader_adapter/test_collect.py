"""Collecting from an inbound directory that everybody can write to."""

import logging
import os
import resource
import shutil
import signal
import stat
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.nbgrader_adapter.exchange import collect
from autograder.nbgrader_adapter.exchange.collect import SafeCollect

TIME = "2026-01-01 10:00:00.000000 UTC"


class Lines(logging.Handler):
    """The texts of what was said as a warning or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory):
    """An empty gradebook, which takes nbgrader some seconds to make."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "c1"):
        return path


@pytest.fixture
def exchange(tmp_path, gradebook):
    """An inbound directory, and `collect()`, which says what was said."""
    inbound = tmp_path / "exchange" / "c1" / "inbound"
    inbound.mkdir(parents=True)
    submitted = tmp_path / "course" / "submitted"
    submitted.mkdir(parents=True)
    shutil.copy(gradebook, tmp_path / "course")

    def collect(student="*", **settings):
        config = Config(
            {
                "CourseDirectory": {
                    "root": str(tmp_path / "course"),
                    "course_id": "c1",
                    "assignment_id": "a",
                    "max_dir_size": 100,
                    "max_file_size": 50,
                },
                "Exchange": {"root": str(tmp_path / "exchange")},
                "SafeCollect": {"real_owners": False, "update": True, **settings},
            }
        )
        directory = CourseDirectory(config=config)
        directory.student_id = student
        app = SafeCollect(coursedir=directory, config=config)
        app.log = logging.Logger("collect")
        app.log.addHandler(lines := Lines())
        app.start()
        return lines.said

    def submission(student="ann", time=TIME, **files):
        folder = inbound / f"{student}+a+{time}+random"
        folder.mkdir()
        for name, text in ({"a.ipynb": "{}", "submission_secret.txt": "s3cret"} | files).items():
            (folder / name).write_text(text)
        return folder

    return SimpleNamespace(inbound=inbound, submitted=submitted, collect=collect, submission=submission, tmp=tmp_path)


def test_a_submission_is_collected_with_its_files_and_time(exchange):
    folder = exchange.submission(**{"data.csv": "1"})
    (folder / "sub").mkdir()
    (folder / "sub" / "x.txt").write_text("x")
    assert exchange.collect() == []
    place = exchange.submitted / "ann" / "a"
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*")) == [
        "a.ipynb",
        "data.csv",
        "sub",
        "sub/x.txt",
        "submission_secret.txt",
        "timestamp.txt",
    ]
    assert (place / "timestamp.txt").read_text() == TIME


def test_the_newest_replaces_an_older_one(exchange):
    exchange.submission(**{"a.ipynb": "old"})
    exchange.collect()
    exchange.submission(time="2026-01-02 10:00:00 UTC", **{"a.ipynb": "new"})
    exchange.collect()
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").read_text() == "new"


def test_a_name_with_a_plus_and_one_without_the_random_part_are_submissions(exchange):
    exchange.submission("ann+lab")
    exchange.submission("bob").rename(exchange.inbound / f"bob+a+{TIME}")
    exchange.collect()
    assert sorted(os.listdir(exchange.submitted)) == ["ann+lab", "bob"]


@pytest.mark.parametrize(
    "name",
    [
        "junk+a+",
        "junk+a+yesterday+x",
        "junk+a+2026-13-45 99:00:00 UTC+x",
        f"+a+{TIME}+x",
        f"line\nann+a+{TIME}+x",
        f"\udcff+a+{TIME}+x",
        f"ann+b+a+{TIME}",
        f"ann+a+9999-99-99+{TIME}",
    ],
)
def test_a_junk_name_is_passed_over_with_a_line_and_the_others_are_collected(exchange, name):
    exchange.submission()
    (exchange.inbound / name).mkdir()
    (said,) = exchange.collect()
    assert "is not collected: its name" in said
    assert "\n" not in said
    assert os.listdir(exchange.submitted) == ["ann"]
    assert set(os.listdir(exchange.tmp / "course")) - {".refused"} == {"gradebook.db", "submitted"}


@pytest.mark.parametrize("student", ["..", ".", ".hidden"])
def test_a_name_that_starts_with_a_dot_is_passed_over(exchange, student):
    exchange.submission(student)
    exchange.collect()
    assert sorted(path.name for path in exchange.tmp.glob("course/**/*")) == ["gradebook.db", "submitted"]


@pytest.mark.parametrize(
    "make",
    [lambda path, tmp: path.symlink_to(tmp), lambda path, tmp: path.write_text(""), lambda path, tmp: os.mkfifo(path)],
    ids=["a link", "a file", "a pipe"],
)
def test_what_is_no_directory_is_no_submission(exchange, make):
    make(exchange.inbound / f"eve+a+{TIME}+x", exchange.tmp)
    exchange.submission()
    (said,) = exchange.collect()
    assert "is not collected: it is" in said
    assert os.listdir(exchange.submitted) == ["ann"]


def test_links_and_pipes_stay_behind(exchange):
    (exchange.tmp / "secret").write_text("secret")
    folder = exchange.submission()
    for name, target in {"file": exchange.tmp / "secret", "folder": exchange.tmp, "nothing": "/nowhere"}.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    said = exchange.collect()
    assert [line.split(" of ")[0] for line in said] == ["'file'", "'folder'", "'nothing'", "'pipe'"]
    assert sorted(os.listdir(exchange.submitted / "ann" / "a")) == ["a.ipynb", "submission_secret.txt", "timestamp.txt"]


def test_a_forged_time_is_not_taken_over(exchange):
    exchange.submission(**{"timestamp.txt": "yesterday"})
    exchange.collect()
    assert (exchange.submitted / "ann" / "a" / "timestamp.txt").read_text() == TIME


def test_a_submission_that_is_too_large_leaves_the_students_earlier_one(exchange):
    exchange.submission(**{"a.ipynb": "small"})
    exchange.submission(time="2026-01-02 10:00:00 UTC", **{f"{i}.csv": "x" * 40_000 for i in range(5)})
    (said,) = exchange.collect()
    assert "it holds more than 100 KB" in said
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").read_text() == "small"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda secret: secret.unlink(), "it holds no submission_secret.txt"),
        (lambda secret: secret.write_text(""), "its submission_secret.txt is empty"),
        (lambda secret: secret.write_bytes(b"\xff" * 128), "is not one that nbgrader writes"),
        (lambda secret: secret.write_text("x" * 1001), "is not one that nbgrader writes"),
        (lambda secret: (secret.unlink(), secret.symlink_to("/etc/hostname")), "is no plain file"),
        (lambda secret: (secret.unlink(), os.mkfifo(secret)), "is no plain file"),
    ],
    ids=["none", "empty", "no text", "too long", "a link", "a pipe"],
)
def test_half_a_submission_leaves_the_students_earlier_one(exchange, make, reason):
    exchange.submission(**{"a.ipynb": "whole"})
    exchange.collect()
    make(exchange.submission(time="2026-01-02 10:00:00 UTC", **{"a.ipynb": "ha"}) / "submission_secret.txt")
    (said,) = exchange.collect()
    assert reason in said
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").read_text() == "whole"


def test_a_copy_that_fails_leaves_the_earlier_one_and_stops_nobody(exchange):
    exchange.submission(**{"a.ipynb": "old"})
    exchange.collect()
    large = exchange.submission(time="2026-01-02 10:00:00 UTC", **{"a.ipynb": "x" * 40_000})
    exchange.submission("bob")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the bound is an error, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        said = exchange.collect(update=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [line for line in said if "File too large" in line and large.name in line]
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").read_text() == "old"
    assert sorted(os.listdir(exchange.submitted / "ann")) == ["a"]
    assert (exchange.submitted / "bob" / "a" / "a.ipynb").exists()
    exchange.collect()
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").stat().st_size == 40_000


def test_a_collection_that_was_killed_between_its_steps_is_taken_up(exchange):
    exchange.submission(**{"a.ipynb": "old"})
    exchange.collect()
    place = exchange.submitted / "ann" / "a"
    place.rename(place.with_name(".a.old"))
    half = place.with_name(".a.new")
    half.mkdir()
    (half / "a.ipynb").write_text("ha")
    exchange.collect()
    assert (place / "a.ipynb").read_text() == "old"
    assert os.listdir(exchange.submitted / "ann") == ["a"]


def test_a_time_that_somebody_wrote_by_hand_stops_nobody(exchange):
    exchange.submission()
    exchange.submission("bob")
    exchange.collect()
    (exchange.submitted / "ann" / "a" / "timestamp.txt").write_text("noon")
    exchange.submission("bob", time="2026-01-02 10:00:00 UTC", **{"a.ipynb": "new"})
    exchange.collect()
    assert (exchange.submitted / "bob" / "a" / "a.ipynb").read_text() == "new"


def test_a_submission_of_too_many_files_is_refused(exchange, monkeypatch):
    monkeypatch.setattr(collect, "MAX_FILES", 5)
    folder = exchange.submission()
    for number in range(9):
        (folder / f"{number}").mkdir()
    said, *_ = exchange.collect()
    assert said.endswith("is not collected: it holds more than 5 files and directories")


def test_a_file_that_is_too_large_stays_behind(exchange):
    exchange.submission(**{"large.bin": "x" * 60_000})
    exchange.collect()
    assert sorted(os.listdir(exchange.submitted / "ann" / "a")) == ["a.ipynb", "submission_secret.txt", "timestamp.txt"]


def test_directories_that_are_too_deep_stay_behind(exchange):
    folder = exchange.submission()
    for _ in range(30):
        folder = folder / "d"
    folder.mkdir(parents=True)
    (said,) = exchange.collect()
    assert said.endswith("is left out: it is more than 16 directories deep")
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
class TestRealOwners:
    def test_a_submission_in_another_students_name_is_refused_however_new(self, exchange):
        exchange.submission("root", **{"a.ipynb": "own"})
        forged = exchange.submission("root", time="2026-02-02 10:00:00 UTC", **{"a.ipynb": "forged"})
        os.chown(forged, 12345, 12345)
        (said,) = exchange.collect(real_owners=True)
        assert "it is in the name of root and belongs to user 12345" in said
        assert (exchange.submitted / "root" / "a" / "a.ipynb").read_text() == "own"

    def test_a_file_that_somebody_else_put_in_stays_behind(self, exchange):
        folder = exchange.submission("root", **{"put.in": "x"})
        os.chown(folder / "put.in", 12345, 12345)
        (said,) = exchange.collect(real_owners=True)
        assert "is left out: it belongs to user 12345" in said
        assert "put.in" not in os.listdir(exchange.submitted / "root" / "a")

    def test_owners_are_not_asked_where_one_account_submits_for_all(self, exchange):
        exchange.submission("ann")
        assert exchange.collect(real_owners=False) == []

    def test_owners_are_asked_by_default(self):
        assert SafeCollect.real_owners.default_value is True


def test_what_is_collected_can_be_written_by_the_instructor(exchange):
    folder = exchange.submission()
    (folder / "a.ipynb").chmod(0o444)
    exchange.collect()
    assert (exchange.submitted / "ann" / "a" / "a.ipynb").stat().st_mode & stat.S_IWUSR


NAMES = [
    "UNI\\alice",
    "josé",
    "O'Brien",
    "anna lena",
    "müller.k",
    "王伟",
    "a,b",
    "x@uni.example",
    "#1",
    "ann+lab",
    "Ø~$&",
]


@pytest.mark.parametrize("student", NAMES)
def test_whatever_name_nbgrader_submits_under_is_collected(exchange, student):
    exchange.submission(student)
    assert exchange.collect() == []
    assert (exchange.submitted / student / "a" / "a.ipynb").read_text() == "{}"


UNFIT = {
    "": "is empty",
    ".": "begins with '.'",
    "..": "begins with '.'",
    ".hidden": "begins with '.'",
    "-rf": "begins with '-'",
    "an*": "takes for a pattern",
    "a[b]": "takes for a pattern",
    "line\nann": "holds a character",
    "ann\x1b[31m": "holds a character",
    "ann\u202e": "holds a character",
    " ann": "holds a character",
    "é" * 101: "is longer than 200 bytes",
}


@pytest.mark.parametrize("student", UNFIT)
def test_a_name_that_is_refused_is_refused_with_the_reason(student):
    assert UNFIT[student] in collect.unfit_name(student)


def test_who_is_refused_is_noted_until_they_are_collected(exchange):
    folder = exchange.submission("bob")
    (folder / "submission_secret.txt").unlink()
    exchange.submission("ann")
    exchange.collect()
    directory = SimpleNamespace(root=exchange.tmp / "course")
    assert list(collect.refused_students(directory, "a")) == ["bob"]
    (folder / "submission_secret.txt").write_text("s3cret")
    exchange.collect()
    assert collect.refused_students(directory, "a") == {}


def test_who_is_collected_alone_changes_nobody_else_s_note(exchange):
    folder = exchange.submission("bob")
    (folder / "submission_secret.txt").unlink()
    exchange.submission("ann")
    exchange.collect()
    exchange.collect(student="ann")
    directory = SimpleNamespace(root=exchange.tmp / "course")
    assert list(collect.refused_students(directory, "a")) == ["bob"]
    (folder / "submission_secret.txt").write_text("s3cret")
    exchange.collect(student="bob")
    assert collect.refused_students(directory, "a") == {}


def test_a_damaged_note_of_who_was_refused_is_none(exchange):
    (exchange.tmp / "course" / ".refused").mkdir()
    (exchange.tmp / "course" / ".refused" / "a.json").write_text("[")
    assert collect.refused_students(SimpleNamespace(root=exchange.tmp / "course"), "a") == {}
