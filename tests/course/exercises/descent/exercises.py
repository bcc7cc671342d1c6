import numpy as np

from autograder.authoring.exercise import Case, Exercise

from . import reference
from .checks import first_rates, on_a_bowl, run_means
from .reference import StepState


def step_cases(rng):
    def case(name, shape, kind="values", dtype=float):
        params, grads, v = (np.asarray(rng.normal(size=shape), dtype) for _ in range(3))
        return Case(name, (params, grads, StepState(3, v)), None, 1, kind, {"lr": 0.25})

    return [case("a vector", (3,)), case("a matrix", (2, 3)), case("one number", (), "edge"),
            case("float32 stays float32", (3,), "dtype", np.float32)]


halving = Exercise(reference.halving_step, cases=step_cases, points=4, given=(StepState,), seconds=0.5,
                   read="descent.html#halving")


halving.misconception("all_halved", {"state.v / 2 + grads": "(state.v + grads) / 2"},
                      "The new gradient counts whole; only the older ones are halved.")
halving.misconception("stale_sum", {"params - lr * v": "params - lr * state.v"},
                      "Step with the sum that has the new gradient in it, not with the one of the step before.")


def mean_cases(rng):
    return [Case("five numbers", (rng.normal(size=5),)), Case("four vectors", (rng.normal(size=(4, 3)),)),
            Case("one number", (rng.normal(size=1),), kind="edge")]


mean = Exercise(reference.running_mean, cases=mean_cases, points=2, drive=run_means)


@mean.misconception("There are count + 1 values now; you divide by count as if the new one were not there.")
def divides_by_count(mean, value, count):
    return mean + (value - mean) / max(count, 1)


def bowl_cases(rng):
    def case(name, curvatures, kind="values", **keywords):
        params = rng.uniform(1, 2, size=len(curvatures))
        hessian = np.diag(curvatures)
        return Case(name, (hessian, params, -hessian @ params), None, 1, kind, keywords)

    return [case("a bowl", [1.0, 5.0]), case("a steep bowl", [1.0, 30.0]),
            case("a start that is good at once", [1.0, 1.5], "edge", lr=0.5)]


search = Exercise(reference.backtrack, cases=bowl_cases, points=2, drive=on_a_bowl)


@search.misconception("You halve once more after the loss has fallen already.")
def one_too_many(loss, params, direction, *, lr=1.0):
    while loss(params + lr * direction) >= loss(params):
        lr = lr / 2
    return lr / 2


def score_cases(rng):
    return [Case("small scores", (rng.normal(size=(2, 3)),)), Case("large scores", (rng.uniform(800, 900, size=4),)),
            Case("very negative scores", (rng.uniform(-900, -800, size=4),), kind="edge")]


def overflows(scores):
    return np.log(np.exp(scores).sum(axis=-1))


def sums_without_log(scores):
    return np.exp(scores).sum(axis=-1)


mend = Exercise(reference.log_sum_exp, cases=score_cases, points=3, starter=sums_without_log)
mend.misconception("exp overflows: take out the greatest score first, and put it back behind the logarithm.")(overflows)


def rate_cases(rng):
    lr = rng.uniform(0.1, 1)
    return [Case("past the end of the warm-up", (lr, 4), keywords={"count": 7}),
            Case("no warm-up", (lr, 0), kind="edge", keywords={"count": 3})]


warm = Exercise(reference.warm_up, cases=rate_cases, points=2, drive=first_rates)


@warm.misconception("The first step must move already: k starts at 1, not at 0.")
def starts_at_zero(lr, steps):
    for k in range(steps):
        yield lr * k / steps
    while True:
        yield lr
