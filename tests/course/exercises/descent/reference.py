"""Small things about going downhill, in NumPy."""
from typing import NamedTuple

import numpy as np


class StepState(NamedTuple):
    """t, the number of steps taken; v, the sum of the gradients, each halved at every later step."""
    t: int
    v: np.ndarray


def halving_step(params, grads, state, *, lr=0.1):
    """One step along a sum of gradients in which every older one counts half.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.
    """
    v = state.v / 2 + grads                                # v_t = v_{t-1} / 2 + g_t
    return params - lr * v, StepState(state.t + 1, v)      # θ_t = θ_{t-1} - η v_t


def running_mean(mean, value, count):
    """The mean of count + 1 values: `count` of them have the mean `mean`, and `value` is one more."""
    return mean + (value - mean) / (count + 1)             # m_n = m_{n-1} + (x_n - m_{n-1}) / n


def backtrack(loss, params, direction, *, lr=1.0):
    """The first of lr, lr/2, lr/4, … with which a step along `direction` lowers `loss`.

    Parameters
    ----------
    loss : callable, ndarray -> float
    """
    while loss(params + lr * direction) >= loss(params):
        lr = lr / 2
    return lr


def log_sum_exp(scores):
    """log Σ exp of the last axis, without overflow."""
    top = scores.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(scores - top).sum(axis=-1, keepdims=True)))[..., 0]


def warm_up(lr, steps):
    """Yield the rates of a linear warm-up to `lr`: η k / K for k = 1 … K, and then η for ever."""
    for k in range(1, steps + 1):
        yield lr * k / steps
    while True:
        yield lr
