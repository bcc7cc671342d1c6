"""Makers of cases that topics share: each gives a function that draws one case."""
import numpy as np

from autograder.exercise import Case
from solutions.common.draws import signed


def steps_over_a_path(rng, init, moving, **usual):
    """For `run_steps`: parameters, a gradient for each step, and a state.

    Parameters
    ----------
    init : callable, params -> state
        The state at rest.
    moving : callable, (draw) -> state
        A state in motion; `draw()` gives fresh numbers of the parameters' shape.
    usual : hyper-parameters, where a case changes nothing
    """
    def case(name, shape, steps, kind="values", weight=1.0, *, dtype=np.float64,
             motion=False, sizes=1.0, zeros=0, **changed):
        def draw():
            return signed(rng, shape, dtype)

        params = draw()
        one = np.prod(shape, dtype=int) == 1    # then the path has both signs
        grads = signed(rng, (steps, *shape), dtype) if one else np.stack(
            [draw() for _ in range(steps)])
        grads *= np.array(sizes, dtype).reshape(-1, *[1] * len(shape))
        grads[:zeros] = 0
        state = moving(draw) if motion else init(params)
        state = type(state)(*(np.asarray(value) if isinstance(value, np.generic) else value
                              for value in state))
        return Case(name, (params, grads, state), None, weight, kind, usual | changed)

    return case


def optimizer_over_groups(rng, shapes, **usual):
    """For `run_optimizer` and its like: the starts of the parameters, and gradients.

    Parameters
    ----------
    shapes : of the parameters, where a case changes nothing
    usual : keyword arguments of the driver, where a case changes nothing
    """
    def case(name, steps, kind="values", weight=1.0, *, shapes=shapes, dtype=np.float64,
             missing=(), outlier=None, **changed):
        grads = [[None if (t, i) in missing else signed(rng, shape, dtype)
                  for i, shape in enumerate(shapes)] for t in range(steps)]
        if outlier is not None:                 # (step, factor)
            t, factor = outlier
            grads[t] = [None if g is None else (g * factor).astype(dtype)
                        for g in grads[t]]
        starts = [signed(rng, shape, dtype) for shape in shapes]
        return Case(name, (starts, grads), None, weight, kind, usual | changed)

    return case
