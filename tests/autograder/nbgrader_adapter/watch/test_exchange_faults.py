"""What can go wrong in an exchange that everybody writes to, with `autograder watch` at work.

Of each: the person concerned is told, nothing is lost, nobody else is affected.
"""

import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

from autograder.nbgrader_adapter.batch import entry

# nbgrader's release_feedback leaves a file to be closed by the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:.*timestamp.txt:pytest.PytestUnraisableExceptionWarning")

NOTE = '<meta name="autograder" content="note">'
TO_THE_SECOND = {"timestamp_format": "%Y-%m-%d %H:%M:%S %Z"}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk or give files away")


def lines(said):
    """What was said, without its times."""
    return sorted(line.split("  ", 1)[1] for line in said)


def test_two_students_who_submit_at_the_same_second_are_both_answered(classroom):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    while len({student.submit(**TO_THE_SECOND).split("+")[2] for student in (ann, bob)}) > 1:
        pass  # the clock went on between the two
    classroom.watch()
    assert ann.fetch()[-1].keys() == bob.fetch()[-1].keys() == {"descent"}
    assert sorted(set(classroom.answered())) == [("ann", "answered"), ("bob", "answered")]


def test_of_two_submissions_of_a_student_the_newest_is_graded(classroom):
    ann = classroom.student("ann").answer(halving_step="def halving_step(*_): return 0")
    ann.submit()
    ann.answer().submit()
    assert lines(classroom.watch()[1]) == ["descent  ann  13 of 15  answered"]
    assert classroom.answered() == [("ann", "answered")]


@pytest.mark.parametrize("content", ["", "<script>alert(1)</script>", '{"cells": "<script>alert(1)</script>"}'])
def test_what_is_no_notebook_is_answered_with_what_is_wrong_and_the_next_one_is_graded(classroom, content):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    right = ann.notebook.read_bytes()
    ann.notebook.write_text(content)
    ann.submit()
    bob.submit()
    code, said, _ = classroom.watch("--limit", 1, 24)
    assert code == 1
    first, second = lines(said)
    assert first.startswith("descent  ann  - of 15  needs a person: NotGradable: descent.ipynb is not a notebook")
    assert second == "descent  bob  13 of 15  answered"
    note = ann.fetch()[0]["descent"]
    assert "descent.ipynb is not a notebook" in note
    assert "<script" not in note
    ann.notebook.write_bytes(right)
    ann.submit()
    assert lines(classroom.watch("--limit", 1, 24)[1]) == ["descent  ann  13 of 15  answered"]  # a note is no answer
    assert NOTE not in ann.fetch()[1]["descent"]


def test_a_notebook_that_was_renamed_is_answered_under_its_new_name(classroom):
    ann = classroom.student("ann")
    ann.notebook.rename(ann.notebook.with_name("my answers <b>.ipynb"))
    ann.submit()
    classroom.watch()
    (pages,) = ann.fetch()
    assert "cannot be graded as it is: it holds no notebook called descent.ipynb" in pages["my answers <b>"]
    assert "<b>" not in pages["my answers <b>"]


def test_a_notebook_of_200_mb_is_refused_where_it_is_submitted(classroom):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    ann.submit()
    os.truncate(ann.notebook, 200_000_000)  # a sparse file
    with pytest.raises(RuntimeError, match=r"Directory size is too big\. Size is 2\d{8}, maximum size is 100000000"):
        ann.submit()
    bob.submit()
    assert lines(classroom.watch()[1]) == ["descent  ann  13 of 15  answered", "descent  bob  13 of 15  answered"]


def test_a_notebook_of_200_mb_that_is_put_into_the_inbound_is_not_collected_and_its_student_is_told(classroom):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    ann.submit()
    classroom.watch()
    with open(classroom.inbound / (name := ann.submit()) / "more.ipynb", "wb") as file:
        os.truncate(file.fileno(), 90_000_000)
    shutil.copy(classroom.inbound / name / "more.ipynb", classroom.inbound / name / "still more.ipynb")
    bob.submit()
    refused, answered = lines(classroom.watch()[1])
    assert answered == "descent  bob  13 of 15  answered"
    assert "is not collected: it holds more than 100000 KB" in refused
    first, second = ann.fetch()
    assert NOTE not in first["descent"]
    assert "was not collected: it holds more than 100000 KB" in second["descent"]


@needs_root
def test_a_submission_in_anothers_name_changes_nothing_for_them(classroom):
    classroom.configure("c.SafeCollect.real_owners = True")
    victim = classroom.student("root").answer()
    victim.submit()
    classroom.watch()
    before = victim.fetch()
    forged = classroom.inbound / victim.answer(halving_step="def halving_step(*_): return 0").submit()
    for path in (forged, *forged.iterdir()):
        os.chown(path, 12345, 12345)
    code, (line,), err = classroom.watch()
    assert line.endswith("is not collected: it is in the name of root and belongs to user 12345")
    assert classroom.score("root") == 13
    assert victim.fetch() == before
    assert (code, err) == (0, "")


