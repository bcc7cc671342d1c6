"""Model selection in NumPy: validation, searches at a counted budget, and the evidence.

Every search minimizes a loss and returns all that it asked, in order, so that its
budget can be counted. Nothing here changes its arguments. What is drawn is an argument,
uniform numbers of [0, 1), or else the generator is.
"""
import math
from itertools import product
from typing import NamedTuple

import numpy as np

# ----------------------------------------------------------------- validation, k times


def k_fold(order, *, k):
    """Split examples k times in two, so that each is held out once.

    Parameters
    ----------
    order : ndarray of int, (N,)
        The examples' numbers, in the order in which they are dealt out.
    k : int, from 2 to N
        How many folds. The first N mod k have one example more than the others.

    Returns
    -------
    splits : list of k pairs (train, held_out), ndarray of int
        Both in the order in which they stand in `order`.
    """
    folds = np.array_split(order, k)
    return [(np.concatenate(folds[:i] + folds[i + 1:]), folds[i]) for i in range(k)]


def cross_validate(loss, config, order, *, k):
    """The mean over k folds of the loss on the fold that training did not see.

    Parameters
    ----------
    loss : callable, (config, train, held_out) -> float
        Trains with a configuration on some examples and measures on others.
    order : ndarray of int, (N,)
    """
    return np.mean([loss(config, *split) for split in k_fold(order, k=k)])


def nested_cv(loss, configs, order, *, outer, inner):
    """Judge a way of choosing: each outer fold is a test of what the others chose.

    For each outer fold, a configuration is chosen by cross-validation on the other
    examples alone, trained on all of these, and measured on the fold.

    Parameters
    ----------
    loss : callable, (config, train, held_out) -> float
        Trains with a configuration on some examples and measures on others.
    configs : sequence
        The configurations to choose from; where two are level, the first is taken.
    order : ndarray of int, (N,)
        The examples' numbers; folds are those of `k_fold`, inner ones of the outer
        training examples in their order.
    outer, inner : int
        Folds of the two loops.

    Returns
    -------
    losses : ndarray, (outer,)
        On each outer fold. Their mean is the estimate.
    chosen : ndarray of int, (outer,)
        The number of the configuration that was chosen for it.
    """
    losses, chosen = np.zeros(outer), np.zeros(outer, int)
    for i, (train, test) in enumerate(k_fold(order, k=outer)):
        inside = [cross_validate(loss, config, train, k=inner) for config in configs]
        chosen[i] = np.argmin(inside)
        losses[i] = loss(configs[chosen[i]], train, test)
    return losses, chosen


# --------------------------------------------------------------------- blind searches


def log_uniform(u, *, low, high, integer=False):
    """Uniform draws made log-uniform: each factor of ten is as likely as another.

    Parameters
    ----------
    u : ndarray, any shape
        Uniform in [0, 1).
    low, high : float, 0 < low < high
        Bounds. With `integer`, whole numbers, both of which can be drawn.
    integer : bool
        Whole numbers are wanted: k as often as a log-uniform number between `low` and
        `high` + 1 lies between k and k + 1.

    Returns
    -------
    x : ndarray, the shape and dtype of u
    """
    x = low * ((high + integer) / low)**u           # low (high/low)ᵘ: ln x is uniform
    return np.floor(x) if integer else x


def draws_needed(*, share, chance):
    """How many random draws give one of the best `share` with probability `chance`."""
    return math.ceil(math.log1p(-chance) / math.log1p(-share))  # 1-(1-s)ⁿ ≥ c


def grid_search(loss, axes):
    """Ask every combination of the axes' values, the last axis fastest.

    Parameters
    ----------
    loss : callable, (D,) -> float
    axes : D sequences of float

    Returns
    -------
    points, losses : ndarray, (Π of the lengths, D) and (Π of the lengths,)
    """
    points = np.array(list(product(*axes)))
    return points, np.array([loss(point) for point in points])


def random_search(loss, u, low, high):
    """Ask points that are uniform in a box.

    Parameters
    ----------
    loss : callable, (D,) -> float
    u : ndarray, (budget, D), uniform in [0, 1)
    low, high : ndarray, (D,)

    Returns
    -------
    points, losses : ndarray, (budget, D) and (budget,)
    """
    points = low + (high - low) * u
    return points, np.array([loss(point) for point in points])


def guided_random_search(loss, u, low, high, *, shrink=0.5):
    """Random search in T trials of k draws, each nearer to the best point so far.

    The first trial's box is the whole one. Each later one has sides `shrink` times as
    long as the trial before, and the best point of all trials so far is in its middle;
    where it would stand out of the whole box, it is moved inside, its size kept.

    Parameters
    ----------
    loss : callable, (D,) -> float
    u : ndarray, (T, k, D), uniform in [0, 1)
        Where in its box each draw lies: 0 is the lower end of a side, 1 the upper.
    low, high : ndarray, (D,)
        The whole box.
    shrink : float, 0 < shrink ≤ 1

    Returns
    -------
    points, losses : ndarray, (T·k, D) and (T·k,)
        In the order in which they were asked, each of them once.
    """
    points, losses, best = np.empty((0, len(low))), np.empty(0), low
    for t, draws in enumerate(u):
        side = (high - low) * shrink**t
        corner = np.clip(best - side / 2, low, high - side)
        asked = corner + side * draws
        points = np.concatenate([points, asked])
        losses = np.concatenate([losses, [loss(point) for point in asked]])
        best = points[np.argmin(losses)]
    return points, losses


