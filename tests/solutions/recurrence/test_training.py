"""The tasks, and the loop that trains networks on them side by side."""
from functools import partial

import numpy as np
import pytest
import torch

from solutions.recurrence import reference, training


def test_a_delayed_symbol_is_shown_once_and_the_rest_is_noise():
    X, y = reference.delay_task(np.random.default_rng(0), (3, 40), 7, symbols=5)
    assert X.shape == (3, 40, 8, 5)
    assert y.shape == (3, 40)
    np.testing.assert_array_equal(X[:, :, 0].argmax(-1), y)
    assert abs(X[:, :, 1:].std() - 0.1) < 0.01
    assert len(np.unique(y)) == 5


@pytest.mark.parametrize("length", [2, 3, 11])
def test_two_numbers_are_marked_one_in_each_half(length):
    X, y = reference.adding_task(np.random.default_rng(1), (50,), length)
    numbers, marks = X[..., 0], X[..., 1]
    assert X.shape == (50, length, 2)
    assert ((marks == 0) | (marks == 1)).all()
    assert (marks[:, :length // 2].sum(axis=1) == 1).all()
    assert (marks[:, length // 2:].sum(axis=1) == 1).all()
    np.testing.assert_allclose(y, (numbers * marks).sum(axis=1))
    assert ((numbers >= 0) & (numbers < 1)).all()


@pytest.mark.parametrize("kind", ["tanh", "lstm", "gru"])
def test_runs_side_by_side_are_the_runs_alone(kind):
    X, y = reference.delay_task(np.random.default_rng(2), (2, 8), 3)
    draws = [(X, y), (X[1:], y[1:])]
    both, one = training.start(kind, [0, 1], 4, 6, 4), training.start(kind, [1], 4, 6, 4)
    after, losses, norms = training.train(both, lambda: draws[0], steps=4, lr=.05, max_norm=.3)
    alone, loss, norm = training.train(one, lambda: draws[1], steps=4, lr=.05, max_norm=.3)
    np.testing.assert_allclose(losses[:, 1:], loss, rtol=1e-4)
    np.testing.assert_allclose(norms[:, 1:], norm, rtol=1e-4)
    torch.testing.assert_close(after.layer.W[1:], alone.layer.W, rtol=1e-3, atol=1e-4)


def test_networks_put_side_by_side_are_those_that_were_put():
    plain, identity = (training.start("tanh", [3], 4, 6, 4, identity=one) for one in (False, True))
    both = training.side_by_side(plain, identity)
    assert torch.equal(both.layer.W[0], plain.layer.W[0])
    assert torch.equal(both.layer.W[1], torch.eye(6))
    assert torch.equal(both.V[1], identity.V[0])


def test_a_large_bias_keeps_the_state():
    state = torch.full((1, 1, 6), .5)
    kept = {}
    for keep in (0.0, 9.0):
        network = training.start("gru", [0], 4, 6, 4, keep=keep)
        states = training.pytorch.unroll(training.pytorch.gru_cell, torch.zeros(1, 1, 30, 4), state, network.layer)
        kept[keep] = float((states[-1] - state).abs().max())
    assert kept[9.0] < .02
    assert kept[0.0] > .2


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_bias_to_keep_is_in_the_second_block_alone(kind):
    b = training.start(kind, [0, 1], 4, 6, 4, keep=2.0).layer.b
    assert (b[:, :, 6:12] == 2).all()
    assert b.count_nonzero() == 2 * 6


@pytest.mark.parametrize("kind", ["tanh", "lstm", "gru"])
def test_training_learns_a_short_delay(kind):
    rng = np.random.default_rng(4)
    network = training.start(kind, [0, 1], 4, 12, 4, keep=2.0)
    _, losses, _ = training.train(network, partial(reference.delay_task, rng, (2, 24), 2), steps=40, lr=.03)
    assert (losses[:3] > 1).all()
    assert (losses[-3:] < .3).all()


def test_a_number_s_loss_is_the_mean_square():
    outputs, y = torch.tensor([[[1.0], [3.0]]]), torch.tensor([[0.0, 1.0]])
    assert training.losses_of(outputs, y).tolist() == [2.5]
