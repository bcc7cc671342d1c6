"""The schedules, the noise and the queries: twin against twin, against `torch.optim.SGD`, and their properties."""
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from solutions.gradient_descent import checks, exercises, pytorch, reference
from tests.solutions.twins import Twin, lifted, plain, twin_checks

TOLERANCE = {"float32": {"rtol": 1e-4, "atol": 1e-5}, "float64": {"rtol": 1e-10, "atol": 1e-12}}
both = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "pytorch"])


def least_squares(params, X, y):
    return X.T @ (X @ params - y) / len(y)


def problem(n=7, shape=(3,), epochs=4, rng=None):
    rng = rng or np.random.default_rng(0)
    X, params, y = rng.normal(size=(n, 3)), rng.normal(size=shape), rng.normal(size=(n, *shape[1:]))
    return params, X, y, np.array([rng.permutation(n) for _ in range(epochs)])


def to(module, *arrays):
    return lifted(arrays, as_tensors=module is pytorch)


# ------------------------------------------------------------------------------------------ PyTorch's SGD as the oracle


def in_orders(rng, shape):
    params, X, y, orders = problem(shape=shape, epochs=15, rng=rng)
    return params, least_squares, X, y, orders


def everything(rng, shape):
    return in_orders(rng, shape)[:4]


def as_a_stream(rng, shape):
    params, _, X, y, orders = in_orders(rng, shape)
    return params, least_squares, [(X[n], y[n]) for n in orders.ravel()]


def by_sgd(params, X, y, batches, lr):
    """`torch.optim.SGD` and autograd on ½ mean squares."""
    p = params.clone().requires_grad_()
    optimizer = torch.optim.SGD([p], lr=lr)
    path = [params]
    for m in batches:
        optimizer.zero_grad()
        ((X[m] @ p - y[m])**2 / 2).sum().div(len(m)).backward()
        optimizer.step()
        path.append(p.detach().clone())
    return torch.stack(path)


def minibatch_oracle(params, _, X, y, orders, *, lr, batch_size=1):
    return by_sgd(params, X, y, [m for order in orders for m in order.split(batch_size)], lr)


def batch_oracle(params, _, X, y, *, lr, epochs):
    return by_sgd(params, X, y, [torch.arange(len(y))] * epochs, lr)


def stream_oracle(params, _, stream, *, lr):
    X, y = map(torch.stack, zip(*stream, strict=True))
    return by_sgd(params, X, y, torch.arange(len(y)).split(1), lr)


VECTOR_AND_MATRIX = [(3,), (3, 2)]
TWINS = {
    **{f"mini-batches of {size}": Twin("minibatch_sgd", in_orders, {"lr": .1, "batch_size": size}, minibatch_oracle,
                                       VECTOR_AND_MATRIX, TOLERANCE) for size in (1, 2, 3, 7, 20)},
    "sgd": Twin("sgd", in_orders, {"lr": .1}, minibatch_oracle, VECTOR_AND_MATRIX, TOLERANCE),
    "online": Twin("online", as_a_stream, {"lr": .1}, stream_oracle, VECTOR_AND_MATRIX, TOLERANCE),
    "batch": Twin("gradient_descent", everything, {"lr": .1, "epochs": 100}, batch_oracle, VECTOR_AND_MATRIX,
                  TOLERANCE),
    "noise_scale": Twin("noise_scale", lambda rng, shape: (rng.normal(size=shape) + 1,), shapes=[(40,), (40, 3, 2)],
                        tolerance=TOLERANCE),
    **{query: Twin(query, lambda rng, k: (rng.dirichlet(np.ones(4), 30), k), shapes=[0, 1, 5, 30])
       for query in ("margin_query", "entropy_query")},
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


@both
@pytest.mark.parametrize(("n", "batch_size", "lengths"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 5, [2]), (0, 3, [])])
def test_mini_batches_cut_an_order_into_all_its_parts(module, n, batch_size, lengths):
    order, = to(module, np.random.default_rng(0).permutation(n))
    batches = [batch for batch in module.minibatches(order, batch_size) if len(batch)]
    assert [len(batch) for batch in batches] == lengths
    assert [int(i) for batch in batches for i in batch] == order.tolist()


