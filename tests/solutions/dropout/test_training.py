"""The training loop: its gradient by finite differences and by autograd, its runs one by one, and what it learns."""
import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from solutions.dropout import training
from solutions.gradient_descent.reference import Layer, gradient_check

SIZES = [3, 5, 4, 3]


def made(runs=2, p=(.3, .6)):
    rng = np.random.default_rng(0)
    layers = [Layer(W, b + rng.normal(size=b.shape)) for W, b in training.he_init(rng, SIZES, runs=runs, dtype=float)]
    X, y = rng.normal(size=(7, 3)), rng.integers(3, size=7)
    p = np.array(p).reshape(-1, 1, 1)
    return layers, X, y, p, training.draw_masks(rng, layers, 7, p)


def test_the_gradient_is_that_of_finite_differences():
    layers, X, y, p, masks = made()
    grads = training.backward(layers, training.forward(layers, X, masks, p=p), y, masks, p=p)
    for j, layer in enumerate(layers):
        for part, name in enumerate(layer._fields):
            def loss(value, j=j, name=name):
                changed = [*layers[:j], layers[j]._replace(**{name: value}), *layers[j + 1:]]
                logits = training.forward(changed, X, masks, p=p)[-1]
                return -training.log_softmax(logits)[:, range(7), y].mean(axis=1).sum()

            found = grads[j][part]
            assert found.shape == layer[part].shape
            assert gradient_check(loss, lambda _, found=found: found, layer[part]) < 1e-8


def test_the_gradient_is_autograds_through_the_librarys_dropout():
    torch.manual_seed(0)
    layers, X, y, _, _ = made(runs=1, p=(.5,))
    z, masks, inputs = torch.tensor(X), [], []
    params = [[torch.tensor(part[0]).requires_grad_() for part in layer] for layer in layers]
    for j, (W, b) in enumerate(params):
        z = z @ W + b
        if j < len(params) - 1:
            inputs.append(z.relu())
            z = torch.nn.functional.dropout(inputs[-1], .5)
            masks.append(((z != 0) | (inputs[-1] == 0)).numpy()[None])
    torch.nn.functional.cross_entropy(z, torch.tensor(y)).backward()
    grads = training.backward(layers, training.forward(layers, X, masks, p=.5), y, masks, p=.5)
    for (W, b), (dW, db) in zip(params, grads, strict=True):
        np.testing.assert_allclose(dW[0], W.grad, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(db[0, 0], b.grad[0], rtol=1e-10, atol=1e-14)


def test_networks_side_by_side_do_not_meet():
    """Two runs without dropout stay one; with it, each is the other's equal for the same masks alone."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(3, size=40)
    start = training.he_init(np.random.default_rng(1), SIZES, runs=3, dtype=float)
    *_, layers = training.train(np.random.default_rng(2), start, X, y, p=[0, .5, 0], epochs=3, batch_size=10)
    for before, (W, b) in zip(start, layers, strict=True):
        np.testing.assert_array_equal(W[0], W[2])
        np.testing.assert_array_equal(b[0], b[2])
        assert np.abs(W[0] - W[1]).max() > 1e-3
        assert np.abs(W[0] - before.W[0]).max() > 1e-3


@pytest.mark.parametrize("p", [0, .5])
def test_it_learns_the_digits_in_the_precision_that_it_gets(p):
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype("float32")
    rng = np.random.default_rng(0)
    *_, layers = training.train(rng, training.he_init(rng, [64, 64, 10], runs=1), X[:1000], y[:1000], p=[p], epochs=15)
    assert {part.dtype for layer in layers for part in layer} == {np.dtype("float32")}
    accuracy, loss = training.scores(layers, X[1000:], y[1000:])
    assert accuracy.shape == loss.shape == (1,)
    assert accuracy[0] > .88
    assert loss[0] < .5
