"""Learning rates in NumPy: schedules, rules that follow the loss, rates on a quadratic.

A schedule is a function of t, the number of updates made before this one: 0 at the
first, as in PyTorch's `last_epoch`. It takes one t or an array of them and returns η_t
of the same shape. Hyper-parameters are Python numbers.
"""
from typing import NamedTuple

import numpy as np


class BoldDriverState(NamedTuple):
    """lr, the rate for the next step; loss, what it is compared with."""
    lr: float
    loss: float


class Probe(NamedTuple):
    """lr, the rate that won; losses, what each rate had reached, (N,)."""
    lr: float
    losses: np.ndarray


class HalfLives(NamedTuple):
    """What gives four schedules one half-life: the power of `polynomial`, the decay of
    `exponential`, tau of `time_constant` and the factor of `step`."""
    power: float
    decay: float
    tau: float
    factor: float


def polynomial(t, *, lr, total_steps, power=1.0):
    """Polynomial decay: down to 0 in `total_steps` updates, and 0 from there on.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, total_steps, power : float
        η₀, T and a. a = 1 is a straight line; a larger a falls sooner.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    `torch.optim.lr_scheduler.PolynomialLR`.
    """
    left = np.maximum(1 - np.asarray(t) / total_steps, 0)
    return lr * left**power  # η_t = η₀ (1 - t/T)ᵃ


def exponential(t, *, lr, decay, base=np.e):
    """Exponential decay: every update multiplies the rate by the same number, γ = a⁻ᵇ.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, decay, base : float
        η₀, b and a. One of a and b is enough: with a = 2, 1/b is the half-life.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    `torch.optim.lr_scheduler.ExponentialLR`, whose gamma is a⁻ᵇ.
    """
    return lr * base ** (-decay * np.asarray(t))                    # η_t = η₀ a⁻ᵇᵗ


def step(t, *, lr, every, factor=10.0, floor=0.0):
    """Step decay: divide the rate every so many updates, never below a floor.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, factor, floor : float
        η₀; a, above 1; the least rate, at most η₀.
    every : int
        b, updates between two divisions.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    `torch.optim.lr_scheduler.StepLR`, whose gamma is 1/a; it has no floor.
    """
    k = np.asarray(t) // every  # k = ⌊t/b⌋, the stage
    # η_t = max(η₀ a⁻ᵏ, η_min)
    return np.maximum(lr * factor ** -k.astype(float), floor)


