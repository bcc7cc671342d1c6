"""The closing practice: its loop against finite differences and the library, its tables against sums by hand."""
import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from solutions.capstone import checks, pytorch, reference, training
from solutions.gradient_descent.reference import gradient_check

SIZES = (6, 5, 4, 3)


def made(active, seed=0, n=9):
    rng = np.random.default_rng(seed)
    params = np.stack([training.first_params(rng, SIZES, active) for _ in range(2)]).astype(float)
    params += .1 * rng.normal(size=params.shape)
    X, y = rng.normal(size=(2, n, 6)), rng.integers(3, size=(2, n))
    masks = [rng.random((2, n, M)) > .3 for M in SIZES[1:-1]] if "dropout" in active else None
    return params, X, y, masks


@pytest.mark.parametrize("active", [set(), {"relu", "he"}, {"batch norm"}, {"relu", "he", "batch norm", "dropout"}],
                         ids=lambda active: "+".join(sorted(active)) or "none")
def test_the_gradient_is_that_of_finite_differences(active):
    params, X, y, masks = made(frozenset(active))

    def loss(params):
        logits = training.forward(training.layers_of(params, SIZES), X, active, masks=masks)[0][-1]
        return training.cross_entropy(logits, y)[0].sum()

    grads = training.gradient(training.layers_of(params, SIZES), X, y, active, masks=masks)
    assert grads.shape == params.shape
    assert gradient_check(loss, lambda _: grads, params) < 1e-6


def test_the_logits_are_those_of_pytorchs_layers():
    active = frozenset({"relu", "batch norm"})
    params, X, _, _ = made(active)
    layers = training.layers_of(params, SIZES)
    logits = training.forward(layers, X, active)[0][-1]
    for r in range(2):
        z = torch.tensor(X[r])
        for W, gamma, beta in layers[:-1]:
            z = torch.nn.functional.batch_norm(z @ torch.tensor(W[r]), None, None, torch.tensor(gamma[r, 0]),
                                               torch.tensor(beta[r, 0]), training=True).relu()
        expected = z @ torch.tensor(layers[-1].W[r]) + torch.tensor(layers[-1].beta[r])
        np.testing.assert_allclose(logits[r], expected, rtol=1e-10, atol=1e-12)


def test_shifts_leave_one_image_as_it_is_and_move_the_others_by_half_a_pixel():
    X = np.random.default_rng(0).random((3, 64))
    moved = training.shifted(X).reshape(9, 3, 8, 8)
    image = X.reshape(3, 8, 8)
    np.testing.assert_array_equal(moved[4], image)
    np.testing.assert_allclose(moved[3][:, :, 1:], (image[:, :, 1:] + image[:, :, :-1]) / 2)
    np.testing.assert_allclose(moved[1][:, 1:], (image[:, 1:] + image[:, :-1]) / 2)


def test_networks_side_by_side_are_those_that_train_alone():
    X, y = load_digits(return_X_y=True)
    X = X[:120].astype(np.float32)
    active = {"relu", "he", "dropout", "shifts", "momentum", "cosine", "weight decay"}
    options = {"budget": 300, "batch_size": 30}
    both = training.predict(training.train(X, y[:120], active, lrs=[.01, .02], seeds=[3, 4], **options), X)
    for r, (lr, seed) in enumerate([(.01, 3), (.01, 4), (.02, 3), (.02, 4)]):
        alone = training.train(X, y[:120], active, lrs=[lr], seeds=[seed], **options)
        np.testing.assert_allclose(training.predict(alone, X)[0], both[r], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("last", ["momentum", "adam"])
def test_it_learns_the_digits(last):
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))       # they come writer by writer
    X, y = X[order].astype(np.float32), y[order]
    run = training.train(X[:300], y[:300], {"standardize", "relu", "he", "batch norm", "cosine", last},
                         lrs=[.1 if last == "momentum" else .01], seeds=[0], budget=6000)
    assert training.accuracy(run, X[300:], y[300:])[0] > .85


def test_an_ablation_of_scores_that_add_up_finds_the_same_gain_and_loss():
    worth = {"a": .1, "b": -.2, "c": .05}
    luck = {0: .01, 1: -.03, 2: .02}
    table = reference.ablation(lambda active, seed: sum(worth[name] * (1 + luck[seed]) for name in active) + luck[seed],
                               [*worth], [*luck])
    np.testing.assert_allclose(table.gains, [*worth.values()], atol=1e-12)
    np.testing.assert_allclose(table.losses, table.gains, atol=1e-12)
    spread = np.std([*luck.values()], ddof=1)
    np.testing.assert_allclose(table.gain_spreads, np.abs([*worth.values()]) * spread, atol=1e-12)
    assert table.none == pytest.approx(0, abs=1e-12)
    assert table.full == pytest.approx(-.05, abs=1e-12)


def test_a_comparison_pairs_the_seeds_and_spends_the_budget_by_cost():
    asked = []

    def run(method, lr, seed, steps):
        asked.append((method, lr, seed, steps))
        return -abs(np.log10(lr) + 1 + method), .5 + .1 * method * (1 + seed % 2) + seed / 100

    found = reference.fair_comparison(run, (10, 25), [.01, .1, 1.], tuning_seeds=[7], seeds=[0, 1, 2, 3], budget=109)
    assert found.lrs == (.1, .01)
    assert found.mean == pytest.approx(.15)
    assert found.error == pytest.approx(np.std([.1, .2, .1, .2], ddof=1) / 2)
    assert {(method, steps) for method, _, _, steps in asked} == {(0, 10), (1, 4)}
    assert len(asked) == len(set(asked)) == 2 * (3 + 4)


def test_the_graded_network_has_the_gradient_of_its_loss_and_counts_it():
    rng = np.random.default_rng(0)
    network = checks.Counted(4, 3, budget=10**6)
    X, y = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    params = network.start(rng) + .01

    def loss(params):
        log_p = torch.log_softmax(torch.tensor(network.logits(params, X)), 1).numpy()
        return -log_p[np.arange(6), y].mean()

    assert gradient_check(loss, lambda params: network.gradient(params, X, y), params) < 1e-6
    assert network.used == 6


def test_no_label_of_a_new_image_reaches_the_answer():
    """The arguments of a case hold training labels alone: those of new images are the judge's."""
    from solutions.capstone.exercises import fit, run

    for exercise in (run, fit):
        for case in exercise.draw(np.random.default_rng(5)):
            labels = [part for part in case.arguments if part.dtype.kind in "iu"]
            assert len(labels) == (1 if exercise is run else 2)
            assert len(case.private["labels"]) == len(case.arguments[-1])


def test_the_module_is_left_at_its_best_in_evaluation_mode_within_the_budget():
    torch.manual_seed(0)
    X, y = torch.randn(60, 5), torch.randint(3, (60,))
    model = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Dropout(.1),
                                torch.nn.Linear(16, 3))
    pytorch.fit_within(model, X[:40], y[:40], X[40:], y[40:], budget=4000, seed=0)
    with torch.no_grad():
        best = torch.nn.functional.cross_entropy(model(X[40:]), y[40:]).item()
    assert not model.training
    assert best < 1.6           # labels drawn at random: at the end of such a run the loss is far above log 3
