"""Model selection's functions: twin against twin, scikit-learn, closed forms, and searches that are counted."""
import itertools
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid, cross_val_score

from solutions.model_selection import pytorch, reference
from solutions.regularization.reference import map_estimate
from tests.solutions.twins import Twin, lifted, plain, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])

# ------------------------------------------------------------------------------------------------------------- twins


def measured(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape[0]), rng.normal(size=(5, shape[1]))


def moments(rng, shape):
    return rng.normal(size=shape), rng.uniform(.2, 2, shape)


def population(rng, shape):
    low = rng.uniform(.1, .2, shape[1])
    return (rng.uniform(.2, 2, shape), np.arange(shape[0]) % 2 == 0, rng.random((*shape, 2)), low,
            low * rng.uniform(2, 20, shape[1]))


def regression(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape[0])


def scikit_kernel(A, B, *, width):
    return torch.tensor(RBF(width)(A.double().numpy(), B.double().numpy())).to(A)


def scikit_process(X, y, X_new, *, width, noise):
    model = GaussianProcessRegressor(RBF(width), alpha=noise**2, optimizer=None).fit(X.double(), y.double())
    return tuple(torch.tensor(part).to(X) for part in model.predict(X_new.double(), return_std=True))


def by_integration(mean, deviation, *, best):
    out = [integrate.quad(lambda f, m=m, s=s: (best - f) * stats.norm.pdf(f, m, s), m - 12 * s, best,
                          points=[m] if m < best else None)[0]
           for m, s in zip(mean.double().ravel().tolist(), deviation.double().ravel().tolist(), strict=True)]
    return torch.tensor(out).to(mean).reshape(mean.shape)


def normal_density(X, y, *, noise, scale):
    C = noise**2 * torch.eye(len(y), dtype=torch.float64) + scale**2 * X.double() @ X.double().T
    return torch.tensor(stats.multivariate_normal.logpdf(y.double(), cov=C)).to(X)


def ridge_and_inverse(X, y, X_new, *, noise, scale):
    """The mean by the MAP of another chapter, the deviation by an inverse."""
    w = map_estimate(X.double().numpy(), y.double().numpy(), noise=noise, scale=scale)
    S = np.linalg.inv(X.double().numpy().T @ X.double().numpy() / noise**2 + np.eye(X.shape[1]) / scale**2)
    new = X_new.double().numpy()
    return torch.tensor(new @ w).to(X), torch.tensor(np.sqrt(np.einsum("md,de,me->m", new, S, new))).to(X)


FLAT = {"float32": {"rtol": 1e-3, "atol": 1e-3}, "float64": {"rtol": 1e-10, "atol": 1e-10}}
WIDE = {"float32": {"rtol": 1e-3, "atol": 1e-3}, "float64": {"rtol": 1e-7, "atol": 1e-8}}
SETS = ((6, 2), (1, 3), (9, 1))
TWINS = {
    "log_uniform": Twin("log_uniform", lambda rng, s: (rng.random(s),), {"low": 1e-4, "high": 10.},
                        lambda u, **_: torch.pow(10, 5 * u - 4)),
    "whole numbers": Twin("log_uniform", lambda rng, s: (rng.random(s),), {"low": 2, "high": 300, "integer": True}),
    "rbf": Twin("rbf", lambda rng, s: (rng.normal(size=s), rng.normal(size=(4, s[1]))), {"width": .7},
                scikit_kernel, SETS, FLAT),
    "gp": Twin("gp_posterior", measured, {"width": .8, "noise": .3}, scikit_process, SETS, FLAT),
    "ei": Twin("expected_improvement", moments, {"best": -.4}, by_integration, tolerance=WIDE),
    "ucb": Twin("upper_confidence_bound", moments, {"kappa": 1.7}, lambda m, s, *, kappa: kappa * s - m),
    "explore": Twin("explore", population, {}, shapes=((6, 2), (1, 1), (4, 3))),
    "bayes": Twin("bayesian_regression", measured, {"noise": .6, "scale": 1.4}, ridge_and_inverse, SETS, FLAT),
    "evidence": Twin("log_evidence", regression, {"noise": .6, "scale": 1.4}, normal_density, SETS, FLAT),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# -------------------------------------------------------------------------------------------------------- validation


@MODULES
@pytest.mark.parametrize(("n", "k"), [(10, 5), (11, 4), (7, 7), (8, 3)])
def test_the_folds_are_scikit_learn_s(module, n, k):
    order = np.random.default_rng(n).permutation(n)
    splits = module.k_fold(lifted(order, as_tensors=module is pytorch), k=k)
    for (train, held), (_, places) in zip(splits, KFold(k).split(order), strict=True):
        np.testing.assert_array_equal(plain(held), order[places])
        np.testing.assert_array_equal(plain(train), np.delete(order, places))


def test_nested_cross_validation_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(29, 6))
    y, strengths = X[:, 0] + rng.normal(size=29), [.01, 1., 30., 1000.]

    def loss(strength, train, held):
        model = Ridge(alpha=strength).fit(X[train], y[train])
        return ((model.predict(X[held]) - y[held]) ** 2).mean()
    search = GridSearchCV(Ridge(), {"alpha": strengths}, scoring="neg_mean_squared_error", cv=KFold(3))
    losses, chosen = reference.nested_cv(loss, strengths, np.arange(29), outer=4, inner=3)
    np.testing.assert_allclose(losses, -cross_val_score(search, X, y, cv=KFold(4), scoring="neg_mean_squared_error"))
    for (train, _), j in zip(KFold(4).split(X), chosen, strict=True):
        assert search.fit(X[train], y[train]).best_params_["alpha"] == strengths[j]