def test_links_and_junk_in_the_inbound_are_named_once_and_the_others_are_answered(classroom):
    classroom.student("ann").submit()
    time_ = "2026-01-01 10:00:00 UTC"
    (classroom.inbound / f"eve+descent+{time_}+x").symlink_to(classroom.root)
    (classroom.inbound / f"mal+descent+{time_}+x").write_text("no directory")
    (classroom.inbound / "junk+descent+yesterday+x").mkdir()
    os.mkfifo(classroom.inbound / f"pipe+descent+{time_}+x")
    whole = classroom.inbound / classroom.student("bob").submit()
    (whole / "passwords").symlink_to("/etc/passwd")
    code, said, _ = classroom.watch()
    assert code == 0
    assert sum("is not collected: " in line for line in said) == 4
    assert [line for line in lines(said) if "answered" in line] == [
        "descent  ann  13 of 15  answered",
        "descent  bob  13 of 15  answered",
    ]
    assert not (classroom.root / "classroom" / "submitted" / "bob" / "descent" / "passwords").exists()


def test_who_was_refused_is_noted_for_export_and_report_until_they_are_collected(classroom):
    ann, bob, cyd = (classroom.student(name) for name in ("ann", "bob", "cyd"))
    for name in ("bob", "cyd"):
        classroom.enroll(name)
    ann.submit()
    (classroom.inbound / "bob+descent+2026-01-01 10:00:00 UTC+x").symlink_to(classroom.root)
    secret = classroom.inbound / cyd.submit() / "submission_secret.txt"
    text = secret.read_text()
    secret.unlink()
    classroom.watch()
    assert classroom.refused().keys() == {"bob", "cyd"}
    classroom.watch()  # another watcher forgets nobody
    assert classroom.refused().keys() == {"bob", "cyd"}
    assert classroom.exported() == {"ann": "13", "bob": "", "cyd": ""}
    assert ("bob", "what was submitted is not collected: it is a link") in classroom.reported()
    secret.write_text(text)
    bob.submit()
    classroom.watch()
    assert classroom.exported() == {"ann": "13", "bob": "13", "cyd": "13"}
    assert "cyd" not in classroom.refused()
    assert not {name for name, _ in classroom.reported()} & {"bob", "cyd"}


def test_a_grade_that_cannot_be_entered_is_said_and_waits_for_a_person(classroom, monkeypatch):
    ann, bob = classroom.student("ann"), classroom.student("bob")
    ann.submit()
    bob.submit()
    enter = entry.enter

    def refuse(course, gradebook, book, drafted):
        if drafted.student == "ann":
            raise ValueError("it does not fit")
        enter(course, gradebook, book, drafted)

    monkeypatch.setattr(entry, "enter", refuse)
    code, said, err = classroom.watch()
    reason = "its grade cannot be entered: ValueError: it does not fit"
    assert lines(said) == [
        f"descent  ann  - of 15  needs a person: {reason}",
        "descent  bob  13 of 15  answered",
    ]
    assert f"ann: submission: {reason}" in err
    assert code == 1
    assert ("ann", "person") in classroom.answered()


def test_a_gradebook_that_takes_nothing_of_a_submission_is_said_and_tried_again(classroom, monkeypatch):
    def refuse(*_):
        raise ValueError("it does not fit")

    monkeypatch.setattr(entry, "enter", refuse)
    monkeypatch.setattr(entry, "set_aside", refuse)
    classroom.student("ann").submit()
    code, said, err = classroom.watch()
    (line,) = lines(said)
    assert line.startswith("descent  ann  not answered yet, and tried again: its grade cannot be entered: ValueError")
    assert "the gradebook takes no entry of it: ValueError: it does not fit" in line
    assert err.count("ann: submission: ") == 2
    assert code == 1


def test_a_flood_of_junk_takes_twenty_lines(classroom):
    for number in range(300):
        (classroom.inbound / f"junk+descent+{number}+x").write_text("")
    classroom.student("ann").submit()
    said = classroom.watch()[1]
    assert len(said) == 22
    assert [line for line in lines(said) if "280 more entries" in line or "ann  13 of 15" in line] == [
        f"descent  280 more entries of {classroom.inbound} are not collected",
        "descent  ann  13 of 15  answered",
    ]


def test_half_a_submission_is_waited_for(classroom):
    ann = classroom.student("ann")
    secret = classroom.inbound / ann.submit() / "submission_secret.txt"
    text = secret.read_text()
    secret.unlink()
    assert classroom.watch() == (0, [], "")
    secret.write_text("")
    assert classroom.watch() == (0, [], "")
    secret.write_text(text)
    assert lines(classroom.watch()[1]) == ["descent  ann  13 of 15  answered"]


