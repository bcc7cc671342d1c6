"""Grades as CSV, out of a real gradebook: nbgrader's columns, Canvas's, Moodle's."""

import csv
import os
import shutil
import signal
import subprocess
import sys

import pytest
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.files import replacing
from autograder.nbgrader_adapter.exchange import collect
from autograder.nbgrader_adapter.gradebook import export as exporting
from autograder.nbgrader_adapter.gradebook.export import NBGRADER, column_names, export

HOSTILE = "<img src=x onerror=alert(31337)>"
FORMULAS = ("=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(1)", "\t=1", " =1")


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def gradebook(small_class):
    directory = small_class.course.directory()
    with Gradebook(directory.db_url, directory.course_id) as opened:
        yield opened


@pytest.fixture
def named(gradebook):
    """Students with names, an address, and Canvas's own number; as they were, afterwards."""
    students = {student.id: student for student in gradebook.students}
    plain = students["right-1"]
    plain.first_name, plain.last_name, plain.email, plain.lms_user_id = "Ada", "Lovelace", "ada@example.org", "4711"
    for student, formula in zip(("blank", "crashes", "loops", "exits", "damaged", "person"), FORMULAS, strict=True):
        students[student].first_name = students[student].last_name = formula
    gradebook.db.commit()
    yield students
    for student in students.values():
        student.first_name = student.last_name = student.email = student.lms_user_id = None
    gradebook.db.commit()


def test_the_columns_are_nbgrader_s_own_and_three_more(small_class, nbgrader, tmp_path):
    nbgrader((small_class.root, "export", "--to", tmp_path / "theirs.csv"))
    export(small_class.course, ["descent"], tmp_path / "ours.csv")
    theirs, ours = read(tmp_path / "theirs.csv"), read(tmp_path / "ours.csv")
    assert ours[0] == [*theirs[0], "needs_person", "submitted", "section"]
    assert {line[3] for line in ours} == {line[3] for line in theirs}
    scores = {line[3]: line[9] for line in theirs[1:]}
    assert all(float(scores[line[3]]) == float(line[9]) for line in ours[1:] if line[-3] == "no")


def test_who_needs_a_person_is_blank_and_counted(cli, small_class, tmp_path):
    code, out, _ = cli(small_class.root, "export", "descent", "--to", tmp_path / "grades.csv")
    rows = {row[3]: dict(zip(NBGRADER, row, strict=True)) for row in read(tmp_path / "grades.csv")[1:]}
    for student in ("person", "right-3"):
        assert (rows[student]["raw_score"], rows[student]["score"], rows[student]["needs_person"]) == ("", "", "yes")
    blanks = sum(row["needs_person"] == "yes" for row in rows.values())
    assert f"{blanks} blank" in out
    assert code == 1


def test_canvas_gets_the_columns_that_its_importer_reads(cli, small_class, named, tmp_path):
    file = tmp_path / "canvas.csv"
    cli(small_class.root, "export", "--format", "canvas", "--column", "descent=Going downhill (123)", "--to", file)
    header, possible, *lines = read(file)
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Going downhill (123)"]
    assert possible == ["    Points Possible", "", "", "", "", "15"]
    rows = {line[3]: line for line in lines}
    assert rows["right-1"] == ["Lovelace, Ada", "4711", "", "right-1", "", "14.5"]
    assert rows["person"][5] == ""
    assert rows["blank"][5] == "0"
    assert rows[HOSTILE][0] == HOSTILE


def test_moodle_gets_who_it_is_and_a_dash_for_no_grade(cli, small_class, named, tmp_path):
    cli(small_class.root, "export", "--format", "moodle", "--to", tmp_path / "moodle.csv")
    header, *lines = read(tmp_path / "moodle.csv")
    assert header == ["First name", "Last name", "ID number", "Username", "Email address", "descent"]
    rows = {line[3]: line for line in lines}
    assert rows["right-1"] == ["Ada", "Lovelace", "4711", "right-1", "ada@example.org", "14.5"]
    assert rows["person"][5] == "-"
    assert rows["blank"][5] == "0"


@pytest.mark.parametrize("format_", exporting.FORMATS)
def test_no_field_is_a_formula(small_class, named, tmp_path, format_):
    columns = {"descent": "=1+1"}
    export(small_class.course, ["descent"], tmp_path / "grades.csv", format_, columns)
    fields = [field for line in read(tmp_path / "grades.csv") for field in line]
    assert [field for field in fields if field.startswith("'")]
    assert not [field for field in fields if field.lstrip(" ")[:1] in tuple("=+@\t\r") and field.strip()]
    assert {field for field in fields if field.startswith("-")} <= {"-"}