# ------------------------------------------------------------- a model of the losses


def rbf(A, B, *, width):
    """The kernel exp(-‖a - b‖²/2ℓ²) of all pairs: (N, D), (M, D) -> (N, M)."""
    return np.exp(-(((A[:, None] - B) / width)**2).sum(axis=-1) / 2)


def gp_posterior(X, y, X_new, *, width, noise):
    """What a Gaussian process with unit variance and mean 0 expects at new points.

    Parameters
    ----------
    X, y : ndarray, (N, D), (N,)
        Points, and what was measured there.
    X_new : ndarray, (M, D)
    width : float
        ℓ of the kernel: how far a measurement says something.
    noise : float, above 0
        σ, the deviation of a measurement.

    Returns
    -------
    mean, deviation : ndarray, (M,) each
        Of the function, without a measurement's noise.

    References
    ----------
    Rasmussen and Williams (2006), Algorithm 2.1.
    """
    K = rbf(X, X, width=width) + noise**2 * np.eye(len(X), dtype=X.dtype)
    k = rbf(X, X_new, width=width)
    L = np.linalg.cholesky(K)                       # L Lᵀ = K + σ²I
    a, V = np.linalg.solve(L, y), np.linalg.solve(L, k)
    mean = V.T @ a                                  # kᵀ (K + σ²I)⁻¹ y
    variance = 1 - (V**2).sum(axis=0)               # 1 - kᵀ (K + σ²I)⁻¹ k
    return mean, np.sqrt(np.maximum(variance, 0))


def normal_cdf(z):
    """Φ(z), of an array."""
    values = np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2)) / 2
    return values.astype(z.dtype)


def expected_improvement(mean, deviation, *, best):
    """By how much a point is expected to fall below the best loss so far.

    Parameters
    ----------
    mean, deviation : ndarray, one shape
        Of the loss at each point; deviations above 0.
    best : float

    References
    ----------
    Jones, Schonlau and Welch (1998).
    """
    z = (best - mean) / deviation
    density = np.exp(-z**2 / 2) / math.sqrt(2 * math.pi)
    return (best - mean) * normal_cdf(z) + deviation * density  # E[max(0, best - f)]


def upper_confidence_bound(mean, deviation, *, kappa):
    """How good a point may be: of a loss, which is to be low, the lower bound, negated.

    Parameters
    ----------
    mean, deviation : ndarray, one shape
    kappa : float
        κ: how many deviations of hope.

    References
    ----------
    Srinivas et al. (2010).
    """
    return -mean + kappa * deviation            # how high -f may be, within κ s


def bayesian_optimization(loss, start, candidates, *, budget, acquire, width, noise):
    """Ask next where a Gaussian process of all losses so far has the highest score.

    Parameters
    ----------
    loss : callable, (D,) -> float
    start : ndarray, (n, D)
        The points that are asked first, at least two.
    candidates : ndarray, (M, D)
    budget : int
        How many points are asked in all, those of `start` among them.
    acquire : callable, (mean, deviation, best) -> (M,)
        A score from the process, for losses scaled to mean 0 and deviation 1.

    Returns
    -------
    points, losses : ndarray, (budget, D) and (budget,)
    """
    points, losses = list(start), [loss(point) for point in start]
    while len(losses) < budget:
        y = np.array(losses)
        y = (y - y.mean()) / max(y.std(), 1e-12)
        known = np.array(points)
        mean, deviation = gp_posterior(known, y, candidates, width=width, noise=noise)
        points.append(candidates[np.argmax(acquire(mean, deviation, y.min()))])
        losses.append(loss(points[-1]))
    return np.array(points), np.array(losses)


# ------------------------------------------------- searches that look into the training


