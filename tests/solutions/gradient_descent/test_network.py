"""The network's functions: twin against twin, both against PyTorch's, autograd and finite differences."""
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from solutions.gradient_descent import pytorch, reference

DTYPES = ["float32", "float64"]
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-6}, "float64": {"rtol": 1e-10, "atol": 1e-13}}
SIZES = [[3, 4], [2, 5, 3], [4, 3, 3, 2], [3, 1, 4, 2, 5]]

every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_size = pytest.mark.parametrize("sizes", SIZES, ids=str)
both = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "pytorch"])


def network(sizes, n=6, dtype="float64", seed=0):
    """Parameters in a vector, inputs and labels."""
    rng = np.random.default_rng(seed)
    layers = [reference.Layer(W, rng.normal(size=b.shape)) for W, b in reference.mlp_init(rng, sizes)]
    X, y = rng.normal(size=(n, sizes[0])), rng.integers(sizes[-1], size=n)
    return reference.flatten(layers).astype(dtype), X.astype(dtype), y


def to(module, *arrays):
    return arrays if module is reference else tuple(torch.tensor(a) for a in arrays)


def plain(value):
    return value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


# ---------------------------------------------------------------------------------------------- PyTorch's own functions


@both
@every_dtype
@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_cross_entropy_and_softmax_are_pytorchs_and_nothing_overflows(module, dtype, scale):
    rng = np.random.default_rng(0)
    logits, y = (scale * rng.normal(size=(7, 5))).astype(dtype), rng.integers(5, size=7)
    s, label = to(module, logits, y)
    expected = F.cross_entropy(torch.tensor(logits), torch.tensor(y))
    np.testing.assert_allclose(plain(module.cross_entropy(s, label)), expected, **TOLERANCE[dtype])
    p = plain(module.softmax(s))
    np.testing.assert_allclose(p, F.softmax(torch.tensor(logits), 1), rtol=TOLERANCE[dtype]["rtol"], atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-3 if dtype == "float32" else 1e-10)
    assert p.dtype == dtype


@both
@every_dtype
def test_sigmoid_is_pytorchs_from_end_to_end(module, dtype):
    s = np.array([-1000, -30, -1, 0, 1, 30, 1000], dtype)
    z = plain(module.sigmoid(*to(module, s)))
    np.testing.assert_allclose(z, torch.tensor(s).sigmoid(), rtol=1e-5, atol=1e-7)
    assert z.dtype == dtype


@both
@every_dtype
@every_size
def test_the_gradient_is_autograds(module, dtype, sizes):
    params, X, y = network(sizes, dtype=dtype)
    leaf = torch.tensor(params, requires_grad=True)
    z, start = torch.tensor(X), 0
    for l, (D, M) in enumerate(pairwise(sizes)):                               # noqa: E741
        W, b = leaf[start:start + D * M].view(D, M), leaf[start + D * M:start + D * M + M]
        z = z @ W + b
        z = z.sigmoid() if l < len(sizes) - 2 else z
        start += D * M + M
    expected = F.cross_entropy(z, torch.tensor(y))
    expected.backward()
    p, inputs, labels = to(module, params, X, y)
    grads = plain(module.mlp_gradient(p, inputs, labels, sizes=sizes))
    np.testing.assert_allclose(grads, leaf.grad, **TOLERANCE[dtype])
    np.testing.assert_allclose(plain(module.mlp_loss(p, inputs, labels, sizes=sizes)), expected.item(),
                               **TOLERANCE[dtype])
    assert grads.dtype == dtype