def test_the_network_walks_one_path_in_numpy_pytorch_and_the_library():
    X, y = load_digits(return_X_y=True)
    X, y, sizes = X[:300] / 16, y[:300], [64, 16, 10]
    first = reference.flatten(reference.mlp_init(np.random.default_rng(0), sizes))
    orders = np.array([np.random.default_rng(e).permutation(300) for e in range(5)])
    path = reference.minibatch_sgd(first, partial(reference.mlp_gradient, sizes=sizes), X, y, orders, lr=.5,
                                   batch_size=32)
    twin = pytorch.minibatch_sgd(torch.tensor(first), partial(pytorch.mlp_gradient, sizes=sizes), torch.tensor(X),
                                 torch.tensor(y), torch.tensor(orders), lr=.5, batch_size=32)
    net = pytorch.mlp_module(pytorch.unflatten(torch.tensor(first), sizes))
    optimizer = torch.optim.SGD(net.parameters(), lr=.5)
    steps = pytorch.train(net, torch.nn.functional.cross_entropy, optimizer, torch.tensor(X), torch.tensor(y),
                          torch.tensor(orders), batch_size=32)
    library = [first, *(pytorch.flatten(pytorch.module_layers(net)).numpy() for _ in steps)]
    np.testing.assert_allclose(twin, path, rtol=0, atol=1e-10)
    np.testing.assert_allclose(library, path, rtol=0, atol=1e-10)


# ------------------------------------------------------------------------------------------------------- what a step is


def test_a_batchs_gradient_is_the_mean_of_its_pieces_weighted_by_their_sizes():
    params, X, y, _ = problem(n=9)
    pieces = [least_squares(params, X[m], y[m]) * len(m) / 9 for m in np.split(np.arange(9), [2, 3])]
    np.testing.assert_allclose(sum(pieces), least_squares(params, X, y), rtol=1e-12)


@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (9, 3), (5, 8), (6, 1)])
def test_rates_for_mean_walk_the_path_of_sums(n, batch_size):
    params, X, y, orders = problem(n=n, epochs=1)
    lrs, decays = reference.rates_for_mean(.01, .3, n, batch_size)
    batches = reference.minibatches(orders[0], batch_size)
    assert len(batches) == len(lrs) == len(decays)
    by_sum = by_mean = params
    for m, lr, decay in zip(batches, lrs, decays, strict=True):
        by_sum = by_sum - .01 * (len(m) * least_squares(by_sum, X[m], y[m]) + .3 * by_sum)
        by_mean = by_mean - lr * (least_squares(by_mean, X[m], y[m]) + decay * by_mean)
    np.testing.assert_allclose(by_mean, by_sum, rtol=1e-12)


@pytest.mark.parametrize("sizes", [[4, 4], [5, 1, 3], [1] * 6, [7]], ids=str)
@pytest.mark.parametrize("momentum", [0.0, .9])
def test_accumulated_steps_are_the_large_batchs_steps(sizes, momentum):
    torch.manual_seed(0)
    nets = [torch.nn.Linear(3, 4).double() for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    steps = [torch.optim.SGD(net.parameters(), lr=.3, momentum=momentum) for net in nets]
    cross_entropy = torch.nn.functional.cross_entropy
    for _ in range(3):
        pieces = [(torch.randn(n, 3).double(), torch.randint(4, (n,))) for n in sizes]
        X, y = (torch.cat(column) for column in zip(*pieces, strict=True))
        loss = pytorch.accumulated_step(nets[0], cross_entropy, steps[0], pieces)
        steps[1].zero_grad()
        whole = cross_entropy(nets[1](X), y)
        whole.backward()
        steps[1].step()
        assert loss == pytest.approx(whole.item(), rel=1e-12)
    for p, q in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-14)


