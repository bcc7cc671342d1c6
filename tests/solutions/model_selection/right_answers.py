"""Right answers to model selection's exercises, written as others would write them."""
import copy
import math

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.model_selection import pytorch, reference


def log_uniform_by_logarithms(u, *, low, high, integer=False):
    a, b = math.log(low), math.log(high + 1 if integer else high)
    x = np.exp(a + (b - a) * u)
    return np.floor(x).astype(u.dtype) if integer else x


def log_uniform_by_powers_of_ten(u, *, low, high, integer=False):
    out = np.empty_like(u)
    for i in np.ndindex(u.shape):
        x = 10 ** (math.log10(low) + float(u[i]) * math.log10((high + (1 if integer else 0)) / low))
        out[i] = int(x) if integer else x
    return out


def log_uniform_from_the_top(u, *, low, high, integer=False):
    top = high + int(integer)
    x = top * (low / top) ** (1 - u)
    return x // 1 if integer else x


def nested_in_lists(loss, configs, order, *, outer, inner):
    losses, chosen = [], []
    for train, test in reference.k_fold(order, k=outer):
        best, at = math.inf, 0
        for j, config in enumerate(configs):
            total = 0.
            for a, b in reference.k_fold(train, k=inner):
                total += loss(config, a, b)
            if total / inner < best:
                best, at = total / inner, j
        losses.append(loss(configs[at], train, test))
        chosen.append(at)
    return losses, chosen


def nested_by_array_split(loss, configs, order, *, outer, inner):
    def folds(examples, k):
        parts = np.array_split(np.asarray(examples), k)
        return [(np.hstack([p for j, p in enumerate(parts) if j != i]), parts[i]) for i in range(k)]

    table = np.array([[np.mean([loss(c, *s) for s in folds(train, inner)]) for c in configs]
                      for train, _ in folds(order, outer)])
    chosen = table.argmin(axis=1)
    return np.array([loss(configs[j], *split) for j, split in zip(chosen, folds(order, outer), strict=True)]), chosen


def nested_with_min(loss, configs, order, *, outer, inner):
    rows = []
    for train, test in reference.k_fold(order, k=outer):
        j = min(range(len(configs)),
                key=lambda i, train=train: (reference.cross_validate(loss, configs[i], train, k=inner), i))
        rows.append((loss(configs[j], train, test), j))
    return tuple(map(np.array, zip(*rows, strict=True)))


def guided_in_loops(loss, u, low, high, *, shrink=0.5):
    T, k, D = u.shape
    points, losses = [], []
    best, least = None, math.inf
    for t in range(T):
        corner = []
        for d in range(D):
            side = (high[d] - low[d]) * shrink**t
            at = low[d] if best is None else best[d] - side / 2
            at = min(at, high[d] - side)
            corner.append((max(at, low[d]), side))
        for i in range(k):
            points.append([a + s * u[t, i, d] for d, (a, s) in enumerate(corner)])
            losses.append(loss(np.array(points[-1])))
        for p, value in zip(points, losses, strict=True):
            if value < least:
                best, least = p, value
    return points, losses


def guided_in_the_unit_cube(loss, u, low, high, *, shrink=0.5):
    """The search happens in [0, 1]^D; points are scaled when they are asked."""
    found = []
    middle, side = np.full(len(low), .5), 1.
    for draws in u:
        middle = np.minimum(np.maximum(middle, side / 2), 1 - side / 2)
        for z in middle + side * (draws - .5):
            found.append((loss(low + z * (high - low)), z))
        middle = min(found, key=lambda pair: pair[0])[1]
        side *= shrink
    return low + np.array([z for _, z in found]) * (high - low), np.array([value for value, _ in found])


def explore_in_loops(hypers, copied, u, low, high, *, factors=(0.8, 1.25), resample=0.25):
    out = np.array(hypers)
    for i in range(hypers.shape[0]):
        if not copied[i]:
            continue
        for h in range(hypers.shape[1]):
            first, second = float(u[i, h, 0]), float(u[i, h, 1])
            if first < resample:
                out[i, h] = float(low[h]) * (float(high[h]) / float(low[h])) ** second
            else:
                value = float(hypers[i, h]) * factors[0 if second < .5 else 1]
                out[i, h] = max(min(value, float(high[h])), float(low[h]))
    return out


def explore_by_masks(hypers, copied, u, low, high, *, factors=(0.8, 1.25), resample=0.25):
    new = hypers.copy()
    low, high = (np.broadcast_to(bound, hypers.shape) for bound in (low, high))
    each = np.repeat(copied[:, None], hypers.shape[1], axis=1)
    anew = each & (u[:, :, 0] < resample)
    down, up = (each & ~anew & half for half in (u[:, :, 1] < .5, u[:, :, 1] >= .5))
    new[down] *= factors[0]
    new[up] *= factors[1]
    new = np.where(each, np.minimum(np.maximum(new, low), high), new)
    new[anew] = np.exp((1 - u[:, :, 1]) * np.log(low) + u[:, :, 1] * np.log(high))[anew]
    return new


