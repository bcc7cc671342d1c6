"""Numbers for the cases: never so small that a wrong formula would pass.

They have four decimals or five: with two, an answer that rounds to hundredths is right.
"""
import numpy as np


def signed(rng, shape, dtype=np.float64):
    """Numbers of size 0.5 to 2, of both signs where there is more than one number."""
    sizes = rng.uniform(.5, 2, shape).round(4)
    signs = rng.choice([-1, 1], shape)
    if np.size(signs) > 1 and abs(signs.sum()) == signs.size:
        signs[tuple(rng.integers(signs.shape))] *= -1
    return np.array(sizes * signs, dtype)


def uniform(rng, *ranges):
    """One number in each range, with five decimals, the last of which is not 0."""
    return [round(round(float(rng.uniform(*bounds)), 4)
                  + 1e-5 * int(rng.integers(1, 10)), 5) for bounds in ranges]
