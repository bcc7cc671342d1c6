"""The adaptive optimizers: twin against twin, both against `torch.optim` or the paper's loop, and their properties."""
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.adaptive_optimizers import pytorch, reference
from tests.solutions.twins import SHAPES, TOLERANCE, Step, inputs, library, plain, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])

#: method -> constants that are nobody's defaults; `name_init` starts `name_step`
METHODS = {
    "adagrad": {"lr": .1, "eps": 1e-3},
    "rmsprop": {"lr": .02, "rho": .95, "eps": 1e-3},
    "adadelta": {"lr": .8, "rho": .93, "eps": 1e-4},
    "adam": {"lr": .02, "beta1": .8, "beta2": .98, "eps": 1e-3},
    "adamax": {"lr": .02, "beta1": .8, "beta2": .98, "eps": 1e-3},
    "nadam": {"lr": .02, "beta1": .8, "beta2": .98, "eps": 1e-3, "momentum_decay": .05},
    "amsgrad": {"lr": .02, "beta1": .8, "beta2": .9, "eps": 1e-3},
    "qhadam": {"lr": .02, "beta1": .95, "beta2": .98, "nu1": .7, "nu2": .9, "eps": 1e-3},
}
#: method -> the class that is its oracle, and its own options; QHAdam has none in PyTorch
ORACLES = {
    "adagrad": (torch.optim.Adagrad, {}), "rmsprop": (torch.optim.RMSprop, {}), "adadelta": (torch.optim.Adadelta, {}),
    "adam": (torch.optim.Adam, {}), "adamax": (torch.optim.Adamax, {}), "nadam": (torch.optim.NAdam, {}),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
}


def pytorchs(method):
    """The oracle with our constants under PyTorch's names."""
    optimizer, options = ORACLES[method]
    hyper = {k: v for k, v in METHODS[method].items() if k not in ("beta1", "beta2", "rho")}
    if "beta1" in METHODS[method]:
        hyper["betas"] = METHODS[method]["beta1"], METHODS[method]["beta2"]
    if "rho" in METHODS[method]:
        hyper["alpha" if method == "rmsprop" else "rho"] = METHODS[method]["rho"]
    return library(optimizer, **hyper, **options)


def authors_qhadam(params, grads, *, lr, beta1, beta2, nu1, nu2, eps):
    """QHAdam as its authors' library counts: the weights of the means are themselves summed, and no power is taken."""
    weight1 = weight2 = 0.0
    mean = square = torch.zeros_like(params)
    found = []
    for g in grads:
        weight1, weight2 = 1 + beta1 * weight1, 1 + beta2 * weight2
        mean = mean + (g - mean) / weight1
        square = square + (g * g - square) / weight2
        params = params - lr * (nu1 * mean + (1 - nu1) * g) / ((nu2 * square + (1 - nu2) * g * g).sqrt() + eps)
        found.append(params)
    return torch.stack(found)


def step(method, hyper, oracle):
    return Step(f"{method}_step", f"{method}_init", hyper, oracle=oracle)


TWINS = {method: step(method, METHODS[method], pytorchs(method)) for method in ORACLES}
TWINS["qhadam"] = step("qhadam", METHODS["qhadam"], authors_qhadam)
DEFAULTS = {f"{method} by default": step(method, {}, library(optimizer, **options))
            for method, (optimizer, options) in ORACLES.items()}


@pytest.fixture(autouse=True)
def float64_scalars():
    """torch.optim.NAdam keeps its product of momenta in the default dtype: in float32 it is right to 1e-7 only."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@twin_checks(reference, pytorch, TWINS | DEFAULTS)
def test_twins(check):
    check()


def path(module, method, params, grads, **changed):
    """Every iterate, as one array, in NumPy or PyTorch."""
    return TWINS[method].path(module, params, grads, **changed)


@pytest.mark.parametrize("method", ORACLES)
@MODULES
def test_a_gradient_that_is_zero_at_first_moves_nothing_and_breaks_nothing(module, method):
    params, grads = inputs((3,), steps=10)
    grads[:4, 1] = 0
    found = path(module, method, params, grads)
    np.testing.assert_array_equal(found[:4, 1], params[1])
    assert np.isfinite(found).all()


@MODULES
def test_qhadam_with_both_shares_one_is_adam(module):
    params, grads = inputs((3,))
    np.testing.assert_allclose(path(module, "qhadam", params, grads, nu1=1.0, nu2=1.0),
                               path(module, "adam", params, grads, **betas_of("qhadam")), rtol=1e-13)


def betas_of(method):
    return {k: v for k, v in METHODS[method].items() if k in ("lr", "beta1", "beta2", "eps")}


@MODULES
def test_qhadam_without_the_mean_above_is_rmsprop_with_its_bias_taken_out(module):
    params, grads = inputs((3,), steps=30)
    v, theta = np.zeros(3), params
    for t, (g, found) in enumerate(zip(grads, path(module, "qhadam", params, grads, nu1=0.0, nu2=1.0), strict=True), 1):
        v = .98 * v + .02 * g**2
        theta = theta - .02 * g / (np.sqrt(v / (1 - .98**t)) + 1e-3)
        np.testing.assert_allclose(found, theta, rtol=1e-12)


@MODULES
def test_qhadam_without_any_mean_steps_by_the_sign(module):
    params, grads = inputs((3,), steps=30)
    found = path(module, "qhadam", params, grads, nu1=0.0, nu2=0.0, eps=0.0)
    np.testing.assert_allclose(found, params - .02 * np.cumsum(np.sign(grads), axis=0), rtol=1e-12)


@MODULES
def test_qhadam_with_share_beta1_looks_ahead_as_nesterov(module):
    """ν₁ = β₁, ν₂ = 1: the step is (1-β₁) g + β₁ m̂ over √v̂ + ε, NAdam without a schedule but for m̂'s correction."""
    params, grads = inputs((3,), steps=20)
    m = v = np.zeros(3)
    theta = params
    for t, (g, found) in enumerate(zip(grads, path(module, "qhadam", params, grads, nu1=.95, nu2=1.0), strict=True), 1):
        m, v = .95 * m + .05 * g, .98 * v + .02 * g**2
        theta = theta - .02 * (.05 * g + .95 * m / (1 - .95**t)) / (np.sqrt(v / (1 - .98**t)) + 1e-3)
        np.testing.assert_allclose(found, theta, rtol=1e-12)


