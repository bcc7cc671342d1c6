"""The drivers of the exercises on going downhill."""
import itertools


def run_means(step, values):
    """The running means of the rows of `values`, each found by one call of `step`."""
    mean, path = 0 * values[0], []
    for count, value in enumerate(values):
        mean = step(mean, value, count)
        path.append(mean)
    return path


def on_a_bowl(search, hessian, params, direction, **keywords):
    """A line search on θᵀHθ/2, whose closure is made here from the matrix."""
    return search(lambda x: float(x @ hessian @ x) / 2, params, direction, **keywords)


def first_rates(schedule, lr, steps, *, count):
    """The first `count` rates of a schedule that may never end."""
    return list(itertools.islice(schedule(lr, steps), count))
