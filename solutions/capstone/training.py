"""One network on the digits, with each technique of the course on or off.

Several networks train side by side: R of them, one for each rate and each seed. They
share the techniques. A seed gives the start, the batches, the masks and the shifts,
alike at each rate. The parts are the course's own functions.
"""
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from solutions.activations.reference import ACTIVATIONS
from solutions.adaptive_optimizers.reference import adam_init, adam_step
from solutions.dropout.reference import dropout
from solutions.gradient_descent.reference import minibatches
from solutions.initialization.reference import he, uniform
from solutions.learning_rates.reference import cosine
from solutions.momentum.reference import momentum_init, momentum_step
from solutions.normalization.network import Layer, cross_entropy
from solutions.normalization.reference import Statistics, normalize, normalize_backward, standardize
from solutions.regularization.reference import l2

TECHNIQUES = ("standardize", "relu", "he", "batch norm", "momentum", "cosine",
              "weight decay", "dropout", "shifts")
SIZES = (64, 32, 32, 10)


class Run(NamedTuple):
    """Trained networks, and what is needed to use them on new images.

    layers : list of Layer, W (R, D, M), γ and β (R, 1, M)
    stats : what batch norm uses
    seen : the images of training, shifted ones included, in their own units
    """
    layers: list
    stats: list
    active: frozenset
    seen: np.ndarray


# --------------------------------------------------------------------------- parameters


def layers_of(params, sizes):
    """The layers whose numbers stand in the rows of params, (R, P): views of them."""
    layers, start = [], 0
    for D, M in pairwise(sizes):
        parts = []
        for rows in (D, 1, 1):                                  # W, γ, β
            stop = start + rows * M
            parts.append(params[:, start:stop].reshape(-1, rows, M))
            start = stop
        layers.append(Layer(*parts))
    return layers


def first_params(rng, sizes, active):
    """One network before training: He's weights, or S1's Uniform(±.07); γ = 1, β = 0."""
    parts = []
    for D, M in pairwise(sizes):
        W = he(rng, (D, M)) if "he" in active else uniform(rng, (D, M), a=0.07)
        parts += [W.ravel(), np.ones(M), np.zeros(M)]
    return np.concatenate(parts).astype(np.float32)


def is_weight(sizes):
    """1 where a row of params has a weight, 0 where it has γ or β: (P,)."""
    return np.concatenate([np.repeat([1, 0], [D * M, 2 * M]) for D, M in
                           pairwise(sizes)]).astype(np.float32)


# ----------------------------------------------------------------- forward and backward


def hidden_sums(layer, z, active, stats=None):
    """Pre-activations z W of a hidden layer, normalized if that is active, and 1/σ."""
    if "batch norm" not in active:
        return z @ layer.W, None
    if stats is None:
        return normalize(z @ layer.W, axes=1)                   # over the batch
    inv_std = 1 / np.sqrt(stats.var + 1e-5)
    return (z @ layer.W - stats.mean) * inv_std, inv_std


def forward(layers, X, active, *, masks=None, stats=None, p=0.2):
    """Feed X, (N, D) or (R, N, D), forward.

    Parameters
    ----------
    masks : list of ndarray, (R, N, M), or None
        Of dropout, one for each hidden layer; None drops nothing.
    stats : list of Statistics, or None
        What batch norm uses; None: those of the batch.

    Returns
    -------
    zs : list of ndarray
        X, the outputs of the hidden layers, and the logits (R, N, K).
    kept : list of (x_hat, inv_std, slope)
        Of each hidden layer, for the way back.
    """
    activation = ACTIVATIONS["relu" if "relu" in active else "sigmoid"]
    zs, kept = [X], []
    for i, layer in enumerate(layers[:-1]):
        x_hat, inv_std = hidden_sums(layer, zs[-1], active, stats and stats[i])
        s = (x_hat if inv_std is None else layer.gamma * x_hat) + layer.beta
        kept.append((x_hat, inv_std, activation.derivative(s)))
        z = activation.value(s)
        zs.append(z if masks is None else dropout(z, masks[i], p=p))
    return [*zs, zs[-1] @ layers[-1].W + layers[-1].beta], kept


def gradient(layers, X, y, active, *, masks=None, p=0.2):
    """The gradient of each network's mean cross-entropy by its parameters, (R, P)."""
    zs, kept = forward(layers, X, active, masks=masks, p=p)
    delta = cross_entropy(zs[-1], y)[1]
    grads: list = []
    for i in reversed(range(len(layers))):
        layer, d_gamma, inv_std = layers[i], np.zeros_like(layers[i].gamma), None
        if i < len(kept):                       # through dropout and the activation
            x_hat, inv_std, slope = kept[i]
            delta = slope * (delta if masks is None else dropout(delta, masks[i], p=p))
        d_beta = delta.sum(axis=1, keepdims=True)
        if inv_std is not None:                 # through batch norm
            d_gamma = (delta * x_hat).sum(axis=1, keepdims=True)
            delta = normalize_backward(delta * layer.gamma, x_hat, inv_std, axes=1)
        grads = [zs[i].swapaxes(-1, -2) @ delta, d_gamma, d_beta, *grads]
        delta = delta @ layer.W.swapaxes(-1, -2) if i else None
    return np.concatenate([part.reshape(len(part), -1) for part in grads], axis=1)


