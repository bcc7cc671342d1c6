"""Regularization's functions: twin against twin, both against scikit-learn, PyTorch and autograd, and closed forms."""
import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from solutions.adaptive_optimizers.reference import adam_init
from solutions.gradient_descent.reference import gradient_check, mlp_init
from solutions.regularization import pytorch, reference
from tests.solutions.twins import Step, Twin, inputs, library, lifted, plain, twin_checks

both = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "pytorch"])
FITTED = {"float32": {"rtol": 2e-3, "atol": 2e-4}, "float64": {"rtol": 1e-7, "atol": 1e-9}}
CLOSE = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": {"rtol": 1e-10, "atol": 1e-12}}


def weights(rng, shape):
    return (np.asarray(rng.normal(size=shape)),)


def weights_and_gradient(rng, shape):
    return *weights(rng, shape), *weights(rng, shape)


def least_squares(rng, shape):
    X = rng.normal(size=shape)
    return X, X @ rng.normal(size=shape[1]) + rng.normal(size=shape[0])


def uneven_least_squares(rng, shape):
    return *least_squares(rng, shape), rng.uniform(.5, 2, shape[0]), rng.uniform(.05, .5, shape[1])


def logits_and_labels(rng, n):
    return 20 * rng.normal(size=(n, 4)), rng.integers(4, size=n)


def network_and_inputs(rng, sizes):
    from solutions.gradient_descent.reference import Layer
    layers = [Layer(W, rng.normal(size=b.shape)) for W, b in mlp_init(rng, sizes)]
    return layers, rng.normal(size=(5, sizes[0]))


# ------------------------------------------------------------------------------------------------------- the oracles


def by_autograd(penalty):
    def oracle(w, **hyper):
        leaf = w.clone().requires_grad_()
        value = penalty(leaf, **hyper)
        return value.detach(), torch.autograd.grad(value, leaf)[0]
    return oracle


def penalty_of(w, strength, mixing):
    return strength * (mixing * w.abs().sum() + (1 - mixing) / 2 * (w * w).sum())


def sklearn(X, y, *, strength, mixing, sweeps=None):
    X, y = X.numpy().astype(float), y.numpy().astype(float)
    if mixing == 0:
        return torch.tensor(Ridge(alpha=len(y) * strength, fit_intercept=False).fit(X, y).coef_)
    model = ElasticNet(alpha=strength, l1_ratio=mixing, fit_intercept=False, tol=1e-14, max_iter=100_000)
    return torch.tensor(model.fit(X, y).coef_)


def posterior_mode(X, y, *, noise, scale, prior="gaussian"):
    gaussian = prior == "gaussian"
    strength = noise**2 / (scale**2 if gaussian else scale) / len(y)
    return sklearn(X, y, strength=strength, mixing=0 if gaussian else 1)


def lasso_in_other_units(X, y, noise, scale):
    """u_j = w_j/b_j has a prior of scale 1."""
    X, y, noise, scale = (a.numpy().astype(float) for a in (X, y, noise, scale))
    model = Lasso(alpha=1 / len(y), fit_intercept=False, tol=1e-14, max_iter=100_000)
    return torch.tensor(scale * model.fit(X * scale / noise[:, None], y / noise).coef_)


def smoothed(logits, y, *, smoothing):
    leaf = logits.clone().requires_grad_()
    loss = F.cross_entropy(leaf, y, label_smoothing=smoothing)
    return loss.detach(), torch.autograd.grad(loss, leaf)[0]


def outputs(layers, x):
    for W, b in layers[:-1]:
        x = torch.sigmoid(x @ W + b)
    return x @ layers[-1][0] + layers[-1][1]


def jacobian(layers, X):
    return torch.func.vmap(torch.func.jacrev(partial(outputs, layers)))(X)


def squared_jacobian(layers, X, *, strength):
    return strength / 2 * (jacobian(layers, X)**2).sum((1, 2)).mean()


def code_length(residuals, *, parameters):
    noise = torch.distributions.Normal(torch.zeros_like(residuals), residuals.square().mean().sqrt())
    nats = -noise.log_prob(residuals).sum() + parameters / 2 * math.log(len(residuals))
    return nats / math.log(2)


