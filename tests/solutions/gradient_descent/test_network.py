"""The network's functions: twin against twin, both against PyTorch's, autograd and finite differences."""
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from solutions.gradient_descent import pytorch, reference
from tests.solutions.twins import Twin, lifted, plain, twin_checks

SIZES = [[3, 4], [2, 5, 3], [4, 3, 3, 2], [3, 1, 4, 2, 5]]
TOLERANCE = {"float32": {"rtol": 2e-4, "atol": 2e-6}, "float64": {"rtol": 1e-10, "atol": 1e-13}}

every_size = pytest.mark.parametrize("sizes", SIZES, ids=str)
both = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "pytorch"])


def network(rng, sizes, n=6):
    """Parameters in a vector, inputs and labels."""
    layers = [reference.Layer(W, rng.normal(size=b.shape)) for W, b in reference.mlp_init(rng, sizes)]
    return reference.flatten(layers), rng.normal(size=(n, sizes[0])), rng.integers(sizes[-1], size=n)


def layers_and(rng, sizes):
    """Layers, what they put out, and labels."""
    params, X, y = network(rng, sizes)
    layers = reference.unflatten(params, sizes)
    return layers, reference.mlp_forward(layers, X), y


def layers_and_inputs(rng, sizes):
    layers, zs, _ = layers_and(rng, sizes)
    return layers, zs[0]


def logits(scale, *, weights=False):
    def drawn(rng, n):
        found = scale * rng.normal(size=(n, 5)), rng.integers(5, size=n)
        return (*found, rng.uniform(.5, 2, 5)[found[1]]) if weights else found

    return drawn


# ------------------------------------------------------------------------------------- PyTorch's functions and autograd


def outputs(layers, X):
    zs = [X]
    for i, (W, b) in enumerate(layers):
        zs.append(zs[-1] @ W + b if i + 1 == len(layers) else F.sigmoid(zs[-1] @ W + b))
    return zs


def loss_of(params, X, y, sizes):
    """The network built by hand, so that autograd can find its gradient."""
    cut = params.split([count for D, M in pairwise(sizes) for count in (D * M, M)])
    layers = [(W.view(D, M), b) for W, b, (D, M) in zip(cut[::2], cut[1::2], pairwise(sizes), strict=True)]
    return F.cross_entropy(outputs(layers, X)[-1], y)


def by_autograd(loss, *leaves):
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    value = loss(*leaves)
    return value.detach(), *torch.autograd.grad(value, leaves)


def backward(layers, zs, y):
    parts = [part for layer in layers for part in layer]
    _, *grads = by_autograd(lambda *p: F.cross_entropy(outputs(list(zip(p[::2], p[1::2], strict=True)), zs[0])[-1], y),
                            *parts)
    return grads


def weighted(logits, y, weights):
    return by_autograd(lambda s: (weights * F.cross_entropy(s, y, reduction="none")).sum() / weights.sum(), logits)


TWINS = {
    **{f"{name}, scale {scale}": Twin(name, arguments, oracle=oracle, shapes=[1, 7], tolerance=TOLERANCE)
       for scale in (1, 30, 1000) for name, arguments, oracle in [
           ("cross_entropy", logits(scale), F.cross_entropy),
           ("softmax", lambda rng, n, scale=scale: logits(scale)(rng, n)[:1], partial(F.softmax, dim=1)),
           ("weighted_cross_entropy", logits(scale, weights=True), weighted)]},
    "sigmoid": Twin("sigmoid", lambda rng, n: (np.array([-1000, -30, -1, 0, 1, 30, 1000.0]),), oracle=F.sigmoid,
                    shapes=[7], tolerance=TOLERANCE),
    "mlp_forward": Twin("mlp_forward", layers_and_inputs, oracle=outputs, shapes=SIZES, tolerance=TOLERANCE),
    "mlp_backward": Twin("mlp_backward", layers_and, oracle=backward, shapes=SIZES, tolerance=TOLERANCE),
    **{f"mlp_loss {sizes}": Twin("mlp_loss", network, {"sizes": sizes}, loss_of, [sizes], TOLERANCE)
       for sizes in SIZES},
    **{f"mlp_gradient {sizes}": Twin(
        "mlp_gradient", network, {"sizes": sizes},
        lambda p, X, y, sizes: by_autograd(lambda leaf: loss_of(leaf, X, y, sizes), p)[1], [sizes], TOLERANCE)
       for sizes in SIZES},
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


@both
def test_a_row_of_softmax_adds_up_to_one_however_large_its_logits(module):
    s, = to(module, 1000 * np.random.default_rng(0).normal(size=(7, 5)))
    np.testing.assert_allclose(plain(module.softmax(s)).sum(axis=1), 1, rtol=1e-10)


def to(module, *arrays):
    return lifted(arrays, as_tensors=module is pytorch)


@both
@every_size
def test_flatten_and_unflatten_undo_each_other(module, sizes):
    params, = to(module, network(np.random.default_rng(0), sizes)[0])
    layers = module.unflatten(params, sizes)
    assert [tuple(layer.W.shape) for layer in layers] == list(pairwise(sizes))
    np.testing.assert_array_equal(plain(module.flatten(layers)), plain(params))


@every_size
def test_the_module_is_the_same_network_and_gives_its_parameters_back(sizes):
    params, X, _ = (torch.tensor(a) for a in network(np.random.default_rng(0), sizes))
    layers = pytorch.unflatten(params, sizes)
    net = pytorch.mlp_module(layers)
    torch.testing.assert_close(net(X), pytorch.mlp_forward(layers, X)[-1], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(pytorch.flatten(pytorch.module_layers(net)), params, rtol=0, atol=0)


# --------------------------------------------------------------------------------------------------- the gradient check


@both
@every_size
def test_the_gradient_check_passes_the_right_gradient_and_no_wrong_one(module, sizes):
    params, X, y = to(module, *network(np.random.default_rng(0), sizes))
    loss = partial(module.mlp_loss, X=X, y=y, sizes=sizes)
    gradient = partial(module.mlp_gradient, X=X, y=y, sizes=sizes)
    assert module.gradient_check(loss, gradient, params) < 1e-8
    assert module.gradient_check(loss, lambda p: -gradient(p), params) == pytest.approx(1)
    assert module.gradient_check(loss, lambda p: 6 * gradient(p), params) == pytest.approx(5 / 7)


def test_the_gradient_check_is_torch_autograds_own():
    params, X, y = (torch.tensor(a) for a in network(np.random.default_rng(0), [3, 4, 2]))
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
def test_the_weighted_loss_is_pytorchs_with_class_weights(module):
    rng = np.random.default_rng(0)
    logits, y, classes = rng.normal(size=(8, 4)), rng.integers(4, size=8), rng.uniform(.5, 2, 4)
    expected = F.cross_entropy(torch.tensor(logits), torch.tensor(y), weight=torch.tensor(classes))
    loss, _ = module.weighted_cross_entropy(*to(module, logits, y, classes[y]))
    np.testing.assert_allclose(plain(loss), expected, rtol=1e-10)


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
