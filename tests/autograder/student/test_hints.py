"""What is said of a wrong answer that shows no known misconception."""

from collections import namedtuple

import numpy as np
import pytest

from autograder.student.drive import Raised
from autograder.student.hints import hint
from autograder.student.marking import Oracle

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
