"""Model selection in PyTorch: what works on tensors, a batch of guesses, and a race.

Written apart from the NumPy versions on purpose. Searches over plain numbers have no
twin: they ask a function and compare what it returns.
"""
import copy
import math

import torch


def k_fold(order, *, k):
    """Split examples k times in two; see `reference.k_fold`."""
    place = torch.arange(len(order), device=order.device)
    folds = place.tensor_split(k)
    return [(order[(place < f[0]) | (place > f[-1])], order[f]) for f in folds]


def log_uniform(u, *, low, high, integer=False):
    """Uniform draws made log-uniform; see `reference.log_uniform`."""
    span = math.log(high + 1 if integer else high) - math.log(low)
    x = u.mul(span).exp().mul(low)                          # ln x = ln low + u span
    return x.floor() if integer else x


def rbf(A, B, *, width):
    """The kernel of all pairs; see `reference.rbf`."""
    squares = (A.unsqueeze(1) - B.unsqueeze(0)).square().sum(dim=-1)
    return squares.div(-2 * width**2).exp()


def gp_posterior(X, y, X_new, *, width, noise):
    """What a Gaussian process expects; see `reference.gp_posterior`."""
    K = rbf(X, X, width=width)
    K.diagonal().add_(noise**2)
    k = rbf(X, X_new, width=width)
    weights = torch.cholesky_solve(k, torch.linalg.cholesky(K))     # (K + σ²I)⁻¹ k
    variance = 1 - (k * weights).sum(dim=0)
    return y @ weights, variance.clamp(min=0).sqrt()


def expected_improvement(mean, deviation, *, best):
    """By how much a point may improve; see `reference.expected_improvement`."""
    z = (best - mean) / deviation
    # s (z Φ(z) + φ(z))
    density = z.square().div(-2).exp() / math.sqrt(2 * math.pi)
    return deviation * (z * torch.special.ndtr(z) + density)


def upper_confidence_bound(mean, deviation, *, kappa):
    """How good a point may be; see `reference.upper_confidence_bound`."""
    return deviation.mul(kappa).sub(mean)


def explore(hypers, copied, u, low, high, *, factors=(0.8, 1.25), resample=0.25):
    """New hyper-parameters after a copy; see `reference.explore`."""
    which, draw = u.unbind(dim=-1)
    first, second = hypers * factors[0], hypers * factors[1]
    moved = torch.minimum(torch.maximum(first.where(draw < 0.5, second), low), high)
    anew = torch.lerp(low.log(), high.log(), draw).exp()
    return anew.where(which < resample, moved).where(copied[:, None], hypers)


def bayesian_regression(X, y, X_new, *, noise, scale):
    """Bayesian linear regression's predictions; see `reference.bayesian_regression`."""
    # as a Gaussian process with the kernel τ² x·x'
    L = torch.linalg.cholesky(_covariance(X, noise, scale))
    V = torch.linalg.solve_triangular(L, scale**2 * X @ X_new.T, upper=False)
    a = torch.linalg.solve_triangular(L, y[:, None], upper=False)[:, 0]
    variance = scale**2 * X_new.square().sum(dim=1) - V.square().sum(dim=0)
    return a @ V, variance.clamp(min=0).sqrt()


def log_evidence(X, y, *, noise, scale):
    """How probable the targets are; see `reference.log_evidence`."""
    L = torch.linalg.cholesky(_covariance(X, noise, scale))
    a = torch.linalg.solve_triangular(L, y[:, None], upper=False)[:, 0]
    # ½ ln |C| = Σ ln L_nn
    rest = L.diagonal().log().sum() + len(y) / 2 * math.log(2 * math.pi)
    return -a.square().sum() / 2 - rest


def _covariance(X, noise, scale):
    C = scale**2 * X @ X.T
    C.diagonal().add_(noise**2)
    return C


def ucb_batch(X, y, candidates, *, count, kappa, width, noise):
    """Several points to be asked at once, chosen one after the other.

    Each choice is the candidate with the highest -mean + κ·deviation among those that
    are not chosen yet. Its loss is not known. But a Gaussian process's deviation does
    not depend on what was measured, only on where: for the next choice the deviation is
    that after a measurement at the points chosen so far too. The mean stays as it was.

    Parameters
    ----------
    X, y : Tensor, (N, D), (N,)
        Points, and the losses that were measured there.
    candidates : Tensor, (M, D)
    count : int, from 1 to M
    kappa, width, noise : float
        κ; the kernel's width and a measurement's deviation.

    Returns
    -------
    chosen : Tensor of int64, (count,)
        Numbers of the candidates, in the order of the choice.
    scores : Tensor, (count,)
        What each one's -mean + κ·deviation was when it was chosen.

    References
    ----------
    Desautels, Krause and Burdick (2014).
    """
    mean, deviation = gp_posterior(X, y, candidates, width=width, noise=noise)
    chosen, scores = candidates.new_zeros(count, dtype=int), mean.new_zeros(count)
    for j in range(count):
        score = kappa * deviation - mean
        score[chosen[:j]] = -torch.inf
        scores[j], chosen[j] = score.max(dim=0)
        known = torch.cat([X, candidates[chosen[:j + 1]]])
        unknown = known.new_zeros(len(known))       # changes the mean alone
        _, deviation = gp_posterior(known, unknown, candidates, width=width,
                                    noise=noise)
    return chosen, scores


def fair_race(model, contestants, loss, batches, validation, test, *, budget):
    """Optimizers compared at an equal budget of steps, their tuning included.

    A contestant tries each of its settings, and its budget is shared equally between
    them: whoever has more settings to try can train each for less long. Every run
    starts from the model as it is given and sees the same batches, from the first on
    and again from the first after the last. The setting with the smallest validation
    loss is the contestant's; a loss that is not a number never wins against one that
    is. Where two are level, the first wins.

    Parameters
    ----------
    model : torch.nn.Module
        Is as before afterwards.
    contestants : dict, name -> list of callables, (parameters) -> Optimizer
    loss : callable, (model, data) -> Tensor with one number
    batches : list of data
    validation, test : data
    budget : int
        Steps of one contestant. What does not divide evenly is left unused.

    Returns
    -------
    results : dict, name -> (setting, validation loss, test loss)
        The number of the setting that was chosen, and its losses as Python floats.
    """
    results = {}
    for name, settings in contestants.items():
        runs = []
        for i, make in enumerate(settings):
            runner = copy.deepcopy(model)
            optimizer = make(runner.parameters())
            for t in range(budget // len(settings)):
                optimizer.zero_grad()
                loss(runner, batches[t % len(batches)]).backward()
                optimizer.step()
            with torch.no_grad():
                found = loss(runner, validation).item(), loss(runner, test).item()
            runs.append((i, *found))
        results[name] = min(runs, key=lambda run: (math.isnan(run[1]), run[1]))
    return results