ADAMW = {"lr": .02, "weight_decay": .3}
TABLES = [(5, 3), (20, 6), (7, 1)]
SIZES = [[3, 4], [2, 5, 3], [4, 3, 3, 2], [1, 6, 1]]
TWINS = {
    "l1": Twin("l1", weights, {"strength": .3}, by_autograd(lambda w, strength: penalty_of(w, strength, 1))),
    "l2": Twin("l2", weights, {"strength": .3}, by_autograd(lambda w, strength: penalty_of(w, strength, 0))),
    **{f"elastic_net {mixing}": Twin("elastic_net", weights, {"strength": .3, "mixing": mixing},
                                     by_autograd(penalty_of)) for mixing in (0.0, .3, 1.0)},
    "prox_l1": Twin("prox_l1", weights, {"threshold": .4}, lambda w, threshold: F.softshrink(w, threshold)),
    "proximal_step": Twin("proximal_step", weights_and_gradient, {"lr": .5, "strength": .4},
                          lambda w, g, lr, strength: F.softshrink(w - lr * g, lr * strength)),
    "subgradient_step": Twin("subgradient_step", weights_and_gradient, {"lr": .5, "strength": .4}),
    "elastic_net_step": Twin("elastic_net_step", weights_and_gradient, {"lr": .5, "strength": .8, "mixing": .4}),
    **{f"elastic_net_fit {mixing}": Twin(
        "elastic_net_fit", least_squares, {"strength": .2, "mixing": mixing, "sweeps": 400}, sklearn, TABLES, FITTED)
       for mixing in (0.0, .4, 1.0)},
    "gaussian prior": Twin("map_estimate", least_squares, {"noise": 1.5, "scale": .7}, posterior_mode, TABLES, FITTED),
    "laplace prior": Twin("map_estimate", least_squares, {"noise": 1.5, "scale": .7, "prior": "laplace"},
                          posterior_mode, TABLES[1:], FITTED),
    "adamw": Step("adamw_step", "adam_init", ADAMW, oracle=library(torch.optim.AdamW, **ADAMW)),
    "adamw, no decay": Step("adamw_step", "adam_init", {"lr": .02, "weight_decay": 0.0},
                            oracle=library(torch.optim.Adam, lr=.02)),
    "kept_by_stopping": Twin("kept_by_stopping", lambda rng, shape: (np.asarray(rng.uniform(.1, 1, shape)),),
                             {"lr": .5, "steps": 7}),
    "kept_by_l2": Twin("kept_by_l2", lambda rng, shape: (np.asarray(rng.uniform(.1, 1, shape)),), {"strength": .3}),
    "strength_of_stopping": Twin("strength_of_stopping", lambda rng, shape: (
        np.asarray(rng.uniform(.1, 1, shape) * rng.choice([0, 1], shape)),), {"lr": .5, "steps": 7}),
    "label_smoothing": Twin("label_smoothing", logits_and_labels, {"smoothing": .2}, smoothed, [1, 6], CLOSE),
    "input_jacobian": Twin("input_jacobian", network_and_inputs, oracle=jacobian, shapes=SIZES, tolerance=CLOSE),
    "gradient_penalty": Twin("gradient_penalty", network_and_inputs, {"strength": .3}, squared_jacobian, SIZES, CLOSE),
    "mdl_score": Twin("mdl_score", weights, {"parameters": 3}, code_length, [(4,), (30,)], CLOSE),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# ---------------------------------------------------------------------------------------------------------- penalties


@pytest.mark.parametrize("penalty", [partial(reference.l1, strength=.3), partial(reference.l2, strength=.3),
                                     partial(reference.elastic_net, strength=.3, mixing=.6)])
def test_a_penalty_s_gradient_is_its_own(penalty):
    w = np.array([.5, -1.5, 2.0])
    assert gradient_check(lambda w: penalty(w)[0], lambda w: penalty(w)[1], w) < 1e-9


@both
def test_l1_is_the_sum_of_sizes_and_neither_its_square_nor_the_sum_of_squares(module):
    w, = lifted((np.array([[3.0, -4.0], [0.0, 1.0]]),), as_tensors=module is pytorch)
    value, gradient = (plain(part) for part in module.l1(w, strength=.5))
    assert value == 4.0
    np.testing.assert_array_equal(gradient, [[.5, -.5], [0, .5]])
    assert plain(module.l2(w, strength=.5)[0]) == 6.5


@given(z=st.floats(-5, 5), threshold=st.floats(0, 3))
def test_no_number_of_a_fine_grid_beats_the_proximal_map(z, threshold):
    def cost(w):
        return (w - z)**2 / 2 + threshold * np.abs(w)
    found = reference.prox_l1(np.array(z), threshold=threshold)
    assert cost(found) <= cost(np.linspace(-6, 6, 4001)).min() + 1e-12


@pytest.mark.parametrize("mixing", [0.0, .4, 1.0])
def test_no_point_near_it_beats_the_elastic_net_s_step(mixing):
    rng = np.random.default_rng(0)
    w, g = rng.normal(size=4), rng.normal(size=4)
    found = reference.elastic_net_step(w, g, lr=.5, strength=.9, mixing=mixing)

    def cost(v):
        return ((v - (w - .5 * g))**2).sum() / 2 + .5 * reference.elastic_net(v, strength=.9, mixing=mixing)[0]
    assert all(cost(found) < cost(found + 1e-3 * rng.normal(size=4)) for _ in range(200))


def test_the_elastic_net_s_step_with_mixing_1_is_the_proximal_step():
    w, g = weights_and_gradient(np.random.default_rng(0), (6,))
    np.testing.assert_allclose(reference.elastic_net_step(w, g, lr=.5, strength=.4, mixing=1.0),
                               reference.proximal_step(w, g, lr=.5, strength=.4), rtol=1e-14)


def lasso():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 8))
    return X, X @ np.r_[2, -1, np.zeros(6)] + rng.normal(size=40)


