"""Right answers to dropout's exercises, written as others would write them."""
import copy
import math

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.dropout import pytorch, reference


class GaussianByDistribution(torch.nn.Module):
    """Draws from torch.distributions, around 1."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training and self.p > 0:
            ones = torch.ones_like(x)
            return x * torch.distributions.Normal(ones, math.sqrt(self.p / (1 - self.p)) * ones).sample()
        return x


class GaussianInPlaceOnACopy(torch.nn.Module):
    """Noise made by normal_ in an empty tensor, without a gradient of its own."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x.clone()
        with torch.no_grad():
            noise = torch.empty_like(x).normal_(1.0, (self.p / (1 - self.p)) ** 0.5)
        return torch.mul(x, noise)


def spatial_in_loops(x, mask, *, p, training=True):
    out = x.copy()
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            if training:
                out[n, c] = out[n, c] / (1 - p) if mask[n, c] else 0
    return out


def spatial_by_einsum(x, mask, *, p, training=True):
    return np.einsum("nc...,nc->nc...", x, mask.astype(x.dtype) / x.dtype.type(1 - p)) if training else x


def spatial_by_where(x, mask, *, p, training=True):
    wide = np.expand_dims(mask, tuple(range(2, x.ndim)))
    return np.where(wide, x / (1 - p), np.zeros_like(x)) if training else x


def spatial_from_the_other_end(x, mask, *, p, training=True):
    """Transposed, the channels stand last and broadcasting does the rest."""
    return (x.T * mask.T / (1 - p)).T if training else x


def moments_in_loops(x, W, b, *, p):
    mean, variance = np.zeros((len(x), len(b)), x.dtype), np.zeros((len(x), len(b)), x.dtype)
    for n in range(len(x)):
        for k in range(len(b)):
            mean[n, k] = b[k]
            for d in range(len(W)):
                term = x[n, d] * W[d, k]
                mean[n, k] += (1 - p) * term
                variance[n, k] += p * (1 - p) * term**2
    return mean, variance


def moments_by_second_moment(x, W, b, *, p):
    """E[t²] - E[t]² of each term, added up; the answer is a list."""
    q, terms = 1 - p, x[:, :, None] * W
    return [(q * terms).sum(1) + b, (q * terms**2 - (q * terms)**2).sum(1)]


def average_by_logaddexp(logits, *, by="probability", weights=None):
    weights = np.ones(len(logits)) if weights is None else np.asarray(weights, float)
    share = (weights / weights.sum())[:, None, None]
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    if by == "probability":
        out = np.logaddexp.reduce(log_p + np.log(share), axis=0)
    else:
        out = (share * log_p).sum(axis=0)
        out = out - np.logaddexp.reduce(out, axis=-1, keepdims=True)
    return out.astype(logits.dtype)


def average_in_loops(logits, *, by="probability", weights=None):
    M, N, K = logits.shape
    w = [1 / M] * M if weights is None else [float(v) / float(sum(weights)) for v in weights]
    out = np.zeros((N, K), logits.dtype)
    for n in range(N):
        rows = [reference.log_softmax(logits[m, n].astype(float)) for m in range(M)]
        for k in range(K):
            if by == "logit":
                out[n, k] = sum(w[m] * rows[m][k] for m in range(M))
            else:
                top = max(row[k] for row in rows)
                out[n, k] = top + math.log(sum(w[m] * math.exp(rows[m][k] - top) for m in range(M)))
        if by == "logit":
            out[n] = reference.log_softmax(out[n])
    return out


def surgeon_by_lagrange(weights, hessian, kept):
    """The bordered system, solved for every candidate; no formula of the paper is used."""
    best = None
    for q in np.flatnonzero(kept):
        fixed = [*np.flatnonzero(~kept), q]
        C = np.eye(len(weights))[fixed]
        system = np.block([[hessian, C.T], [C, np.zeros((len(fixed), len(fixed)))]])
        delta = np.linalg.solve(system, np.concatenate([np.zeros(len(weights)), -C @ weights]))[:len(weights)]
        price = delta @ hessian @ delta
        if best is None or price < best[0]:
            best = price, q, delta
    _, q, delta = best
    left = np.array(kept)
    left[q] = False
    return np.where(left, weights + delta, 0).astype(weights.dtype), left


def surgeon_by_names(weights, hessian, kept):
    """A dict of the kept weights; solve in place of an inverse."""
    live = [i for i in range(len(kept)) if kept[i]]
    columns = np.linalg.solve(hessian[live][:, live], np.eye(len(live), dtype=hessian.dtype))
    prices = [weights[i] ** 2 / 2 / columns[j, j] for j, i in enumerate(live)]
    j = prices.index(min(prices))
    new, left = copy.deepcopy(weights), copy.deepcopy(kept)
    for k, i in enumerate(live):
        new[i] -= weights[live[j]] / columns[j, j] * columns[k, j]
    new[live[j]] = 0
    left[live[j]] = False
    return new, left


