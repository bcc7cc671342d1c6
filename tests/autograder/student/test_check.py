"""`check()` in the student's own notebook, in a Python that has the student's half and NumPy only."""

import shutil
import textwrap

import pytest

from autograder.authoring.build import given_version
from autograder.authoring.source import definition, imports_for, renamed


@pytest.fixture
def desk(source, tmp_path):
    """A folder as a student has it: the public cases beside the notebook."""
    shutil.copy(source / "descent" / "descent.cases.json", tmp_path)
    return tmp_path


@pytest.fixture
def solved(catalogue):
    """The cells of a notebook in which an exercise is answered with `answer`, and checked."""

    def cells(name, answer=None):
        exercise = catalogue.exercises[name]
        source = renamed(answer, name) if answer else definition(exercise.reference)
        lines = [*imports_for([exercise.reference, *exercise.given]), "from autograder import check"]
        return "\n".join([*lines, *map(definition, exercise.given), source, f"check({name})"])

    return cells


@pytest.mark.parametrize("name", ["halving_step", "running_mean", "backtrack", "log_sum_exp", "warm_up"])
def test_a_right_answer_gets_a_table_of_its_cases(name, as_student, solved, desk, catalogue):
    found = as_student(solved(name), desk)
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""
    assert found.stdout.startswith(f"{name}: all")
    assert "wrong" not in found.stdout


@pytest.mark.parametrize("name", ["halving_step", "running_mean", "backtrack", "warm_up"])
def test_a_misconception_is_named(name, as_student, solved, desk, catalogue):
    for wrong in catalogue.exercises[name].misconceptions:
        found = as_student(solved(name, wrong.answer), desk)
        assert found.returncode == 1
        assert wrong.sentence in " ".join(found.stderr.split())


@pytest.mark.parametrize("name", ["log_sum_exp", "halving_step"])  # one with a version to be mended, one that is blank
def test_what_is_as_it_was_given_is_not_begun(name, as_student, desk, catalogue):
    exercise = catalogue.exercises[name]
    given = given_version(exercise).replace("    ", "    # not today\n    ", 1)
    cell = "\n".join([*imports_for([exercise.reference, *exercise.given]), *map(definition, exercise.given), given])
    (desk / "cell.py").write_text(cell)
    imports = "sys.path.insert(0, '.')\nfrom autograder import check\nfrom cell import *\n"
    found = as_student(f"{imports}check({name})", desk)
    assert found.returncode == 1
    assert "You have not begun this one" in found.stderr
    assert not any(wrong.sentence in " ".join(found.stderr.split()) for wrong in exercise.misconceptions)


