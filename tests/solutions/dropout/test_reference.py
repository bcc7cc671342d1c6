"""Dropout's functions: twin against twin, exact sums over all masks, PyTorch's own layers by their moments."""
from functools import partial
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import Ridge

from solutions.dropout import pytorch, reference
from solutions.dropout.pruning import logistic_regression, prune
from solutions.gradient_descent.reference import Layer, gradient_check
from tests.solutions.twins import Twin, lifted, plain, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
P = pytest.mark.parametrize("p", [.2, .5, .8])


# ------------------------------------------------------------------------------------------------------------- twins


def masked(rng, shape, extra=()):
    return rng.normal(size=shape), rng.random((*shape, *extra)) < .6


def channels(rng, shape):
    return rng.normal(size=shape), rng.random(shape[:2]) < .6


def affine(rng, shape):
    D = shape[1]
    return rng.normal(size=shape), rng.normal(size=(D, 3)), rng.normal(size=3)


def connected(rng, shape):
    return (*affine(rng, shape), rng.random((*shape, 3)) < .6)


def layers_and_examples(rng, shape):
    D = shape[1]
    return [Layer(rng.normal(size=(D, 3)), rng.normal(size=3)), Layer(rng.normal(size=(3, 4)), rng.normal(size=4))], \
        rng.normal(size=shape)


def to_prune(rng, shape):
    half = rng.normal(size=(2 * shape[0], *shape))
    kept = np.arange(shape[0]) % 3 != 1
    return rng.normal(size=shape) * kept, half.T @ half, kept


def pruned_in_full(weights, hessian, kept):
    """Minimise ½ δᵀHδ under the constraints, for every candidate, by Lagrange's equations."""
    H, best = hessian.double(), None
    for q in kept.nonzero()[:, 0]:
        gone = [int(i) for i in (~kept).nonzero()[:, 0]] + [int(q)]
        C = torch.eye(len(weights), dtype=torch.float64)[gone]
        kkt = torch.cat([torch.cat([H, C.T], 1), torch.cat([C, torch.zeros(len(C), len(C), dtype=torch.float64)], 1)])
        target = torch.cat([torch.zeros(len(weights), dtype=torch.float64), -C @ weights.double()])
        delta = torch.linalg.solve(kkt, target)[:len(weights)]
        rise = delta @ H @ delta / 2
        if best is None or rise < best[0]:
            left = kept.clone()
            left[q] = False
            best = rise, (weights + delta).to(weights.dtype), left
    return best[1:]


def ridge_of_scaled_columns(X, y, *, p):
    size = X.norm(dim=0)
    model = Ridge(alpha=p / (1 - p), fit_intercept=False, solver="cholesky").fit((X / size).double(), y.double())
    return torch.tensor(model.coef_).to(X) / size


def through_conv(x, mask, *, p):
    """The mask as `F.dropout` itself would have drawn it: whole channels of a depthwise 1×1 convolution."""
    scale = mask.to(x) / (1 - p)
    return torch.stack([F.conv2d(one[None], s[:, None, None, None], groups=len(s))[0]
                        for one, s in zip(x, scale, strict=True)])


