"""Momentum's functions: twin against twin, both against `torch.optim.SGD` or the paper's loop, and their properties."""
import numpy as np
import pytest
import torch

from solutions.momentum import pytorch, reference
from tests.solutions.twins import TOLERANCE, Step, inputs, library, plain, twin_checks

SGD = torch.optim.SGD
MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])


def step(name, init="momentum_init", /, **options):
    """A row of the table: `hyper` and the oracle."""
    return lambda oracle=None, **hyper: Step(name, init, hyper, oracle=oracle, **options)


def qhm_loop(params, grads, *, lr, momentum, nu):
    """Ma and Yarats (2019)."""
    buffer, path = torch.zeros_like(params), []
    for g in grads:
        buffer = momentum * buffer + (1 - momentum) * g
        params = params - lr * ((1 - nu) * g + nu * buffer)
        path.append(params)
    return torch.stack(path)


def aggmo_loop(params, grads, *, lr, betas):
    """Lucas et al. (2019)."""
    velocities, path = [torch.zeros_like(params) for _ in betas], []
    for g in grads:
        velocities = [beta * v - g for beta, v in zip(betas, velocities, strict=True)]
        params = params + lr / len(betas) * sum(velocities)
        path.append(params)
    return torch.stack(path)


momentum, nesterov, qhm = step("momentum_step"), step("nesterov_step"), step("qhm_step")
aggmo = step("aggmo_step", "aggmo_init", init_hyper=("betas",))
TWINS = {
    "torch": momentum(library(SGD, lr=.05, momentum=.9), lr=.05, momentum=.9),
    "without momentum": momentum(library(SGD, lr=.05), lr=.05, momentum=0.0),
    "long momentum": momentum(library(SGD, lr=.05, momentum=.99), lr=.05, momentum=.99),
    "sutskever": momentum(library(SGD, lr=.05, momentum=.9), lr=.05, momentum=.9, form="sutskever"),
    "averaged": momentum(library(SGD, lr=.05, momentum=.9), lr=.05 / (1 - .9), momentum=.9, form="averaged"),
    "nesterov": nesterov(library(SGD, lr=.05, momentum=.9, nesterov=True), lr=.05, momentum=.9),
    "long nesterov": nesterov(library(SGD, lr=.05, momentum=.99, nesterov=True), lr=.05, momentum=.99),
    "qhm": qhm(qhm_loop, lr=.5, momentum=.95, nu=.7),
    "aggmo": aggmo(aggmo_loop, lr=.05, betas=(0.0, .9, .99)),
    "aggmo, one beta": aggmo(aggmo_loop, lr=.05, betas=(.5,)),
    "aggmo, four betas": aggmo(aggmo_loop, lr=.05, betas=(0.0, .9, .99, .999)),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


def sgd_path(params, grads, **options):
    """What `torch.optim.SGD` makes of the same gradients."""
    return library(SGD, **options)(torch.tensor(params), torch.tensor(grads)).numpy()


def follow(step, params, grads, state, **hyper):
    path = []
    for g in grads:
        params, state = step(params, g, state, **hyper)
        path.append(plain(params))
    return path


@MODULES
def test_an_unknown_form_is_refused(module):
    params, grads = (a if module is reference else torch.tensor(a) for a in inputs((2,), steps=1))
    with pytest.raises(ValueError, match="no form"):
        module.momentum_step(params, grads[0], module.momentum_init(params), lr=.1, form="heavy")


# ------------------------------------------------------------------------------------------------ PyTorch as the oracle


@pytest.mark.parametrize("dtype", TOLERANCE)
@MODULES
def test_dampening_is_the_averaged_form_started_at_the_first_gradient(module, dtype):
    params, grads = inputs((3,), dtype)
    p, g = (params, grads) if module is reference else (torch.tensor(params), torch.tensor(grads))
    path = follow(module.momentum_step, p, g, module.MomentumState(g[0]), lr=.5, momentum=.9, form="averaged")
    expected = sgd_path(params, grads, lr=.5, momentum=.9, dampening=.9)
    np.testing.assert_allclose(np.stack([plain(q) for q in path]), expected, **TOLERANCE[dtype])


def test_dampening_is_not_the_averaged_form_from_rest_and_the_difference_is_known():
    params, grads = inputs((3,), "float64", 30)
    averaged = np.array(TWINS["averaged"].path(reference, params, grads))
    dampened = sgd_path(params, grads, lr=.5, momentum=.9, dampening=.9)
    # PyTorch's first buffer is g_1 and not (1-μ) g_1; the surplus μᵗ g_1 adds up to μ(1-μᵗ)/(1-μ) g_1.
    t = np.arange(1, 31)[:, None]
    np.testing.assert_allclose(averaged - dampened, .5 * .9 * (1 - .9**t) / .1 * grads[0], rtol=1e-10)


@pytest.mark.parametrize("dampening", [.2, .5])
def test_any_dampening_is_a_smaller_rate_and_another_start(dampening):
    params, grads = inputs((3,), "float64")
    start = reference.MomentumState(grads[0] * dampening / ((1 - dampening) * .9))
    path = follow(reference.momentum_step, params, grads, start, lr=.05 * (1 - dampening), momentum=.9)
    np.testing.assert_allclose(path, sgd_path(params, grads, lr=.05, momentum=.9, dampening=dampening), rtol=1e-10)


# ------------------------------------------------------------------------------------------- one form made from another


def test_the_buffers_convert_exactly():
    params, grads = inputs((4,), "float64", 20)
    states = {form: reference.momentum_init(params) for form in ("torch", "sutskever", "averaged")}
    for g in grads:
        for form, old in states.items():
            states[form] = reference.momentum_step(params, g, old, lr=.05, momentum=.9, form=form)[1]
        np.testing.assert_allclose(states["sutskever"].v, -.05 * states["torch"].v, rtol=1e-12)
        np.testing.assert_allclose(states["averaged"].v, (1 - .9) * states["torch"].v, rtol=1e-12)


def test_when_the_rate_drops_the_forms_part_as_measured():
    def end(form):
        x, state = np.array(1.0), reference.momentum_init(np.array(1.0))
        for lr in [.1] * 5 + [.01] * 3:
            x, state = reference.momentum_step(x, x, state, lr=lr, momentum=.9, form=form)
        return x

    assert end("sutskever") == pytest.approx(-.6431, abs=5e-5)
    assert end("torch") == pytest.approx(-.0891, abs=5e-5)


def test_momentum_is_recursive_so_that_the_steady_step_is_ten_gradients():
    x, state = np.array(0.0), reference.momentum_init(np.array(0.0))
    for _ in range(500):
        x, state = reference.momentum_step(x, np.array(1.0), state, lr=1.0)
    assert state.v == pytest.approx(10)


def test_momentum_zero_is_gradient_descent():
    params, grads = inputs((3,), "float64", 10)
    descent = params - .05 * np.cumsum(grads, axis=0)
    for step in ("torch", "sutskever", "averaged", "nesterov", "qhm"):
        path = TWINS[step].path(reference, params, grads, momentum=0.0, lr=.05)
        np.testing.assert_allclose(path, descent, rtol=1e-12)


@MODULES
def test_pytorchs_nesterov_stands_at_the_look_ahead_point(module):
    """φ_t = θ_t + μ v_t, on a loss that is not quadratic."""
    theta = np.array([1.0, -2.0]) if module is reference else torch.tensor([1.0, -2.0], dtype=torch.float64)
    phi, ahead, here = theta, module.momentum_init(theta), module.momentum_init(theta)
    for _ in range(30):
        theta, ahead = module.nesterov_lookahead_step(theta, lambda x: x**3 + x, ahead, lr=.05)
        phi, here = module.nesterov_step(phi, phi**3 + phi, here, lr=.05)
        np.testing.assert_allclose(plain(phi), plain(theta + .9 * ahead.v), atol=1e-14)


def test_nesterov_and_its_look_ahead_iterate_have_the_gap_measured():
    x = np.array(1.0)
    ahead, here = reference.momentum_init(x), reference.momentum_init(x)
    theta = phi = x
    to_ahead, to_theta = [], []
    for _ in range(6):
        theta, ahead = reference.nesterov_lookahead_step(theta, lambda x: 3 * x, ahead, lr=.1)
        phi, here = reference.nesterov_step(phi, 3 * phi, here, lr=.1)
        to_ahead.append(abs(phi - theta - .9 * ahead.v))
        to_theta.append(abs(phi - theta))
    assert max(to_ahead) < 1e-15
    assert max(to_theta) == pytest.approx(.359, abs=5e-4)


# -------------------------------------------------------------------------------------------------------- QHM and AggMo


@MODULES
def test_qhm_has_gradient_descent_averaged_momentum_and_nesterov_as_special_cases(module):
    params, grads = inputs((3,), "float64")
    for nu, expected in [(0.0, params - .5 * np.cumsum(grads, axis=0)),
                         (1.0, TWINS["averaged"].path(module, params, grads, momentum=.9)),
                         (.9, TWINS["nesterov"].path(module, params, grads, momentum=.9))]:
        np.testing.assert_allclose(TWINS["qhm"].path(module, params, grads, momentum=.9, nu=nu), expected, rtol=1e-10)


@MODULES
def test_aggmo_with_one_beta_is_momentum_and_with_zero_and_beta_a_qhm(module):
    params, grads = inputs((3,), "float64")
    aggmo, beta = TWINS["aggmo"], .9
    np.testing.assert_allclose(aggmo.path(module, params, grads, betas=(beta,)),
                               TWINS["torch"].path(module, params, grads), rtol=1e-10)
    # ½ (g + v) with v a sum is (1-ν) g + ν (1-β) v with 1 - ν = ν (1-β), up to the rate.
    nu = 1 / (2 - beta)
    expected = TWINS["qhm"].path(module, params, grads, lr=.05 / 2 / (1 - nu), momentum=beta, nu=nu)
    np.testing.assert_allclose(aggmo.path(module, params, grads, betas=(0.0, beta)), expected, rtol=1e-10)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_aggmo_optimizer_is_aggmo_step(dtype):
    params, grads = inputs((2, 3), dtype)
    p = torch.tensor(params).requires_grad_()
    optimizer = pytorch.AggMo([p], lr=.05)
    path = []
    for g in grads:
        p.grad = torch.tensor(g)
        assert optimizer.step() is None
        path.append(p.detach().numpy().copy())
    np.testing.assert_allclose(path, TWINS["aggmo"].path(reference, params, grads), **TOLERANCE[dtype])


def test_the_aggmo_optimizer_works_with_a_scheduler_a_closure_and_a_network():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x = torch.randn(32, 4)
    y = x.sum(1, keepdim=True)
    optimizer = pytorch.AggMo(net.parameters(), lr=.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 20, .5)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(x), y)
        loss.backward()
        return loss

    losses = []
    for _ in range(60):
        losses.append(optimizer.step(closure).item())
        scheduler.step()
    assert losses[-1] < .1 * losses[0]


