"""Momentum in NumPy.

A step takes and returns values, changes no argument and keeps the dtype of `params`.
Hyper-parameters are Python numbers: a NumPy float64 scalar would turn float32
parameters into float64. Lines that the book lists are kept short.
"""
from typing import NamedTuple

import numpy as np


class MomentumState(NamedTuple):
    """v, the buffer (or velocity), of the shape of the parameters."""
    v: np.ndarray


class AggMoState(NamedTuple):
    """v, one velocity for each β: (K, *params.shape)."""
    v: np.ndarray


class Setting(NamedTuple):
    """A learning rate and a momentum that belong together."""
    lr: float
    momentum: float


def momentum_init(params):
    """MomentumState before the first step: at rest."""
    return MomentumState(np.zeros_like(params))


def momentum_step(params, grads, state, *, lr, momentum=0.9, form="torch"):
    """One step of gradient descent with momentum.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : MomentumState
        v of the previous step; `momentum_init(params)` starts it.
    lr, momentum : float
        η and μ, 0 ≤ μ < 1.
    form : 'torch', 'sutskever' or 'averaged'
        Where the rate stands, and whether v is a sum or a mean. At a constant rate
        the three give one path when 'averaged' has the rate η/(1-μ).

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Polyak (1964); Sutskever et al. (2013), eq. 1 and 2; `torch.optim.SGD`.
    """
    match form:
        case "torch":           # v_t = μ v_{t-1} + g_t         θ_t = θ_{t-1} - η v_t
            v = momentum * state.v + grads
            return params - lr * v, MomentumState(v)
        case "sutskever":       # v_t = μ v_{t-1} - η g_t       θ_t = θ_{t-1} + v_t
            v = momentum * state.v - lr * grads
            return params + v, MomentumState(v)
        case "averaged":        # v_t = μ v_{t-1} + (1-μ) g_t   θ_t = θ_{t-1} - η v_t
            v = momentum * state.v + (1 - momentum) * grads
            return params - lr * v, MomentumState(v)
    raise ValueError(f"there is no form {form!r}")


def nesterov_step(params, grads, state, *, lr, momentum=0.9):
    """One step of Nesterov's momentum, as PyTorch writes it.

    The parameters kept here are the look-ahead point φ_t = θ_t + μ v_t, in the θ and v
    of `nesterov_lookahead_step`: so the gradient is taken where the parameters are.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        φ_{t-1} and g_t = ∇E(φ_{t-1}).
    state : MomentumState
        v of the previous step; `momentum_init(params)` starts it.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    `torch.optim.SGD(nesterov=True)`; Sutskever et al. (2013), eq. 3 and 4.
    """
    v = momentum * state.v + grads          # v_t = μ v_{t-1} + g_t
    step = grads + momentum * v             # s_t = g_t + μ v_t
    return params - lr * step, MomentumState(v)         # φ_t = φ_{t-1} - η s_t


def nesterov_lookahead_step(params, gradient, state, *, lr, momentum=0.9):
    """One step of Nesterov's momentum, as Sutskever writes it: ask for the slope ahead.

    Parameters
    ----------
    params : ndarray, any shape
        θ_{t-1}.
    gradient : callable, ndarray -> ndarray
        ∇E: it is asked at a point that is not `params`.
    state : MomentumState
        v of the previous step, the rate inside; `momentum_init(params)` starts it.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Sutskever et al. (2013), eq. 3 and 4; Nesterov (1983).
    """
    ahead = params + momentum * state.v     # φ_{t-1} = θ_{t-1} + μ v_{t-1}
    g = gradient(ahead)                     # g_t = ∇E(φ_{t-1})
    v = momentum * state.v - lr * g         # v_t = μ v_{t-1} - η g_t
    return params + v, MomentumState(v)     # θ_t = θ_{t-1} + v_t


