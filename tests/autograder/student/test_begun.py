"""What is still as it was given, by its code."""

import pytest

from autograder.student.begun import MOST, code_of, is_as_given, is_defined_in

GIVEN = 'def step(x, lr=0.1):\n    """Move x."""\n    y = x + lr  # the wrong way\n    return y'

SAME = {
    "nothing changed": GIVEN,
    "a comment of one's own": GIVEN + "  # I will do this tomorrow",
    "no comment left": GIVEN.replace("  # the wrong way", ""),
    "other white space": GIVEN.replace("\n    y", "\n\n\n    y").replace("x + lr", "x  +  lr") + "\n\n",
    "another docstring": GIVEN.replace("Move x.", "Move x by lr."),
    "no docstring": GIVEN.replace('    """Move x."""\n', ""),
    "words above it": '"""My answer."""\n' + GIVEN,
    "brackets that mean nothing": GIVEN.replace("x + lr", "(x + lr)"),
}
BEGUN = {
    "a sign": GIVEN.replace("x + lr", "x - lr"),
    "a variable's name": GIVEN.replace("y", "z"),
    "another default": GIVEN.replace("0.1", "0.2"),
    "a call of it": GIVEN + "\nstep(1)",
    "a print": GIVEN.replace("    return", "    print(y)\n    return"),
    "an import": "import math\n" + GIVEN,
    "a decorator": "@print\n" + GIVEN,
    "another name": GIVEN.replace("step", "stride"),
    "nothing": "",
    "comments alone": "# step",
    "no Python": "def step(",
    "a magic": "%%time\n" + GIVEN,
    "half a character": GIVEN + "\n'\ud83d'",
    "a nul": GIVEN + "\0",
    "brackets without end": "(" * 5000 + ")" * 5000,
    "minus without end": "-" * 50_000 + "1",
    "megabytes": GIVEN + "\n#" + "x" * MOST,
}


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_what_has_the_code_that_was_given_is_as_given(source):
    assert is_as_given(source, GIVEN)


@pytest.mark.parametrize("source", BEGUN.values(), ids=BEGUN)
def test_what_has_another_code_is_begun(source):
    assert not is_as_given(source, GIVEN)


def test_nothing_given_is_like_nothing_at_all():
    assert not is_as_given("", "")
    assert code_of("# a comment") == ""


DEFINES = [
    "step = lambda x: x",
    "def step(x): return x",
    "class step: pass",
    "from tools import step",
    "from tools import mine as step",
    "if True:\n    step = 3",
    "step.move = print",
    "step.inner.move = print",
    "setattr(step, 'move', print)",
    "for step in []: pass",
    "del step",
    "%matplotlib inline\nstep = print",
    "step = (",
]
USES = ["step(1)", "x = step(1)", "print(step)", "%timeit step(1)", "", "steps = 3", "'step'", "other(step)"]


@pytest.mark.parametrize("source", DEFINES)
def test_a_cell_that_binds_or_changes_the_name_defines_it(source):
    assert is_defined_in(source, "step")


@pytest.mark.parametrize("source", USES)
def test_a_cell_that_only_uses_the_name_does_not_define_it(source):
    assert not is_defined_in(source, "step")
