"""The starts of weights: twin against twin, and both against `torch.nn.init`, autograd and closed forms."""
import math

import numpy as np
import pytest
import torch
from torch import nn

from solutions.initialization import pytorch, reference
from tests.solutions.twins import Twin, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
MATRICES = ((7, 4), (4, 7), (5, 5), (6, 1), (1, 6))


def tanh(s):
    return torch.tanh(s) if isinstance(s, torch.Tensor) else np.tanh(s)


def tanh_slope(s):
    return 1 - tanh(s)**2


def relu(s):
    return s * (s > 0)


def relu_slope(s):
    return (s > 0) * (s * 0 + 1)


def generator(module, seed):
    return np.random.default_rng(seed) if module is reference else torch.Generator().manual_seed(seed)


def drawn(module, name, seed, shape, **hyper):
    return np.asarray(getattr(module, name)(generator(module, seed), shape, **hyper))


# ------------------------------------------------------------------------------------------------------- the twins


def matrix(rng, shape):
    return (rng.normal(size=shape),)


def network(rng, shape):
    """Three layers, a batch of five and a gradient from above."""
    D, M = shape
    weights = [rng.normal(size=size) / math.sqrt(size[0]) for size in ((D, M), (M, D), (D, 3))]
    return weights, rng.normal(size=(5, D)), rng.normal(size=(5, 3))


def signals_by_autograd(weights, X, delta, *, activation, slope):
    """The same deviations with no slope written down."""
    sums, z, forward = [], X, []
    for W in weights:
        sums.append((z @ W).detach().requires_grad_() if not sums else z @ W)
        sums[-1].retain_grad()
        z = activation(sums[-1])
        forward.append(z.detach().std(correction=0))
    z.backward(delta)
    return reference.Signals(torch.stack(forward), torch.stack([s.grad.std(correction=0) for s in sums]))


def orthogonal_by_library(A, *, method):
    """`torch.nn.init.orthogonal_` on these draws; by SVD the polar factor A (AᵀA)^(-1/2)."""
    if method == "svd":
        tall = A if A.shape[0] >= A.shape[1] else A.T
        values, vectors = torch.linalg.eigh(tall.T @ tall)
        Q = tall @ vectors @ torch.diag(values**-.5) @ vectors.T
        return Q if A.shape[0] >= A.shape[1] else Q.T
    weights = torch.empty_like(A)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "normal_", lambda self, *_, **__: self.copy_(A.reshape(self.shape)))
        return nn.init.orthogonal_(weights)


def residual_by_recursion(std, gains, *, skip, scale, normalized):
    """Unrolled: the product of the factors, or the sum of what each branch adds."""
    if normalized:
        found = [(skip**(2 * n) * std**2 + sum(scale**2 * g**2 * skip**(2 * (n - 1 - i))
                                               for i, g in enumerate(gains[:n]))) for n in range(len(gains) + 1)]
        return torch.stack([torch.as_tensor(one, dtype=gains.dtype) for one in found]).sqrt()
    return std * torch.cat([gains.new_ones(1), (skip**2 + scale**2 * gains**2).cumprod(0)]).sqrt()


