"""The rates of convergence against NumPy's eigenvalues, the closed forms, and measured runs."""
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from solutions.momentum import pytorch, reference

KAPPAS = [10, 100, 1000]
STEEPNESS = st.floats(0, 5)
MOMENTUM = st.floats(0, .999)


def heavy_ball_matrix(steepness, momentum):
    return np.array([[1 + momentum - steepness, -momentum], [1, 0]])


def nesterov_matrix(steepness, momentum):
    return np.array([[(1 + momentum) * (1 - steepness), -momentum * (1 - steepness)], [1, 0]])


PAIRS = [(reference.heavy_ball_rate, pytorch.heavy_ball_rate, heavy_ball_matrix),
         (reference.nesterov_rate, pytorch.nesterov_rate, nesterov_matrix)]
every_pair = pytest.mark.parametrize(("rate", "twin", "matrix"), PAIRS, ids=["heavy_ball", "nesterov"])


@every_pair
@given(steepness=STEEPNESS, momentum=MOMENTUM)
def test_the_rate_is_the_spectral_radius(rate, twin, matrix, steepness, momentum):
    # A double root moves by the square root of a rounding error: that is what eigvals can promise.
    radius = np.abs(np.linalg.eigvals(matrix(steepness, momentum))).max()
    assert rate(steepness, lr=1.0, momentum=momentum) == pytest.approx(radius, abs=1e-7)
    assert float(twin(torch.tensor(steepness, dtype=torch.float64), lr=1.0, momentum=momentum)) == pytest.approx(
        radius, abs=1e-7)


@every_pair
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_rates_broadcast_keep_the_dtype_and_the_twins_agree(rate, twin, matrix, dtype):
    curvature = np.linspace(0, 4, 9, dtype=dtype)
    momentum = np.linspace(0, .9, 4, dtype=dtype)[:, None]
    found = rate(curvature, lr=.7, momentum=momentum)
    assert found.shape == (4, 9)
    assert found.dtype == dtype
    other = twin(torch.tensor(curvature), lr=.7, momentum=torch.tensor(momentum)).numpy()
    assert other.dtype == dtype
    np.testing.assert_allclose(found, other, atol=1e-3 if dtype == "float32" else 1e-7)


@pytest.mark.parametrize("kappa", KAPPAS)
def test_the_tuned_settings_reach_the_closed_forms(kappa):
    ends = np.array([1.0, kappa])
    s = np.sqrt(kappa)
    ball = reference.best_heavy_ball(1.0, kappa)
    assert ball.momentum == pytest.approx(reference.heavy_ball_rate(ends, **ball._asdict()).max()**2, abs=1e-7)
    assert np.sqrt(ball.momentum) == pytest.approx((s - 1) / (s + 1), abs=1e-12)
    tuned = reference.best_nesterov(1.0, kappa)
    worst = reference.nesterov_rate(ends, **tuned._asdict()).max()
    assert worst == pytest.approx(1 - 2 / np.sqrt(3 * kappa + 1), abs=1e-7)


@pytest.mark.parametrize(("best", "rate"), [(reference.best_heavy_ball, reference.heavy_ball_rate),
                                            (reference.best_nesterov, reference.nesterov_rate)])
def test_no_neighbour_of_the_best_setting_is_better(best, rate):
    curvature = np.linspace(1, 50, 200)
    setting = best(1.0, 50.0)
    here = rate(curvature, **setting._asdict()).max()
    for lr in setting.lr * np.array([.97, .99, 1, 1.01, 1.03]):
        for momentum in setting.momentum + np.array([-.02, -.005, 0, .005, .02]):
            assert rate(curvature, lr=lr, momentum=momentum).max() >= here - 1e-7


@pytest.mark.parametrize("kappa", KAPPAS)
def test_runs_take_the_steps_measured(kappa):
    """Steps until ‖θ‖ has fallen a million times, on ½(θ₁² + κ θ₂²) from (1, 1)."""
    curvature = np.array([1.0, kappa])
    s = np.sqrt(kappa)
    ball, tuned = reference.best_heavy_ball(1, kappa), reference.best_nesterov(1, kappa)

    def nesterov(x, g, state, **hyper):         # θ is watched, not the look-ahead point: that is one step earlier there
        return reference.nesterov_lookahead_step(x, lambda x: curvature * x, state, **hyper)

    runs = [(reference.momentum_step, 2 / (1 + kappa), 0.0), (reference.momentum_step, *ball),
            (nesterov, 1 / kappa, (s - 1) / (s + 1)), (nesterov, *tuned)]
    steps = []
    for step, lr, momentum in runs:
        path = reference.descend(step, lambda x: curvature * x, np.ones(2), reference.momentum_init(np.ones(2)),
                                 steps=8 * kappa, lr=lr, momentum=momentum)
        steps.append(int(np.argmax(np.linalg.norm(path, axis=1) < 1e-6 * np.sqrt(2))))
    assert steps == {10: [69, 27, 43, 37], 100: [691, 93, 155, 133], 1000: [6908, 315, 508, 439]}[kappa]


@given(momentum=MOMENTUM, nesterov=st.booleans(), largest=st.floats(.1, 100))
def test_below_the_largest_stable_rate_errors_shrink_and_above_it_they_grow(momentum, nesterov, largest):
    limit = reference.largest_stable_lr(np.diag([largest / 3, largest]), momentum=momentum, nesterov=nesterov)
    rate = reference.nesterov_rate if nesterov else reference.heavy_ball_rate
    curvature = np.array([largest / 3, largest])
    assert (rate(curvature, lr=.999 * limit, momentum=momentum) < 1).all()
    assert (rate(curvature, lr=1.001 * limit, momentum=momentum) > 1).any()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_twins_of_the_largest_stable_rate_agree(nesterov, dtype):
    a = np.random.default_rng(0).normal(size=(6, 4)).astype(dtype)
    found = reference.largest_stable_lr(a.T @ a, momentum=.8, nesterov=nesterov)
    assert found.dtype == dtype
    twin = pytorch.largest_stable_lr(torch.tensor(a.T @ a), momentum=.8, nesterov=nesterov)
    assert twin.numpy().dtype == dtype
    np.testing.assert_allclose(twin, found, rtol=1e-5)


@given(momentum=st.floats(.2, .97), steepness=st.floats(.5, 1.8), low=st.floats(-5, 5))
def test_the_momentum_is_read_off_a_run_of_our_own(momentum, steepness, low):
    x = np.array(low + 2.0)
    trace = reference.descend(reference.momentum_step, lambda x: x - low, x, reference.momentum_init(x), steps=15,
                              lr=steepness, momentum=momentum)
    np.testing.assert_allclose(reference.read_momentum(trace), (momentum, steepness), rtol=1e-7)
    np.testing.assert_allclose(pytorch.read_momentum(torch.tensor(trace)), (momentum, steepness), rtol=1e-7)
