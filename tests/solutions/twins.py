"""Common checks for twins: what a function of `reference.py` and its twin in `pytorch.py` owe, whatever they compute.

A topic's tests name its functions in one table, and one test asks every check of every row:

    TWINS = {"softmax": Twin("softmax", lambda rng, n: (rng.normal(size=(n, 3)),), shapes=(1, 5), oracle=F.softmax),
             "adam": Step("adam_step", "adam_init", {"lr": .02}, oracle=library(torch.optim.Adam, lr=.02))}

    @twin_checks(reference, pytorch, TWINS)
    def test_twins(check):
        check()

The checks: the twins give the same values in shape, dtype and number; a float32 gives float32 and a float64 float64;
no argument is changed; both are what the oracle is, where there is one. A step is asked for a hundred updates.
"""
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch

STEPS = 100
SHAPES = ((), (3,), (2, 3), (0,), (2, 1, 4))
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-4}, "float64": {"rtol": 1e-11, "atol": 1e-12}}


@dataclass(frozen=True)
class Twin:
    """A function of both modules.

    Parameters
    ----------
    name : of the function in both modules
    arguments : callable, (rng, shape) -> tuple of arrays, lists of them, and what is no array
        Floats are handed over in each dtype, and as tensors to the twin.
    hyper : keyword arguments
    oracle : callable, (*tensors, **hyper) -> the same values, computed in another way
    shapes : what `arguments` is called with
    tolerance : of both comparisons, by dtype
    """

    name: str
    arguments: Callable
    hyper: Mapping = field(default_factory=dict)
    oracle: Callable | None = None
    shapes: Sequence = SHAPES
    tolerance: Mapping = field(default_factory=lambda: TOLERANCE)

    def __call__(self, module, *arguments, **changed):
        """What the function of `module` returns for these arrays."""
        arguments = lifted(arguments, as_tensors=_is_torch(module))
        return getattr(module, self.name)(*arguments, **{**self.hyper, **changed})

    def made(self, shape, dtype):
        """The arguments of a shape, as arrays of a dtype."""
        return lifted(self.arguments(np.random.default_rng(3), shape), dtype=dtype)


class Step(Twin):
    """A step (params, grads, state, **hyper) -> (params, state), asked for its path over a row of gradients.

    Parameters
    ----------
    init : the name of what gives its state at rest, of `params` and of those of `hyper` that `init_hyper` names
    oracle : callable, (params, grads) -> path; `library` makes it of an optimizer
    """

    def __init__(self, name, init, hyper, *, init_hyper=(), **options):
        super().__init__(name, normal_path, hyper, **options)
        object.__setattr__(self, "init", init)
        object.__setattr__(self, "init_hyper", init_hyper)

    def __call__(self, module, params, grads, **changed):
        """The parameters after each step, in one array or tensor, and the last state."""
        params, grads = lifted((params, grads), as_tensors=_is_torch(module))
        hyper = {**self.hyper, **changed}
        state = getattr(module, self.init)(params, **{key: hyper[key] for key in self.init_hyper if key in hyper})
        path = []
        for g in grads:
            params, state = getattr(module, self.name)(params, g, state, **hyper)
            path.append(plain(params))
        return np.stack(path), state

    def path(self, module, params, grads, **changed):
        """The parameters after each step, in one array."""
        return self(module, params, grads, **changed)[0]


def normal_path(rng, shape, steps=STEPS):
    """Parameters, and a gradient for each step."""
    return np.asarray(rng.normal(size=shape)), rng.normal(size=(steps, *shape))


def inputs(shape, dtype="float64", steps=STEPS):
    """`normal_path` in a dtype, for a topic's own tests."""
    return lifted(normal_path(np.random.default_rng(3), shape, steps), dtype=dtype)


def library(optimizer_class, **options):
    """The oracle that is an optimizer of PyTorch on the same gradients; it takes no `hyper`."""
    def path(params, grads, **_):
        p = params.clone().requires_grad_()
        optimizer = optimizer_class([p], **options)
        found = []
        for g in grads:
            p.grad = g.clone()
            optimizer.step()
            found.append(p.detach().clone())
        return torch.stack(found)

    return path


# ---------------------------------------------------------------------------------------------------------- the checks


def twin_checks(reference, pytorch, table):
    """Parametrize a test with `check`: every check of every row of the table."""
    found = []
    for key, twin in table.items():
        for shape in twin.shapes:
            for dtype in TOLERANCE:
                found += [pytest.param(partial(check, twin, reference, pytorch, shape, dtype),
                                       id=f"{key}-{check.__name__}-{shape}-{dtype}".replace(" ", ""))
                          for check in (twins_agree, oracle_agrees)[:1 if twin.oracle is None else 2]]
        found += [pytest.param(partial(arguments_stay, twin, module), id=f"{key}-arguments_stay-{module.__name__}")
                  for module in (reference, pytorch)]
    return pytest.mark.parametrize("check", found)


def twins_agree(twin, reference, pytorch, shape, dtype):
    """Both return the same shapes and numbers, in the dtype that they were given."""
    ours, theirs = (leaves(twin(module, *twin.made(shape, dtype))) for module in (reference, pytorch))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert {one.dtype.name for one in (a, b) if one.dtype.kind == "f"} <= {dtype}
        np.testing.assert_allclose(b, a, **twin.tolerance[dtype])


def oracle_agrees(twin, reference, pytorch, shape, dtype):
    """Both are what the oracle is; of a step the path is compared."""
    given = lifted(twin.made(shape, dtype), as_tensors=True)
    expected = leaves(twin.oracle(*given, **twin.hyper))
    for module in (reference, pytorch):
        found = leaves(twin(module, *twin.made(shape, dtype)))
        for a, b in zip(found, expected, strict=not isinstance(twin, Step)):
            np.testing.assert_allclose(a, b, **twin.tolerance[dtype])


def arguments_stay(twin, module):
    """Neither the arguments nor, of a step, the states between are changed."""
    function = getattr(module, twin.name)

    def watched(*arguments, **hyper):
        before = copy.deepcopy(leaves(arguments))
        found = function(*arguments, **hyper)
        for now, then in zip(leaves(arguments), before, strict=True):
            np.testing.assert_array_equal(now, then)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, twin.name, watched)
        twin(module, *twin.made(twin.shapes[-1], "float64"))


# ------------------------------------------------------------------------------------------------------------- values


def _is_torch(module):
    return hasattr(module, "torch")


def lifted(value, *, dtype=None, as_tensors=False):
    """`value` with every array of floats in a dtype, and every array as a tensor."""
    if isinstance(value, (list, tuple)):
        parts = [lifted(part, dtype=dtype, as_tensors=as_tensors) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value, dtype if value.dtype.kind == "f" else None)
        return torch.tensor(value) if as_tensors else value
    return value


def plain(value):
    """An array or tensor as an array of its own."""
    return np.array(value.detach().numpy() if isinstance(value, torch.Tensor) else value)


def leaves(value):
    """Every array, tensor and NumPy scalar within `value`, as arrays."""
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves(part)]
    return [plain(value)] if isinstance(value, (np.ndarray, np.generic, torch.Tensor)) else []