def test_a_late_penalty_is_off_the_score(small_class, gradebook, tmp_path):
    notebook = gradebook.find_submission_notebook("descent", "descent", "right-1")
    notebook.late_submission_penalty = 2.5
    gradebook.db.commit()
    try:
        export(small_class.course, ["descent"], tmp_path / "grades.csv")
    finally:
        notebook.late_submission_penalty = None
        gradebook.db.commit()
    (row,) = (row for row in read(tmp_path / "grades.csv") if row[3] == "right-1")
    assert row[7:11] == ["14.5", "2.5", "12", "15"]


def test_the_command_offers_every_format(capsys):
    assert main(["export", "--format", "another"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in exporting.FORMATS)


def test_an_export_that_fails_leaves_the_file_that_was_there(small_class, tmp_path, monkeypatch):
    (tmp_path / "grades.csv").write_text("the old file\n")

    def broken(*arguments):
        yield ["assignment"]
        raise KeyboardInterrupt

    monkeypatch.setitem(exporting.FORMATS, "nbgrader", broken)
    with pytest.raises(KeyboardInterrupt):
        export(small_class.course, ["descent"], tmp_path / "grades.csv")
    assert (tmp_path / "grades.csv").read_text() == "the old file\n"
    assert os.listdir(tmp_path) == ["grades.csv"]


def test_a_writer_that_is_killed_leaves_the_file_that_was_there(tmp_path):
    (tmp_path / "grades.csv").write_text("the old file\n")
    code = (
        "import pathlib, sys, time\nfrom autograder.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write('half of a ')\n    file.flush()\n    print('now', flush=True)\n    time.sleep(60)"
    )
    running = subprocess.Popen([sys.executable, "-c", code, tmp_path / "grades.csv"], stdout=subprocess.PIPE)
    assert running.stdout.readline() == b"now\n"
    os.kill(running.pid, signal.SIGKILL)
    running.wait(timeout=60)
    running.stdout.close()
    assert (tmp_path / "grades.csv").read_text() == "the old file\n"


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    with replacing(tmp_path / "grades.csv") as file:
        file.write("new")
    assert (tmp_path / "grades.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "the gradebook has no assignment called 'nothing'; it has: descent"),
        (["--to", "nowhere/grades.csv"], "nowhere/grades.csv cannot be written: No such file or directory"),
        (["--to", "."], "cannot be written"),
        (["--column", "descent"], "--column takes ASSIGNMENT=NAME"),
        (["--column", "other=x"], "--column names the assignment 'other', which is not among those to export"),
    ],
)
def test_a_mistake_is_one_sentence(cli, small_class, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code, _, err = cli(small_class.root, "export", *arguments)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_a_column_s_name_may_hold_an_equals_sign():
    assert column_names(["a=b = c"], ["a"]) == {"a": "b = c"}


@pytest.fixture
def absent(small_class, gradebook):
    """Three more in the gradebook: one refused at collection, one collected and not graded, one of neither kind."""
    course, names = small_class.course, ("refused", "collected", "elsewhere")
    for name in names:
        gradebook.update_or_create_student(name)
    place = course.folder / "submitted" / "collected" / "descent"
    place.mkdir(parents=True)
    directory = course.directory()
    directory.assignment_id = "descent"
    collect.note_refused(directory, {"refused": "it is a link"})
    yield
    collect.note_refused(directory, {})
    shutil.rmtree(place.parent)
    for name in names:
        gradebook.remove_student(name)


@pytest.mark.parametrize("kind", ["nbgrader", "canvas", "moodle"])
def test_who_was_refused_or_is_not_graded_yet_has_no_grade(small_class, absent, tmp_path, kind):
    export(small_class.course, ["descent"], tmp_path / "grades.csv", kind)
    lines = read(tmp_path / "grades.csv")
    scores = {
        name: next(line for line in lines if name in line)[9 if kind == "nbgrader" else -1]
        for name in ("refused", "collected", "elsewhere")
    }
    blank = "-" if kind == "moodle" else ""
    assert scores == {"refused": blank, "collected": blank, "elsewhere": "0"}
