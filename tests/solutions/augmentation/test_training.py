"""The training loop: gradients by layer and by input, soft targets, runs side by side, and what it learns."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from solutions.augmentation import training
from solutions.dropout.training import forward, he_init, scores, side_by_side
from solutions.gradient_descent.reference import Layer

SIZES = [3, 5, 4, 3]


def made(runs=2):
    rng = np.random.default_rng(0)
    layers = side_by_side([he_init(np.random.default_rng(seed), SIZES, runs=1, dtype=float) for seed in range(runs)])
    layers = [Layer(W, b + rng.normal(size=b.shape)) for W, b in layers]
    return layers, rng.normal(size=(runs, 7, 3)), rng.dirichlet(np.ones(3), size=(runs, 7))


def test_gradients_and_losses_are_autograds_with_soft_targets():
    layers, X, targets = made()
    x = torch.tensor(X).requires_grad_()
    params = [[torch.tensor(part).requires_grad_() for part in layer] for layer in layers]
    z = x
    for j, (W, b) in enumerate(params):
        z = (z.relu() if j else z) @ W + b
    losses = torch.stack([F.cross_entropy(one, torch.tensor(t), reduction="none")
                          for one, t in zip(z, targets, strict=True)])
    np.testing.assert_allclose(training.cross_entropies(layers, X, targets), losses.detach(), rtol=1e-12)
    inputs, *wanted = torch.autograd.grad(losses.sum(), [x, *(part for layer in params for part in layer)])
    np.testing.assert_allclose(training.input_gradient(layers, X, targets), inputs, rtol=1e-10, atol=1e-13)
    zs = forward(layers, X)
    grads = training.backward(layers, zs, training.softmax_delta(zs[-1], targets))
    for ours, theirs in zip((part for layer in grads for part in layer), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs / 7, rtol=1e-10, atol=1e-13)        # E is the mean of each run's batch


def test_each_run_has_its_own_data_and_each_epoch_sees_all_of_it():
    layers, X, _ = made(runs=3)
    seen = []

    def watched(rng, layers, X, y):
        seen.append(y)
        return X, training.one_hot(y % 3, 3)

    y = np.arange(21).reshape(3, 7)
    training.train(np.random.default_rng(0), layers, X, y, make=watched, epochs=2, batch_size=3)
    assert [part.shape for part in seen] == [(3, 3), (3, 3), (3, 1)] * 2
    for epoch in (seen[:3], seen[3:]):
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch, axis=1), axis=1), y)
    assert (seen[0] != seen[3]).any()


@pytest.mark.parametrize("classes", [3, 10])
def test_one_hot_keeps_the_shape_of_the_labels(classes):
    y = np.array([[0, 2], [1, 2]])
    found = training.one_hot(y, classes)
    assert found.shape == (2, 2, classes)
    np.testing.assert_array_equal(found.argmax(axis=-1), y)
    np.testing.assert_array_equal(found.sum(axis=-1), 1)


def test_it_learns_the_digits_in_float32():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype("float32")
    layers = training.train(np.random.default_rng(0), he_init(np.random.default_rng(0), [64, 64, 10], runs=1),
                            X[None, :1000], y[None, :1000], epochs=15)
    assert {part.dtype for layer in layers for part in layer} == {np.dtype("float32")}
    assert scores(layers, X[1000:], y[1000:])[0][0] > .88


# -------------------------------------------------------------------------------------------- examples for each batch


def batch():
    X, y = load_digits(return_X_y=True)
    X, y = (X[:40] / 16).astype("float32").reshape(2, 20, 64), y[:40].reshape(2, 20)
    layers = side_by_side([he_init(np.random.default_rng(seed), [64, 16, 10], runs=1) for seed in range(2)])
    return layers, X, y


MAKERS = {"noisy": training.noisy(.1), "random": training.random_moves(), "worst": training.worst_moves(3),
          "fixed": training.fixed_moves(np.eye(4)), "mixed": training.mixed_pairs(.4),
          "attacked": training.attacked(.1, 3), "one step": training.attacked(.1, 1),
          "signs": training.random_signs(.1)}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_maker_returns_new_float32_examples_and_a_distribution_for_each(make):
    layers, X, y = batch()
    before = X.copy()
    made, targets = make(np.random.default_rng(0), layers, X, y)
    np.testing.assert_array_equal(X, before)
    assert made.shape == X.shape
    assert targets.shape == (2, 20, 10)
    assert made.dtype == targets.dtype == np.float32
    assert (np.abs(made - X).max(axis=-1) > .01).mean() > .8
    np.testing.assert_allclose(targets.sum(axis=-1), 1, rtol=1e-6)


def test_moves_at_their_limits_turn_enlarge_and_shift():
    image = np.random.default_rng(0).random((1, 64))
    limits = {"degrees": 90., "scale": 1., "shift": 2., "dtype": float}
    turned = training.moved(image, training.moves(np.array([[1., 0, 0, 0]]), **limits))
    np.testing.assert_allclose(turned.reshape(8, 8), np.rot90(image.reshape(8, 8)), atol=1e-12)
    down = training.moved(image, training.moves(np.array([[0., 0, 0, 1]]), **limits))
    np.testing.assert_allclose(down.reshape(8, 8)[2:], image.reshape(8, 8)[:-2], atol=1e-12)


def test_the_worst_of_more_is_worse_and_an_attack_is_worse_than_signs_at_random():
    layers, X, y = batch()
    layers = training.train(np.random.default_rng(0), layers, X, y, epochs=20, batch_size=20)

    def loss(make):
        return training.cross_entropies(layers, *make(np.random.default_rng(0), layers, X, y)).mean()

    assert loss(training.random_moves()) < loss(training.worst_moves(2)) < loss(training.worst_moves(12))
    assert loss(training.random_signs(.1)) < loss(training.attacked(.1, 1)) <= loss(training.attacked(.1, 12)) * 1.02