def test_no_choice_sees_its_own_test_fold():
    order, calls = np.arange(12), []

    def loss(config, train, held):
        calls.append((set(train), set(held)))
        return config
    reference.nested_cv(loss, [2., 1.], order, outer=3, inner=2)
    each = 2 * 2 + 1
    assert len(calls) == 3 * each
    for one in range(3):
        *inside, (train, test) = calls[one * each:(one + 1) * each]
        assert train | test == set(order)
        assert not train & test
        assert all(a | b == train and not a & b for a, b in inside)


# ---------------------------------------------------------------------------------------------------- blind searches


def bowl(point):
    return float(((point - .3) ** 2).sum())


def test_59_draws_find_one_of_the_best_twentieth_and_58_do_not_suffice():
    assert reference.draws_needed(share=.05, chance=.95) == 59
    assert 1 - .95**59 >= .95 > 1 - .95**58


@MODULES
def test_whole_numbers_are_drawn_as_often_as_the_logarithm_says(module):
    u = (np.arange(200_000) + .5) / 200_000
    drawn = plain(module.log_uniform(lifted(u, as_tensors=module is pytorch), low=2, high=9, integer=True))
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(2, 10))
    np.testing.assert_allclose(counts / len(u), np.log1p(1 / values) / math.log(5), atol=1e-5)


def test_a_grid_is_scikit_learn_s():
    axes = [(.1, 1., 10.), (2., 3.)]
    points, losses = reference.grid_search(bowl, axes)
    assert [tuple(p) for p in points] == [(g["a"], g["b"]) for g in ParameterGrid({"a": axes[0], "b": axes[1]})]
    np.testing.assert_allclose(losses, ((points - .3) ** 2).sum(axis=1))


def test_random_search_asks_the_points_of_its_draws():
    u, low, high = np.random.default_rng(0).random((7, 2)), np.array([-1., 5.]), np.array([3., 6.])
    points, losses = reference.random_search(bowl, u, low, high)
    np.testing.assert_allclose((points - low) / (high - low), u, rtol=1e-12)
    np.testing.assert_allclose(losses, ((points - .3) ** 2).sum(axis=1))


def test_guided_search_stays_in_its_boxes_and_the_boxes_in_the_whole():
    low, high = np.array([-1., 0.]), np.array([3., 1.])
    for seed in range(5):
        u = np.random.default_rng(seed).random((6, 5, 2))
        points, losses = reference.guided_random_search(bowl, u, low, high, shrink=.6)
        assert (points >= low).all()
        assert (points <= high).all()
        assert len(points) == 30
        for t in range(1, 6):
            best, side = points[np.argmin(losses[:5 * t])], (high - low) * .6**t
            corner = points[5 * t:5 * t + 5] - side * u[t]
            np.testing.assert_allclose(corner, np.broadcast_to(corner[0], corner.shape), atol=1e-12)
            assert (corner[0] <= best + 1e-12).all()
            assert (best <= corner[0] + side + 1e-12).all()
            inside = (best - side / 2 > low) & (best + side / 2 < high)
            np.testing.assert_allclose((corner[0] + side / 2)[inside], best[inside], atol=1e-12)


