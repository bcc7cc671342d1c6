"""The common checks of twins find what a twin may get wrong."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.solutions.twins import Step, Twin, arguments_stay, library, oracle_agrees, twins_agree


def numpy_with(**functions):
    return SimpleNamespace(__name__="reference", **functions)


def torch_with(**functions):
    return SimpleNamespace(__name__="pytorch", torch=torch, **functions)


def half(rng, shape):
    return (np.asarray(rng.normal(size=shape)),)


def spoil(x):
    x *= 2
    return x / 4


def descend(params, grads, state, *, lr):
    return params - lr * grads, state


def climb(params, grads, state, *, lr):
    return params + lr * grads, state


@pytest.mark.parametrize("wrong", [lambda x: x / 2 + 1, lambda x: (x / 2)[None], lambda x: (x / 2).double(),
                                   lambda x: (x / 2, x)], ids=["value", "shape", "dtype", "number of values"])
def test_a_twin_with_another_value_shape_dtype_or_number_of_values_is_found(wrong):
    right, twin = numpy_with(half=lambda x: np.asarray(x / 2, x.dtype)), Twin("half", half)
    twins_agree(twin, right, torch_with(half=lambda x: x / 2), (2, 3), "float32")
    with pytest.raises(AssertionError):
        twins_agree(twin, right, torch_with(half=wrong), (2, 3), "float32")


def test_an_argument_that_is_changed_is_found():
    arguments_stay(Twin("half", half), numpy_with(half=lambda x: x / 2))
    with pytest.raises(AssertionError):
        arguments_stay(Twin("half", half), numpy_with(half=spoil))


def test_twins_that_agree_and_are_both_wrong_are_found_by_the_oracle():
    twin = Step("step", "init", {"lr": .1}, oracle=library(torch.optim.SGD, lr=.1))
    for step in (descend, climb):
        modules = [make(step=step, init=lambda params: ()) for make in (numpy_with, torch_with)]
        twins_agree(twin, *modules, (3,), "float64")
        if step is descend:
            oracle_agrees(twin, *modules, (3,), "float64")
        else:
            with pytest.raises(AssertionError):
                oracle_agrees(twin, *modules, (3,), "float64")