@both
def test_proximal_steps_end_in_the_lasso_with_its_zeros_and_subgradient_steps_have_none(module):
    X, y = lifted(lasso(), as_tensors=module is pytorch)
    lr = .9 / np.linalg.eigvalsh(lasso()[0].T @ lasso()[0] / 40)[-1]
    expected = sklearn(*(torch.tensor(a) for a in lasso()), strength=.3, mixing=1).numpy()
    ends = []
    for step in (module.proximal_step, module.subgradient_step):
        w = 0 * X[0]
        for _ in range(2000):
            w = step(w, X.T @ (X @ w - y) / 40, lr=float(lr), strength=.3)
        ends.append(plain(w))
    np.testing.assert_allclose(ends[0], expected, atol=1e-9)
    assert 3 <= (expected == 0).sum() == (ends[0] == 0).sum()
    assert (ends[1] != 0).all()
    assert np.abs(ends[1] - expected).max() > 1e-3


# ------------------------------------------------------------------------------------------------------------- priors


@both
@pytest.mark.parametrize("shape", [(8, 3), (30, 5)])
def test_uneven_laplace_priors_are_a_lasso_in_other_units(module, shape):
    rng = np.random.default_rng(1)
    X, y, noise, scale = uneven_least_squares(rng, shape)
    expected = lasso_in_other_units(*(torch.tensor(a) for a in (X, y, noise, scale))).numpy()
    X, y, noise, scale = lifted((X, y, noise, scale), as_tensors=module is pytorch)
    np.testing.assert_allclose(plain(module.laplace_map(X, y, noise=noise, scale=scale)), expected, atol=1e-8)


@both
def test_a_flat_prior_is_least_squares(module):
    X, y = least_squares(np.random.default_rng(0), (12, 3))
    expected = np.linalg.lstsq(X, y)[0]
    X, y, noise, scale = lifted((X, y, np.ones(12), np.full(3, np.inf)), as_tensors=module is pytorch)
    np.testing.assert_allclose(plain(module.laplace_map(X, y, noise=noise, scale=scale)), expected, atol=1e-9)


@both
def test_a_prior_that_there_is_not_is_refused(module):
    X, y = lifted(least_squares(np.random.default_rng(0), (5, 2)), as_tensors=module is pytorch)
    with pytest.raises(ValueError, match="no prior 'cauchy'"):
        module.map_estimate(X, y, noise=1.0, scale=1.0, prior="cauchy")


@pytest.mark.parametrize("prior", ["gaussian", "laplace"])
def test_no_weights_near_the_map_estimate_are_more_probable(prior):
    X, y = least_squares(np.random.default_rng(2), (15, 3))
    found, rng = reference.map_estimate(X, y, noise=1.5, scale=.6, prior=prior), np.random.default_rng(3)

    def log_posterior(w):
        log_prior = -w @ w / (2 * .6**2) if prior == "gaussian" else -np.abs(w).sum() / .6
        return -((y - X @ w)**2).sum() / (2 * 1.5**2) + log_prior
    assert all(log_posterior(found) > log_posterior(found + 1e-3 * rng.normal(size=3)) for _ in range(200))


# ------------------------------------------------------------------------------------------------------- weight decay