WIDE = {"float32": {"rtol": 2e-3, "atol": 2e-3}, "float64": {"rtol": 1e-9, "atol": 1e-10}}
TWINS = {
    "dropout": Twin("dropout", masked, {"p": .3}, lambda x, m, *, p: torch.where(m, x / (1 - p), 0.)),
    "dropout, testing": Twin("dropout", masked, {"p": .3, "training": False}, lambda x, m, *, p, training: x),
    "original": Twin("dropout", masked, {"p": .3, "form": "original"}, lambda x, m, *, p, form: torch.where(m, x, 0.)),
    "original, testing": Twin("dropout", masked, {"p": .3, "form": "original", "training": False},
                              lambda x, m, *, p, **_: x * .7),
    "gaussian": Twin("gaussian_dropout", lambda rng, s: (rng.normal(size=s), rng.normal(size=s)), {"p": .2},
                     lambda x, e, *, p: x + x * e / 2),
    "gaussian, testing": Twin("gaussian_dropout", lambda rng, s: (rng.normal(size=s), rng.normal(size=s)),
                              {"p": .2, "training": False}, lambda x, e, *, p, training: x),
    "spatial": Twin("spatial_dropout", channels, {"p": .3}, through_conv, shapes=((2, 3, 4, 5), (1, 2, 1, 3))),
    "spatial, one axis": Twin("spatial_dropout", channels, {"p": .3}, shapes=((2, 3, 4), (3, 2), (2, 2, 2, 2, 2))),
    "spatial, testing": Twin("spatial_dropout", channels, {"p": .3, "training": False}, shapes=((2, 3, 4, 5),)),
    "dropconnect": Twin("dropconnect", connected, {"p": .3}, shapes=((4, 2), (1, 5)), oracle=lambda x, W, b, m, *, p:
                        torch.stack([F.linear(x[n], (W * m[n] / (1 - p)).T, b) for n in range(len(x))])),
    "dropconnect, testing": Twin("dropconnect", connected, {"p": .3, "training": False}, shapes=((4, 2),),
                                 oracle=lambda x, W, b, m, **_: F.linear(x, W.T, b)),
    "moments": Twin("dropconnect_moments", affine, {"p": .3}, shapes=((4, 2), (1, 5))),
    "ridge": Twin("dropout_ridge", lambda rng, s: (rng.normal(size=s), rng.normal(size=s[0])), {"p": .3},
                  ridge_of_scaled_columns, shapes=((20, 3), (9, 1)), tolerance=WIDE),
    "log_softmax": Twin("log_softmax", lambda rng, s: (300 * rng.normal(size=s),),
                        oracle=partial(F.log_softmax, dim=-1), shapes=((4,), (2, 3), (2, 2, 3))),
    "thinned": Twin("thinned_ensemble", layers_and_examples, {"p": .3}, shapes=((2, 4), (1, 2))),
    "scaled": Twin("scaled_net", layers_and_examples, {"p": .3}, shapes=((2, 4), (1, 2))),
    "by probability": Twin("average_predictions", lambda rng, s: (9 * rng.normal(size=s),), {},
                           lambda z: F.softmax(z, -1).mean(0).log(), shapes=((3, 2, 4), (1, 2, 3))),
    "by logit": Twin("average_predictions", lambda rng, s: (9 * rng.normal(size=s),), {"by": "logit"},
                     lambda z, *, by: F.log_softmax(z.mean(0), -1), shapes=((3, 2, 4), (1, 2, 3))),
    "average of weights": Twin("average_weights", lambda rng, s: (
        [layers_and_examples(rng, s)[0] for _ in range(3)],), shapes=((2, 4),)),
    "saliency": Twin("saliency", lambda rng, s: (rng.normal(size=s), rng.random(s))),
    "surgeon": Twin("surgeon_step", to_prune, {}, pruned_in_full, shapes=((6,), (1,)), tolerance=WIDE),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


@pytest.mark.parametrize("by", ["probability", "logit"])
def test_the_twins_of_the_weighted_average_agree_and_a_weight_of_two_is_two_networks(by):
    logits = np.random.default_rng(0).normal(size=(3, 2, 4)) * [[[1000.]], [[1.]], [[3.]]]
    weights = np.array([1.0, 2.0, 1.0])
    found = reference.average_predictions(logits, by=by, weights=weights)
    twice = reference.average_predictions(logits[[0, 1, 1, 2]], by=by)
    twin = pytorch.average_predictions(*lifted((logits,), as_tensors=True), by=by, weights=torch.tensor(weights))
    np.testing.assert_allclose(found, twice, rtol=1e-12)
    np.testing.assert_allclose(twin, found, rtol=1e-12)


@MODULES
def test_what_has_no_name_is_refused(module):
    x = np.ones((1, 1, 2)) if module is reference else torch.ones(1, 1, 2)
    with pytest.raises(ValueError, match="no form 'scaled'"):
        module.dropout(x, x, p=.5, form="scaled")
    with pytest.raises(ValueError, match="no average by 'vote'"):
        module.average_predictions(x, by="vote")


# ------------------------------------------------------------------- moments: exact sums, and those of the library


@P
@pytest.mark.parametrize("form", ["inverted", "original"])
def test_the_mean_over_all_masks_is_what_is_tested(form, p):
    x = np.random.default_rng(0).normal(size=5)
    masks = reference.every_mask(5)
    weights = np.where(masks, 1 - p, p).prod(axis=1)
    mean = sum(w * reference.dropout(x, m, p=p, form=form) for w, m in zip(weights, masks, strict=True))
    np.testing.assert_allclose(mean, reference.dropout(x, None, p=p, form=form, training=False), rtol=1e-12)


@P
def test_the_library_drops_with_p_and_scales_as_the_inverted_form(p):
    torch.manual_seed(0)
    drawn = F.dropout(torch.ones(200_000, dtype=torch.float64), p)
    mask = drawn != 0
    np.testing.assert_array_equal(reference.dropout(np.ones(len(drawn)), mask.numpy(), p=p), drawn.numpy())
    assert abs(mask.double().mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / len(mask))
    assert drawn.var() == pytest.approx(p / (1 - p), rel=.03)


@P
def test_gaussian_dropout_has_the_moments_of_the_librarys_dropout(p):
    noise = np.random.default_rng(0).normal(size=200_000)
    torch.manual_seed(0)
    library = F.dropout(torch.ones(200_000, dtype=torch.float64), p).numpy()
    ours = reference.gaussian_dropout(np.ones(200_000), noise, p=p)
    assert ours.mean() == pytest.approx(library.mean(), abs=.02)
    assert ours.var() == pytest.approx(library.var(), rel=.03)


def test_spatial_dropout_is_the_librarys_with_the_same_channels():
    torch.manual_seed(0)
    x = torch.randn(4, 6, 3, 3, dtype=torch.float64)
    drawn = F.dropout2d(x, .4)
    mask = (drawn != 0).all(dim=(2, 3))
    assert 0 < mask.sum() < mask.numel()
    np.testing.assert_allclose(reference.spatial_dropout(x.numpy(), mask.numpy(), p=.4), drawn, rtol=1e-12)


@P
def test_dropconnects_moments_are_the_exact_sums_over_all_masks(p):
    rng = np.random.default_rng(0)
    x, W, b = affine(rng, (2, 3))
    masks = np.array(list(product([0, 1], repeat=9))).reshape(-1, 3, 3)
    weights = np.where(masks, 1 - p, p).prod(axis=(1, 2))
    sums = np.array([reference.dropconnect(x, W, b, np.stack([m, m]), p=p) - b for m in masks]) * (1 - p) + b
    mean = np.tensordot(weights, sums, 1)
    for module in (reference, pytorch):
        ours = module.dropconnect_moments(*lifted((x, W, b), as_tensors=module is pytorch), p=p)
        np.testing.assert_allclose(ours[0], mean, rtol=1e-12)
        np.testing.assert_allclose(ours[1], np.tensordot(weights, (sums - mean)**2, 1), rtol=1e-12)


@MODULES
@P
def test_dropout_is_its_own_backward_pass(module, p):
    rng = np.random.default_rng(1)
    x, mask, c = rng.normal(size=6), rng.random(6) > p, rng.normal(size=6)
    lift = partial(lifted, as_tensors=module is pytorch)

    def loss(x):
        return float((lift(c) * module.dropout(lift(x), lift(mask), p=p)**2).sum())

    def gradient(x):
        put_out = module.dropout(lift(x), lift(mask), p=p)
        return plain(module.dropout(2 * lift(c) * put_out, lift(mask), p=p))

    assert gradient_check(loss, gradient, x) < 1e-8


# ------------------------------------------------------------------------------------------------- the linear model


@P
def test_the_expected_loss_of_dropout_is_ridge_by_exact_sum_and_its_penalty_is_optimal_brain_damages_saliency(p):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=2)
    masks = np.array(list(product([0, 1], repeat=2)))       # of a row: the rows' losses add up
    weights = np.where(masks, 1 - p, p).prod(axis=1)
    expected = sum(weight * ((y - reference.dropout(X, np.tile(m, (6, 1)), p=p) @ w)**2).sum() / 2
                   for weight, m in zip(weights, masks, strict=True))
    salient = reference.saliency(w, np.diag(X.T @ X)).sum()
    assert expected == pytest.approx(((y - X @ w)**2).sum() / 2 + p / (1 - p) * salient, rel=1e-12)


