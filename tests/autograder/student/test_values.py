"""What crosses between a student's process and the grader."""

import array as arrays_of
import base64
import contextlib
import json
from collections import OrderedDict, deque
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.student import values
from autograder.student.values import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_TEXT, NotPlain, decode, encode, to_plain


class State(NamedTuple):
    v: object
    t: object


class Colour(IntEnum):
    red = 3


class Word(StrEnum):
    up = "up"


class HasArray:
    def __array__(self, dtype=None, copy=None):
        return np.arange(2.0)


class Walked:
    def __iter__(self):
        return iter((1, 2))


def identical(a, b):
    """Equal in type, dtype, shape and every bit that counts; NaN equals NaN."""
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(identical, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


DTYPES = st.sampled_from([np.dtype(name) for name in values.DTYPES])
arrays = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
integers = st.integers(-(2**63), 2**64 - 1)
leaves = arrays | st.none() | st.booleans() | integers | st.floats() | st.text(st.characters(exclude_categories=["Cs"]))
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | integers, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(trees)
def test_a_value_comes_back_as_it_was_sent(value):
    assert identical(value, decode(encode(value)))


@given(arrays)
def test_an_array_that_comes_back_is_fresh_and_plain(array):
    back = decode(encode(array))
    assert type(back) is np.ndarray
    assert back.flags.writeable
    assert not np.shares_memory(back, array)


@pytest.mark.parametrize(
    ("sent", "comes"),
    [
        (np.float32(1.5), np.array(1.5, np.float32)),
        (np.arange(6).reshape(2, 3).T, np.array([[0, 3], [1, 4], [2, 5]])),
        (np.arange(3, dtype=">f8"), np.arange(3, dtype="<f8")),
        (np.ma.masked_array([1.0, 2.0], [True, False]), np.array([1.0, 2.0])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (State(np.ones(2), 3), (np.ones(2), 3)),
        (torch.tensor([1.0, 2.0], requires_grad=True), np.array([1, 2], np.float32)),
        (torch.tensor([1.0, 2.0], dtype=torch.bfloat16), np.array([1, 2], np.float32)),
        (Colour.red, 3),
        (float("nan"), float("nan")),
    ],
    ids=["scalar", "transposed", "big-endian", "masked", "empty", "named tuple", "tensor", "bfloat16", "enum", "nan"],
)
def test_outside_a_value_arrives_as_plain_arrays_numbers_and_tuples(sent, comes):
    assert identical(comes, decode(encode(sent)))


def test_beside_the_student_a_named_tuple_is_the_notebook_s_own_class():
    assert type(decode(encode(State(1, 2)), {"State": State})) is State


def test_beside_the_student_a_named_tuple_with_other_fields_is_made_anew():
    class Other(NamedTuple):
        w: int

    back = decode(encode(State(1, 2)), {"State": Other})
    assert type(back) is not Other
    assert back == (1, 2)
    assert back._fields == ("v", "t")


def test_beside_the_student_a_tensor_is_a_tensor():
    assert torch.equal(decode(encode(torch.arange(3)), {}), torch.arange(3))


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None


class Sly(np.ndarray):
    """Says that it is whatever it is compared with."""

    def __array_function__(self, *_):
        return True

    def __array_ufunc__(self, *_, **__):
        return True


def test_a_subclass_of_ndarray_arrives_without_its_methods():
    back = decode(encode(np.zeros(2).view(Sly)))
    assert type(back) is np.ndarray
    assert not np.allclose(back, np.ones(2))


def deep(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        AlwaysEqual(),
        np.array([1, object()], object),
        np.array("2020-01-01", "datetime64[D]"),
        np.zeros(2, "V8"),
        10**400,
        "x" * (MAX_TEXT + 1),
        deep(MAX_DEPTH + 1),
        endless(),
        [0] * (MAX_ITEMS + 1),
        {1: {2: object()}},
        len,
        b"bytes",
        {1, 2},
        np.broadcast_to(np.zeros(1), (MAX_BYTES // 8 + 1,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_cross_is_refused_with_a_sentence(value):
    with pytest.raises(NotPlain, match=" "):
        encode(value)


ODD = {
    "a dict's values": ({"a": 1.0, "b": 2.0}.values(), [1.0, 2.0]),
    "a dict's keys": ({1: 0, 2: 0}.keys(), [1, 2]),
    "a dict's items": ({1: 2.0}.items(), [(1, 2.0)]),
    "a range": (range(3), [0, 1, 2]),
    "a deque": (deque([1, 2]), [1, 2]),
    "a map in a tuple": ((map(abs, [-1, 2]), 3), ([1, 2], 3)),
    "a generator in a list": ([(x for x in (1, 2))], [[1, 2]]),
    "an array of the standard library": (arrays_of.array("d", [1, 2]), np.array([1.0, 2.0])),
    "a memoryview": (memoryview(np.arange(3)), np.arange(3)),
    "objects that are numbers": (np.array([1, 2.5], object), [1, 2.5]),
    "objects that are arrays": (np.array([np.ones(1), np.ones(2)], object), [np.ones(1), np.ones(2)]),
    "a masked array": (np.ma.array([1.0, 2.0]), np.array([1.0, 2.0])),
    "a complex number": (1 + 2j, np.array(1 + 2j)),
    "a fraction": (Fraction(1, 4), 0.25),
    "a decimal": (Decimal("0.25"), 0.25),
    "a string of NumPy": (np.str_("a"), "a"),
    "strings of NumPy": (np.array(["a", "b"]), ["a", "b"]),
    "an enumeration's member": (Colour.red, 3),
    "an enumeration's word": (Word.up, "up"),
    "a read-only mapping": (MappingProxyType({"a": 1}), {"a": 1}),
    "an ordered dict": (OrderedDict(a=1), {"a": 1}),
    "keys of NumPy": ({np.int64(1): 2.0, np.float64(0.5): 3.0}, {1: 2.0, 0.5: 3.0}),
    "a parameter": (torch.nn.Parameter(torch.ones(2)), np.ones(2, np.float32)),
    "a list of parameters": (torch.nn.ParameterList([torch.ones(1)]), [np.ones(1, np.float32)]),
    "a size": (torch.Size([2, 3]), (2, 3)),
    "a great integer": (10**30, 1e30),
    "an unsigned integer": (2**64 - 1, 2**64 - 1),
    "a long double": (np.longdouble("0.1"), np.array(np.longdouble("0.1"))),
    "what has an array": (HasArray(), np.arange(2.0)),
    "what can be walked through": (Walked(), [1, 2]),
}


@pytest.mark.parametrize(("value", "expected"), ODD.values(), ids=ODD.keys())
def test_an_odd_value_comes_back_as_a_usual_one(value, expected):
    assert identical(expected, decode(encode(value)))


def array(dtype="<f8", shape=(1,), data=b"\0" * 8):
    return {"array": [dtype, list(shape), base64.b64encode(data).decode()]}


MALICIOUS = {
    "not JSON": b"\xff",
    "half a message": b'{"array": ["<f8"',
    "nothing": b"",
    "nested without end": b"[" * 100_000,
    "nested below the bound": json.dumps(deep(MAX_DEPTH + 2)).encode(),
    "too many items": b"[" + b"0," * MAX_ITEMS + b"0]",
    "a message too large": b" " * (MAX_BYTES + 1),
    "an integer of 10,000 digits": b"1" + b"0" * 10_000,
    "a long string": json.dumps("x" * (MAX_TEXT + 1)).encode(),
    "no tag": b"{}",
    "two tags": json.dumps({"tuple": [], "dict": []}).encode(),
    "an unknown tag": json.dumps({"pickle": "gASVAAAAAAAAAC4="}).encode(),
    "object dtype": json.dumps(array("|O")).encode(),
    "text dtype": json.dumps(array("<U2")).encode(),
    "structured dtype": json.dumps(array("<f8,<f8", data=b"\0" * 16)).encode(),
    "a shape larger than the data": json.dumps(array(shape=(2,))).encode(),
    "a shape of a terabyte": json.dumps(array(shape=(2**40,))).encode(),
    "a shape whose product is small": json.dumps(array(shape=(2**40, 0), data=b"")).encode(),
    "a negative shape": json.dumps(array(shape=(-1, -1))).encode(),
    "a shape of floats": json.dumps(array(shape=(1.0,))).encode(),
    "a shape of bools": json.dumps(array(shape=(True,))).encode(),
    "33 dimensions": json.dumps(array(shape=[1] * 33)).encode(),
    "data that is not base64": json.dumps({"array": ["<f8", [1], "!!!!"]}).encode(),
    "an array that is a string": json.dumps({"array": "<f8"}).encode(),
    "a tuple that is a number": json.dumps({"tuple": 3}).encode(),
    "a dict of singles": json.dumps({"dict": [[1]]}).encode(),
    "a dict whose key is a list": json.dumps({"dict": [[[1], 2]]}).encode(),
    "a named tuple without values": json.dumps({"namedtuple": ["A", ["b"]]}).encode(),
}


@pytest.mark.parametrize("message", MALICIOUS.values(), ids=MALICIOUS.keys())
def test_a_malicious_message_is_refused(message):
    with pytest.raises(NotPlain):
        decode(message)


NAMES = {
    "a keyword as a field": ["A", ["class"], [1]],
    "a repeated field": ["A", ["x", "x"], [1, 2]],
    "code as a name": ["A): pass\nimport os #", ["x"], [1]],
    "fewer values than fields": ["A", ["x", "y"], [1]],
}


@pytest.mark.parametrize("body", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("types", [None, {}], ids=["outside", "inside"])
def test_a_named_tuple_that_cannot_be_is_refused_or_a_plain_tuple(body, types):
    try:
        back = decode(json.dumps({"namedtuple": body}).encode(), types)
    except NotPlain:
        return
    assert type(back) is tuple


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["array", "tensor", "tuple", "dict", "namedtuple", "x"]), x)
        ),
    )
)
def test_any_json_is_a_value_or_refused(tree):
    with contextlib.suppress(NotPlain):
        decode(json.dumps(tree).encode())


def test_booleans_of_any_byte_are_true_or_false():
    back = decode(json.dumps(array("|b1", (2,), b"\x07\x00")).encode())
    assert back.view(np.uint8).tolist() == [1, 0]


def test_the_plain_tree_is_json():
    assert json.loads(json.dumps(to_plain({"a": (1, np.ones(2))})))