@both
@pytest.mark.parametrize("weight_decay", [1e-4, 1e-2, 1.0])
def test_without_a_data_gradient_adamw_decays_and_adam_with_l2_does_not_know_lambda(module, weight_decay):
    w, = lifted((np.ones(1),), as_tensors=module is pytorch)
    state = adam_init(np.ones(1)) if module is reference else pytorch_adam_init(w)
    decayed, _ = module.adamw_step(w, 0 * w, state, lr=1e-3, weight_decay=weight_decay)
    assert plain(decayed)[0] == pytest.approx(1 - 1e-3 * weight_decay, abs=1e-14)
    moved, _ = module.adamw_step(w, weight_decay * w, state, lr=1e-3, weight_decay=0.0, eps=0.0)
    assert plain(moved)[0] == pytest.approx(.999, abs=1e-14)


def pytorch_adam_init(params):
    from solutions.adaptive_optimizers import pytorch as adaptive
    return adaptive.adam_init(params)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_optimizer_is_pytorchs_and_ours(dtype):
    params, grads = inputs((2, 3), dtype)
    p = torch.tensor(params).requires_grad_()
    optimizer = pytorch.AdamW([p], **ADAMW)
    path = []
    for g in grads:
        p.grad = torch.tensor(g)
        assert optimizer.step() is None
        path.append(p.detach().numpy().copy())
    expected = library(torch.optim.AdamW, **ADAMW)(torch.tensor(params), torch.tensor(grads))
    np.testing.assert_allclose(path, expected, **CLOSE[dtype])


# ----------------------------------------------------------------------------------------------------- early stopping