TWINS = {
    "qr": Twin("orthogonalize", matrix, {"method": "qr"}, oracle=orthogonal_by_library, shapes=MATRICES),
    "svd": Twin("orthogonalize", matrix, {"method": "svd"}, oracle=orthogonal_by_library, shapes=MATRICES),
    "signals": Twin("signals", network, {"activation": tanh, "slope": tanh_slope}, shapes=((4, 6), (1, 3))),
    "deviations, tanh": Twin("signal_deviations", network, {"activation": tanh, "slope": tanh_slope},
                             oracle=signals_by_autograd, shapes=((4, 6), (6, 4), (1, 3))),
    "deviations, relu": Twin("signal_deviations", network, {"activation": relu, "slope": relu_slope},
                             oracle=signals_by_autograd, shapes=((4, 6), (6, 4))),
    "lsuv": Twin("lsuv", lambda rng, shape: network(rng, shape)[:2], {"activation": tanh, "std": 1.5},
                 shapes=((4, 6), (6, 4))),
    "measured gains": Twin("measured_gains", lambda rng, shape: tuple(rng.normal(size=(3, *shape))),
                           oracle=lambda s, z, slopes: (s.norm() / z.norm(), slopes.numel()**.5 / slopes.norm()),
                           shapes=((4,), (2, 3), (2, 1, 4))),
    "residual": Twin("residual_deviations", lambda rng, shape: (1.3, abs(rng.normal(size=shape))),
                     {"skip": .9, "scale": .4, "normalized": False}, oracle=residual_by_recursion,
                     shapes=((0,), (1,), (6,))),
    "residual, normalized": Twin("residual_deviations", lambda rng, shape: (1.3, abs(rng.normal(size=shape))),
                                 {"skip": .9, "scale": .4, "normalized": True}, oracle=residual_by_recursion,
                                 shapes=((0,), (1,), (6,))),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


@pytest.mark.parametrize(("activation", "slope"), [(tanh, tanh_slope), (relu, relu_slope)])
def test_expected_deviations_are_the_same_in_both(activation, slope):
    for g in (.5, 1.0, 1.7):
        ours, theirs = (module.expected_deviations(g, 12, activation=activation, slope=slope)
                        for module in (reference, pytorch))
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-10)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_spread_is_the_same_in_both(mode, distribution):
    ours, theirs = (module.spread(30, 70, gain=1.3, mode=mode, distribution=distribution)
                    for module in (reference, pytorch))
    assert ours == pytest.approx(theirs, rel=1e-14)


# ------------------------------------------------------------------------------------- torch.nn.init, by its moments


LIBRARY = {
    "xavier, uniform": ("xavier", {"distribution": "uniform"}, nn.init.xavier_uniform_, {}),
    "xavier, normal": ("xavier", {"distribution": "normal"}, nn.init.xavier_normal_, {}),
    "xavier, a gain": ("xavier", {"distribution": "normal", "gain": 5 / 3}, nn.init.xavier_normal_, {"gain": 5 / 3}),
    "he": ("he", {}, nn.init.kaiming_normal_, {"nonlinearity": "relu"}),
    "he, fan-out": ("he", {"mode": "fan_out"}, nn.init.kaiming_normal_, {"nonlinearity": "relu", "mode": "fan_out"}),
    "he, uniform": ("he", {"distribution": "uniform"}, nn.init.kaiming_uniform_, {"nonlinearity": "relu"}),
    "orthogonal": ("orthogonal", {"gain": 1.5}, nn.init.orthogonal_, {"gain": 1.5}),
    "uniform": ("uniform", {"a": .07}, nn.init.uniform_, {"a": -.07, "b": .07}),
    "normal": ("normal", {"std": .01}, nn.init.normal_, {"std": .01}),
}


def moments(weights):
    """Deviation, mean over the deviation, kurtosis, and the largest number over the deviation where that is bounded."""
    w = np.asarray(weights, np.float64)
    kurtosis = (w**4).mean() / (w**2).mean()**2
    return [w.std() * 100, w.mean() / w.std(), kurtosis, abs(w).max() / w.std() if kurtosis < 2.5 else 0]


@pytest.mark.parametrize("row", LIBRARY)
@MODULES
def test_the_moments_are_those_of_the_library(module, row):
    name, hyper, library, options = LIBRARY[row]
    torch.manual_seed(1)
    theirs = library(torch.empty(150, 400), **options)          # PyTorch keeps the transpose
    ours = drawn(module, name, 2, (400, 150), **hyper)
    assert ours.shape == (400, 150)
    np.testing.assert_allclose(moments(ours), moments(theirs), rtol=.02, atol=.02)


@MODULES
@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize("method", ["qr", "svd"])
def test_an_orthogonal_start_has_equal_singular_values(module, shape, method):
    weights = drawn(module, "orthogonal", 0, shape, gain=1.5, method=method)
    np.testing.assert_allclose(np.linalg.svd(weights, compute_uv=False), 1.5, rtol=1e-5)