WRONG = {
    "another value": "def running_mean(mean, value, count): return mean + 7",
    "an exception": "def running_mean(mean, value, count): raise ValueError('my own words')",
    "not answered yet": "def running_mean(mean, value, count): raise NotImplementedError()",
    "nothing": "def running_mean(mean, value, count): pass",
    "a class": "class running_mean: pass",
    "another signature": "def running_mean(mean): return mean",
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_answer_fails_with_the_first_wrong_case_spelled_out(answer, as_student, desk):
    found = as_student(f"from autograder import check\n{answer}\ncheck(running_mean)", desk)
    assert found.returncode == 1
    assert "CheckFailed: running_mean: 0 of 4 public cases are right." in found.stderr
    assert "The case “five numbers”" in found.stderr


def test_a_fault_of_the_student_s_own_is_named(as_student, desk):
    found = as_student(f"from autograder import check\n{WRONG['an exception']}\ncheck(running_mean)", desk)
    assert "it raised ValueError: my own words" in found.stderr


def test_an_exception_without_words_is_named_alone(as_student, desk):
    code = "def running_mean(*arguments, **keywords):\n    assert False"
    found = as_student(f"from autograder import check\n{code}\ncheck(running_mean)", desk)
    assert "it raised AssertionError" in found.stderr
    assert "AssertionError:" not in found.stderr


def test_arguments_that_are_named_tuples_have_the_notebook_s_own_class(as_student, solved, desk):
    code = solved("halving_step").replace("    v = state.v", "    assert type(state) is StepState\n    v = state.v")
    assert "assert type(state)" in code
    assert as_student(code, desk).returncode == 0


def test_a_function_that_changes_its_arguments_is_told_so(as_student, solved, desk):
    code = solved("halving_step").replace("    v = state.v / 2 + grads", "    v = state.v\n    v /= 2\n    v += grads")
    found = as_student(code, desk)
    assert "the first call changed its arguments" in found.stderr


@pytest.mark.parametrize("thing", ["3", "None", "[1]", "'running_mean'"])
def test_what_is_no_function_is_refused_with_a_sentence(thing, as_student, desk):
    found = as_student(f"from autograder import check\ncheck({thing})", desk)
    assert "check() takes a function or class of an exercise, not" in found.stderr


def test_an_unknown_name_is_refused_with_a_sentence(as_student, desk):
    found = as_student("from autograder import check\ndef renamed(): pass\ncheck(renamed)", desk)
    assert "There is no exercise called 'renamed' in descent.cases.json: keep the function's name" in found.stderr


def test_without_the_file_of_cases_it_says_to_fetch_it(as_student, tmp_path):
    found = as_student("from autograder import check\ndef running_mean(): pass\ncheck(running_mean)", tmp_path)
    assert "No file *.cases.json stands beside this notebook: fetch the assignment again" in found.stderr


DAMAGED = {
    "empty": "",
    "not JSON": "{",
    "a list": "[]",
    "no exercises": "{}",
    "exercises that are a list": '{"exercises": []}',
    "an exercise without cases": '{"exercises": {"running_mean": {}}}',
    "an exercise that is a number": '{"exercises": {"running_mean": 3}}',
    "no driver": '{"exercises": {"running_mean": {"name": "running_mean", "checks": "x = 1", "driver": "run", '
    '"judge": "", "tolerance": null, "sentences": {}, "pure": true, "read": "", "cases": []}}}',
    "checks that are no Python": '{"exercises": {"running_mean": {"checks": "def", "tolerance": null}}}',
    "not text": "\udcff\udcfe",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_of_cases_says_to_fetch_it_again(text, as_student, tmp_path):
    (tmp_path / "descent.cases.json").write_bytes(text.encode(errors="surrogateescape"))
    found = as_student("from autograder import check\ndef running_mean(): pass\ncheck(running_mean)", tmp_path)
    assert "CheckFailed: descent.cases.json cannot be read" in found.stderr
    assert "fetch the assignment again" in found.stderr


def test_it_shows_its_own_text_and_no_traceback_in_a_notebook(as_student, desk):
    code = """
        from autograder import check
        def running_mean(mean, value, count): return 0
        try:
            check(running_mean)
        except AssertionError as error:
            print("\\n".join(error._render_traceback_()))
        """
    found = as_student(textwrap.dedent(code), desk)
    assert found.stdout.startswith("running_mean: 0 of 4")
    assert "Traceback" not in found.stdout


CALLED = {
    "decorated": "def loud(f):\n    def wrapper(*a): return f(*a)\n    return wrapper\n{name} = loud(right)",
    "a lambda": "{name} = lambda *a: right(*a)",
    "a partial": "import functools\n{name} = functools.partial(right)",
    "another function's name": "{name} = right",
    "an object": "class Mean:\n    def __call__(self, *a): return right(*a)\n{name} = Mean()",
    "a class of another name": "class Mean(float):\n    def __new__(cls, *a): return right(*a)\n{name} = Mean",
    "a method": "class Mean:\n    def of(self, *a): return right(*a)\n{name} = Mean().of",
    "under two names": "mine = {name} = lambda *a: right(*a)",
}
RIGHT_MEAN = "def right(mean, value, count): return mean + (value - mean) / (count + 1)\n"


@pytest.mark.parametrize("answer", CALLED.values(), ids=CALLED.keys())
@pytest.mark.parametrize(
    "call", ["check({name})", "check(answer={name})", "if True:\n    check(\n        {name}\n    )"]
)
def test_the_name_is_the_one_in_the_call(answer, call, as_student, desk):
    code = f"from autograder import check\n{RIGHT_MEAN}{answer}\n{call}".replace("{name}", "running_mean")
    found = as_student(code, desk)
    assert found.stdout.startswith("running_mean: all 4 public cases are right."), found.stderr


def test_a_wrapper_inside_a_function_is_known_by_what_it_wraps(as_student, desk):
    code = """from autograder import check
import functools
def running_mean(mean, value, count): return mean + (value - mean) / (count + 1)
def run():
    other = functools.wraps(running_mean)(lambda *a: running_mean(*a))
    check(other)
run()"""
    assert as_student(code, desk).stdout.startswith("running_mean: all 4")


FRONT_ENDS = {
    "a cell that has left the folder": ("", "import os; os.chdir('/')"),
    "VS Code, started in the workspace": ("import os; os.chdir('/')", "__vsc_ipynb_file__ = {notebook!r}"),
    "Jupyter's server": ("import os; os.chdir('/')", "os.environ['JPY_SESSION_NAME'] = {notebook!r}"),
    "a server whose root is above": (
        "import os; os.chdir('..')",
        "os.environ['JPY_SESSION_NAME'] = '/'.join({notebook!r}.split('/')[-2:])",
    ),
    "a notebook that remembers its session": ("import os; os.chdir('/')", "__session__ = {notebook!r}"),
    "IPython's history of folders": ("import os; os.chdir('/')", "_dh = [os.path.dirname({notebook!r}), '/']"),
    "a script": ("import os; os.chdir('/')", "__file__ = {notebook!r}"),
    "a folder that was removed": ("", "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)"),
}


@pytest.mark.parametrize(("before", "after"), FRONT_ENDS.values(), ids=FRONT_ENDS.keys())
def test_the_cases_are_found_where_the_notebook_lies(before, after, as_student, desk):
    notebook = str(desk / "descent.ipynb")
    code = f"{before}\nfrom autograder import check\n{after.format(notebook=notebook)}\n"
    found = as_student(code + RIGHT_MEAN + "running_mean = right\ncheck(running_mean)", desk)
    assert found.stdout.startswith("running_mean: all 4 public cases are right."), found.stderr


def test_where_it_has_searched_is_said(as_student, tmp_path):
    code = "from autograder import check\nimport os; os.chdir('/usr')\ndef running_mean(): pass\ncheck(running_mean)"
    found = as_student(code, tmp_path)
    assert f"(searched: /usr, {tmp_path})" in found.stderr


def test_a_damaged_file_beside_a_sound_one_hurts_nobody(as_student, desk):
    (desk / "a.cases.json").write_text("{")
    code = "from autograder import check\n" + RIGHT_MEAN + "running_mean = right\ncheck(running_mean)"
    assert as_student(code, desk).returncode == 0


SHOWN = ["print('here')", "import warnings; warnings.simplefilter('always'); warnings.warn('careful')",
         "import logging; logging.warning('here')", "import sys; sys.stderr.write('50%')"]  # fmt: skip


@pytest.mark.parametrize("statement", SHOWN)
def test_what_an_answer_shows_costs_nothing(statement, as_student, desk):
    code = f"from autograder import check\n{RIGHT_MEAN}def running_mean(*a):\n    {statement}\n    return right(*a)\n"
    found = as_student(code + "check(running_mean)", desk)
    assert "running_mean: all 4 public cases are right." in found.stdout, found.stderr


def test_leaving_inside_an_answer_is_an_exception_of_its_own(as_student, desk):
    code = "from autograder import check\ndef running_mean(*a): raise SystemExit(0)\ncheck(running_mean)"
    assert "it raised SystemExit" in as_student(code, desk).stderr