# ------------------------------------------------------------------------------------------------- a change of the rate


def test_change_lr_makes_pytorch_go_on_as_with_the_rate_inside():
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=.1, momentum=.9)
    for t in range(8):
        if t == 5:
            pytorch.change_lr(optimizer, .01)
        x.grad = x.detach().clone()
        optimizer.step()
    assert x.item() == pytest.approx(-.6431, abs=5e-5)
    assert optimizer.param_groups[0]["lr"] == .01


@pytest.mark.parametrize("nesterov", [False, True])
def test_change_lr_there_and_back_changes_nothing(nesterov):
    params, grads = inputs((3,), "float64", 10)

    def path(change):
        p = torch.tensor(params).requires_grad_()
        optimizer = torch.optim.SGD([p], lr=.25, momentum=.9, nesterov=nesterov)
        for g in grads:
            p.grad = torch.tensor(g)
            optimizer.step()
            for lr in change:
                pytorch.change_lr(optimizer, lr)
        return p.detach().numpy()

    np.testing.assert_allclose(path([.5, .25]), path([]), rtol=1e-14)


def test_descend_gives_the_start_and_every_iterate_in_both():
    path = reference.descend(reference.momentum_step, lambda x: x, np.ones(2), reference.momentum_init(np.ones(2)),
                             steps=4, lr=.1)
    ones = torch.ones(2, dtype=torch.float64)
    twin = pytorch.descend(pytorch.momentum_step, lambda x: x, ones, pytorch.momentum_init(ones), steps=4, lr=.1)
    assert path.shape == (5, 2)
    np.testing.assert_allclose(twin, path, rtol=1e-13)
