"""Networks of ReLU layers, trained with dropout, several of them side by side.

`R` networks differ in the probability with which they drop, and share their start and
the order of their batches. Where `R` stands in a shape it may be missing: one network.
"""
from itertools import pairwise

import numpy as np

from solutions.dropout.reference import dropout, log_softmax
from solutions.gradient_descent.reference import Layer, minibatches
from solutions.momentum.reference import momentum_init, momentum_step


def he_init(rng, sizes, *, runs, dtype=np.float32):
    """`runs` copies of one network: weights from N(0, 2/D), biases zero.

    Parameters
    ----------
    rng : numpy.random.Generator
    sizes : sequence of int
        Inputs, units of each hidden layer, classes.

    Returns
    -------
    layers : list of Layer
        W (R, D, M) and b (R, 1, M).
    """
    layers = []
    for D, M in pairwise(sizes):
        W = (rng.normal(size=(D, M)) * np.sqrt(2 / D)).astype(dtype)
        layers.append(Layer(np.repeat(W[None], runs, axis=0),
                            np.zeros((runs, 1, M), dtype)))
    return layers


def side_by_side(networks):
    """Networks in one list of layers, R of them after one another: W (R, D, M)."""
    return [Layer(*map(np.concatenate, zip(*same, strict=True)))
            for same in zip(*networks, strict=True)]


def draw_masks(rng, layers, n, p):
    """A mask of n examples for each hidden layer: 0 with the probability p, else 1.

    Parameters
    ----------
    p : ndarray, (R, 1, 1)

    Returns
    -------
    masks : list of ndarray of bool, (R, n, M)
    """
    shapes = [(len(p), n, W.shape[-1]) for W, _ in layers[:-1]]
    return [rng.random(shape, dtype=np.float32) >= p for shape in shapes]


def forward(layers, X, masks=None, *, p=0.0):
    """The outputs of every layer, the hidden ones with dropout where masks are given.

    Parameters
    ----------
    layers : list of J Layer, W (R, D, M) and b (R, 1, M)
    X : ndarray, (N, D)
    masks : list of J - 1 ndarray, (R, N, M), or None
        None: the network as it is tested.

    Returns
    -------
    zs : list of J + 1 ndarray
        X, the hidden outputs (R, N, M), and the logits (R, N, K).
    """
    zs = [X]
    for j, (W, b) in enumerate(layers[:-1]):
        z = np.maximum(zs[-1] @ W + b, 0)           # z_l = max(0, z_{l-1} W_l + b_l)
        zs.append(z if masks is None else dropout(z, masks[j], p=p))
    W, b = layers[-1]
    return [*zs, zs[-1] @ W + b]


def backward(layers, zs, y, masks, *, p):
    """The gradient of the mean cross-entropy, for the masks that `forward` had.

    Returns
    -------
    grads : list of J Layer, of the shapes of `layers`
    """
    delta = np.exp(log_softmax(zs[-1]))
    delta[..., np.arange(len(y)), y] -= 1                   # δ_J = (p - r)/N
    delta /= len(y)
    grads = []
    for j in reversed(range(len(layers))):
        z = zs[j]
        grads.append(Layer(z.swapaxes(-1, -2) @ delta, delta.sum(-2, keepdims=True)))
        if j:                   # through the mask, and through max(0, ·)
            delta = delta @ layers[j].W.swapaxes(-1, -2)
            delta = dropout(delta, masks[j - 1], p=p) * (z > 0)
    return grads[::-1]


def train(rng, layers, X, y, *, p, epochs, batch_size=50, lr=0.05, momentum=0.9):
    """Stochastic gradient descent with momentum and dropout in the hidden layers.

    Parameters
    ----------
    layers : list of Layer, as `he_init` makes them
    p : sequence of R floats
        With which probability each network drops its hidden units.

    Yields
    ------
    layers : after each epoch
    """
    p = np.asarray(p, X.dtype).reshape(-1, 1, 1)
    states = [Layer(*map(momentum_init, layer)) for layer in layers]
    for _ in range(epochs):
        for m in minibatches(rng.permutation(len(y)), batch_size):
            masks = draw_masks(rng, layers, len(m), p)
            zs = forward(layers, X[m], masks, p=p)
            grads = backward(layers, zs, y[m], masks, p=p)
            moved = [[momentum_step(*part, lr=lr, momentum=momentum)
                      for part in zip(*three, strict=True)]
                     for three in zip(layers, grads, states, strict=True)]
            layers = [Layer(W[0], b[0]) for W, b in moved]
            states = [Layer(W[1], b[1]) for W, b in moved]
        yield layers


def scores(layers, X, y):
    """The accuracy and the mean cross-entropy of each network, each (R,)."""
    log_p = log_softmax(forward(layers, X)[-1])
    return ((log_p.argmax(axis=-1) == y).mean(axis=-1),
            -log_p[..., np.arange(len(y)), y].mean(axis=-1))
