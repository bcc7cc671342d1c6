"""The closing practice in NumPy: a training run, an ablation, and a fair comparison.

A gradient evaluation is the gradient of one example: the currency of every budget here.
"""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from solutions.learning_rates.reference import cosine
from solutions.momentum.reference import momentum_init, momentum_step
from solutions.normalization.reference import standardize


class Network(NamedTuple):
    """A network whose parameters are one vector.

    start : (rng) -> params
        Parameters before training.
    gradient : (params, X, y) -> grads
        Of the mean cross-entropy; costs len(X) gradient evaluations.
    logits : (params, X) -> (N, K)
        Costs nothing.
    """
    start: Callable
    gradient: Callable
    logits: Callable


class Ablation(NamedTuple):
    """Means over the seeds: two scores, and two differences for each technique, (K,).

    none, full : of no technique, and of all
    gains : of the technique alone, less none; and their deviations over the seeds
    losses : of all, less all but the technique; and their deviations over the seeds
    """
    none: float
    full: float
    gains: np.ndarray
    gain_spreads: np.ndarray
    losses: np.ndarray
    loss_spreads: np.ndarray


class Comparison(NamedTuple):
    """The rate of each method, and the mean of b's scores less a's, with its error."""
    lrs: tuple
    mean: float
    error: float


# --------------------------------------------------------------------- one training run


def train_within(X, y, network, *, budget, seed):
    """Train a network within a budget, and say how it is used.

    Parameters
    ----------
    X : ndarray, (N, D)
        Each column in a unit of its own; the examples may stand in any order.
    y : ndarray of int, (N,)
    network : Network
    budget : int
        The gradient evaluations that may be spent: a batch of B costs B. There may be
        too few for a single step.
    seed : int
        Of all that is drawn: the same seed gives the same run.

    Returns
    -------
    predict : callable, (images) -> labels
        Takes images (M, D) in the units of X, one or many, and gives each its label;
        an image's label does not depend on the images that it comes with.
    """
    rng, Z = np.random.default_rng(seed), standardize(X)
    params, steps = network.start(rng), budget // 20
    state = momentum_init(params)
    for t in range(steps):
        batch = rng.integers(len(y), size=20)
        grads = network.gradient(params, Z[batch], y[batch])
        lr = cosine(t, lr=0.05, total_steps=steps)
        params, state = momentum_step(params, grads, state, lr=lr)

    def predict(images):
        return network.logits(params, standardize(images, X)).argmax(axis=1)

    return predict


# ------------------------------------------------------------------ tables of many runs


def ablation(score, techniques, seeds):
    """What each technique brings alone, and what is lost where it alone is missing.

    Parameters
    ----------
    score : callable, (active, seed) -> float
        Trains with a frozenset of techniques and returns the score. A run is expensive:
        no setting is run twice with one seed.
    techniques : sequence of K ≥ 2 names
    seeds : sequence of S ≥ 2 ints
        Each setting is run with every seed.

    Returns
    -------
    result : Ablation
        Differences are taken seed by seed. Deviations have S - 1 in the denominator.
    """
    def scores(active):
        return np.array([score(frozenset(active), seed) for seed in seeds])

    names = set(techniques)
    none, full = scores(()), scores(names)
    gains = np.stack([scores({name}) - none for name in techniques])
    losses = np.stack([full - scores(names - {name}) for name in techniques])
    return Ablation(none.mean(), full.mean(),
                    gains.mean(axis=1), gains.std(axis=1, ddof=1),
                    losses.mean(axis=1), losses.std(axis=1, ddof=1))


def fair_comparison(run, costs, lrs, *, tuning_seeds, seeds, budget):
    """Two methods with one budget, each at its own best rate, on the same seeds.

    Parameters
    ----------
    run : callable, (method, lr, seed, steps) -> (validation, test)
        Trains with method 0 or 1 and returns two scores, the higher the better; NaN
        where the run diverged. An expensive call: none is made twice.
    costs : (int, int)
        The gradient evaluations of one step of each method.
    lrs : sequence of float
        The rates to try, each with every tuning seed.
    tuning_seeds, seeds : sequences of int, which share none
        With which rates are chosen, and S ≥ 2 with which the methods are compared.
    budget : int
        Gradient evaluations of each run; what is left over for no whole step is lost.

    Returns
    -------
    result : Comparison
        A method's rate has the best mean validation score over the tuning seeds, the
        first of equal ones; a rate that diverges with any of them is out. The scores
        compared are test scores of the other seeds, the difference taken seed by seed;
        its error is the standard error of the mean.
    """
    chosen, tested = [], []
    for method, cost in enumerate(costs):
        steps = budget // cost
        validation = [
            np.mean([run(method, lr, seed, steps)[0] for seed in tuning_seeds])
            for lr in lrs]
        best = lrs[np.nanargmax(validation)]
        chosen.append(best)
        tested.append([run(method, best, seed, steps)[1] for seed in seeds])
    gaps = np.subtract(tested[1], tested[0])
    return Comparison(tuple(chosen), gaps.mean(), gaps.std(ddof=1) / len(gaps)**0.5)