def monte_carlo_by_train_and_eval(model, X, *, samples):
    before = [(m, m.training) for m in model.modules()]
    model.eval()
    for m in model.modules():
        if m.__class__.__name__.startswith("Dropout"):
            m.train()
    total = square = 0
    kept = []
    try:
        with torch.inference_mode():
            for _ in range(samples):
                kept.append(torch.softmax(model(X), dim=1))
        total = sum(kept) / samples
        square = sum((one - total) ** 2 for one in kept) / samples
    finally:
        for m, mode in before:
            m.training = mode
    return total, square.sqrt()


def monte_carlo_by_var(model, X, *, samples):
    modes = [m.training for m in model.modules()]
    for m in model.modules():
        m.training = type(m) is torch.nn.Dropout or issubclass(type(m), torch.nn.Dropout)
    out = []
    for _ in range(samples):
        out.append(torch.nn.functional.softmax(model(X).detach(), dim=-1))
    for m, mode in zip(model.modules(), modes, strict=True):
        m.training = mode
    stacked = torch.stack(out, dim=-1)
    return stacked.mean(-1), stacked.var(-1, unbiased=False) ** 0.5


FACTOR = "x * (1 + deviation * torch.randn_like(x))"
GAUSSIAN = changed_each(pytorch.GaussianDropout, {
    "x_and_its_noise": {FACTOR: "x + x * deviation * torch.randn_like(x)"},
    "randn_of_a_shape": {FACTOR: "x * (1 + deviation * torch.randn(x.shape, dtype=x.dtype, device=x.device))"},
    "torch_normal": {FACTOR: "x * torch.normal(1.0, deviation, x.shape).to(x)"},
    "another_deviation": {"(self.p / (1 - self.p)) ** 0.5": "(1 / (1 - self.p) - 1) ** 0.5"},
})
SHAPED = "mask.reshape(*mask.shape, *[1] * (x.ndim - 2))"
SPATIAL = changed_each(reference.spatial_dropout, {
    "by_index": {SHAPED: "mask[(..., *[None] * (x.ndim - 2))]"},
    "divided_first": {f"x * {SHAPED} / (1 - p)": f"x / (1 - p) * {SHAPED}"},
    "a_copy_when_tested": {"if not training:\n    return x": "if not training:\n    return x.copy()"},
})
MOMENTS = changed_each(reference.dropconnect_moments, {
    "by_einsum": {"x ** 2 @ W ** 2": "np.einsum('nd,dk->nk', x * x, W * W)"},
    "expanded": {"(1 - p) * (x @ W) + b": "x @ W - p * (x @ W) + b", "p * (1 - p)": "(p - p ** 2)"},
})
AVERAGE = changed_each(reference.average_predictions, {
    "one_top_for_all": {"log_p.max(axis=0)": "log_p.max(axis=0, keepdims=False)"},
    "mean_of_logits": {"log_softmax((w * log_p).sum(axis=0))": "log_softmax((w * logits).sum(axis=0))"},
})
SURGEON = changed_each(reference.surgeon_step, {
    "halves_in_the_price": {"w ** 2 / diagonal": "w ** 2 / (2 * diagonal)"},
    "pseudo_inverse": {"np.linalg.inv(hessian[np.ix_(live, live)])": "np.linalg.pinv(hessian[kept][:, kept])"},
})
MONTE_CARLO = changed_each(pytorch.monte_carlo_dropout, {
    "exponential_of_the_logarithm": {"model(X).softmax(dim=-1)": "model(X).log_softmax(dim=-1).exp()"},
    "mean_by_sum": {"p.mean(dim=0)": "p.sum(dim=0) / samples"},
})

RIGHT = {
    "GaussianDropout": [GaussianByDistribution, GaussianInPlaceOnACopy, *GAUSSIAN],
    "spatial_dropout": [spatial_in_loops, spatial_by_einsum, spatial_by_where, spatial_from_the_other_end, *SPATIAL],
    "dropconnect_moments": [moments_in_loops, moments_by_second_moment, *MOMENTS],
    "average_predictions": [average_by_logaddexp, average_in_loops, *AVERAGE],
    "surgeon_step": [surgeon_by_lagrange, surgeon_by_names, *SURGEON],
    "monte_carlo_dropout": [monte_carlo_by_train_and_eval, monte_carlo_by_var, *MONTE_CARLO],
}