def test_a_gradebook_that_somebody_else_holds_costs_time_and_no_answer(classroom, until):
    process = classroom.start("--limit", "1", "24")
    until(lambda: "watching descent" in process.log.read_text(), process)
    other = sqlite3.connect(classroom.root / "classroom" / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    classroom.student("ann").submit()
    until(lambda: "database is locked" in process.log.read_text(), process)
    other.execute("ROLLBACK")
    other.close()
    until(lambda: process.log.read_text().endswith("ann  13 of 15  answered\n"), process)


def test_a_gradebook_that_is_held_from_the_start_is_one_sentence(classroom):
    other = sqlite3.connect(classroom.root / "classroom" / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    code, _, err = classroom.watch()
    other.close()
    assert code == 2
    assert "gradebook.db cannot be used (database is locked): another program is writing to it" in err
    assert err.count("\n") == 1


# ------------------------------------------------------------------------------------------------ a disk that is full


@pytest.fixture
def small_disk(classroom):
    """The exchange on a disk of its own, of 2 MiB; `fill()` leaves `left` bytes of it, `free()` gives the rest back."""
    root = classroom.exchange.parent
    aside = root.with_name("exchange-before")
    root.rename(aside)
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "none", root], check=True, capture_output=True)
    try:
        shutil.copytree(aside, root, dirs_exist_ok=True)
        yield Disk(root)
    finally:
        subprocess.run(["umount", "--lazy", root], check=True)


class Disk:
    def __init__(self, root):
        self.root, self._filler = root, root / "filler"

    def fill(self, left=0):
        found = os.statvfs(self.root)
        with self._filler.open("wb") as file:
            file.write(b"x" * (found.f_bavail * found.f_frsize - left))

    def free(self):
        self._filler.unlink()


@needs_root
def test_a_student_is_told_that_the_exchange_is_full_and_half_a_submission_is_not_graded(classroom, small_disk):
    ann, bob = classroom.student("ann").answer(halving_step="def halving_step(*_): return 0"), classroom.student("bob")
    ann.submit()
    classroom.watch()
    ann.answer()
    small_disk.fill(left=8192)
    with pytest.raises((shutil.Error, OSError), match="No space left on device"):
        ann.submit()
    assert len(list(classroom.inbound.glob("ann+*"))) == 2  # half of it is there
    small_disk.free()
    assert classroom.watch() == (0, [], "")
    assert classroom.score("ann") == 9
    bob.submit()
    ann.submit()
    said = lines(classroom.watch()[1])
    assert said == ["descent  ann  13 of 15  answered", "descent  bob  13 of 15  answered"]


@needs_root
def test_feedback_that_the_exchange_has_no_room_for_goes_out_when_it_has(classroom, small_disk, until):
    ann = classroom.student("ann")
    classroom.student("bob").submit()
    classroom.watch()
    process = classroom.start()
    until(lambda: "watching descent" in process.log.read_text(), process)
    ann.submit()
    small_disk.fill()
    until(lambda: "does not take the feedback: No space left on device" in process.log.read_text(), process)
    assert classroom.score("ann") == 13
    assert [NOTE in pages["descent"] for pages in classroom.student("bob").fetch()] == [False]
    small_disk.free()
    until(lambda: process.log.read_text().endswith("ann  13 of 15  answered\n"), process)
    assert NOTE not in ann.fetch()[0]["descent"]
    assert process.log.read_text().count("does not take the feedback") == 1


# ------------------------------------------------------------------------------------------ a watcher that is killed

MOMENTS = {
    "collected": "classroom/submitted/*/descent/timestamp.txt",
    "being graded": "verdicts/graded_submissions/descent/*",
    "graded": "verdicts/verdicts/*/*.json",
    "in the gradebook": "classroom/autograded/*/descent/descent.ipynb",
    "feedback written": "classroom/feedback/*/descent/descent.html",
    "feedback released": "exchange/second-course/feedback/*.html",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_and_started_again_everybody_is_answered_once(classroom, until, moment):
    students = [classroom.student(name) for name in ("ann", "bob", "cyd")]
    for student in students:
        student.submit()
    process = classroom.start("--workers", "2", "--limit", "1", "24")
    until(lambda: any(classroom.root.glob(MOMENTS[moment])), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    out = {page: page.stat().st_mtime_ns for page in (classroom.exchange / "feedback").glob("*[!p].html")}
    code, _, err = classroom.watch("--limit", 1, 24)
    assert code == 0, err
    assert all(page.stat().st_mtime_ns == before for page, before in out.items())  # none was released again
    for student in students:
        assert classroom.score(student.name) == 13
        (pages,) = student.fetch()
        assert NOTE not in pages["descent"]
    assert sorted(classroom.answered()) == [(student.name, "answered") for student in students]
    assert classroom.watch("--limit", 1, 24) == (0, [], "")
