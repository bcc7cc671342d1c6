"""Values that cross between a student's process and the grader, as plain JSON.

Never pickle: what comes back is untrusted. `to_plain` runs beside the student's code, `from_plain` outside it,
where every array is built anew from its bytes with a known dtype and a bounded size, so that subclasses,
overloaded operators and lazy objects have no say.
"""

from __future__ import annotations

import array
import binascii
import itertools
import json
import sys
from collections import namedtuple
from collections.abc import Iterable, Mapping, MappingView, Set
from functools import lru_cache
from typing import Any

import numpy as np

MAX_BYTES = 32 << 20  # one message
MAX_DEPTH = 16
MAX_ITEMS = 100_000  # containers and leaves together
MAX_TEXT = 10_000  # characters of one string
DTYPES = {
    np.dtype(name).str: np.dtype(name)
    for name in [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "longdouble",
        "clongdouble",
    ]
}


class NotPlain(ValueError):
    """A value that cannot cross; the sentence says why."""


def encode(value: Any) -> bytes:
    """`value` as JSON bytes."""
    data = json.dumps(to_plain(value)).encode()
    if len(data) > MAX_BYTES:
        raise NotPlain(f"the value takes {len(data) >> 20} MiB, more than the {MAX_BYTES >> 20} MiB that may be sent")
    return data


def decode(data: bytes, types: dict[str, type] | None = None) -> Any:
    """The value in JSON bytes; see `from_plain`."""
    if len(data) > MAX_BYTES:
        raise NotPlain(f"a message of {len(data) >> 20} MiB is more than the {MAX_BYTES >> 20} MiB that may be sent")
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotPlain(f"the message is not JSON: {type(error).__name__}") from None
    return from_plain(plain, types)


def to_plain(value: Any) -> Any:
    """`value` as a tree of JSON types: arrays as [dtype, shape, base64], containers tagged by their kind."""
    return _to_plain(value, 0, _Budget())


def from_plain(plain: Any, types: dict[str, type] | None = None) -> Any:
    """The value of a plain tree.

    Parameters
    ----------
    plain : the tree that `to_plain` made, or anything else that JSON can hold
    types : where given (beside the student's code), named tuples become these classes and tensors become tensors;
        without it (outside) a named tuple is a tuple and a tensor an ndarray.

    Raises
    ------
    NotPlain
        The tree is malformed or beyond the bounds.
    """
    return _from_plain(plain, types, 0, _Budget())


class _Budget:
    def __init__(self) -> None:
        self.items = MAX_ITEMS

    def spend(self, depth: int) -> None:
        self.items -= 1
        if self.items < 0:
            raise NotPlain(f"the value has more than {MAX_ITEMS:,} parts")
        if depth > MAX_DEPTH:
            raise NotPlain(f"the value is nested more than {MAX_DEPTH} deep")


def _to_plain(value: Any, depth: int, budget: _Budget) -> Any:
    budget.spend(depth)
    if value is None or (isinstance(value, (bool, str)) and type(value) in (bool, str)):
        return _bounded_text(value)
    if type(value) in (int, float):
        return _number(value)
    if is_tensor(value):
        return {"tensor": _array(_tensor_array(value))}
    if isinstance(value, (np.ndarray, np.generic)):
        copied = np.array(value, copy=True, subok=False)
        if copied.dtype.kind not in "OU":
            return {"array": _array(copied)}
        value = copied.tolist()  # words, or numbers and arrays in a list
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        items = [_to_plain(item, depth + 1, budget) for item in tuple(value)]
        return {"namedtuple": [type(value).__name__, list(value._fields), items]}
    if isinstance(value, (tuple, list)):
        items = [_to_plain(item, depth + 1, budget) for item in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, Mapping):
        items = [[_to_plain(_key(key), depth + 1, budget), _to_plain(value[key], depth + 1, budget)] for key in value]
        return {"dict": items}
    return _to_plain(_usual(value), depth + 1, budget)