def batch_by_real_updates(X, y, candidates, *, count, kappa, width, noise):
    """Each chosen point is measured, and is what the process expects there: the mean does not move."""
    left, picks, scores = list(range(len(candidates))), [], []
    for _ in range(count):
        mean, deviation = pytorch.gp_posterior(X, y, candidates, width=width, noise=noise)
        bound = -mean + kappa * deviation
        best = max(left, key=lambda i, bound=bound: bound[i].item())
        left.remove(best)
        picks.append(best)
        scores.append(bound[best])
        X, y = torch.vstack([X, candidates[best:best + 1]]), torch.hstack([y, mean[best:best + 1]])
    return torch.tensor(picks), torch.stack(scores)


def batch_by_one_covariance(X, y, candidates, *, count, kappa, width, noise):
    """The candidates' covariance, updated by rank one after each choice."""
    K = pytorch.rbf(X, X, width=width) + noise**2 * torch.eye(len(X)).to(X)
    k = pytorch.rbf(X, candidates, width=width)
    mean = k.T @ torch.linalg.solve(K, y)
    C = pytorch.rbf(candidates, candidates, width=width) - k.T @ torch.linalg.solve(K, k)
    taken, chosen, scores = torch.zeros(len(candidates), dtype=torch.bool), [], []
    for _ in range(count):
        bound = (kappa * C.diagonal().clamp(min=0).sqrt() - mean).masked_fill(taken, -math.inf)
        i = bound.argmax()
        chosen.append(i)
        scores.append(bound[i])
        taken[i] = True
        C = C - torch.outer(C[:, i], C[i]) / (C[i, i] + noise**2)
    return torch.stack(chosen), torch.stack(scores)


def race_in_functions(model, contestants, loss, batches, validation, test, *, budget):
    def run(make, steps):
        net = copy.deepcopy(model)
        opt = make(list(net.parameters()))
        done = 0
        while done < steps:
            for batch in batches[:steps - done]:
                net.zero_grad()
                loss(net, batch).backward()
                opt.step()
                done += 1
        return net

    @torch.no_grad()
    def value(net, data):
        return float(loss(net, data))

    out = {}
    for name in contestants:
        nets = [run(make, budget // len(contestants[name])) for make in contestants[name]]
        values = [value(net, validation) for net in nets]
        best = min(range(len(nets)), key=lambda i: math.inf if values[i] != values[i] else values[i])
        out[name] = [best, values[best], value(nets[best], test)]
    return out


def race_side_by_side(model, contestants, loss, batches, validation, test, *, budget):
    """All settings of a contestant step together."""
    results = {}
    state = {key: value.clone() for key, value in model.state_dict().items()}
    for name, makers in contestants.items():
        nets = [copy.deepcopy(model) for _ in makers]
        for net in nets:
            net.load_state_dict(state)
        optimizers = [make(net.parameters()) for make, net in zip(makers, nets, strict=True)]
        for t in range(int(budget / len(makers))):
            for net, optimizer in zip(nets, optimizers, strict=True):
                optimizer.zero_grad(set_to_none=False)
                loss(net, batches[t % len(batches)]).backward()
                optimizer.step()
        values = np.array([loss(net, validation).detach() for net in nets])
        i = 0 if np.isnan(values).all() else int(np.nanargmin(values))
        results[name] = (i, values[i], loss(nets[i], test).item())
    return results


LOG_UNIFORM = changed_each(reference.log_uniform, {
    "trunc": {"np.floor(x)": "np.trunc(x)"},
    "top_by_if": {"(high + integer)": "(high + 1 if integer else high)"},
})
EXPLORE = changed_each(reference.explore, {
    "by_a_quotient": {"np.exp(np.log(low) + draw * np.log(high / low))": "low * (high / low) ** draw"},
    "bounded_last": {"np.clip(hypers * np.where(draw < 0.5, *factors), low, high)":
                     "hypers * np.where(draw < 0.5, *factors)",
                     "np.where(which < resample, anew, moved)":
                     "np.clip(np.where(which < resample, anew, moved), low, high)"},
})
GUIDED = changed_each(reference.guided_random_search, {
    "by_minimum_and_maximum": {"np.clip(best - side / 2, low, high - side)":
                               "np.maximum(low, np.minimum(best - side / 2, high - side))"},
})
BATCH = changed_each(pytorch.ucb_batch, {
    "targets_that_are_one": {"known.new_zeros(len(known))": "known.new_ones(len(known))"},
})
RACE = changed_each(pytorch.fair_race, {
    "infinite": {"(math.isnan(run[1]), run[1])": "(math.inf if math.isnan(run[1]) else run[1], run[0])"},
})

RIGHT = {
    "log_uniform": [log_uniform_by_logarithms, log_uniform_by_powers_of_ten, log_uniform_from_the_top, *LOG_UNIFORM],
    "nested_cv": [nested_in_lists, nested_by_array_split, nested_with_min],
    "guided_random_search": [guided_in_loops, guided_in_the_unit_cube, *GUIDED],
    "explore": [explore_in_loops, explore_by_masks, *EXPLORE],
    "ucb_batch": [batch_by_real_updates, batch_by_one_covariance, *BATCH],
    "fair_race": [race_in_functions, race_side_by_side, *RACE],
}