def test_ridge_is_what_a_fit_to_drawn_masks_tends_to():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 5))
    y = X @ rng.normal(size=5) + rng.normal(size=50)
    drawn = np.concatenate([reference.dropout(X, rng.random(X.shape) < .8, p=.2) for _ in range(4000)])
    fitted = np.linalg.lstsq(drawn, np.tile(y, 4000))[0]
    assert np.abs(fitted - reference.dropout_ridge(X, y, p=.2)).max() < 6e-3
    plain_fit = np.linalg.lstsq(X, y)[0]
    assert np.abs(fitted - plain_fit).max() > .03


# ------------------------------------------------------------------------------------------------------ the ensemble


def test_every_mask_stands_there_once_in_both():
    for units in (1, 4):
        masks = reference.every_mask(units)
        assert masks.shape == (2**units, units)
        assert len({tuple(m) for m in masks}) == 2**units
        np.testing.assert_array_equal(pytorch.every_mask(units), masks)


@P
def test_the_scaled_net_is_the_geometric_mean_of_one_softmax_layer_and_of_no_deeper_one(p):
    rng = np.random.default_rng(0)
    one = [Layer(rng.normal(size=(8, 3)), rng.normal(size=3))]
    two = [Layer(rng.normal(size=(8, 4)), rng.normal(size=4)), Layer(rng.normal(size=(4, 3)), rng.normal(size=3))]
    X = rng.normal(size=(5, 8))
    gaps = {}
    for name, layers in (("one", one), ("two", two)):
        logits, weights = reference.thinned_ensemble(layers, X, p=p)
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        scaled = np.exp(reference.log_softmax(reference.scaled_net(layers, X, p=p)))
        for by in ("logit", "probability"):
            mean = np.exp(reference.average_predictions(logits, by=by, weights=weights))
            gaps[name, by] = np.abs(mean - scaled).max()
    assert gaps["one", "logit"] < 1e-14
    assert min(gaps[key] for key in gaps if key != ("one", "logit")) > 1e-3


