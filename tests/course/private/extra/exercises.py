import numpy as np

from autograder.exercise import Case, Exercise


def bowl_depth(points):
    """The smallest of `points`, below which no bowl goes."""
    return np.min(points)


def cases(rng):
    return [Case("five points", (rng.normal(size=5),)), Case("positive points", (rng.uniform(1, 2, size=4),))]


depth = Exercise(bowl_depth, cases=cases, points=1, seconds=0.5)


@depth.misconception("This is the first of the points, not the smallest.")
def takes_the_first(points):
    return points[0]