# ----------------------------------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("method", ["adagrad", "rmsprop", "adam", "nadam", "amsgrad", "adamax", "qhadam"])
@settings(deadline=None)
@given(factor=st.floats(1e-3, 1e3))
def test_without_epsilon_the_size_of_the_loss_does_not_matter(method, factor):
    params, grads = inputs((3,), steps=10)
    np.testing.assert_allclose(path(reference, method, params, factor * grads, eps=0.0),
                               path(reference, method, params, grads, eps=0.0), rtol=1e-9)


@pytest.mark.parametrize(("method", "share"), [("adagrad", 1), ("adam", 1), ("amsgrad", 1), ("adamax", 1),
                                               ("qhadam", 1), ("rmsprop", 1 / math.sqrt(.05))])
@MODULES
def test_the_first_step_has_a_length_that_does_not_depend_on_the_gradient(module, method, share):
    params, grads = inputs((5,), steps=1)
    moved = path(module, method, params, grads, eps=0.0)[0] - params
    np.testing.assert_allclose(moved, -METHODS[method]["lr"] * share * np.sign(grads[0]), rtol=1e-10)


@pytest.mark.parametrize(("rho", "step"), [(.95, .00447), (.9, .00316)])
def test_adadeltas_first_step_is_set_by_epsilon(rho, step):
    moved = path(reference, "adadelta", np.zeros(4), np.array([[1, -5, 100, .1]]), lr=1.0, rho=rho, eps=1e-6)[0]
    np.testing.assert_allclose(np.abs(moved), step, rtol=1e-3)


@pytest.mark.parametrize(("module", "lift"), [(reference, np.asarray), (pytorch, torch.tensor)], ids=["numpy", "torch"])
@settings(deadline=None)
@given(factor=st.floats(-4, 4).filter(lambda x: abs(x) > .1))
def test_adadelta_rescaled_follows_adadelta_in_other_units(module, lift, factor):
    params, grads = inputs((3,), steps=20)
    hyper = {"lr": .8, "rho": .9, "eps": 1e-2}
    scale = factor * np.array([1.0, 3.0, .5])
    old, there = params, reference.adadelta_init(params)
    new, here = lift(scale * params), module.adadelta_init(lift(params))
    for g in grads:
        old, there = reference.adadelta_step(old, g, there, **hyper)
        new, here = module.adadelta_rescaled_step(new, lift(g / scale), here, scale=lift(scale), **hyper)
    np.testing.assert_allclose(plain(new), scale * old, rtol=1e-10)
    np.testing.assert_allclose(plain(here.v), there.v / scale**2, rtol=1e-9)
    np.testing.assert_allclose(plain(here.u), there.u * scale**2, rtol=1e-9)


def test_adadelta_itself_does_not_follow_a_change_of_units():
    """Its one ε stands for two quantities of different units."""
    params, grads = inputs((3,), steps=20)
    plain_path = path(reference, "adadelta", params, grads, eps=1e-2)
    assert np.abs(path(reference, "adadelta", 10 * params, grads / 10, eps=1e-2) / 10 - plain_path).max() > .1


@MODULES
def test_amsgrads_v_max_never_falls_and_is_the_largest_v(module):
    params, grads = inputs((4,))
    params, grads = (params, grads) if module is reference else (torch.tensor(params), torch.tensor(grads))
    state, seen = module.amsgrad_init(params), []
    for g in grads:
        params, state = module.amsgrad_step(params, g, state, beta2=.9)
        seen.append(plain(state.v))
        np.testing.assert_array_equal(plain(state.v_max), np.max(seen, axis=0))