# --------------------------------------------------------------------------------------------------------- pruning


def logistic(rng, units=5):
    X = rng.normal(size=(60, units))
    return logistic_regression(X, np.sign(X @ rng.normal(size=units) + rng.normal(size=60)))


def test_saliency_and_the_surgeons_rise_are_second_order_by_finite_differences():
    """Shrink the removed weight by a small share ε: the loss changes by ε² times what is predicted."""
    loss, gradient, H, w = logistic(np.random.default_rng(0))
    assert np.abs(gradient(w)).max() < 1e-12
    eps = 1e-3
    damage = reference.saliency(w, np.diag(H))
    for k in range(len(w)):
        e = np.eye(len(w))[k] * w[k] * eps
        assert (loss(w - e) + loss(w + e) - 2 * loss(w)) / 2 / eps**2 == pytest.approx(damage[k], rel=1e-4)
    new, kept = reference.surgeon_step(w, H, np.ones(len(w), bool))
    delta, (q,) = (new - w) * eps, np.flatnonzero(~kept)
    rise = w[q]**2 / (2 * np.linalg.inv(H)[q, q])
    assert (loss(w + delta) + loss(w - delta) - 2 * loss(w)) / 2 / eps**2 == pytest.approx(rise, rel=1e-4)
    assert rise <= damage.min()