@MODULES
def test_the_signs_make_every_rotation_as_likely(module):
    """QR's own convention would give the corner one sign."""
    corners = [drawn(module, "orthogonal", seed, (4, 4))[0, 0] for seed in range(400)]
    assert abs(np.mean(np.sign(corners))) < .15
    assert np.mean(np.square(corners)) == pytest.approx(1 / 4, abs=.04)
    own = [np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0][0, 0] for seed in range(50)]
    assert max(own) < 0


@MODULES
def test_the_identity_is_the_library_s(module):
    for shape in ((3, 3), (2, 4), (4, 2)):
        expected = nn.init.eye_(torch.empty(shape)) * .5
        np.testing.assert_array_equal(module.identity(shape, gain=.5), expected)


@MODULES
def test_one_seed_is_one_start_and_the_global_generator_is_left_alone(module):
    before = torch.random.get_rng_state()
    for name, hyper in {"uniform": {"a": 1.}, "normal": {"std": 1.}, "xavier": {}, "he": {}, "orthogonal": {}}.items():
        first, again, other = (drawn(module, name, seed, (4, 3), **hyper) for seed in (5, 5, 6))
        np.testing.assert_array_equal(first, again)
        assert not np.allclose(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


# ------------------------------------------------------------------------------------------------------- closed forms


@MODULES
def test_gains_have_their_closed_forms(module):
    assert module.gain(relu) == pytest.approx(math.sqrt(2), rel=1e-10)
    assert module.gain(relu_slope) == pytest.approx(math.sqrt(2), rel=1e-10)
    assert module.gain(lambda s: s) == pytest.approx(1, rel=1e-10)
    assert module.gain(lambda s: 3 * s) == pytest.approx(1 / 3, rel=1e-10)
    leaky = nn.init.calculate_gain("leaky_relu", .1)
    assert module.gain(lambda s: s * (s > 0) + .1 * s * (s <= 0)) == pytest.approx(leaky, rel=1e-10)


def test_the_gain_of_tanh_is_that_of_a_large_sample():
    s = np.random.default_rng(0).normal(size=10**6)
    assert reference.gain(np.tanh) == pytest.approx(np.mean(np.tanh(s)**2)**-.5, rel=2e-3)
    assert reference.measured_gains(s, np.tanh(s), tanh_slope(s)) == pytest.approx(
        (reference.gain(np.tanh), reference.gain(tanh_slope)), rel=2e-3)


def test_expected_deviations_of_linear_and_rectified_layers_are_powers():
    powers = 1.3 ** np.arange(1, 6)
    linear = reference.expected_deviations(1.3, 5, activation=lambda s: s, slope=np.ones_like)
    np.testing.assert_allclose(linear.forward, powers, rtol=1e-10)
    np.testing.assert_allclose(linear.backward, powers[::-1] / 1.3, rtol=1e-10)
    rectified = reference.expected_deviations(math.sqrt(2), 5, activation=relu, slope=relu_slope)
    np.testing.assert_allclose(rectified.forward, math.sqrt(1 - 1 / math.pi), rtol=1e-6)
    np.testing.assert_allclose(rectified.backward, math.sqrt(.5), rtol=1e-10)


@pytest.mark.parametrize(("activation", "slope", "g"), [(np.tanh, tanh_slope, 1.0), (np.tanh, tanh_slope, 1.6),
                                                        (relu, relu_slope, 1.0), (relu, relu_slope, 2**.5)])
def test_wide_layers_do_what_is_expected_of_them(activation, slope, g):
    rng = np.random.default_rng(4)
    weights = [reference.normal(rng, (600, 600), std=g / math.sqrt(600)) for _ in range(6)]
    X, delta = rng.normal(size=(300, 600)), rng.normal(size=(300, 600))
    found = reference.signal_deviations(weights, X, delta, activation=activation, slope=slope)
    expected = reference.expected_deviations(g, 6, activation=activation, slope=slope)
    np.testing.assert_allclose(found.forward, expected.forward, rtol=.08)
    np.testing.assert_allclose(found.backward, expected.backward, rtol=.08)


@MODULES
def test_lsuv_gives_the_sums_one_deviation_and_leaves_a_layer_without_a_signal(module):
    weights, X, _ = network(np.random.default_rng(0), (6, 4))
    as_given = np.asarray if module is reference else torch.tensor
    found = module.lsuv([as_given(W) for W in weights], as_given(X), activation=tanh, std=.8)
    z = X
    for W, old in zip(map(np.asarray, found), weights, strict=True):
        assert (z @ W).std() == pytest.approx(.8, rel=1e-12)
        np.testing.assert_allclose(W / old, (W / old)[0, 0], rtol=1e-12)
        z = np.tanh(z @ W)
    dead = module.lsuv([as_given(np.zeros((6, 4))), as_given(weights[1])], as_given(X), activation=tanh)
    assert (np.asarray(dead[0]) == 0).all()
    np.testing.assert_array_equal(dead[1], weights[1])


# ------------------------------------------------------------------------------------------------------------ modules


def test_init_weights_is_he_s_start():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(16, 64, 5), nn.ReLU(), nn.BatchNorm2d(64), nn.Flatten(), nn.Linear(300, 200),
                          nn.ReLU(), nn.Linear(200, 500, bias=False))
    model[2].weight.data.fill_(3)
    before = torch.random.get_rng_state()
    pytorch.init_weights(model, torch.Generator().manual_seed(3))
    assert torch.equal(before, torch.random.get_rng_state())
    for layer, n, g in ((model[0], 16 * 25, 2), (model[4], 300, 2), (model[6], 200, 1)):
        assert layer.weight.var().item() * n == pytest.approx(g, rel=.05)
        assert layer.weight.requires_grad
        assert layer.weight.grad_fn is None
        assert layer.bias is None or (layer.bias == 0).all()
    assert (model[2].weight == 3).all()