@every_dtype
@every_size
def test_the_twins_agree_layer_by_layer(dtype, sizes):
    params, X, y = network(sizes, dtype=dtype, seed=3)
    layers, twins = reference.unflatten(params, sizes), pytorch.unflatten(torch.tensor(params), sizes)
    zs, tzs = reference.mlp_forward(layers, X), pytorch.mlp_forward(twins, torch.tensor(X))
    for z, tz in zip(zs, tzs, strict=True):
        np.testing.assert_allclose(tz, z, **TOLERANCE[dtype])
    grads, tgrads = reference.mlp_backward(layers, zs, y), pytorch.mlp_backward(twins, tzs, torch.tensor(y))
    for ours, theirs in zip(grads, tgrads, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a.shape == b.shape
            assert a.dtype == dtype
            np.testing.assert_allclose(b, a, **TOLERANCE[dtype])


@both
def test_no_argument_is_changed(module):
    sizes = [3, 4, 2]
    arrays = to(module, *network(sizes))
    before = [plain(a).copy() for a in arrays]
    module.mlp_gradient(*arrays, sizes=sizes)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(plain(a), b)


@both
@every_size
def test_flatten_and_unflatten_undo_each_other(module, sizes):
    params, = to(module, network(sizes)[0])
    layers = module.unflatten(params, sizes)
    assert [tuple(layer.W.shape) for layer in layers] == list(pairwise(sizes))
    np.testing.assert_array_equal(plain(module.flatten(layers)), plain(params))


@every_size
def test_the_module_is_the_same_network_and_gives_its_parameters_back(sizes):
    params, X, _ = (torch.tensor(a) for a in network(sizes))
    layers = pytorch.unflatten(params, sizes)
    net = pytorch.mlp_module(layers)
    torch.testing.assert_close(net(X), pytorch.mlp_forward(layers, X)[-1], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(pytorch.flatten(pytorch.module_layers(net)), params, rtol=0, atol=0)


# --------------------------------------------------------------------------------------------------- the gradient check


@both
@every_size
def test_the_gradient_check_passes_the_right_gradient_and_no_wrong_one(module, sizes):
    params, X, y = to(module, *network(sizes))
    loss = partial(module.mlp_loss, X=X, y=y, sizes=sizes)
    gradient = partial(module.mlp_gradient, X=X, y=y, sizes=sizes)
    assert module.gradient_check(loss, gradient, params) < 1e-8
    assert module.gradient_check(loss, lambda p: -gradient(p), params) == pytest.approx(1)
    assert module.gradient_check(loss, lambda p: 6 * gradient(p), params) == pytest.approx(5 / 7)


def test_the_gradient_check_is_torch_autograds_own():
    params, X, y = (torch.tensor(a) for a in network([3, 4, 2]))
    leaf = params.clone().requires_grad_()
    assert torch.autograd.gradcheck(partial(pytorch.mlp_loss, X=X, y=y, sizes=[3, 4, 2]), (leaf,))


@both
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_the_gradient_check_takes_any_shape(module, shape):
    params, = to(module, np.full(shape, 1.5))
    assert module.gradient_check(lambda p: (p**3).sum(), lambda p: 3 * p**2, params) < 1e-8
    assert module.gradient_check(lambda p: 0 * p.sum(), lambda p: 0 * p, params) == 0


# ----------------------------------------------------------------------------------------------------- weighted samples


@both
@every_dtype
def test_the_weighted_loss_is_pytorchs_with_class_weights(module, dtype):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(8, 4)).astype(dtype), rng.integers(4, size=8)
    classes = rng.uniform(.5, 2, 4).astype(dtype)
    leaf = torch.tensor(logits, requires_grad=True)
    expected = F.cross_entropy(leaf, torch.tensor(y), weight=torch.tensor(classes))
    expected.backward()
    loss, delta = module.weighted_cross_entropy(*to(module, logits, y, classes[y]))
    np.testing.assert_allclose(plain(loss), expected.item(), **TOLERANCE[dtype])
    np.testing.assert_allclose(plain(delta), leaf.grad, **TOLERANCE[dtype])
    assert plain(loss).dtype == plain(delta).dtype == dtype


@both
def test_a_weight_of_two_is_two_examples(module):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(4, 3)), rng.integers(3, size=4)
    weights = np.array([2.0, 1, 0, 1])
    loss, delta = module.weighted_cross_entropy(*to(module, logits, y, weights))
    repeated = [0, 0, 1, 3]
    plain_loss = module.cross_entropy(*to(module, logits[repeated], y[repeated]))
    np.testing.assert_allclose(plain(loss), plain(plain_loss), rtol=1e-12)
    again, _ = module.weighted_cross_entropy(*to(module, logits, y, 7 * weights))
    np.testing.assert_allclose(plain(again), plain(loss), rtol=1e-12)
    assert not plain(delta)[2].any()