# ------------------------------------------------------------------------------------------------------------ the noise


@both
def test_the_example_gradients_mean_is_the_gradient(module):
    p, x, t = to(module, *problem()[:3])
    grads = plain(module.example_gradients(p, least_squares, x, t))
    np.testing.assert_allclose(grads.mean(axis=0), plain(least_squares(p, x, t)), rtol=1e-12)


def test_copies_have_no_noise():
    assert reference.noise_scale(np.ones((5, 3))) == 0
    assert reference.noise_scale(np.array([[3.0], [-1.0]])) == pytest.approx(4)      # mean 1, variance 4


def test_the_noise_of_every_batch_of_a_small_set_is_the_formula():
    """All 20 batches of 3 from 6: tr Σ/B (N-B)/(N-1), exactly."""
    from itertools import combinations

    grads = np.random.default_rng(0).normal(size=(6, 4))
    mean = grads.mean(axis=0)
    trace = ((grads - mean)**2).sum() / 6
    noise = np.mean([((grads[list(m)].mean(axis=0) - mean)**2).sum() for m in combinations(range(6), 3)])
    assert noise == pytest.approx(trace / 3 * (6 - 3) / (6 - 1), rel=1e-12)


def test_the_batch_size_grows_and_stops():
    sizes = reference.batch_size_schedule(7, batch_size=8, factor=4, every=2, largest=100)
    assert sizes == [8, 8, 32, 32, 100, 100, 100]


# ---------------------------------------------------------------------------------------------------------- the queries


@pytest.mark.parametrize("query", [reference.margin_query, reference.entropy_query])
def test_no_example_is_chosen_twice(query):
    assert len(set(query(np.random.default_rng(0).dirichlet(np.ones(4), 30), 30).tolist())) == 30


def test_two_classes_have_one_order_of_doubt():
    p = np.random.default_rng(0).uniform(size=40)
    p = np.stack([p, 1 - p], axis=1)
    np.testing.assert_array_equal(reference.margin_query(p, 40), reference.entropy_query(p, 40))


@both
def test_queries_know_the_simple_cases(module):
    p, = to(module, np.array([[1.0, 0, 0], [.5, .5, 0], [.4, .3, .3]]))
    assert plain(module.margin_query(p, 3)).tolist() == [1, 2, 0]
    assert plain(module.entropy_query(p, 3)).tolist() == [2, 1, 0]
    ties, = to(module, np.full((4, 2), .5))
    assert plain(module.margin_query(ties, 2)).tolist() == [0, 1]


@pytest.mark.parametrize(("answer", "right"), [([1, 0], True), ([0, 1], True), ([0, 0], False), ([0, 2], False),
                                               ([0, 9], False), ([0, -1], False), ([0.0, 1.0], True), ([0.5, 1], False),
                                               ([0], False)])
def test_the_judge_lets_equal_doubts_change_places_and_nothing_else(answer, right):
    p = np.array([[.5, .5], [.5, .5], [.9, .1]])
    found = checks.same_entropies(np.array(answer), np.array([0, 1]), (p, 2), None)
    assert (found is None) == right


def test_only_the_case_that_asks_for_it_wants_indices_that_can_index():
    p = np.array([[.5, .5], [.9, .1]])
    assert checks.same_entropies(np.array([0.0]), np.array([0]), (p, 1), "integers")
    assert checks.same_entropies(np.array([0]), np.array([0]), (p, 1), "integers") is None


def test_the_designed_beliefs_are_told_apart_by_every_measure():
    for seed in range(50):
        p = exercises._designed(np.random.default_rng(seed), 4)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-9)
        assert len({reference.entropy_query(p, 1)[0], reference.margin_query(p, 1)[0],
                    int(p.max(axis=1).argmax())}) == 3