def step_polynomial(t, *, lr, every, stages, power=1.0):
    """Polynomial decay in steps: constant within a stage, 0 once all stages are over.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, power : float
        η₀ and a.
    every, stages : int
        b, the updates in a stage, and T, the number of stages: the run has b T updates.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    `torch.optim.lr_scheduler.PolynomialLR(total_iters=T)`, stepped once every b
    updates.
    """
    k = np.minimum(np.asarray(t) // every, stages)  # k = ⌊t/b⌋, the stage
    return lr * (1 - k / stages)**power             # η_t = η₀ (1 - k/T)ᵃ


def time_constant(t, *, lr, tau):
    """Constant for τ updates, then falling as 1/t.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, tau : float
        η₀ and τ; with τ = ∞ the rate never falls.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    Bengio (2012), section 3.1.1.
    """
    # η_t = η₀ τ / max(t, τ) = η₀ / max(t/τ, 1)
    return lr / np.maximum(np.asarray(t) / tau, 1)


def cosine(t, *, lr, total_steps, floor=0.0):
    """Half a wave of the cosine, from `lr` down to `floor`; the floor from there on.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr, total_steps, floor : float
        η₀, T and η_min.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    Loshchilov and Hutter (2017), eq. 5, without restarts;
    `torch.optim.lr_scheduler.CosineAnnealingLR`.
    """
    done = np.minimum(np.asarray(t) / total_steps, 1)
    # η_t = η_min + ½ (η₀ - η_min)(1 + cos πt/T)
    return floor + (lr - floor) * (1 + np.cos(np.pi * done)) / 2


def warmup(t, *, lr, warmup_steps):
    """A linear climb to the full rate; the first step is small, but not 0.

    Parameters
    ----------
    t : int or ndarray of any shape
    lr : float or ndarray
        The full rate; a schedule's values, for a warm-up that goes before it.
    warmup_steps : int
        W: the update with t = W - 1 is the first with the full rate.

    Returns
    -------
    rate : η_t, the shape of t

    References
    ----------
    Goyal et al. (2017), section 2.2; `torch.optim.lr_scheduler.LinearLR`.
    """
    # η_t = η min((t+1)/W, 1)
    return lr * np.minimum((np.asarray(t) + 1) / warmup_steps, 1)


def half_life(rates):
    """The first t at which a schedule has lost half of its first rate, or None.

    Parameters
    ----------
    rates : ndarray, (T,)
        η_0, η_1, … η_{T-1}.
    """
    # exactly half counts, whatever its last bit
    below = np.flatnonzero(rates <= rates[0] / 2 * (1 + 1e-12))
    return int(below[0]) if below.size else None


def equal_half_lives(half_life, *, total_steps, every, base=np.e):
    """The parameters that give four schedules the same half-life.

    Parameters
    ----------
    half_life : float
        h, in updates: the first t with η_t = η₀/2. Above 0 and below `total_steps`, and
        a multiple of `every`.
    total_steps : float
        The length of the run, for `polynomial`.
    every : int
        Updates in a stage, for `step`.
    base : float
        Of `exponential`, above 1.

    Returns
    -------
    power, decay, tau, factor : HalfLives
    """
    power = np.log(2) / -np.log1p(-half_life / total_steps)  # (1 - h/T)^power = ½
    decay = np.log(2) / (half_life * np.log(base))           # base^(-decay h) = ½
    tau = half_life / 2                                      # τ/h = ½
    factor = 2 ** (every / half_life)                        # factor^(-h/every) = ½
    return HalfLives(power, decay, tau, factor)


def bold_driver(loss, state, *, increase, decrease):
    """The rate for the next step: a little more if the loss fell, else much less.

    Parameters
    ----------
    loss : float
        E^t, at the parameters as they are now.
    state : BoldDriverState
        η^{t-1}, the rate of the step just made, and E^{t-1}, the loss before it.
    increase, decrease : float
        a, added; b in (0, 1), the share of the rate that is taken away.

    Returns
    -------
    state : BoldDriverState
        η^t and E^t.

    References
    ----------
    Battiti (1989) and Vogl et al. (1988) for the idea, with a factor in place of a, and
    taking back a step that failed; Jacobs (1988) for adding and dividing.
    """
    if loss < state.loss:                            # a loss that is NaN is no progress
        return BoldDriverState(state.lr + increase, loss)  # Δη = +a
    return BoldDriverState(state.lr - decrease * state.lr, loss)  # Δη = -b η^{t-1}


def descend(gradient, params, lrs):
    """The path of gradient descent with a rate for every step, the start first.

    Parameters
    ----------
    gradient : callable, ndarray -> ndarray
    params : ndarray, any shape
    lrs : iterable of float

    Returns
    -------
    path : ndarray, (len(lrs) + 1, *params.shape)
    """
    path = [params]
    for lr in lrs:
        # θ_{t+1} = θ_t - η_t ∇E(θ_t)
        path.append(path[-1] - float(lr) * gradient(path[-1]))
    return np.stack(path)


def parallel_probe(loss, gradient, params, lrs, *, steps):
    """Try N rates at once, a few steps each from the same parameters; the best wins.

    Parameters
    ----------
    loss, gradient : callables, (N, *params.shape) -> (N,) and -> (N, *params.shape)
        Of N parameter sets at once, all on the same small part of the data.
    params : ndarray, any shape
        Where training is now; the probe's own steps are thrown away.
    lrs : (N,)
    steps : int
        Steps of each run.

    Returns
    -------
    lr, losses : Probe
        A run that blew up has the loss ∞.

    References
    ----------
    Bengio (2012), section 3.1.1.
    """
    lr = np.asarray(lrs, params.dtype).reshape(-1, *[1] * params.ndim)
    # some of the rates are meant to be too large
    with np.errstate(over="ignore", invalid="ignore"):
        runs = np.broadcast_to(params, (len(lrs), *params.shape))
        for _ in range(steps):
            runs = runs - lr * gradient(runs)  # θ⁽ⁱ⁾ ← θ⁽ⁱ⁾ - ηᵢ ∇E(θ⁽ⁱ⁾), i = 1 … N
        losses = np.nan_to_num(loss(runs), nan=np.inf, posinf=np.inf)
    return Probe(float(lrs[int(losses.argmin())]), losses)


def halving_probe(loss, gradient, params, lrs, *, steps):
    """Try N rates: the worse half stops, and the others go on for twice as long.

    Parameters
    ----------
    loss, gradient : callables
        Of one parameter set (*params.shape), -> a number and -> the same shape; or of N
        at once, one a row.
    params : ndarray, any shape
        Where every run starts.
    lrs : ndarray, (N,)
    steps : int
        Steps of each run in the first round; each later round has twice as many as the
        one before.

    Returns
    -------
    lr, params : float and ndarray
        The last rate that is left, and where its run stands. Of an odd number of runs,
        the middle one goes on. A run whose loss is NaN or infinite is worse than every
        other. Of equal losses either may go on.

    References
    ----------
    Jamieson and Talwalkar (2016).
    """
    lrs, runs = np.asarray(lrs), np.stack([params] * len(lrs))
    while len(lrs) > 1:
        column = lrs.reshape(-1, *[1] * params.ndim).astype(params.dtype)
        for _ in range(steps):
            # every survivor goes on from where it is
            runs = runs - column * gradient(runs)
        losses = np.nan_to_num(loss(runs), nan=np.inf, posinf=np.inf)
        best = np.argsort(losses, kind="stable")[:(len(lrs) + 1) // 2]
        # half the runs, twice the steps
        lrs, runs, steps = lrs[best], runs[best], 2 * steps
    return lrs[0], runs[0]


def stability_limit(hessian):
    """The rate above which gradient descent diverges on a quadratic: 2/λ_max.

    Parameters
    ----------
    hessian : ndarray, (D, D), symmetric, with a positive eigenvalue

    Returns
    -------
    lr : float of the dtype of `hessian`
    """
    return 2 / np.linalg.eigvalsh(hessian)[-1]  # |1 - η λ| < 1 for every λ


def best_constant_lr(hessian):
    """The rate whose slowest direction is as fast as it can be: 2/(λ_min + λ_max).

    Parameters
    ----------
    hessian : ndarray, (D, D), symmetric, with positive eigenvalues

    Returns
    -------
    lr : float of the dtype of `hessian`
    """
    curvature = np.linalg.eigvalsh(hessian)
    return 2 / (curvature[0] + curvature[-1])  # 1 - η λ_min = -(1 - η λ_max)


def expected_losses(lrs, *, curvature, noise, start):
    """The exact mean loss of gradient descent on ½ Σ λᵢθᵢ² with noise of deviation σ.

    Parameters
    ----------
    lrs : iterable of float
        η_0, η_1, …, one a step.
    curvature, start : float or ndarray, (D,)
        λ and θ_0.
    noise : float
        σ, the same along every direction.

    Returns
    -------
    losses : ndarray, (len(lrs) + 1,)
        Before the first step and after each.
    """
    curvature, square = np.atleast_1d(curvature), np.atleast_1d(start)**2
    squares = [square]
    for lr in lrs:
        # E[θ²] ← (1-ηλ)² E[θ²] + η²σ²
        square = (1 - lr * curvature)**2 * square + (lr * noise)**2
        squares.append(square)
    return np.stack(squares) @ curvature / 2


def noise_floor(*, lr, curvature, noise):
    """The level of `expected_losses` along one direction at a constant rate below 2/λ.

    Parameters
    ----------
    lr, curvature, noise : float or ndarray, broadcast together
        η, λ and σ.
    """
    return lr * noise**2 / (2 * (2 - lr * curvature))  # ½λ E[θ²] = ησ² / (2(2 - ηλ))
