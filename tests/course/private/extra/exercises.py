import numpy as np

from autograder.authoring.exercise import Case, Exercise


def bowl_depth(points):
    """The smallest of `points`, below which no bowl goes."""
    return np.min(points)


def cases(rng):
    points, positive = (np.roll(np.sort(drawn), 2) for drawn in (rng.normal(size=5), rng.uniform(1, 2, size=4)))
    return [Case("five points", (points,)), Case("positive points", (positive,))]


depth = Exercise(bowl_depth, cases=cases, points=1, seconds=0.5)


@depth.misconception("This is the first of the points, not the smallest.")
def takes_the_first(points):
    return points[0]
