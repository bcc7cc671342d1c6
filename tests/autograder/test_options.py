"""What people mistype: one sentence that names the thing and the remedy, exit code 2, nothing written."""

import argparse
import shutil

import pytest

from autograder.options import above_zero, address, nearest, whole
from autograder.settings import AutograderSettings


@pytest.fixture(scope="module")
def generated(course_root, tmp_path_factory):
    """A course with an assignment that nobody has submitted."""
    from autograder.nbgrader_adapter import course
    from autograder.nbgrader_adapter.exchange import steps
    from autograder.settings import read_config

    root = tmp_path_factory.mktemp("mistyped") / "course"
    root.mkdir()
    text = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / "exercises"), str(course_root / "private")]
    (root / "nbgrader_config.py").write_text(text.replace('["exercises", "private"]', repr(folders)))
    made = course.course_of(read_config(root))
    steps.build(made, "chance")
    steps.generate(made, "chance")
    return root


def snapshot(root):
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


MISTYPED = {
    "no command": ([], "required: COMMAND"),
    "a command that is nearly one": (["grad", "chance"], "there is no command 'grad' (did you mean 'grade'?)"),
    "a command that is none": (["frobnicate"], "there is no command 'frobnicate'; there are: list, build, prove"),
    "a proof by no set": (["prove", "--sets", "0"], "--sets: a whole number of at least 1 is wanted, not '0'"),
    "an option that is nearly one": (["grade", "chance", "--wrkers", "2"], "unrecognized arguments: --wrkers"),
    "a class below nothing": (["rehearse", "chance", "--students", "-3"], "a whole number of at least 1 is wanted"),
    "a class of nobody": (["rehearse", "chance", "--students", "0"], "--students: a whole number of at least 1"),
    "a class of many words": (["rehearse", "chance", "--students", "twelve"], "not 'twelve'"),
    "a class and a half": (["rehearse", "chance", "--students", "1.5"], "not '1.5'"),
    "no workers": (["grade", "chance", "--workers", "0"], "--workers: a whole number of at least 1 is wanted, not '0'"),
    "workers below nothing": (["grade", "chance", "--workers", "-1"], "not '-1'"),
    "no watching workers": (["watch", "chance", "--workers", "0"], "--workers: a whole number of at least 1"),
    "a look every 0 s": (["watch", "chance", "--every", "0"], "--every: a number above 0 is wanted, not '0'"),
    "a look never": (["watch", "chance", "--every", "inf"], "a number above 0 is wanted, not 'inf'"),
    "a look every nan": (["watch", "chance", "--every", "nan"], "a number above 0 is wanted, not 'nan'"),
    "a limit in words": (["watch", "chance", "--limit", "three", "24"], "a whole number of at least 0 is wanted"),
    "a limit in no hours": (["watch", "chance", "--limit", "3", "0"], "--limit takes a number of answers and one of"),
    "a limit of one number": (["watch", "chance", "--limit", "3"], "--limit: expected 2 arguments"),
    "a scheduler that is no address": (["grade", "chance", "--scheduler", "host"], "such as tcp://host:8786"),
    "a scheduler without a port": (["grade", "chance", "--scheduler", "tcp://host"], "such as tcp://host:8786"),
    "no assignment to grade": (["grade"], "required: assignment"),
    "an assignment that is not there": (["grade", "nope"], "there is no assignment called 'nope'; known are: "),
    "an assignment that is nearly there": (["grade", "chanse"], "(did you mean 'chance'?)"),
    "an assignment of another case": (["grade", "Chance"], "(did you mean 'chance'?)"),
    "an assignment without a name": (["grade", ""], "there is no assignment called ''"),
    "an assignment that is a path": (["grade", "../chance"], "there is no assignment called '../chance'"),
    "an assignment not generated": (["grade", "descent"], "run `nbgrader generate_assignment descent`"),
    "an assignment nobody submitted": (["grade", "chance"], "nothing is submitted for 'chance'"),
    "a table of nobody": (["scores", "chance"], "no submission of 'chance' has a grade yet: run `autograder grade"),
    "a table of nothing": (["scores", "chanse"], "(did you mean 'chance'?)"),
    "a table of what is not generated": (["scores", "descent"], "run `nbgrader generate_assignment descent`"),
    "a report on nobody": (["report", "chance"], "no submission of 'chance' has a grade yet"),
    "a report on nothing": (["report", "chanse"], "the gradebook has no assignment called 'chanse'; it has: chance"),
    "an export of nothing": (["export", "chanse"], "the gradebook has no assignment called 'chanse'; it has: chance"),
    "an export into nowhere": (["export", "--to", "no/such/folder/g.csv"], "no/such/folder/g.csv cannot be written"),
    "an export onto a folder": (["export", "--to", "/"], "/ cannot be written"),
    "an export into a file": (["export", "--to", "/etc/passwd/g.csv"], "/etc/passwd/g.csv cannot be written"),
    "an export of another kind": (["export", "--format", "excel"], "invalid choice: 'excel'"),
    "a column without a name": (["export", "--column", "chance="], "--column takes ASSIGNMENT=NAME"),
    "a column of what is not exported": (["export", "--column", "chanse=HW 1"], "not among those to export"),
    "a watch on nothing": (["watch", "chanse", "--once"], "chanse"),
    "nothing to watch": (["watch"], "required: ASSIGNMENT"),
    "an exercise that is not there": (["explain", "ada", "gate"], "there is no exercise called 'gate' in any"),
    "an exercise that is nearly there": (["explain", "ada", "halving_stp"], "(did you mean 'halving_step'?)"),
    "a student without an answer": (["explain", "ada", "halving_step"], "'ada' has no graded answer"),
    "an answer in no assignment": (["explain", "a", "b", "--assignment", "chanse"], "(did you mean 'chance'?)"),
    "a build of one that is not there": (["build", "chance", "chanse"], "(did you mean 'chance'?)"),
    "a rehearsal of nothing": (["rehearse", "chanse"], "(did you mean 'chance'?)"),
}


