"""What is said of a wrong answer that shows no known misconception."""

from collections import namedtuple

import numpy as np
import pytest

from autograder.student.compare import Mismatch
from autograder.student.drive import Raised
from autograder.student.hints import LONGEST, hint, no_value
from autograder.student.marking import CaseMark, Oracle

State = namedtuple("State", "v t")
START = np.array([1.0, -2.0])
MOVED = START + 1
STATE = State(np.zeros(2), 0)


def oracle(expected, *arguments):
    return Oracle("a case", arguments, {}, expected)


@pytest.mark.parametrize(
    ("expected", "answer", "names", "sentence"),
    [
        (MOVED, None, (), "It returns None, as a function without a `return` does."),
        (MOVED, START.copy(), (), "The answer came back as it was given: nothing moved."),
        (MOVED, START.copy(), ("params",), "`params` came back as it was given: nothing moved."),
        ((MOVED, 1), (START.copy(), 1), ("params", "state"), "`params` came back as it was given: nothing moved."),
        ((START, MOVED), (START, START.copy()), ("m", "v"), "`v` came back as it was given: nothing moved."),
        ((START, MOVED), (START, START.copy()), (), "`answer[1]` came back as it was given: nothing moved."),
        ([MOVED, MOVED + 1], [START, START], ("params",), "Nothing moved: all 2 values of `params` are the same."),
        ([[MOVED], [2 * MOVED]], [[START], [START]], (), "Nothing moved: all 2 values of the answer are the same."),
        ([0.5, 0.25], [1.0, 1.0], ("rates",), "Nothing moved: all 2 values of `rates` are the same."),
    ],
)
def test_it_says_that_nothing_came_back_or_nothing_moved(expected, answer, names, sentence):
    assert hint(oracle(expected, START, STATE), answer, names) == sentence


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (MOVED, MOVED + 1),
        (START, START),
        ((START, MOVED), (START, MOVED + 1)),
        ([START, START], [START, START]),
        ([MOVED, MOVED + 1], [START, MOVED]),
        (None, None),
        (MOVED, Raised("ValueError")),
        (MOVED, "words"),
        (np.zeros(0), np.zeros(0)),
        ((MOVED, 1), 3.0),
        ({"a": MOVED}, {"a": START}),
    ],
)
def test_it_says_nothing_where_something_moved_or_nothing_should(expected, answer):
    assert hint(oracle(expected, START, STATE), answer) == ""


@pytest.mark.parametrize(
    ("kind", "reason", "sentence"),
    [
        ("raised", "it raised NameError: name 'g' is not defined", "it raised NameError: name 'g' is not defined."),
        ("raised", "it raised ValueError: one\ntwo", "it raised ValueError: one two."),
        ("stopped", "it did not end within 15 seconds", "it did not end within 15 seconds."),
        ("stopped", "timeout after 30 s", "it did not end: timeout after 30 s."),
        ("stopped", "process died: exit code 3", "no answer came: process died: exit code 3."),
    ],
)
def test_a_case_without_a_value_is_told_in_one_sentence(kind, reason, sentence):
    assert no_value(CaseMark("one", "values", 1, Mismatch(kind, reason))) == f"On the case “one” {sentence}"


@pytest.mark.parametrize("mismatch", [None, Mismatch("values", "it is off by 1"), Mismatch("shape", "(2,)")])
def test_a_case_with_a_value_has_no_such_sentence(mismatch):
    assert no_value(CaseMark("one", "values", 1, mismatch)) == ""


def test_a_long_message_is_cut():
    assert len(no_value(CaseMark("one", "values", 1, Mismatch("raised", "x" * 5000)))) < LONGEST + 50