LOSSES = [5, 4, 3, 3.5, 3.2, 2, 2.5, 2.4, 2.3, 1.9, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(("options", "expected"), [
    ({"patience": 2}, (3, 5)), ({"patience": 3}, (6, 9)), ({"patience": 4}, (10, 14)), ({"patience": 30}, (10, 22)),
    ({"patience": 2, "first": 6}, (6, 8)), ({"patience": 2, "first": 8}, (6, 8)),
    ({"patience": 1.5, "rule": "multiply"}, (3, 5)), ({"patience": 1.5, "rule": "multiply", "first": 4}, (3, 5)),
    ({"patience": 2, "rule": "multiply"}, (10, 20)), ({"patience": 2, "rule": "multiply", "first": 21}, (10, 21))])
def test_a_deadline_moves_as_the_rule_says(options, expected):
    assert reference.early_stopping(LOSSES, **options) == expected


@given(losses=st.lists(st.floats(0, 10), min_size=1, max_size=40), patience=st.integers(1, 8))
def test_adding_to_the_epoch_is_a_fixed_patience(losses, patience):
    best, since = 0, 0
    for last, loss in enumerate(losses, 1):         # S1's rule, counted
        best, since = (last, 0) if best == 0 or loss < losses[best - 1] else (best, since + 1)
        if since == patience:
            break
    assert reference.early_stopping(losses, patience=patience) == (best, last)


def test_nan_is_no_lowest_loss_and_an_unknown_rule_is_refused():
    assert reference.early_stopping([2, math.nan, 1, math.nan, math.nan], patience=2) == (3, 5)
    assert reference.early_stopping([], patience=2) == (0, 0)
    with pytest.raises(KeyError):
        reference.early_stopping([1], patience=2, rule="divide")


def test_losses_are_read_no_further_than_needed():
    losses = iter([1.0, 2.0, 3.0, 0.0])
    assert reference.early_stopping(losses, patience=2) == (1, 3)
    assert next(losses) == 0


def test_the_shares_are_those_measured():
    h = np.array([.01, .1, 1.0])
    np.testing.assert_allclose(reference.kept_by_stopping(h, lr=.05, steps=20), [.0100, .0954, .6415], atol=5e-5)
    np.testing.assert_allclose(reference.kept_by_l2(h, strength=1.0), [.0099, .0909, .5], atol=5e-5)


@both
@given(lr=st.floats(.01, .9), steps=st.integers(1, 300), h=st.floats(1e-6, 1))
def test_with_the_strength_found_l2_leaves_what_stopping_leaves(module, lr, steps, h):
    h, = lifted((np.array([h]),), as_tensors=module is pytorch)
    strength = module.strength_of_stopping(h, lr=lr, steps=steps)
    np.testing.assert_allclose(plain(h / (h + strength)), plain(module.kept_by_stopping(h, lr=lr, steps=steps)),
                               rtol=1e-8)


def test_ridge_with_that_strength_along_each_direction_is_a_run_that_was_stopped():
    X, y = least_squares(np.random.default_rng(4), (20, 4))
    h, directions = np.linalg.eigh(X.T @ X / 20)
    lr, w = .9 / h[-1], np.zeros(4)
    for _ in range(15):
        w = w - lr * X.T @ (X @ w - y) / 20
    strength = reference.strength_of_stopping(h, lr=lr, steps=15)
    ridge = np.linalg.solve(X.T @ X / 20 + directions @ np.diag(strength) @ directions.T, X.T @ y / 20)
    np.testing.assert_allclose(w, ridge, rtol=1e-10)


def test_what_the_stopping_keeps_is_the_best_state_with_its_buffers():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    stopping, seen, states = pytorch.EarlyStopping(net, first=4, factor=2, margin=.1), [], []
    for loss in (3.0, 1.0, .95, .94, .5, .6, .7):
        net(torch.randn(8, 2))
        with torch.no_grad():
            net[0].weight += 1
        states.append({key: value.clone() for key, value in net.state_dict().items()})
        seen.append(stopping.update(loss))
    assert seen == [False, False, False, True, False, False, False]       # .95 and .94 are no clear improvements
    stopping.restore()
    assert all(torch.equal(net.state_dict()[key], states[4][key]) for key in states[4])
    assert not torch.equal(states[4]["1.running_mean"], states[5]["1.running_mean"])


# ------------------------------------------------------------------------------------- penalties on outputs and slopes


@both
def test_smoothed_labels_are_cross_entropy_and_a_distance_from_uniform(module):
    logits, y = logits_and_labels(np.random.default_rng(0), 6)
    logits, y = lifted((logits / 20, y), as_tensors=module is pytorch)
    hard, _ = module.label_smoothing(logits, y, smoothing=0.0)
    uniform, _ = module.label_smoothing(logits, y, smoothing=1.0)
    mixed, _ = module.label_smoothing(logits, y, smoothing=.2)
    assert float(mixed) == pytest.approx(.8 * float(hard) + .2 * float(uniform), rel=1e-12)


def test_smoothing_s_gradient_passes_the_check():
    logits, y = logits_and_labels(np.random.default_rng(0), 5)
    smooth = partial(reference.label_smoothing, y=y, smoothing=.2)
    assert gradient_check(lambda s: smooth(s)[0], lambda s: smooth(s)[1], logits / 20) < 1e-8


def test_the_jacobian_is_the_one_of_finite_differences():
    from solutions.gradient_descent.reference import mlp_forward
    layers, X = network_and_inputs(np.random.default_rng(0), [3, 5, 4, 2])
    J, eps = reference.input_jacobian(layers, X), 1e-6
    for d in range(3):
        ahead, back = (mlp_forward(layers, X + side * eps * np.eye(3)[d])[-1] for side in (1, -1))
        np.testing.assert_allclose(J[:, :, d], (ahead - back) / (2 * eps), atol=1e-8)


def test_on_a_linear_network_the_penalty_on_the_slope_is_l2_on_the_weights():
    layers, X = network_and_inputs(np.random.default_rng(0), [4, 3])
    assert reference.gradient_penalty(layers, X, strength=.7) == pytest.approx(
        reference.l2(layers[0].W, strength=.7)[0], rel=1e-14)


def test_the_twin_s_own_gradient_goes_through():
    layers, X = lifted(network_and_inputs(np.random.default_rng(0), [2, 3, 2]), as_tensors=True)
    leaves = [part.requires_grad_() for layer in layers for part in layer]

    def penalty(*parts):
        made = [type(layers[0])(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        return pytorch.gradient_penalty(made, X, strength=.3)
    assert torch.autograd.gradcheck(penalty, leaves)


def test_double_backpropagation_trains_on_the_slopes_too():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    x, y = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1])
    loss = pytorch.double_backprop_loss(net, x, y, strength=2.0)
    params = dict(net.named_parameters())

    def one(x, y):
        return F.cross_entropy(torch.func.functional_call(net, params, (x[None],)), y[None])
    slopes = torch.func.vmap(torch.func.grad(one))(x, y)
    expected = F.cross_entropy(net(x), y) + (slopes**2).sum(1).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    for found, right in zip(torch.autograd.grad(loss, params.values()),
                            torch.autograd.grad(expected, params.values()), strict=True):
        torch.testing.assert_close(found, right, rtol=1e-10, atol=1e-12)
    assert x.grad is None
    assert not x.requires_grad


# -------------------------------------------------------------------------------------------------- description length


def test_a_number_more_costs_half_a_logarithm_and_a_residual_halved_saves_a_bit_an_example():
    r = np.random.default_rng(0).normal(size=64)
    assert reference.mdl_score(r, parameters=4) - reference.mdl_score(r, parameters=3) == pytest.approx(3)
    assert reference.mdl_score(r, parameters=3) - reference.mdl_score(r / 2, parameters=3) == pytest.approx(64)
