"""Right answers to the capstone's exercises, written as others would write them."""
import copy
import math
import random
import statistics
from types import SimpleNamespace

import numpy as np
import torch

from solutions.capstone.reference import Ablation, Comparison


def epochs_of_shuffled_batches(X, y, network, *, budget, seed):
    """Plain momentum over whole epochs, as most would write it, at a constant rate."""
    mean, std = X.mean(axis=0), X.std(axis=0)
    std[std < 1e-9] = 1
    Z, rng = (X - mean) / std, np.random.default_rng(seed)
    params, left = network.start(rng), budget
    velocity = np.zeros_like(params)
    while left >= 32:
        order = rng.permutation(len(y))
        for i in range(0, len(order), 32):
            rows = order[i:i + 32]
            if len(rows) > left:
                break
            velocity = .9 * velocity - .05 * network.gradient(params, Z[rows], y[rows])
            params = params + velocity
            left -= len(rows)
    return lambda images: np.array([int(np.argmax(network.logits(params, (image[None] - mean) / std)))
                                    for image in images])


def adam_with_small_batches(X, y, network, *, budget, seed):
    mean = X.mean(axis=0)
    scale = np.maximum(X.std(axis=0), 1e-9 * np.maximum(abs(mean), 1e-9))
    draw = random.Random(seed)
    params = network.start(np.random.default_rng(draw.randrange(2**32)))
    m = v = np.zeros_like(params)
    for t in range(1, budget // 10 + 1):
        rows = [draw.randrange(len(y)) for _ in range(10)]
        g = network.gradient(params, (X[rows] - mean) / scale, y[rows])
        m, v = .9 * m + .1 * g, .999 * v + .001 * g * g
        params = params - .004 * (m / (1 - .9**t)) / (np.sqrt(v / (1 - .999**t)) + 1e-8)

    def predict(images):
        return network.logits(params, (images - mean) / scale).argmax(axis=-1)

    return predict


def ablation_in_loops(score, techniques, seeds):
    everything = frozenset(techniques)
    none = {seed: score(frozenset(), seed) for seed in seeds}
    full = {seed: score(everything, seed) for seed in seeds}
    columns = [[], [], [], []]
    for name in techniques:
        gains = [score(frozenset([name]), seed) - none[seed] for seed in seeds]
        losses = [full[seed] - score(everything - {name}, seed) for seed in seeds]
        for column, value in zip(columns, (statistics.mean(gains), statistics.stdev(gains), statistics.mean(losses),
                                           statistics.stdev(losses)), strict=True):
            column.append(value)
    return Ablation(statistics.mean(none.values()), statistics.mean(full.values()), *map(np.array, columns))


def ablation_as_one_array(score, techniques, seeds):
    sets = [set(), set(techniques), *({t} for t in techniques), *(set(techniques) - {t} for t in techniques)]
    table = np.array([[score(frozenset(one), seed) for one in sets] for seed in seeds])
    K = len(techniques)
    gains, losses = table[:, 2:K + 2] - table[:, [0]], table[:, [1]] - table[:, K + 2:]
    return SimpleNamespace(none=table[:, 0].mean(), full=table[:, 1].mean(), gains=gains.mean(0),
                           gain_spreads=gains.std(0, ddof=1), losses=losses.mean(0),
                           loss_spreads=np.sqrt(losses.var(0, ddof=1)))


def comparison_in_loops(run, costs, lrs, *, tuning_seeds, seeds, budget):
    best = []
    for method in (0, 1):
        top = -math.inf
        for lr in lrs:
            values = [run(method, lr, seed, budget // costs[method])[0] for seed in tuning_seeds]
            if not any(map(math.isnan, values)) and sum(values) / len(values) > top:
                top, winner = sum(values) / len(values), lr
        best.append(winner)
    gaps = []
    for seed in seeds:
        a, b = (run(method, best[method], seed, budget // costs[method])[1] for method in (0, 1))
        gaps.append(b - a)
    return Comparison((best[0], best[1]), statistics.fmean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps)))


def comparison_with_worst_for_nan(run, costs, lrs, *, tuning_seeds, seeds, budget):
    steps = [int(budget / cost) for cost in costs]
    grid = np.array([[[run(m, lr, seed, steps[m])[0] for seed in tuning_seeds] for lr in lrs] for m in (0, 1)])
    chosen = np.where(np.isnan(grid), -np.inf, grid).mean(axis=2).argmax(axis=1)
    a, b = (np.array([run(m, lrs[k], seed, steps[m])[1] for seed in seeds]) for m, k in enumerate(chosen))
    d = b - a
    return Comparison([lrs[k] for k in chosen], d.sum() / len(d),
                      math.sqrt(((d - d.mean())**2).sum() / (len(d) - 1) / len(d)))


def fit_by_adamw(model, X, y, X_val, y_val, *, budget, seed):
    """AdamW over shuffled epochs, looked at after each; the best state kept as clones."""
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=.01)
    lowest, left = math.inf, budget
    best = {name: value.clone() for name, value in model.state_dict().items()}
    while left >= 16:
        model.train()
        for rows in torch.randperm(len(y)).split(16):
            if left < len(rows) or len(rows) < 2:
                continue
            loss = torch.nn.functional.cross_entropy(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            left -= len(rows)
        model.eval()
        with torch.inference_mode():
            now = float(torch.nn.functional.cross_entropy(model(X_val), y_val))
        if now < lowest:
            lowest = now
            best = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best)
    model.eval()


def fit_by_hand(model, X, y, X_val, y_val, *, budget, seed):
    """Plain steps without an optimizer, batches of 10, looked at every twentieth step."""
    torch.manual_seed(seed)
    lowest, best = None, copy.deepcopy(model.state_dict())
    for step in range(budget // 10):
        model.train()
        rows = torch.randint(0, len(X), (10,))
        grads = torch.autograd.grad(torch.nn.CrossEntropyLoss()(model(X[rows]), y[rows]), list(model.parameters()))
        with torch.no_grad():
            for p, g in zip(model.parameters(), grads, strict=True):
                p -= .1 * g
            if step % 20 == 19:
                model.eval()
                now = torch.nn.CrossEntropyLoss()(model(X_val), y_val).item()
                if lowest is None or now < lowest:
                    lowest, best = now, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    model.eval()


RIGHT = {"train_within": [epochs_of_shuffled_batches, adam_with_small_batches],
         "ablation": [ablation_in_loops, ablation_as_one_array],
         "fair_comparison": [comparison_in_loops, comparison_with_worst_for_nan],
         "fit_within": [fit_by_adamw, fit_by_hand]}
