import numpy as np

from autograder.authoring.exercise import Case, Exercise

from . import reference
from .checks import accuracy, like_the_sample


def weight_cases(rng):
    return [Case("a wide layer", (200, 50, int(rng.integers(2**31)))),
            Case("a tall layer", (40, 300, int(rng.integers(2**31))))]


he = Exercise(reference.he_weights, cases=weight_cases, points=2, judge=like_the_sample)


@he.misconception("ReLU kills half of the signal, so the variance is 2 / fan_in and not 1 / fan_in.")
def glorot_variance(fan_in, fan_out, seed):
    return np.random.default_rng(seed).normal(0, np.sqrt(1 / fan_in), size=(fan_out, fan_in))


def label_cases(rng):
    def case(name, count):
        centres = 4 * np.array([[1, 0], [-1, 1], [-1, -1]]) + rng.normal(0, 0.1, size=(3, 2))
        labels = np.arange(2 * count) % 3
        points = centres[labels] + rng.normal(0, 0.8, size=(2 * count, 2))
        return Case(name, (points[:count], labels[:count], points[count:]), labels[count:])

    return [case("sixty points", 60), case("a hundred points", 100)]


labels = Exercise(reference.classify, cases=label_cases, points=2, judge=accuracy)


@labels.misconception("You give every point one label: look for the nearest centre of each row, not of their mean.")
def one_label_for_all(inputs, labels, held_out):
    return np.full(len(held_out), np.bincount(labels).argmax())
