"""Networks for the experiments with normalization: several train side by side.

R networks have one more axis, the first, in every array; what they share is the data.
A hidden layer is ReLU(γ x̂ + β), where x̂ is the pre-activation z W, normalized over
the batch, over the layer's units, or not at all.
"""
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from solutions.normalization.reference import Statistics, normalize, normalize_backward

AXES = {"batch": 1, "layer": 2}         # of (R, N, M): what mean and variance go over


class Layer(NamedTuple):
    """W, (R, D, M); γ and β, (R, 1, M) both; γ is used where there is a norm."""
    W: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray


def he_networks(seeds, sizes, *, dtype=np.float32):
    """One network for each seed: weights N(0, 2/D), γ = 1, β = 0."""
    rngs = [np.random.default_rng(seed) for seed in seeds]
    layers = []
    for D, M in pairwise(sizes):
        W = np.stack([rng.normal(scale=(2 / D)**0.5, size=(D, M)) for rng in rngs])
        one = np.ones((len(rngs), 1, M), dtype)
        layers.append(Layer(W.astype(dtype), one, 0 * one))
    return layers


def forward(layers, X, *, norm=None, stats=None, noise=None):
    """Feed X, (N, D) or (R, N, D), forward.

    Parameters
    ----------
    norm : None, 'batch' or 'layer'
    stats : list of Statistics
        What 'batch' uses in place of the batch's own: inference.
    noise : list of (scale, shift)
        Of each hidden layer, applied behind its normalization.

    Returns
    -------
    zs : list of ndarray
        The inputs, the output of each hidden layer, and the logits (R, N, K).
    hats : list of (x_hat, inv_std)
        Of each hidden layer; without a norm (pre-activation, None).
    """
    zs, hats = [X], []
    for i, (W, gamma, beta) in enumerate(layers[:-1]):
        S = zs[-1] @ W
        fixed = stats[i] if stats and norm == "batch" else None
        hats.append(hat(S, norm, fixed))
        S = hats[-1][0] * (gamma if norm else 1) + beta
        if noise:
            S = S * noise[i][0] + noise[i][1]
        zs.append(np.maximum(S, 0))
    return [*zs, zs[-1] @ layers[-1].W + layers[-1].beta], hats


def hat(S, norm, stats=None):
    """(x_hat, inv_std) of the pre-activations S, (R, N, M)."""
    if norm is None:
        return S, None
    if stats is None:
        return normalize(S, axes=AXES[norm])
    inv_std = 1 / np.sqrt(stats.var + 1e-5)
    return (S - stats.mean) * inv_std, inv_std


