"""Makers of cases that topics share: each gives a function that draws one case."""
import numpy as np

from autograder.authoring.exercise import Case
from solutions.common.draws import signed


def precision(kind):
    """The dtype of a case's numbers: float32 where the dtype is what it asks for."""
    return np.float32 if kind == "dtype" else np.float64


def schedule_over_updates(**usual):
    """For a schedule or a scheduler: the updates whose rates are asked for.

    Parameters
    ----------
    usual : keyword arguments, where a case changes nothing
    """
    def case(name, updates, kind="values", weight=1.0, **changed):
        return Case(name, (updates,), None, weight, kind, usual | changed)

    return case


def steps_over_a_path(rng, init, moving, **usual):
    """For `run_steps`: parameters, a gradient for each step, and a state.

    Parameters
    ----------
    init : callable, params -> state
        The state at rest.
    moving : callable, (draw) -> tuple
        What a state in motion holds; `draw()` gives numbers of the parameters' shape.
    usual : hyper-parameters, where a case changes nothing
    """
    def case(name, shape, steps, kind="values", weight=1.0, *, motion=False, sizes=1.0,
             zeros=0, **changed):
        dtype = precision(kind)

        def draw():
            return signed(rng, shape, dtype)

        params = draw()
        one = np.prod(shape, dtype=int) == 1    # then the path has both signs
        grads = signed(rng, (steps, *shape), dtype) if one else np.stack(
            [draw() for _ in range(steps)])
        grads *= np.array(sizes, dtype).reshape(-1, *[1] * len(shape))
        grads[:zeros] = 0
        state = init(params)
        state = type(state)(*(np.asarray(part) if isinstance(part, np.generic) else part
                              for part in (moving(draw) if motion else state)))
        return Case(name, (params, grads, state), None, weight, kind, usual | changed)

    return case


def optimizer_over_groups(rng, shapes, **usual):
    """For `run_optimizer` and its like: the starts of the parameters, and gradients.

    Parameters
    ----------
    shapes : of the parameters, where a case changes nothing
    usual : keyword arguments of the driver, where a case changes nothing
    """
    def case(name, steps, kind="values", weight=1.0, *, shapes=shapes,
             missing=(), outlier=None, **changed):
        dtype = precision(kind)
        grads = [[None if (t, i) in missing else signed(rng, shape, dtype)
                  for i, shape in enumerate(shapes)] for t in range(steps)]
        if outlier is not None:                 # (step, factor)
            t, factor = outlier
            grads[t] = [None if g is None else (g * factor).astype(dtype)
                        for g in grads[t]]
        starts = [signed(rng, shape, dtype) for shape in shapes]
        return Case(name, (starts, grads), None, weight, kind, usual | changed)

    return case


def usual_paths(case):
    """Cases of every step, of a `case` that `steps_over_a_path` made."""
    return [case("one step from rest", (3,), 1),
            case("four steps from rest", (2,), 4, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, weight=2,
                 motion=True),
            case("gradients that are zero, in motion", (3,), 3, "edge", zeros=2,
                 motion=True),
            case("a parameter that is one number", (), 3, "edge", motion=True),
            case("float32 stays float32", (3,), 3, "dtype", motion=True)]


def usual_runs(case, lr, own):
    """Cases of every optimizer, of a `case` that `optimizer_over_groups` made.

    own : options that a group may have for itself
    """
    return [case("one step", 1, shapes=[(3,)], lrs=[lr]),
            case("four steps, two groups", 4, weight=2),
            case("the rate drops half way", 4, drop=(2, .1)),
            case("a parameter without a gradient for a while", 4,
                 missing={(0, 1), (2, 0)}),
            case("saved and loaded half way", 4, reload_at=2),
            case("a group with options of its own", 3, own=own),
            case("the gradients stay, and without a closure None comes back", 2, "edge",
                 watched=True),
            case("a closure makes the gradients", 3, "edge", closure=True),
            case("float32 stays float32", 3, "dtype")]
