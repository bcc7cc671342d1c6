"""From answers to a mark."""

import numpy as np
import pytest

from autograder.student.compare import same
from autograder.student.drive import Raised
from autograder.student.marking import PURITY, Oracle, mark


def compare(answer, expected, arguments, private):
    return same(answer, expected)


def oracle(name, expected, kind="values", weight=1.0, **misconceptions):
    return Oracle(name, (), {}, expected, kind, weight, None, misconceptions)


def marked(oracles, answers, *, pure=False):
    return mark(oracles, [answer if isinstance(answer, tuple) else (answer,) for answer in answers], compare, pure=pure)


TWO_AND_EDGE = [oracle("one", 1.0, weight=2), oracle("two", 2.0), oracle("border", 0.0, "edge")]


@pytest.mark.parametrize(
    ("answers", "share"),
    [
        ([1.0, 2.0, 0.0], 1),
        ([1.0, 5.0, 0.0], 3 / 4),
        ([5.0, 2.0, 5.0], 1 / 4),
        ([5.0, 5.0, 0.0], 0),
        ([5.0, 5.0, 5.0], 0),
    ],
    ids=["all right", "one wrong", "one right", "only the border right", "all wrong"],
)
def test_points_are_shared_by_weight_and_a_border_counts_only_beside_a_value(answers, share):
    assert marked(TWO_AND_EDGE, answers).share == pytest.approx(share)


def test_shape_and_dtype_without_a_value_earn_nothing():
    cases = [oracle("value", np.ones(2)), oracle("dtype", np.zeros(2, np.float32), "dtype")]
    assert marked(cases, [np.zeros(2), np.zeros(2, np.float32)]).share == 0


def test_a_dtype_case_wants_the_value_and_the_dtype():
    cases = [oracle("value", 1.0), oracle("dtype", np.float32(1), "dtype")]
    assert [case.passed for case in marked(cases, [1.0, np.float64(1)]).cases] == [True, False]
    assert [case.passed for case in marked(cases, [1.0, np.float32(2)]).cases] == [True, False]
    assert marked(cases, [1.0, np.float32(1)]).right


@pytest.mark.parametrize(
    ("answers", "pure"),
    [
        ([(1.0, 1.0), (2.0, 2.0)], True),
        ([(1.0, 1.0), (2.0, 3.0)], False),
        ([(1.0, 1.0), (5.0, 5.0)], True),
        ([(1.0, 1.0), (5.0, 3.0)], False),
        ([(5.0, 1.0), (5.0, 2.0)], False),
        ([(1.0, Raised("ValueError")), (2.0, 2.0)], False),
        ([(1.0,), (2.0, 2.0)], False),
    ],
    ids=[
        "both right",
        "second wrong",
        "wrong both times",
        "wrong in two ways",
        "nothing right",
        "second raises",
        "no second answer",
    ],
)
def test_purity_is_the_second_answer_being_right_too(answers, pure):
    result = marked([oracle("one", 1.0), oracle("two", 2.0)], answers, pure=True)
    assert result.cases[-1].name == PURITY
    assert result.cases[-1].passed is pure


def test_purity_alone_earns_nothing():
    assert marked([oracle("one", 1.0)], [(5.0, 5.0)], pure=True).share == 0


def test_an_answer_that_is_an_exception_is_wrong_and_says_where():
    case = marked([oracle("one", 1.0)], [Raised("ValueError", "no", "x = 1/0")]).cases[0]
    assert case.mismatch.kind == "raised"
    assert "ValueError: no at `x = 1/0`" in case.mismatch.sentence


def test_a_judge_that_fails_has_not_found_the_answer_right():
    def failing(*_):
        raise KeyError("x")

    assert mark([oracle("one", 1.0)], [(1.0,)], failing, pure=False).share == 0


MISTAKEN = [
    oracle("one", 1.0, doubled=2.0, squared=1.0),
    oracle("two", 3.0, doubled=6.0, squared=9.0),
    oracle("border", 0.0, "edge", doubled=7.0, squared=7.0),
]


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ([2.0, 6.0, 0.0], "doubled"),
        ([1.0, 9.0, 0.0], "squared"),
        ([2.0, 9.0, 0.0], ""),
        ([1.0, 3.0, 7.0], ""),
        ([1.0, 3.0, 0.0], ""),
    ],
    ids=["one", "the other", "a mixture", "only the border is wrong", "right"],
)
def test_a_misconception_is_named_when_every_values_case_agrees(answers, name):
    assert marked(MISTAKEN, answers).misconception == name


SHADES = [
    oracle("one", 1.0, halved=0.5, also_halved=0.5, halved_and_more=0.5),
    oracle("border", 0.0, "edge", halved=0.0, also_halved=7.0, halved_and_more=9.0),
    oracle("far border", 5.0, "edge", halved=5.0, also_halved=5.0, halved_and_more=9.0),
]


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ([0.5, 0.0, 5.0], "halved"),
        ([0.5, 7.0, 5.0], "also_halved"),
        ([0.5, 9.0, 9.0], "halved_and_more"),
        ([0.5, 3.0, 5.0], ""),
        ([0.5, 0.0, 3.0], ""),
        ([0.5, 9.0, 5.0], "halved_and_more"),
    ],
)
def test_of_several_misconceptions_the_weakest_that_explains_every_wrong_case_is_named(answers, name):
    assert marked(SHADES, answers).misconception == name


def test_a_dtype_that_is_wrong_beside_a_misconception_leaves_its_name():
    cases = [oracle("one", 1.0, doubled=2.0), oracle("dtype", np.float32(1), "dtype", doubled=np.float32(2))]
    assert marked(cases, [2.0, np.float64(2)]).misconception == "doubled"


def test_where_no_answer_is_right_purity_is_not_judged_and_earns_nothing():
    case = marked([oracle("one", 1.0)], [(5.0, 5.0)], pure=True).cases[-1]
    assert (case.passed, case.judged) == (False, False)


def test_a_misconception_that_raises_is_recognised_by_its_exception():
    cases = [oracle("one", 1.0, crash=Raised("IndexError"))]
    assert marked(cases, [Raised("IndexError", "other text")]).misconception == "crash"
    assert marked(cases, [Raised("ValueError")]).misconception == ""
    assert (
        marked([oracle("one", 1.0, blank=Raised("NotImplementedError"))], [Raised("NotImplementedError")]).misconception
        == ""
    )


def test_an_answer_that_cannot_be_compared_with_a_misconception_is_not_it():
    def picky(answer, expected, arguments, private):
        return None if answer + expected == 2 else "another"

    assert mark([oracle("one", 1.0, text="abc")], [(5.0,)], picky, pure=False).misconception == ""


@pytest.mark.parametrize(
    ("answers", "index"),
    [([1.0, 2.0, 0.0], None), ([1.0, 5.0, 5.0], 1), ([1.0, 2.0, 5.0], 2)],
)
def test_the_first_wrong_case_is_a_values_case_where_there_is_one(answers, index):
    cases = [TWO_AND_EDGE[2], *TWO_AND_EDGE[:2]]
    answers = [answers[2], *answers[:2]]
    expected = {None: None, 1: 2, 2: 0}[index]
    assert marked(cases, answers).first_wrong == expected