def cross_entropy(logits, y):
    """The mean loss of each network, (R,), and its gradient, like the logits (R, N, K)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    r = np.eye(log_p.shape[-1], dtype=log_p.dtype)[y]
    n = log_p.shape[1]
    return -(r * log_p).sum(axis=(1, 2)) / n, (np.exp(log_p) - r) / n


def backward(layers, zs, hats, y, *, norm=None, noise=None):
    """The loss of each network, (R,), and its gradient: a Layer for each of `layers`.

    y : ndarray of int, (N,) or (R, N)
    """
    (loss, delta), grads = cross_entropy(zs[-1], y), []
    for i in reversed(range(len(layers))):
        d_gamma, hidden = 0 * layers[i].gamma, i < len(hats)
        if hidden:
            delta = delta * (zs[i + 1] > 0) * (noise[i][0] if noise else 1)
        d_beta = delta.sum(axis=1, keepdims=True)
        if hidden and norm:
            x_hat, inv_std = hats[i]
            d_gamma = (delta * x_hat).sum(axis=1, keepdims=True)
            delta = normalize_backward(delta * layers[i].gamma, x_hat, inv_std,
                                       axes=AXES[norm])
        grads.append(Layer(np.swapaxes(zs[i], -1, -2) @ delta, d_gamma, d_beta))
        delta = delta @ np.swapaxes(layers[i].W, -1, -2)
    return loss, grads[::-1]


def step(layers, grads, lrs):
    """One step of gradient descent; `lrs` is a number, or an array (R, 1, 1)."""
    return [Layer(*(p - lrs * g for p, g in zip(layer, grad, strict=True)))
            for layer, grad in zip(layers, grads, strict=True)]


def draw_noise(rng, layers, strength):
    """A scale and a shift for each hidden unit, new at each call."""
    shapes = [layer.beta.shape for layer in layers[:-1]]
    return [(rng.uniform(1 - strength, 1 + strength, shape).astype(layer.beta.dtype),
             rng.uniform(-strength, strength, shape).astype(layer.beta.dtype))
            for layer, shape in zip(layers, shapes, strict=False)]


def train_epoch(layers, X, y, orders, *, lrs, batch_size, norm=None, strength=0.0,
                rng=None):
    """One epoch of mini-batch gradient descent; a smaller last batch is left out.

    Parameters
    ----------
    orders : ndarray of int, (R, N)
        Each network's order of the examples.
    lrs : float or ndarray, (R, 1, 1)
    strength, rng : of `draw_noise`, new in each step; none where the strength is 0

    Returns
    -------
    layers
    """
    for start in range(0, orders.shape[1] - batch_size + 1, batch_size):
        batch = orders[:, start:start + batch_size]
        noise = draw_noise(rng, layers, strength) if strength else None
        zs, hats = forward(layers, X[batch], norm=norm, noise=noise)
        _, grads = backward(layers, zs, hats, y[batch], norm=norm, noise=noise)
        layers = step(layers, grads, lrs)
    return layers


def train(X, y, *, sizes, lrs, seeds, epochs, batch_size=32, norm=None, strength=0.0):
    """A network for each rate and each seed, in this order, trained side by side.

    A seed gives the start and the orders of the examples, alike at each rate.
    """
    layers = [Layer(*(np.tile(part, (len(lrs), 1, 1)) for part in layer))
              for layer in he_networks(seeds, sizes, dtype=X.dtype)]
    rates = np.repeat(np.array(lrs, X.dtype), len(seeds))[:, None, None]
    rngs = [np.random.default_rng(seed) for seed in seeds]
    noise = np.random.default_rng(9)
    for _ in range(epochs):
        orders = np.tile([rng.permutation(len(X)) for rng in rngs], (len(lrs), 1))
        layers = train_epoch(layers, X, y, orders, lrs=rates, batch_size=batch_size,
                             norm=norm, strength=strength, rng=noise)
    return layers


def statistics(layers, X, *, norm="batch"):
    """Mean and variance of every pre-activation over X: a Statistics for each layer."""
    zs, _ = forward(layers, X, norm=norm)
    sums = [z @ layer.W for z, layer in zip(zs, layers[:-1], strict=False)]
    return [Statistics(S.mean(axis=1, keepdims=True), S.var(axis=1, keepdims=True))
            for S in sums]


def accuracy(layers, X, y, *, norm=None, stats=None):
    """The share of X that each network gets right, (R,); a network of NaN gets 0."""
    logits = forward(layers, X, norm=norm, stats=stats)[0][-1]
    right = (logits.argmax(axis=-1) == y) & np.isfinite(logits).all(axis=-1)
    return right.mean(axis=-1)


# ------------------------------------------------------- what a step meets on its way


def along_the_gradient(layers, X, y, *, lr, norm=None, noise=None,
                       lengths=(.5, 1, 2, 4)):
    """How far loss and gradient vary along the gradient.

    Parameters
    ----------
    lengths : how many steps of gradient descent to go, for each place that is looked at

    Returns
    -------
    spread : ndarray, (R,)
        The largest loss met minus the smallest.
    bend : ndarray, (R,)
        The largest change of the gradient on the way, divided by the way.

    References
    ----------
    Santurkar, Tsipras, Ilyas and Mądry (2018), section 3.1.
    """
    def look(layers):
        zs, hats = forward(layers, X, norm=norm, noise=noise)
        return backward(layers, zs, hats, y, norm=norm, noise=noise)

    _, grads = look(layers)
    found = [look(step(layers, grads, lr * length)) for length in lengths]
    losses = np.array([loss for loss, _ in found])
    bends = [_size([Layer(*(a - b for a, b in zip(one, other, strict=True)))
                    for one, other in zip(there, grads, strict=True)])
             / (lr * length * _size(grads))
             for length, (_, there) in zip(lengths, found, strict=True)]
    return losses.max(axis=0) - losses.min(axis=0), np.max(bends, axis=0)


def _size(grads):
    return np.sqrt(sum((p**2).sum(axis=(1, 2)) for layer in grads for p in layer))


def drift(before, after, X, *, layer, norm=None, noises=(None, None)):
    """How far the inputs of a layer move when the layers before it make a step.

    noises : of the network before and after; see `draw_noise`

    Returns
    -------
    drift : ndarray, (R,)
        The change of each unit's mean over X, in deviations of that unit; the mean over
        the units that are not always 0.
    """
    old, new = (forward(layers, X, norm=norm, noise=noise)[0][layer]
                for layers, noise in zip((before, after), noises, strict=True))
    deviations = old.std(axis=1)
    alive = deviations > 1e-3
    moves = np.abs(new.mean(axis=1) - old.mean(axis=1)) / np.where(alive, deviations, 1)
    return (moves * alive).sum(axis=1) / alive.sum(axis=1)


def measured_run(X, y, *, sizes, seeds, lr, epochs, norm=None, strength=0.0, layer=3):
    """Train, and look at every quarter of an epoch at the step that comes next.

    strength : of the noise behind the normalization

    Returns
    -------
    layers : what was trained
    medians : ndarray, (3, R)
        Of the drift of the layer's inputs, the spread of the loss, the gradient's bend.
    """
    rngs = [np.random.default_rng(seed) for seed in seeds]
    noise = np.random.default_rng(9)
    layers, seen = he_networks(seeds, sizes, dtype=X.dtype), []
    for _ in range(epochs):
        orders = np.stack([rng.permutation(len(X)) for rng in rngs])
        for part in np.array_split(orders, 4, axis=1):
            layers = train_epoch(layers, X, y, part, lrs=lr, batch_size=32, norm=norm,
                                 strength=strength, rng=noise)
            pair = [draw_noise(noise, layers, strength) if strength else None
                    for _ in range(2)]
            batch, how = part[:, :128], {"norm": norm, "noise": pair[0]}
            zs, hats = forward(layers, X[batch], **how)
            _, grads = backward(layers, zs, hats, y[batch], **how)
            moved = drift(layers, step(layers, grads, lr), X[:500], layer=layer,
                          norm=norm, noises=pair)
            seen.append((moved, *along_the_gradient(layers, X[batch], y[batch], lr=lr,
                                                    **how)))
    return layers, np.median(seen, axis=0)