def successive_halving(train, count, *, steps, eta=2):
    """Train many a little, keep the best of them, train these longer, and so on.

    Parameters
    ----------
    train : callable, (alive, steps) -> (len(alive),)
        Trains the configurations of these numbers on, and returns their losses.
    count : int
        How many configurations begin.
    steps : int
        How long each is trained in the first round; in each further one, η times as
        long as in the one before.
    eta : int, at least 2
        One of η is kept.

    Returns
    -------
    winner, spent : int
        The number of the last one's configuration, and all steps of all of them.

    References
    ----------
    Jamieson and Talwalkar (2016).
    """
    alive, spent = np.arange(count), 0
    while True:
        losses = train(alive, steps)
        spent += len(alive) * steps
        alive = alive[np.argsort(losses, kind="stable")]
        if len(alive) < eta:
            return int(alive[0]), spent
        alive, steps = alive[:len(alive) // eta], steps * eta


def exploit(losses, rng, *, share):
    """Whose weights each member goes on with: the worst `share` copy one of the best.

    Parameters
    ----------
    losses : ndarray, (P,)
        NaN counts as the worst.
    share : float, at most 1/2

    Returns
    -------
    source : ndarray of int, (P,)
    """
    ranked, n = np.argsort(losses, kind="stable"), int(share * len(losses))
    source = np.arange(len(losses))
    source[ranked[len(losses) - n:]] = rng.choice(ranked[:n], n)
    return source


def explore(hypers, copied, u, low, high, *, factors=(0.8, 1.25), resample=0.25):
    """New hyper-parameters for the members that have copied another's weights.

    Each hyper-parameter of each member is changed for itself. With the probability
    `resample` it is drawn anew, log-uniformly between its bounds; else it is multiplied
    by one of the two factors, each as likely, and what leaves the bounds is set to the
    bound.

    Parameters
    ----------
    hypers : ndarray, (P, H)
        Each member's, those of whom it has copied included.
    copied : ndarray of bool, (P,)
        The others keep theirs.
    u : ndarray, (P, H, 2), uniform in [0, 1)
        The first says whether a number is drawn anew: where it is below `resample`. The
        second then says where between the bounds, the logarithm being linear in it;
        else which factor: the first one where it is below ½, or the second.
    low, high : ndarray, (H,)
    factors : two floats
    resample : float

    Returns
    -------
    hypers : ndarray, (P, H), in the dtype that they had

    References
    ----------
    Jaderberg et al. (2017), section 4.1.
    """
    which, draw = u[..., 0], u[..., 1]
    moved = np.clip(hypers * np.where(draw < 0.5, *factors), low, high)
    anew = np.exp(np.log(low) + draw * np.log(high / low))      # log-uniform
    changed = np.where(which < resample, anew, moved).astype(hypers.dtype)
    return np.where(copied[:, None], changed, hypers)


class Lineage(NamedTuple):
    """A population's history, (rounds, P, …): what each member was in each round."""

    hypers: np.ndarray      # its hyper-parameters, (rounds, P, H)
    losses: np.ndarray      # at the end of the round
    parents: np.ndarray     # whose weights it began the round with


def population_based_training(train, params, hypers, rng, low, high, *, rounds,
                              share=0.25):
    """Train a population; after each round the worst continue from one of the best.

    Parameters
    ----------
    train : callable, (params, hypers) -> params, losses (P,)
        Trains every member on for one round.
    params : list of ndarray, (P, …) each
    hypers : ndarray, (P, H)
    rng : numpy.random.Generator
    low, high : ndarray, (H,)

    Returns
    -------
    params, lineage : list of ndarray, and Lineage

    References
    ----------
    Jaderberg et al. (2017).
    """
    members, rows = np.arange(len(hypers)), []
    parents, losses = members, np.zeros(len(hypers))
    for t in range(rounds):
        if t:
            parents = exploit(losses, rng, share=share)
            u = rng.random((*hypers.shape, 2))
            hypers = explore(hypers[parents], parents != members, u, low, high)
            params = [part[parents] for part in params]
        params, losses = train(params, hypers)
        rows.append((hypers, losses, parents))
    return params, Lineage(*map(np.array, zip(*rows, strict=True)))


# ----------------------------------------------------------- without a validation set


def bayesian_regression(X, y, X_new, *, noise, scale):
    """The predictions of linear regression with the prior N(0, τ²) on each weight.

    Parameters
    ----------
    X, y : ndarray, (N, D), (N,)
    X_new : ndarray, (M, D)
    noise, scale : float
        σ of a measurement, and τ.

    Returns
    -------
    mean, deviation : ndarray, (M,) each
        Of the function, without a measurement's noise.
    """
    A = X.T @ X / noise**2 + np.eye(X.shape[1], dtype=X.dtype) / scale**2
    mean = X_new @ np.linalg.solve(A, X.T @ y / noise**2)   # A = XᵀX/σ² + I/τ²
    variance = (X_new * np.linalg.solve(A, X_new.T).T).sum(axis=1)      # xᵀ A⁻¹ x
    return mean, np.sqrt(variance)


def log_evidence(X, y, *, noise, scale):
    """How probable the targets are under a linear model, whatever its weights are.

    Parameters
    ----------
    X, y : ndarray, (N, D), (N,)
    noise, scale : float
        σ of a measurement, and τ of the prior N(0, τ²) on each weight.

    Returns
    -------
    log_p : NumPy scalar
        ln p(y | X, σ, τ), in nats.

    References
    ----------
    MacKay (1992).
    """
    C = noise**2 * np.eye(len(y), dtype=X.dtype) + scale**2 * X @ X.T   # y ~ N(0, C)
    log_det = np.linalg.slogdet(C)[1]
    return -(y @ np.linalg.solve(C, y) + log_det + len(y) * math.log(2 * math.pi)) / 2
