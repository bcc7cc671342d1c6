"""Networks trained side by side, each with a rate and a dropout of its own.

A population is a list of arrays, [W₁, b₁, W₂, b₂, …], with the members along each one's
first axis; hyper-parameters are rows (rate, probability of dropping).
"""
import numpy as np

from solutions.dropout.training import forward, he_init, scores, train
from solutions.gradient_descent.reference import Layer

LOW, HIGH = np.array([0.003, 0.01]), np.array([1.0, 0.8])
SIZES = 64, 32, 10


def _layers(params):
    return [Layer(*pair) for pair in zip(params[::2], params[1::2], strict=True)]


def begin(rng, count, sizes=SIZES):
    """`count` copies of one network that has not been trained."""
    return [part for layer in he_init(rng, sizes, runs=count) for part in layer]


def advance(rng, params, hypers, X, y, *, epochs):
    """All members trained on, by momentum with batches of 50.

    Parameters
    ----------
    params : list of ndarray, (P, …) each
    hypers : ndarray, (P, 2)
        Rate and probability of dropping a hidden unit.
    """
    layers = _layers(params)
    rates = hypers[:, 0].astype(X.dtype)[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):     # a rate may be too large
        for trained in train(rng, layers, X, y, p=hypers[:, 1], epochs=epochs, lr=rates):
            layers = trained
    return [part for layer in layers for part in layer]


def measure(params, X, y):
    """The accuracy and the mean cross-entropy of each member, (P,) each."""
    return scores(_layers(params), X, y)


def hits(params, X, y):
    """Which examples each member gets right, (P, N)."""
    return forward(_layers(params), X)[-1].argmax(axis=-1) == y