def test_a_guided_search_that_does_not_shrink_is_random_search():
    u, low, high = np.random.default_rng(1).random((4, 3, 2)), np.zeros(2), np.array([1., 4.])
    for one, other in zip(reference.guided_random_search(bowl, u, low, high, shrink=1.),
                          reference.random_search(bowl, u.reshape(12, 2), low, high), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


# ------------------------------------------------------------------------------------------------- a model of losses


@MODULES
def test_a_process_goes_through_what_was_measured_without_noise_and_is_the_prior_far_away(module):
    X, y = np.array([[0.], [1.], [2.5]]), np.array([1., -1., .5])
    new = np.array([[0.], [1.], [2.5], [99.]])
    mean, deviation = (plain(part) for part in module.gp_posterior(*lifted((X, y, new), as_tensors=module is pytorch),
                                                                   width=.8, noise=1e-6))
    np.testing.assert_allclose(mean, [*y, 0], atol=1e-9)
    np.testing.assert_allclose(deviation, [0, 0, 0, 1], atol=1e-5)


def test_expected_improvement_far_above_the_best_is_small_and_not_negative():
    values = reference.expected_improvement(np.array([30., 8.]), np.array([1., 1.]), best=0.)
    assert (values >= 0).all()
    assert 0 < values[1] < 1e-15
    far = reference.expected_improvement(np.array([-5.]), np.array([1e-9]), best=0.)
    np.testing.assert_allclose(far, 5)


@pytest.mark.parametrize("acquire", [lambda m, s, best: reference.expected_improvement(m, s + 1e-9, best=best),
                                     lambda m, s, best: reference.upper_confidence_bound(m, s, kappa=2.)])
def test_bayesian_optimization_spends_its_budget_and_beats_the_best_of_its_start(acquire):
    rng = np.random.default_rng(0)
    start, candidates = rng.random((3, 2)), rng.random((200, 2))
    points, losses = reference.bayesian_optimization(bowl, start, candidates, budget=15, acquire=acquire, width=.4,
                                                     noise=1e-2)
    assert points.shape == (15, 2)
    assert len(losses) == 15
    np.testing.assert_array_equal(points[:3], start)
    np.testing.assert_allclose(losses, [bowl(p) for p in points])
    assert losses.min() < .01 < losses[:3].min()


# --------------------------------------------------------------------------------------------- within the training


@pytest.mark.parametrize(("count", "eta", "rounds"), [(16, 2, [16, 8, 4, 2, 1]), (9, 3, [9, 3, 1]), (5, 2, [5, 2, 1]),
                                                      (1, 2, [1])])
def test_halving_keeps_the_best_and_counts_its_steps(count, eta, rounds):
    quality, asked = np.random.default_rng(count).permutation(count), []

    def train(alive, steps):
        asked.append((len(alive), steps))
        return quality[alive] + 1 / steps
    winner, spent = reference.successive_halving(train, count, steps=2, eta=eta)
    assert quality[winner] == 0
    assert [n for n, _ in asked] == rounds
    assert [steps for _, steps in asked] == [2 * eta**i for i in range(len(rounds))]
    assert spent == sum(n * steps for n, steps in asked)


def test_only_the_worst_copy_and_only_from_the_best():
    losses = np.array([3., 1., np.nan, 7., 2., 5., 6., 4.])
    for seed in range(10):
        source = reference.exploit(losses, np.random.default_rng(seed), share=.25)
        assert set(np.flatnonzero(source != np.arange(8))) == {2, 3}
        assert set(source[[2, 3]]) <= {1, 4}


def test_a_lineage_tells_where_the_weights_come_from():
    low, high = np.array([1e-3]), np.array([1.])
    rng = np.random.default_rng(0)
    names = [np.arange(8)[:, None] * np.ones(3)]

    def train(params, hypers):
        return [params[0] + 0], (params[0][:, 0] - 3) ** 2 + 1e-3 * hypers[:, 0]
    params, lineage = reference.population_based_training(train, names, reference.log_uniform(
        rng.random((8, 1)), low=low, high=high), rng, low, high, rounds=5, share=.25)
    who = np.arange(8)
    for round_, parents in enumerate(lineage.parents):
        who = who[parents]
        kept = parents == np.arange(8)
        assert kept.all() if round_ == 0 else (~kept).sum() == 2
        if round_:
            np.testing.assert_array_equal(lineage.hypers[round_][kept], lineage.hypers[round_ - 1][kept])
    np.testing.assert_array_equal(params[0][:, 0], who)
    assert lineage.losses.shape == (5, 8)
    assert (lineage.hypers >= low).all()
    assert (lineage.hypers <= high).all()


# ------------------------------------------------------------------------------------------------------ the evidence


def test_scikit_learn_s_most_probable_strength_is_the_top_of_our_evidence():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(30, 4))
        y = X @ rng.normal(size=4) + .5 * rng.normal(size=30)
        model = BayesianRidge(alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, fit_intercept=False, compute_score=True,
                              tol=1e-12, max_iter=3000).fit(X, y)
        noise, scale = model.alpha_**-.5, model.lambda_**-.5
        here = reference.log_evidence(X, y, noise=noise, scale=scale)
        np.testing.assert_allclose(here, model.scores_[-1], rtol=1e-8)
        around = [reference.log_evidence(X, y, noise=noise * a, scale=scale * b)
                  for a, b in itertools.product((.98, 1, 1.02), repeat=2)]
        assert max(around) - here < 1e-6
        new = rng.normal(size=(5, 4))
        mean, deviation = model.predict(new, return_std=True)
        ours = reference.bayesian_regression(X, y, new, noise=noise, scale=scale)
        np.testing.assert_allclose(ours[0], mean, rtol=1e-8)
        np.testing.assert_allclose(ours[1]**2 + noise**2, deviation**2, rtol=1e-8)