def qhm_step(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    """One step of quasi-hyperbolic momentum: ν parts average, 1-ν parts gradient.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : MomentumState
        v of the previous step, an average; `momentum_init(params)` starts it.
    lr, momentum, nu : float
        η; β, the share of the old average that is kept; ν, its share in the step.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Ma and Yarats (2019).
    """
    v = momentum * state.v + (1 - momentum) * grads     # v_t = β v_{t-1} + (1-β) g_t
    step = (1 - nu) * grads + nu * v                    # s_t = (1-ν) g_t + ν v_t
    return params - lr * step, MomentumState(v)         # θ_t = θ_{t-1} - η s_t


def aggmo_init(params, *, betas=(0.0, 0.9, 0.99)):
    """AggMoState before the first step: every velocity at rest."""
    return AggMoState(np.zeros((len(betas), *np.shape(params)), params.dtype))


def aggmo_step(params, grads, state, *, lr, betas=(0.0, 0.9, 0.99)):
    """One step of aggregated momentum: several velocities, each with a β of its own.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AggMoState
        v of the previous step, (K, *params.shape); `aggmo_init` starts it.
    lr, betas : float, K floats

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Lucas et al. (2019), with v uphill, as in PyTorch. K = 1 is heavy ball.
    """
    beta = np.asarray(betas, params.dtype).reshape(-1, *[1] * np.ndim(params))
    v = beta * state.v + grads              # v⁽ⁱ⁾_t = β⁽ⁱ⁾ v⁽ⁱ⁾_{t-1} + g_t
    step = v.mean(axis=0)                   # s_t = 1/K Σᵢ v⁽ⁱ⁾_t
    return params - lr * step, AggMoState(v)            # θ_t = θ_{t-1} - η s_t


def descend(step, gradient, params, state, *, steps, **hyper):
    """The path of `steps` steps from `params`, the start first.

    Parameters
    ----------
    step : callable, (params, grads, state, **hyper) -> (params, state)
    gradient : callable, ndarray -> ndarray

    Returns
    -------
    path : ndarray, (steps + 1, *params.shape)
    """
    path = [params]
    for _ in range(steps):
        params, state = step(params, gradient(params), state, **hyper)
        path.append(params)
    return np.stack(path)


def heavy_ball_rate(curvature, *, lr, momentum):
    """The factor by which heavy ball multiplies the error along an eigenvector.

    Parameters
    ----------
    curvature, lr, momentum : float or ndarray, broadcast together
        λ, an eigenvalue of the Hessian; η; μ.

    Returns
    -------
    rate : ndarray
        A step's factor in the long run: the spectral radius of [[1+μ-ηλ, -μ], [1, 0]].

    References
    ----------
    Polyak (1964).
    """
    h = (1 + momentum - lr * curvature) / 2     # r² - 2hr + μ = 0
    root = np.sqrt(h**2 - momentum + 0j)        # complex where the ball swings
    return np.maximum(np.abs(h + root), np.abs(h - root))


def nesterov_rate(curvature, *, lr, momentum):
    """The factor by which a Nesterov step multiplies the error along an eigenvector.

    Parameters
    ----------
    curvature, lr, momentum : float or ndarray, broadcast together

    Returns
    -------
    rate : ndarray
        The spectral radius of [[(1+μ)(1-ηλ), -μ(1-ηλ)], [1, 0]].

    References
    ----------
    Lessard, Recht and Packard (2016).
    """
    q = 1 - lr * curvature
    h = (1 + momentum) * q / 2                  # r² - 2hr + μq = 0
    root = np.sqrt(h**2 - momentum * q + 0j)
    return np.maximum(np.abs(h + root), np.abs(h - root))


def best_heavy_ball(smallest, largest):
    """The best Setting of heavy ball for curvatures from `smallest` to `largest`.

    Its slowest factor is (√κ-1)/(√κ+1).

    References
    ----------
    Polyak (1964).
    """
    m, L = np.sqrt(smallest), np.sqrt(largest)
    return Setting(float((2 / (L + m))**2), float(((L - m) / (L + m))**2))


def best_nesterov(smallest, largest):
    """The best Setting of Nesterov's momentum for a quadratic with these curvatures.

    Its slowest factor is 1 - 2/√(3κ+1).

    References
    ----------
    Lessard, Recht and Packard (2016).
    """
    s = np.sqrt(3 * largest / smallest + 1)
    return Setting(float(4 / (3 * largest + smallest)), float((s - 2) / (s + 2)))


def largest_stable_lr(hessian, *, momentum=0.9, nesterov=False):
    """The rate up to which no error on a quadratic grows, and above which one does.

    Parameters
    ----------
    hessian : ndarray, (D, D), symmetric
        Of E; no eigenvalue is negative and one is positive.
    momentum : float
        μ, 0 ≤ μ < 1.
    nesterov : bool
        Whether the steps are `nesterov_step`'s and not `momentum_step`'s, form 'torch'.

    Returns
    -------
    lr : float of the dtype of `hessian`
    """
    steepest = np.linalg.eigvalsh(hessian)[-1]                       # L
    if nesterov:
        return 2 * (1 + momentum) / ((1 + 2 * momentum) * steepest)  # 2(1+μ) / (1+2μ)L
    return 2 * (1 + momentum) / steepest                             # 2(1+μ) / L


def read_momentum(trace):
    """The momentum that a run was made with, read off one parameter's positions.

    Parameters
    ----------
    trace : ndarray, (T,), T ≥ 5
        Positions x_1 … x_T, one a step, of heavy ball at a constant rate on a parabola.
        Where its lowest point lies is not known, nor whether the ball was at rest at
        the first position. Momentum was used.

    Returns
    -------
    momentum, steepness : float of the dtype of `trace`
        μ and η λ.
    """
    d = np.diff(trace)                          # d_t = x_{t+1} - x_t: no lowest point
    pairs = np.stack([d[1:-1], d[:-2]], axis=1)
    a, b = np.linalg.lstsq(pairs, d[2:])[0]     # d_{t+1} = a d_t + b d_{t-1}
    return -b, 1 - b - a                        # a = 1 + μ - ηλ, b = -μ
