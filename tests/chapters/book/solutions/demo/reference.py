"""A topic for the tests of the book's machinery: one function is an exercise, one is not."""
from typing import NamedTuple

import numpy as np


class DemoState(NamedTuple):
    """v, the velocity."""
    v: np.ndarray


def demo_step(params, grads, state, *,
              lr=1e-3):
    """One step of the demonstration."""
    # a comment that gives the secret away
    secret_velocity = 0.9 * state.v + grads * 12345     # v_t = .9 v_{t-1} + 12345 g_t
    return params - lr * secret_velocity, DemoState(secret_velocity)


def open_step(params):
    """One step that everybody may see.

    Parameters
    ----------
    params : ndarray
        Of any shape: ``x < y`` is no tag here.
    """
    return params - np.ones_like(params)