@MODULES
def test_the_evidence_is_a_product_of_predictions_each_made_before_its_target_was_seen(module):
    """The chain rule of probabilities: ln p(y) = Σ ln p(y_n | y_1 … y_{n-1})."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 3)), rng.normal(size=7)
    total = 0.
    for n in range(7):
        seen = lifted((X[:n], y[:n], X[n:n + 1]), as_tensors=module is pytorch)
        mean, deviation = (plain(part)[0] for part in module.bayesian_regression(*seen, noise=.7, scale=1.2))
        total += stats.norm.logpdf(y[n], mean, math.hypot(deviation, .7))
    whole = module.log_evidence(*lifted((X, y), as_tensors=module is pytorch), noise=.7, scale=1.2)
    assert np.isclose(float(whole), total, rtol=1e-10)


# ------------------------------------------------------------------------------------------------------------ PyTorch


def test_a_batch_of_guesses_is_what_one_after_the_other_would_be_if_the_mean_were_met():
    """With each loss equal to the mean that was expected, the process gives the same next choice and score."""
    rng = np.random.default_rng(0)
    X, y, candidates = (torch.tensor(a) for a in (rng.random((4, 2)), rng.normal(size=4), rng.random((30, 2))))
    options = {"width": .3, "noise": .2}
    chosen, scores = pytorch.ucb_batch(X, y, candidates, count=5, kappa=2., **options)
    for j, score in zip(chosen, scores, strict=True):
        mean, deviation = pytorch.gp_posterior(X, y, candidates, **options)
        assert torch.isclose(score, (2 * deviation - mean)[j], rtol=1e-9)
        X, y = torch.cat([X, candidates[j][None]]), torch.cat([y, mean[j][None]])
    assert len(set(chosen.tolist())) == 5


def test_a_race_is_won_within_the_budget():
    model = torch.nn.Linear(1, 1, bias=False).double()
    torch.nn.init.ones_(model.weight)
    steps = []

    def loss(net, data):
        steps.append(data)
        return (net(torch.full((1, 1), data, dtype=torch.float64)) ** 2).mean()
    results = pytorch.fair_race(model, {
        "one": [lambda p: torch.optim.SGD(p, lr=.1)],
        "three": [lambda p, lr=lr: torch.optim.SGD(p, lr=lr) for lr in (.1, 1e200, .2)]}, loss, [1., 1.],
        2., 3., budget=7)
    assert steps.count(1.) == 7 + 3 * 2
    assert results["one"][0] == 0
    assert results["three"][0] == 2
    assert model.weight.item() == 1
    np.testing.assert_allclose(results["one"][1:], [4 * .8**14, 9 * .8**14])
    np.testing.assert_allclose(results["three"][1:], [4 * .6**4, 9 * .6**4])