def _usual(value: Any) -> Any:
    """An odd value as one of the usual kinds: an array, a number, a string or a list."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bool, int, float)):  # a number's subclass, such as an enumeration's member
        return value.real
    if isinstance(value, complex):
        return np.complex128(value)
    if not isinstance(value, (type, Set, bytes, bytearray)) or isinstance(value, MappingView):
        if hasattr(value, "__array__") or isinstance(value, (memoryview, array.array)):
            return np.asarray(value)
        if isinstance(value, Iterable):
            return list(itertools.islice(value, MAX_ITEMS + 1))  # one too many is refused, and so is what has no end
        if hasattr(value, "__float__"):
            return float(value)
    raise NotPlain(
        f"a value of type {type(value).__name__} is not an array, a number, a string, None "
        "or a tuple, list or dict of these"
    )


def _key(key: Any) -> Any:
    return key.item() if isinstance(key, np.generic) else key


def _from_plain(plain: Any, types: dict[str, type] | None, depth: int, budget: _Budget) -> Any:
    budget.spend(depth)
    if plain is None or isinstance(plain, (bool, float)):
        return plain
    if isinstance(plain, int):  # longer ones could all have one hash, and a dict of them would never be done
        return _number(plain)
    if isinstance(plain, str):
        return _bounded_text(plain)
    if isinstance(plain, list):
        return [_from_plain(item, types, depth + 1, budget) for item in plain]
    if not isinstance(plain, dict) or len(plain) != 1:
        raise NotPlain("the value is malformed")
    ((tag, body),) = plain.items()
    if tag in ("array", "tensor"):
        array = _read_array(body)
        if tag == "array" or types is None:
            return array
        import torch

        return torch.from_numpy(array)
    if not isinstance(body, list):
        raise NotPlain("the value is malformed")
    if tag == "tuple":
        return tuple(_from_plain(item, types, depth + 1, budget) for item in body)
    if tag == "dict":
        return _read_dict(body, types, depth, budget)
    if tag == "namedtuple" and len(body) == 3 and isinstance(body[2], list):
        items = tuple(_from_plain(item, types, depth + 1, budget) for item in body[2])
        return items if types is None else _named(body[0], body[1], types, items)
    raise NotPlain("the value is malformed")


def is_tensor(value: Any) -> bool:
    """Whether `value` is a torch tensor; torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _tensor_array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def _array(numbers: np.ndarray) -> list:
    name = numbers.dtype.str
    if name not in DTYPES:  # another byte order, or no numbers
        if numbers.dtype.newbyteorder("=").str not in DTYPES:
            raise NotPlain(f"an array of dtype {numbers.dtype} cannot be an answer")
        numbers = numbers.astype(numbers.dtype.newbyteorder("="))
        name = numbers.dtype.str
    if numbers.nbytes > MAX_BYTES:
        raise NotPlain(
            f"an array of {numbers.nbytes >> 20} MiB is more than the {MAX_BYTES >> 20} MiB that may be sent"
        )
    return [name, list(numbers.shape), binascii.b2a_base64(numbers.tobytes(), newline=False).decode("ascii")]


def _read_array(body: Any) -> np.ndarray:
    # Written for speed: a submission's answers hold hundreds of arrays. JSON's values have these very types.
    if type(body) is not list or len(body) != 3:
        raise NotPlain("an array in the message is malformed")
    name, shape, data = body
    dtype = DTYPES.get(name) if type(name) is str else None
    if dtype is None or type(shape) is not list or len(shape) > 32 or type(data) is not str:
        raise NotPlain("an array in the message is malformed")
    size = 1
    for n in shape:
        if type(n) is not int or not 0 <= n <= MAX_BYTES:
            raise NotPlain("an array in the message has an impossible shape")
        size *= n
    try:
        raw = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise NotPlain("an array in the message is not base64") from None
    if len(raw) != size * dtype.itemsize:
        raise NotPlain("an array in the message has a shape that is not its size")
    array = np.frombuffer(bytearray(raw), dtype)  # a bytearray's memory can be written to
    if dtype.kind == "b":
        array = array.view(np.uint8) != 0
    return array.reshape(shape)


def _read_dict(body: list, types: dict[str, type] | None, depth: int, budget: _Budget) -> dict:
    result = {}
    for pair in body:
        if not isinstance(pair, list) or len(pair) != 2:
            raise NotPlain("a dict in the message is malformed")
        key = _from_plain(pair[0], types, depth + 1, budget)
        if not isinstance(key, (str, int, float, bool, type(None))):
            raise NotPlain("a dict's keys must be strings or numbers")
        result[key] = _from_plain(pair[1], types, depth + 1, budget)
    return result


def _number(value: Any) -> Any:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)  # as near as a comparison with a tolerance needs it
        except OverflowError:
            raise NotPlain("an integer beyond the largest float cannot be an answer") from None
    return value


def _bounded_text(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise NotPlain(f"a string of {len(value):,} characters is longer than {MAX_TEXT:,}")
    return value


def _named(name: Any, fields: Any, types: dict[str, type], items: tuple) -> Any:
    try:
        fields = tuple(map(str, fields))
        known: Any = types.get(name)
        return (known if getattr(known, "_fields", None) == fields else _make_named(str(name), fields))(*items)
    except (TypeError, ValueError):
        raise NotPlain("a named tuple in the message is malformed") from None


@lru_cache
def _make_named(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields)