def test_networks_side_by_side_learn_as_one_alone_does():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    X, y, orders = torch.randn(11, 5), torch.arange(11) % 3, torch.stack([torch.randperm(11) for _ in range(3)])
    first = [(part.weight.detach().T[None], part.bias.detach()[None, None]) for part in (module[0], module[2])]
    pair = [(torch.cat([W, 2 * W]), torch.cat([b, b])) for W, b in first]
    before = [(W.clone(), b.clone()) for W, b in pair]
    *_, last = pytorch.train_many(pair, X, y, orders, lr=.3, batch_size=4, activation=torch.tanh)
    optimizer = torch.optim.SGD(module.parameters(), lr=.3)
    for m in (m for order in orders for m in order.split(4)):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(X[m]), y[m]).backward()
        optimizer.step()
    torch.testing.assert_close(pytorch.feed_many(last, X, torch.tanh)[0], module(X).detach(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(now, then) for now, then in zip(sum(pair, ()), sum(before, ()), strict=True))


def test_a_gradient_keeps_its_length_through_an_orthogonal_recurrence_and_goes_with_the_power_of_another():
    generator = torch.Generator().manual_seed(0)
    rotation = pytorch.orthogonal(generator, (8, 8))
    run = {key: list(pytorch.train_recurrence(generator, gain * rotation, delay=12, steps=6, lr=.01, constrained=True))
           for key, gain in (("kept", 1.0), ("shrunk", .5))}
    np.testing.assert_allclose([factor for _, factor in run["kept"]], 1, rtol=1e-4)
    assert run["shrunk"][0][1] == pytest.approx(.5**12, rel=1e-4)
    assert run["shrunk"][1][1] == pytest.approx(1, rel=1e-4)        # the constraint has taken hold
    losses = [loss for loss, _ in pytorch.train_recurrence(generator, rotation, delay=12, steps=60, lr=.01,
                                                           constrained=True)]
    assert np.mean(losses[-5:]) < .8 * np.mean(losses[:5])
