"""What a rate does on a quadratic, the bold driver, the probes and the sharpness: closed forms and properties."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.learning_rates import pytorch, reference
from tests.solutions.twins import Twin, twin_checks

RAVINE = np.array([.2, 4.0])
START = np.array([-5.0, -2.0])
LRS = [.01, .03, .1, .2, .3, .4, .48, .6]


def energy(theta):
    return (theta**2) @ RAVINE / 2


def slope(theta):
    return theta * RAVINE


@pytest.mark.parametrize("lr", [.02, .4, .6])
def test_gradient_descent_on_a_quadratic_is_its_closed_form(lr):
    path = reference.descend(slope, START, [lr] * 20)
    np.testing.assert_allclose(path, START * (1 - lr * RAVINE)**np.arange(21)[:, None], rtol=1e-8)


def test_the_ravines_numbers_are_those_measured():
    near, far = (reference.descend(slope, START, [lr] * 20)[-1] for lr in (.4, .6))
    np.testing.assert_allclose(near, [-.943, -7e-5], rtol=.05)
    assert far[1] == pytest.approx(-1673, abs=1)


def test_descend_keeps_the_dtype():
    assert reference.descend(lambda x: x, np.ones(2, np.float32), np.array([.1, .2])).dtype == np.float32


@settings(deadline=None)
@given(curvature=st.lists(st.floats(.01, 100), min_size=2, max_size=5), seed=st.integers(0, 99))
def test_at_the_limit_a_quadratic_turns_from_shrinking_to_growing(curvature, seed):
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(curvature),) * 2))
    hessian = (turn * np.array(curvature)) @ turn.T
    limit, best = reference.stability_limit(hessian), reference.best_constant_lr(hessian)
    assert limit == pytest.approx(2 / max(curvature))

    def slowest(lr):
        return np.abs(1 - lr * np.array(curvature)).max()

    assert slowest(.999 * limit) < 1 < slowest(1.001 * limit)
    assert all(slowest(c * best) >= slowest(best) - 1e-9 for c in (.9, .99, 1.01, 1.1))


# ------------------------------------------------------------------------------------------------------------- noise


@pytest.mark.parametrize(("lr", "curvature", "noise"), [(.02, 1.0, 1.0), (.5, .3, 2.0), (1.9, 1.0, .5), (.01, 4.0, 3)])
def test_a_constant_rate_ends_on_the_noise_floor(lr, curvature, noise):
    losses = reference.expected_losses([lr] * 1000, curvature=curvature, noise=noise, start=1.0)
    assert losses[-1] == pytest.approx(reference.noise_floor(lr=lr, curvature=curvature, noise=noise), rel=1e-8)


def test_the_expected_losses_are_the_mean_of_runs_with_noise():
    lrs = reference.time_constant(np.arange(60), lr=.4, tau=10)
    curvature, theta, rng = np.array([.1, 1.5]), np.tile([3.0, -2.0], (40000, 1)), np.random.default_rng(0)
    for lr in lrs:
        theta = theta - lr * (curvature * theta + .7 * rng.normal(size=theta.shape))
    expected = reference.expected_losses(lrs, curvature=curvature, noise=.7, start=np.array([3.0, -2.0]))
    assert ((theta**2) @ curvature).mean() / 2 == pytest.approx(expected[-1], rel=.02)


def test_without_noise_the_expected_losses_are_those_of_gradient_descent():
    lrs = reference.cosine(np.arange(50), lr=.45, total_steps=50)
    path = reference.descend(slope, START, lrs)
    np.testing.assert_allclose(reference.expected_losses(lrs, curvature=RAVINE, noise=0.0, start=START), energy(path))


# ------------------------------------------------------------------------------------------------------- bold driver


@settings(deadline=None)
@given(losses=st.lists(st.floats(-5, 5), min_size=1, max_size=30), lr=st.floats(.01, 2), a=st.floats(0, .5),
       b=st.floats(.01, .99))
def test_the_bold_driver_is_the_formula(losses, lr, a, b):
    state, last = reference.BoldDriverState(lr, 1.0), 1.0
    for loss in losses:
        state = reference.bold_driver(loss, state, increase=a, decrease=b)
        lr, last = (lr + a if loss < last else lr + -b * lr), loss
        assert state == pytest.approx((lr, loss))
    assert state.lr > 0


def test_on_a_quadratic_the_bold_driver_finds_the_limit():
    theta, seen = START, []
    state = reference.BoldDriverState(.01, float(energy(theta)))
    for _ in range(2000):
        theta = theta - state.lr * slope(theta)
        theta = theta * 5 / np.linalg.norm(theta)               # never arrive
        before = float(energy(theta))
        after = float(energy(theta - state.lr * slope(theta)))
        state = reference.bold_driver(after, state._replace(loss=before), increase=.01, decrease=.3)
        seen.append(state.lr)
    assert .3 < np.mean(seen[500:]) < 1.1 * reference.stability_limit(np.diag(RAVINE))


# ------------------------------------------------------------------------------------------------------------ probes


@pytest.mark.parametrize("steps", [1, 5, 40])
def test_the_probe_finds_the_rate_that_the_closed_form_finds(steps):
    ends = START * (1 - np.array(LRS)[:, None] * RAVINE)**steps
    found = reference.parallel_probe(energy, slope, START, LRS, steps=steps)
    np.testing.assert_allclose(found.losses, energy(ends), rtol=1e-9)
    assert found.lr == LRS[energy(ends).argmin()]


def bowls(rng, shape):
    """A loss and its gradient, of as many parameter sets as there are, in NumPy and in PyTorch."""
    def loss(runs):
        return (runs**2).reshape(len(runs), -1).sum(-1) * 1.7

    return loss, lambda runs: 3.4 * runs, np.asarray(rng.normal(size=shape)), LRS


def by_one_rate_at_a_time(loss, gradient, params, lrs, *, steps):
    losses = []
    for lr in lrs:
        p = params.clone()[None].requires_grad_()
        optimizer = torch.optim.SGD([p], lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            loss(p).sum().backward()
            optimizer.step()
        losses.append(loss(p.detach())[0])
    return torch.stack(losses)


@twin_checks(reference, pytorch, {"probe": Twin("parallel_probe", bowls, {"steps": 7}, by_one_rate_at_a_time,
                                                [(), (3,), (2, 3)])})
def test_twins(check):
    check()


@pytest.mark.parametrize("probe", [reference.parallel_probe, reference.halving_probe])
def test_a_run_that_blows_up_never_wins(probe):
    with np.errstate(all="ignore"):
        found = probe(energy, slope, START, np.array([1e300, .1, 1e200, 1e160]), steps=3)
    assert found[0] == .1


@pytest.mark.parametrize("n", range(1, 9))
def test_halving_goes_on_from_where_it_is_for_twice_as_long(n):
    calls = []

    def counted(theta):
        calls.append(len(theta))
        return slope(theta)

    lr, theta = reference.halving_probe(energy, counted, START, np.array(LRS[:n]), steps=3)
    rounds, left, expected = 0, n, []
    while left > 1:
        expected += [left] * (3 * 2**rounds)
        left, rounds = (left + 1) // 2, rounds + 1
    assert calls == expected
    np.testing.assert_allclose(theta, START * (1 - lr * RAVINE)**len(expected), rtol=1e-9)


def test_with_two_rates_halving_is_the_probe():
    for pair in ([.1, .4], [.3, .6], [.02, .01]):
        probe = reference.parallel_probe(energy, slope, START, pair, steps=6)
        assert reference.halving_probe(energy, slope, START, np.array(pair), steps=6)[0] == probe.lr


# --------------------------------------------------------------------------------------------------------- sharpness


@pytest.mark.parametrize("seed", range(3))
def test_the_sharpness_is_the_hessians_largest_eigenvalue(seed):
    a = torch.randn(6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def loss(p):
        return (torch.tanh(a @ p)**2).sum() + p @ p

    p = torch.full((6,), .1, dtype=torch.float64)
    largest = torch.linalg.eigvalsh(torch.func.jacrev(torch.func.grad(loss))(p)).abs().max()
    assert float(pytorch.sharpness(loss, p, steps=500)) == pytest.approx(float(largest), rel=1e-6)