@pytest.mark.parametrize(("method", "low", "high"), [("adam", .98, 1.0), ("amsgrad", -1.0, -.99)])
def test_the_three_cycle_ends_where_the_paper_says(method, low, high):
    x, state = np.array(0.0), getattr(reference, f"{method}_init")(np.array(0.0))
    for t in range(1, 1001):
        g = np.array(3.0 if t % 3 == 1 else -1.0)
        x, state = getattr(reference, f"{method}_step")(x, g, state, lr=.5 / math.sqrt(t), beta1=0.0, beta2=.1, eps=0.0)
        x = np.clip(x, -1, 1)
    assert low <= x <= high


@settings(deadline=None)
@given(beta2=st.floats(.5, .99), steps=st.integers(1, 30))
def test_adamaxs_u_is_the_limit_of_means_of_high_powers(beta2, steps):
    grads = np.random.default_rng(steps).normal(size=steps)
    state = reference.adamax_init(np.array(0.0))
    for g in grads:
        _, state = reference.adamax_step(np.array(0.0), g, state, beta2=beta2, eps=0.0)
    ages = np.arange(steps)[::-1]
    p = 2000.0
    logs = p * (ages * math.log(beta2) + np.log(np.abs(grads)))       # Σ β₂^{p·age} |g|^p, in logarithms
    assert math.exp((logs.max() + math.log(np.exp(logs - logs.max()).sum())) / p) == pytest.approx(state.u, rel=1e-2)


@pytest.mark.parametrize("t", [1, 2, 10, 1000])
def test_the_correction_makes_the_mean_of_a_constant_that_constant(t):
    state = reference.adam_init(np.array(0.0))
    for _ in range(t):
        _, state = reference.adam_step(np.array(0.0), np.array(3.0), state)
    assert state.m / (1 - .9**t) == pytest.approx(3, rel=1e-12)
    assert state.v / (1 - .999**t) == pytest.approx(9, rel=1e-12)


# ------------------------------------------------------------------------------------------- functions for an optimizer


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_optimizer_qhadam_is_its_step(shape, dtype):
    params, grads = inputs(shape, dtype)
    hyper = METHODS["qhadam"]
    found = library(pytorch.QHAdam, lr=hyper["lr"], betas=(.95, .98), nus=(.7, .9), eps=1e-3)
    expected = found(torch.tensor(params), torch.tensor(grads))
    np.testing.assert_allclose(expected, path(pytorch, "qhadam", params, grads), **TOLERANCE[dtype])


def test_the_optimizer_qhadam_is_saved_and_loaded_and_takes_a_closure():
    params, grads = inputs((3,), steps=6)
    p = torch.tensor(params).requires_grad_()
    optimizer = pytorch.QHAdam([p], lr=.1)
    for t, g in enumerate(grads):
        if t == 3:
            saved = optimizer.state_dict()
            optimizer = pytorch.QHAdam([p], lr=.1)
            optimizer.load_state_dict(saved)

        def closure(g=g):
            p.grad = None
            loss = (p * torch.tensor(g)).sum()
            loss.backward()
            return loss

        assert optimizer.step(closure).requires_grad
    expected = path(pytorch, "qhadam", params, grads, lr=.1, beta1=.995, beta2=.999, nu1=.7, nu2=1.0, eps=1e-8)[-1]
    np.testing.assert_allclose(p.detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("optimizer", [lambda p: torch.optim.SGD(p, lr=.1), lambda p: torch.optim.Adam(p, lr=.1)])
def test_clipping_the_gradient_is_pytorchs_own_clipping(optimizer):
    params, grads = inputs((2, 3), steps=10)

    def run(step):
        p = torch.tensor(params).requires_grad_()
        stepper = optimizer([p])
        for g in grads:
            p.grad = torch.tensor(g)
            step(stepper, p)
        return p.detach().numpy()

    def pytorchs(stepper, p):
        torch.nn.utils.clip_grad_norm_([p], 1.0)
        stepper.step()

    np.testing.assert_allclose(run(lambda stepper, _: pytorch.clipped_step(stepper, 1.0)), run(pytorchs), rtol=1e-4)


@pytest.mark.parametrize("max_norm", [.01, .1, 10.0])
def test_clipping_the_step_bounds_it_and_keeps_its_direction(max_norm):
    params, grads = inputs((2, 3), steps=10)
    p = torch.tensor(params).requires_grad_()
    q = torch.tensor(params).requires_grad_()
    clipped, free = torch.optim.SGD([p], lr=.1), torch.optim.SGD([q], lr=.1)
    for g in grads:
        p.grad, q.grad = torch.tensor(g), torch.tensor(g)
        before, twin = p.detach().clone(), q.detach().clone()
        pytorch.clipped_step(clipped, max_norm, where="step")
        free.step()
        step, full = p.detach() - before, q.detach() - twin
        torch.testing.assert_close(step.norm(), full.norm().clamp(max=max_norm))
        torch.testing.assert_close(step / step.norm(), full / full.norm())