@pytest.mark.parametrize(("words", "sentence"), MISTYPED.values(), ids=MISTYPED.keys())
def test_what_is_mistyped_is_one_sentence_with_exit_code_2_and_writes_nothing(words, sentence, generated, cli):
    before = snapshot(generated)
    code, out, err = cli(generated, *words)
    assert (code, out) == (2, ""), err
    assert err.startswith("autograder: ")
    assert err.count("\n") == 1
    assert sentence in err
    assert snapshot(generated) == before


@pytest.mark.parametrize("command", ["scores", "grade", "report", "export", "explain"])
def test_looking_at_a_course_without_a_gradebook_makes_none(command, course_root, cli, tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    text = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / "exercises"), str(course_root / "private")]
    (root / "nbgrader_config.py").write_text(text.replace('["exercises", "private"]', repr(folders)))
    words = {"export": [], "explain": ["ada", "halving_step"]}.get(command, ["chance"])
    code, _, err = cli(root, command, *words)
    assert code == 2, err
    assert err.count("\n") == 1
    assert not list(root.rglob("*.db"))


def test_a_scheduler_that_does_not_answer_is_told_where_nothing_is_left_to_grade(generated, cli, monkeypatch):
    monkeypatch.setattr("autograder.workers.cluster.CONNECT_SECONDS", 0.5)
    code, _, err = cli(generated, "grade", "chance", "--scheduler", "tcp://127.0.0.1:9")
    assert code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in err
    assert err.count("\n") == 1


def test_a_folder_that_is_no_course_or_no_folder_is_told(cli, tmp_path):
    for place, words in ((tmp_path / "nowhere", "is no folder"), (tmp_path, "holds no nbgrader_config.py")):
        code, _, err = cli(place, "list")
        assert code == 2
        assert words in err
        assert "--course" in err


def test_the_gradebook_and_its_folder_are_their_owner_s_alone(generated):
    assert (generated / "classroom").stat().st_mode & 0o077 == 0
    assert (generated / "classroom" / "gradebook.db").stat().st_mode & 0o077 == 0