# ------------------------------------------------------------------- what training draws


def shifted(X):
    """Images 8 × 8, each moved by 0 or half a pixel along both axes: (9, N, 64)."""
    wide = np.pad(X.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = [wide[:, i:i + 8, j:j + 8].reshape(X.shape) for i, j in np.ndindex(3, 3)]
    return (np.stack(moved) + X) / 2


class Draws:
    """What the seeds draw for each step. R networks: all seeds again for each rate."""

    def __init__(self, seeds, rates, n, batch_size):
        self.rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
        self.rates, self.n, self.batch_size, self.left = rates, n, batch_size, []

    def batch(self):
        """Rows of the next batch, (R, B); an epoch's smaller last one is left out."""
        if not self.left:
            cut = [minibatches(rng.permutation(self.n), self.batch_size)
                   for rng in self.rngs]
            self.left = list(zip(*cut, strict=True))[:self.n // self.batch_size]
        return np.tile(self.left.pop(), (self.rates, 1))

    def shifts(self, kinds):
        """Which of the shifted images each example is, (R, B)."""
        drawn = [rng.integers(kinds, size=self.batch_size) for rng in self.rngs]
        return np.tile(drawn, (self.rates, 1))

    def masks(self, widths, p):
        """A mask for each hidden layer, (R, B, M): False with the probability p."""
        shape = self.batch_size, sum(widths)
        drawn = [rng.random(shape, dtype=np.float32) >= p for rng in self.rngs]
        return np.split(np.tile(drawn, (self.rates, 1, 1)), np.cumsum(widths)[:-1], 2)


# -------------------------------------------------------------------------- the training


def scaled(X, seen, active):
    """Images as the networks get them."""
    return standardize(X, seen) if "standardize" in active else X


def statistics(layers, X, active):
    """What batch norm uses after training: of each hidden layer's sums over X."""
    zs, _ = forward(layers, X, active)
    sums = [z @ layer.W for z, layer in zip(zs, layers[:-1], strict=False)]
    return [Statistics(s.mean(axis=1, keepdims=True), s.var(axis=1, keepdims=True))
            for s in sums]


def step_of(active, params):
    """The step of the optimizer that is active, and its state at the start."""
    if "adam" in active:
        return adam_step, adam_init(params)
    momentum = 0.9 if "momentum" in active else 0.0
    return partial(momentum_step, momentum=momentum), momentum_init(params)


def train(X, y, active, *, lrs, seeds, budget, sizes=SIZES, batch_size=30, p=0.2,
          strength=1e-3):
    """Train a network for each rate and each seed until the budget is spent.

    Parameters
    ----------
    X : ndarray of float32, (N, 64)
        Images, 0 to 16.
    y : ndarray of int, (N,)
    active : collection of names of TECHNIQUES; or 'adam' in the place of 'momentum'
    lrs, seeds : sequences
        R = len(lrs) · len(seeds) networks, those of the first rate first.
    budget : int
        Gradient evaluations of each network: one is the gradient of one example.
    p, strength : float
        Of dropout and of weight decay, where they are active.

    Returns
    -------
    run : Run
    """
    active, steps = frozenset(active), budget // batch_size
    raw = shifted(X) if "shifts" in active else X[None]
    seen = raw.reshape(-1, X.shape[1])
    images, decays = scaled(seen, seen, active).reshape(raw.shape), is_weight(sizes)
    params = np.tile([first_params(np.random.default_rng(seed), sizes, active)
                      for seed in seeds], (len(lrs), 1))
    step, state = step_of(active, params)
    rates = np.repeat(np.array(lrs, np.float32), len(seeds))[:, None]
    draws = Draws(seeds, len(lrs), len(y), batch_size)
    for t in range(steps):
        batch, which = draws.batch(), draws.shifts(len(images))
        masks = draws.masks(sizes[1:-1], p) if "dropout" in active else None
        grads = gradient(layers_of(params, sizes), images[which, batch], y[batch],
                         active, masks=masks, p=p)
        if "weight decay" in active:
            grads = grads + l2(decays * params, strength=strength)[1]
        share = cosine(t, lr=1.0, total_steps=steps) if "cosine" in active else 1.0
        params, state = step(params, grads, state, lr=np.float32(share) * rates)
    layers = layers_of(params, sizes)
    stats = statistics(layers, scaled(X, seen, active), active)
    return Run(layers, stats, active, seen)


def predict(run, X):
    """The logits of each network for new images, (R, N, K)."""
    Z = scaled(X, run.seen, run.active)
    return forward(run.layers, Z, run.active, stats=run.stats)[0][-1]


def accuracy(run, X, y):
    """The share of X that each network gets right, (R,); a network of NaN gets 0."""
    logits = predict(run, X)
    right = (logits.argmax(axis=-1) == y) & np.isfinite(logits).all(axis=-1)
    return right.mean(axis=-1)