def test_the_logistic_regression_stands_at_its_minimum_with_the_hessian_there():
    loss, gradient, H, w = logistic(np.random.default_rng(1))
    assert gradient_check(loss, gradient, w + .3) < 1e-8
    for k, e in enumerate(1e-5 * np.eye(len(w))):
        np.testing.assert_allclose((gradient(w + e) - gradient(w - e)) / 2e-5, H[k], atol=1e-9)


@pytest.mark.parametrize("by", ["size", "saliency", "surgeon"])
def test_pruning_removes_one_weight_at_a_time_for_good(by):
    _, _, H, w = logistic(np.random.default_rng(0))
    path = prune(w, H, by=by)
    assert ((path != 0).sum(axis=1) == [4, 3, 2, 1, 0]).all()
    assert (np.diff((path == 0).astype(int), axis=0) >= 0).all()
    cost = {"size": np.abs(w), "saliency": w**2 * np.diag(H), "surgeon": w**2 / np.diag(np.linalg.inv(H))}[by]
    assert path[0][np.argmin(cost)] == 0
    assert np.allclose(path[0][path[0] != 0], w[path[0] != 0]) == (by != "surgeon")


def test_on_a_parabola_the_surgeons_steps_end_where_a_new_fit_would():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 6)), rng.normal(size=30)
    weights, kept = np.linalg.lstsq(X, y)[0], np.ones(6, bool)
    for left in (5, 4, 3, 2, 1):
        weights, kept = reference.surgeon_step(weights, X.T @ X, kept)
        assert kept.sum() == left
        assert (weights[~kept] == 0).all()
        np.testing.assert_allclose(weights[kept], np.linalg.lstsq(X[:, kept], y)[0], rtol=1e-10)


# ------------------------------------------------------------------------------------------- PyTorch's module and call


@P
def test_the_module_has_dropouts_moments_and_is_silent_when_it_is_tested(p):
    torch.manual_seed(0)
    layer, x = pytorch.GaussianDropout(p), torch.ones(100_000, dtype=torch.float64)
    drawn = layer(x)
    assert drawn.mean().item() == pytest.approx(1, abs=.03)
    assert drawn.var().item() == pytest.approx(p / (1 - p), rel=.03)
    assert layer.eval()(x) is x
    half = pytorch.GaussianDropout(p)(torch.ones(3, dtype=torch.float16))
    assert half.dtype == torch.float16


def test_monte_carlo_dropout_averages_what_dropout_draws_and_leaves_every_mode():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Dropout(.5),
                                torch.nn.Linear(8, 3)).double()
    model[1].running_mean += .3
    model[3].eval()
    modes = [module.training for module in model.modules()]
    X, before = torch.randn(5, 4, dtype=torch.float64), model[1].running_mean.clone()
    mean, deviation = pytorch.monte_carlo_dropout(model, X, samples=4000)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(model[1].running_mean, before)
    model.eval()
    h = model[2](model[1](model[0](X))).detach().numpy()
    last = Layer(model[4].weight.detach().numpy().T, model[4].bias.detach().numpy())
    logits, weights = reference.thinned_ensemble([Layer(2 * last.W, last.b)], h, p=.5)      # inverted: W/(1-p)
    probabilities = np.exp(reference.log_softmax(logits))
    exact = np.tensordot(weights, probabilities, 1)
    np.testing.assert_allclose(mean, exact, atol=.02)
    np.testing.assert_allclose(deviation, np.sqrt(np.tensordot(weights, (probabilities - exact)**2, 1)), atol=.02)
    assert not mean.requires_grad