COMMANDS = [
    "list",
    "build",
    "prove",
    "grade",
    "watch",
    "explain",
    "export",
    "roster",
    "report",
    "scores",
    "rehearse",
    "remove-rehearsed",
    "doctor",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_says_what_it_does_an_example_and_exit_codes(command, cli, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli(tmp_path, command, "--help")
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert f"\n  autograder {command}" in out
    assert "exit codes:\n  0  done" in out
    assert ". " in out or ".\n" in out


def test_every_command_is_among_those_whose_help_is_tested(cli, tmp_path):
    _, _, err = cli(tmp_path, "frobnicate")
    known = err.split("there are: ")[1].split(";")[0].split(", ")
    assert set(COMMANDS) <= set(known)


@pytest.mark.parametrize(
    ("name", "found"),
    [("momentun", " (did you mean 'momentum'?)"), ("MOMENTUM", " (did you mean 'momentum'?)"), ("xyz", ""), ("", "")],
)
def test_the_nearest_name_is_one_that_is_near(name, found):
    assert nearest(name, ["momentum", "learning_rates"]) == found


@pytest.mark.parametrize("text", ["tcp://host:8786", "tls://10.0.0.1:8786", "tcp://[::1]:8786"])
def test_an_address_of_a_scheduler_is_taken(text):
    assert address(text) == text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (whole(1), ""),
        (whole(1), "1e3"),
        (whole(0), "-1"),
        (above_zero, "-1"),
        (above_zero, ""),
        (address, "http://a:1"),
    ],
)
def test_an_option_that_is_none_is_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match="is wanted, not"):
        read(text)


def test_every_setting_of_the_wrong_type_is_one_sentence(course_root, cli, tmp_path):
    shutil.copy(course_root / "nbgrader_config.py", tmp_path)
    text = (tmp_path / "nbgrader_config.py").read_text()
    for name in AutograderSettings.class_trait_names(config=True):
        (tmp_path / "nbgrader_config.py").write_text(text + f"\nc.AutograderSettings.{name} = object\n")
        code, out, err = cli(tmp_path, "list")
        assert (code, out, err.count("\n")) == (2, "", 1), (name, err)
        assert name in err


SETTINGS = {
    "a number that is none": ("c.AutograderSettings.cell_seconds = float('nan')", "cell_seconds is nan"),
    "hours without end": ("c.AutograderSettings.watch_hours = float('inf')", "watch_hours is inf"),
    "a layer that is not there": ("c.AutograderSettings.layers = ['landlok']", "(did you mean 'landlock'?)"),
    "a secret nowhere": ("c.AutograderSettings.secret_file = ''", "secret_file is empty: name a place"),
    "a store nowhere": ("c.AutograderSettings.store = ' '", "store is empty: name a place"),
    "a setting that is nearly one": ("c.AutograderSettings.exercise = []", "(did you mean 'exercises'?)"),
    "one folder, not a list": ("c.AutograderSettings.exercises = 'exercises'", "exercises"),
    "a course id of nbgrader's that is a number": ("c.CourseDirectory.course_id = 3", "course_id"),
    "a due date that is none": (
        "c.AutograderSettings.assignments = {'own': {'exercises': ['running_mean'], 'duedate': 'someday'}}",
        "'duedate' is a date such as",
    ),
    "a due date that is a number": (
        "c.AutograderSettings.assignments = {'own': {'exercises': ['running_mean'], 'duedate': 3}}",
        "'duedate' is a date such as",
    ),
    "a title that is a number": (
        "c.AutograderSettings.assignments = {'own': {'exercises': ['running_mean'], 'title': 3}}",
        "'title' is a text, not 3",
    ),
    "exercises that are lists": (
        "c.AutograderSettings.assignments = {'own': {'exercises': [['running_mean']]}}",
        "'exercises' is a list of names",
    ),
}


@pytest.mark.parametrize(("line", "sentence"), SETTINGS.values(), ids=SETTINGS.keys())
def test_a_setting_that_cannot_be_meant_is_one_sentence(line, sentence, course_root, cli, tmp_path):
    text = (course_root / "nbgrader_config.py").read_text()
    folders = [str(course_root / "exercises"), str(course_root / "private")]
    text = text.replace('["exercises", "private"]', repr(folders))
    (tmp_path / "nbgrader_config.py").write_text(f"{text}\n{line}\n")
    code, out, err = cli(tmp_path, "list")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert sentence in err
