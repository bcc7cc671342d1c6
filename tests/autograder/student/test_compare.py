"""The default judge: what is fair, and what is wrong."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from autograder.student.compare import named, same, same_dtype


class State(NamedTuple):
    v: object
    t: object


A = np.array([1.0, 2.0, 3.0, 4.0])
FAIR = {
    "a list for an array": ([1.0, 2.0, 3.0, 4.0], A),
    "integers where floats are whole": ([1, 2, 3, 4], A),
    "a scalar for a 0-d array": (2.0, np.array(2.0)),
    "a 0-d array for a scalar": (np.array(2.0), 2.0),
    "a NumPy scalar for a number": (np.float64(2), 2),
    "a tuple for a named tuple": ((A, 1), State(A, 1)),
    "a list for a tuple": ([A, 1], (A, 1)),
    "an array of rows for a list of arrays": (np.stack([A, A]), [A, A]),
    "a tensor for an array": (torch.tensor(A), A),
    "a list of tensors for an array": ([torch.tensor(1.0), torch.tensor(2.0)], np.array([1, 2], np.float32)),
    "a tensor that needs a gradient": (torch.tensor(A, requires_grad=True), A),
    "NaN where NaN is expected": ([np.nan, 1.0], np.array([np.nan, 1.0])),
    "infinity where infinity is expected": ([np.inf, 1.0], np.array([np.inf, 1.0])),
    "a bool for a NumPy bool": (True, np.bool_(True)),
    "rounding": (A * (1 + 1e-12), A),
    "rounding in float32": (A.astype(np.float32) * np.float32(1 + 1e-6), A.astype(np.float32)),
    "float64 where float32 is expected": (A, A.astype(np.float32)),
    "a dict in another order": ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
    "None": (None, None),
    "text": ("abc", "abc"),
    "empty": ([], np.zeros(0)),
}


@pytest.mark.parametrize(("answer", "expected"), FAIR.values(), ids=FAIR.keys())
def test_it_is_fair_to(answer, expected):
    assert same(answer, expected) is None


WRONG = {
    "(1, 4) for (4,)": (A[None], A, "shape"),
    "(4, 1) for (4,)": (A[:, None], A, "shape"),
    "(4,) for (1, 4)": (A, A[None], "shape"),
    "a number that would broadcast": (1.0, np.ones(4), "shape"),
    "(1,) for a scalar": ([2.0], 2.0, "shape"),
    "too few values": ((A,), (A, 1), "shape"),
    "too many values": ((A, 1, 2), (A, 1), "shape"),
    "empty for full": (np.zeros(0), A, "shape"),
    "NaN": ([1.0, np.nan, 3.0, 4.0], A, "nan"),
    "all NaN": (np.full(4, np.nan), A, "nan"),
    "a number where NaN is expected": (np.ones(1), np.array([np.nan]), "nan"),
    "infinity": ([1.0, np.inf, 3.0, 4.0], A, "values"),
    "the other infinity": (-np.inf, np.inf, "values"),
    "integers cut off": (np.array([0, 1]), np.array([0.5, 1.5]), "values"),
    "an integer that is off by one": (3, 2, "values"),
    "off by 1e-6": (A + 1e-6, A, "values"),
    "an imaginary part": (A + 1e-3j, A, "values"),
    "None for an array": (None, A, "type"),
    "an array for None": (A, None, "type"),
    "text for an array": ("[1, 2, 3, 4]", A, "type"),
    "a dict for an array": ({"v": A}, A, "type"),
    "an array for a dict": (A, {"v": A}, "type"),
    "other keys": ({"w": A}, {"v": A}, "type"),
    "more keys": ({"v": A, "w": A}, {"v": A}, "type"),
    "a ragged list": ([[1.0], [2.0, 3.0]], A, "type"),
    "an integer beyond any dtype": (10**400, 1.0, "type"),
    "the values of a named tuple, swapped": ((1, A), State(A, 1), "shape"),
    "1 for None": (1, None, "type"),
    "True for text": (True, "True", "type"),
}


@pytest.mark.parametrize(("answer", "expected", "kind"), WRONG.values(), ids=WRONG.keys())
def test_it_is_not_taken_in_by(answer, expected, kind):
    found = same(answer, expected)
    assert found is not None
    assert found.kind == kind
    assert found.sentence


def test_it_names_the_part_that_is_wrong():
    assert "`answer.v` is off by up to 1" in same((A + 1, 1), State(A, 1)).sentence
    assert "['w']" in same({"w": 1.0}, {"w": 2.0}).sentence


def test_it_tells_an_answer_that_is_right_to_the_precision_of_its_own_dtype():
    assert "precision of float32" in same((A / 3).astype(np.float32), A / 3).sentence


def test_it_does_not_call_a_wrong_value_a_matter_of_precision():
    assert "precision" not in same((A + 1).astype(np.float32), A).sentence


def test_the_error_is_the_greatest():
    assert same([1.0, 2.5, 3.0, 4.25], A).error == pytest.approx(0.5)


def test_an_error_beyond_all_bounds_is_infinite():
    assert same([1.0, np.inf, 3.0, 4.0], A).error == np.inf


def test_a_tolerance_replaces_the_dtype_s_own():
    assert same(A + 1e-3, A, tolerance=(0, 1e-2)) is None
    assert same(A + 1e-12, A, tolerance=(0, 0)) is not None


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "complex128", "complex64", "int64", "uint8", "bool"]
)
def test_every_dtype_equals_itself_and_not_its_complement(dtype):
    ones = np.ones(3, dtype)
    assert same(ones, ones) is None
    assert same(ones - ones if dtype != "bool" else ~ones, ones) is not None


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        (np.float32(1), np.float32(1), True),
        (np.float64(1), np.float32(1), False),
        (1.0, np.float32(1), False),
        (1.0, 1.0, True),
        (torch.ones(1), np.ones(1, np.float32), True),
        ({"a": np.ones(1)}, {"a": np.ones(1, np.float32)}, False),
        ((np.ones(1, np.float32), 1), State(np.ones(1, np.float32), 1), True),
    ],
)
def test_where_the_dtype_is_judged(answer, expected, right):
    assert (same_dtype(answer, expected) is None) is right


def test_an_expected_value_that_cannot_be_compared_is_the_author_s_mistake():
    with pytest.raises(TypeError, match="judge"):
        same(1.0, object())


@pytest.mark.parametrize(
    ("answer", "expected", "names", "place"),
    [
        ((A + 1, 1), (A, 1), ("params", "state"), "`params` is off by up to 1"),
        ((A, (A + 1, 1)), (A, State(A, 1)), ("params", "state"), "`state.v` is off by up to 1"),
        ((A, (A, 2)), (A, State(A, 1)), ("params", "state"), "`state.t` is off by up to 1"),
        (A[:2], A, ("params",), "`params` has the shape (2,), not (4,)"),
        ([A] * 7 + [A + 1], [A] * 8, ("params",), "`params[7]` is off by up to 1"),
        ([[A], [A + 1]], [[A], [A]], (), "`answer[1][0]` is off by up to 1"),
        ({"b": 2.0}, {"b": 1.0}, (), "`answer['b']` is off by up to 1"),
        ((A + 1, 1), (A, 1), ("one", "two", "three"), "`answer[0]` is off by up to 1"),
        (A + 1, A, ("params", "state"), "the answer is off by up to 1"),
        (3.0, (A, 1), ("params", "state"), "the answer is 3.0, not 2 values"),
        ((A, 1, 2), (A, 1), (), "the answer holds 3 values, not 2"),
    ],
)
def test_the_part_that_is_wrong_is_called_as_the_contract_calls_it(answer, expected, names, place):
    assert named(same(answer, expected), names, expected).sentence.startswith(place)


@pytest.mark.parametrize(
    ("answer", "expected", "entry"),
    [
        ([1.0, 2.0, 9.0], [1.0, 2.0, 3.0], ""),
        (np.arange(50.0), np.where(np.arange(50) == 31, 7.5, np.arange(50)), ", at [31]: 31 where 7.5 is right"),
        (np.zeros((2, 3)), np.array([[0, 0, 0], [0, -2.0, 1]]), ", at [1, 1]: 0 where -2 is right"),
        (np.array([1.0, np.inf]), np.array([np.inf, np.inf]), ", at [0]: 1 where inf is right"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), ", at [1]: nan where 2 is right"),
        (np.array([True, False]), np.array([True, True]), ", at [1]: False where True is right"),
        (np.array([1 + 1j, 0]), np.array([1 + 1j, 2j]), ", at [1]: 0+0j where 0+2j is right"),
        (np.array([1, 2]), np.array([1, 4]), ", at [1]: 2 where 4 is right"),
        (2.0, 1.0, ""),
    ],
)
def test_of_an_array_the_wrong_entry_is_told(answer, expected, entry):
    sentence = same(answer, expected).sentence
    assert sentence.endswith(entry) if entry else ", at [" not in sentence


@pytest.mark.parametrize("expected", [np.zeros(0), np.zeros(0, int), np.zeros((0, 2)), np.zeros(0, np.float32)])
@pytest.mark.parametrize("answer", [[], ()])
def test_an_empty_list_is_an_empty_array(answer, expected):
    assert same(answer, expected) is None
    assert same_dtype(answer, expected) is None


@pytest.mark.parametrize("expected", [np.zeros(1), np.float64(0), np.zeros((1, 0))])
def test_an_empty_list_is_no_other_array(expected):
    assert same([], expected) is not None
