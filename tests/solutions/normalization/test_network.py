"""The networks of the experiments: against PyTorch's layers, by differences of the loss, and what they learn."""
import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from solutions.gradient_descent.reference import gradient_check
from solutions.normalization.network import (
    Layer,
    accuracy,
    along_the_gradient,
    backward,
    draw_noise,
    drift,
    forward,
    he_networks,
    measured_run,
    statistics,
    step,
    train,
)

SIZES = [4, 5, 5, 3]
NORMS = pytest.mark.parametrize("norm", [None, "batch", "layer"])


def network(norm):
    """One network whose scales and shifts are not those of the start."""
    rng = np.random.default_rng(0)
    layers = [Layer(W, rng.uniform(.5, 2, gamma.shape), rng.normal(size=beta.shape))
              for W, gamma, beta in he_networks([1], SIZES, dtype=np.float64)]
    return layers, rng.normal(size=(7, 4)), rng.integers(3, size=7)


def in_pytorch(layers, norm):
    parts = []
    for i, (W, gamma, beta) in enumerate(layers):
        last = i == len(layers) - 1
        linear = nn.Linear(*W.shape[1:], bias=last or norm is None).double()
        linear.weight.data = torch.tensor(W[0].T.copy())
        scaled = linear
        if not last and norm:
            scaled = (nn.BatchNorm1d if norm == "batch" else nn.LayerNorm)(W.shape[2]).double()
            scaled.weight.data = torch.tensor(gamma[0, 0])
        scaled.bias.data = torch.tensor(beta[0, 0])
        parts += [linear] if last else [linear, nn.ReLU()] if norm is None else [linear, scaled, nn.ReLU()]
    return nn.Sequential(*parts)


@NORMS
def test_the_loss_is_the_one_of_pytorchs_layers(norm):
    layers, X, y = network(norm)
    net = in_pytorch(layers, norm)
    expected = nn.functional.cross_entropy(net(torch.tensor(X)), torch.tensor(y)).item()
    zs, hats = forward(layers, X, norm=norm)
    assert backward(layers, zs, hats, y, norm=norm)[0][0] == pytest.approx(expected, rel=1e-12)


def test_inference_is_that_of_pytorchs_layer():
    layers, X, _ = network("batch")
    net, stats = in_pytorch(layers, "batch").eval(), statistics(layers, X)
    for norm, (mean, var) in zip([net[1], net[4]], stats, strict=True):
        norm.running_mean, norm.running_var = torch.tensor(mean[0, 0]), torch.tensor(var[0, 0])
    found = forward(layers, X[:2], norm="batch", stats=stats)[0][-1][0]
    np.testing.assert_allclose(found, net(torch.tensor(X[:2])).detach(), rtol=1e-12)


@NORMS
@pytest.mark.parametrize("strength", [0, .5])
@pytest.mark.parametrize("field", [0, 1, 2], ids=Layer._fields)
def test_every_gradient_is_what_differences_of_the_loss_give(norm, strength, field):
    layers, X, y = network(norm)
    noise = draw_noise(np.random.default_rng(2), layers, strength) if strength else None

    def both(value):
        changed = [layers[0], layers[1]._replace(**{Layer._fields[field]: value}), layers[2]]
        zs, hats = forward(changed, X, norm=norm, noise=noise)
        return backward(changed, zs, hats, y, norm=norm, noise=noise)

    error = gradient_check(lambda v: both(v)[0][0], lambda v: both(v)[1][1][field], layers[1][field])
    assert error < 1e-8
    if norm:
        assert np.abs(both(layers[1][field])[1][1][field]).max() > 1e-3


def test_runs_side_by_side_are_what_each_is_alone():
    X, y = (part[:200] for part in load_digits(return_X_y=True))
    options = {"sizes": [64, 8, 10], "epochs": 1, "norm": "batch"}
    together = train(X / 16, y, lrs=[.1, 1.0], seeds=[0, 1], **options)
    for i, (lr, seed) in enumerate([(.1, 0), (.1, 1), (1.0, 0), (1.0, 1)]):
        alone = train(X / 16, y, lrs=[lr], seeds=[seed], **options)
        for ours, theirs in zip(together, alone, strict=True):
            np.testing.assert_allclose(ours.W[i], theirs.W[0], rtol=1e-9, atol=1e-12)


def test_ten_epochs_on_the_digits_reach_what_was_measured_elsewhere():
    X, y = load_digits(return_X_y=True)
    X, Xt, y, yt = train_test_split((X / 16).astype(np.float32), y, test_size=.2, random_state=0, stratify=y)
    options = {"sizes": [64] * 6 + [10], "lrs": [.1, 1.0, 3.0], "seeds": [0, 2, 3], "epochs": 10}
    with np.errstate(all="ignore"):
        plain, normed = train(X, y, **options), train(X, y, norm="batch", **options)
        without = accuracy(plain, Xt, yt).reshape(3, 3)
    with_norm = accuracy(normed, Xt, yt, norm="batch", stats=statistics(normed, X)).reshape(3, 3)
    assert (without[0] > .85).all()
    assert (without[1:] < .15).all()
    assert (with_norm[:2] > .95).all()
    assert np.median(with_norm[2]) > .95


# ----------------------------------------------------------------------------------------- what a step meets on its way


def test_without_a_hidden_layer_and_for_a_short_way_loss_and_gradient_are_as_their_slopes_say():
    """E falls by η‖g‖² a step, and the gradient changes by H g."""
    rng = np.random.default_rng(0)
    layers, X, y = he_networks([0, 1], [4, 3], dtype=np.float64), rng.normal(size=(9, 4)), rng.integers(3, size=9)
    _, grads = backward(layers, *forward(layers, X), y=y)
    squares = sum((part**2).sum(axis=(1, 2)) for part in grads[0])
    spread, bend = along_the_gradient(layers, X, y, lr=1e-5, lengths=(1e-3, 1))
    np.testing.assert_allclose(spread, (1 - 1e-3) * 1e-5 * squares, rtol=1e-3)
    ahead = step(layers, grads, 1e-5)
    _, there = backward(ahead, *forward(ahead, X), y=y)
    change = sum(((a - b)**2).sum(axis=(1, 2)) for a, b in zip(there[0], grads[0], strict=True))
    np.testing.assert_allclose(bend, np.sqrt(change / squares) / 1e-5, rtol=1e-2)


def test_the_drift_of_inputs_that_are_shifted_by_a_deviation_is_one():
    X = np.random.default_rng(0).uniform(.5, 2, (9, 4))
    same = Layer(np.eye(4)[None], np.ones((1, 1, 4)), np.zeros((1, 1, 4)))
    one, moved = [same, same], [same._replace(beta=X.std(axis=0)[None, None]), same]
    np.testing.assert_allclose(drift(one, moved, X, layer=1), 1)
    np.testing.assert_allclose(drift(one, one, X, layer=1), 0)


def test_noise_behind_batch_norm_brings_back_drift():
    X, y = load_digits(return_X_y=True)
    X, y = X[:800] / 16, y[:800]
    options = {"sizes": [64, 16, 16, 10], "seeds": range(2), "lr": .1, "epochs": 1, "layer": 2}
    still, noisy = (measured_run(X, y, norm="batch", strength=strength, **options)[1] for strength in (0.0, .5))
    assert still.shape == (3, 2)
    assert (noisy[0] > 10 * still[0]).all()
