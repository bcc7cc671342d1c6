"""Numbers for the cases: never so small that a wrong formula would pass, and short enough to be read."""
import numpy as np


def signed(rng, shape, dtype=np.float64):
    """Numbers of size 0.5 to 2 of either sign."""
    return np.array((rng.uniform(.5, 2, shape) * rng.choice([-1, 1], shape)).round(2), dtype)


def uniform(rng, *ranges):
    """One number in each range, with five figures, the last no 0: no answer is right because it was rounded."""
    return [round(round(float(rng.uniform(*bounds)), 4) + 1e-5 * int(rng.integers(1, 10)), 5) for bounds in ranges]
