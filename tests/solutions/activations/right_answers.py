"""Right answers to the activations' exercises, written as others would write them."""
import math

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.activations import pytorch, reference


def log_sigmoid_by_logaddexp(s):
    return -np.logaddexp(s.dtype.type(0), -s)


def log_sigmoid_in_loops(s):
    found = np.empty_like(s)
    for i in np.ndindex(s.shape):
        x = float(s[i])
        found[i] = -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))
    return found


def log_sigmoid_in_two_halves(s):
    """Each half with the form that does not overflow there."""
    s = np.asarray(s)
    above = s >= 0
    found = np.array(s)
    found[above] = -np.log1p(np.exp(-s[above]))
    found[~above] = s[~above] - np.log1p(np.exp(s[~above]))
    return found


def leaky_gain_by_mean_square(negative_slope=0.01, *, negative=0.5):
    square = negative * negative_slope**2 + (1 - negative) * 1**2
    return 1 / np.sqrt(square)


def prelu_by_units(z_bar, s, a):
    """A loop over the units, with one slope or with many."""
    s_bar, a_bar = np.empty_like(z_bar), np.zeros_like(a)
    for j in range(s.shape[-1]):
        slope = a[j] if a.ndim else a
        below = s[..., j] <= 0
        s_bar[..., j] = np.where(below, slope * z_bar[..., j], z_bar[..., j])
        part = (z_bar[..., j] * s[..., j])[below].sum()
        if a.ndim:
            a_bar[j] = part
        else:
            a_bar = (a_bar + part).astype(a.dtype)
    return s_bar, a_bar


def prelu_by_einsum(z_bar, s, a):
    below = (s <= 0).astype(s.dtype)
    rows = [array.reshape(-1, s.shape[-1]) for array in (z_bar, s, below)]
    each = np.einsum("nm,nm,nm->m", *rows)
    return z_bar * (1 - below) + a * z_bar * below, each if a.ndim else each.sum()


def prelu_by_autograd(z_bar, s, a):
    """With the library's gradient."""
    x, slope = torch.tensor(s, requires_grad=True), torch.tensor(a, requires_grad=True)
    torch.where(x > 0, x, slope * x).backward(torch.tensor(z_bar))
    return x.grad.numpy(), slope.grad.numpy()


def highway_bias_by_logit(depth, carried):
    gate = -np.expm1(np.log(carried) / depth)
    return np.log(gate) - np.log1p(-gate)


def highway_bias_by_bisection(depth, carried):
    """Without the inverse."""
    low, high = np.full(np.shape(carried), -40.0), np.full(np.shape(carried), 40.0)
    for _ in range(80):
        middle = (low + high) / 2
        enough = -depth * np.logaddexp(0, middle) >= np.log(np.asarray(carried, float))
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return low.astype(getattr(carried, "dtype", float))


def count_dead_by_outputs(layers, batches):
    """All batches in one; a unit that puts out nothing is dead."""
    z, counts = np.concatenate(batches), []
    for W, b in list(layers)[:-1]:
        z = np.clip(z @ W + b, 0, None)
        counts.append(int((z.max(axis=0) == 0).sum()))
    return counts


def count_dead_in_loops(layers, batches):
    woken = [set() for _ in layers[:-1]]
    for X in batches:
        for x in X:
            z = x
            for units, (W, b) in zip(woken, layers[:-1], strict=True):
                s = W.T @ z + b
                units.update(int(j) for j in np.flatnonzero(s > 0))
                z = s * (s > 0)
    return np.array([len(b) - len(units) for units, (_, b) in zip(woken, layers[:-1], strict=True)], int)


class FunctionalBlock(torch.nn.Module):
    """With functions and a condition in `forward`."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = torch.nn.Linear(inputs, hidden)
        self.second = torch.nn.Linear(hidden, outputs)
        with torch.no_grad():
            self.second.weight.mul_(0)
            self.second.bias.fill_(0)
        self.same = inputs == outputs
        if not self.same:
            self.shortcut = torch.nn.Linear(inputs, outputs, bias=False)

    def forward(self, x):
        F = torch.nn.functional
        branch = F.linear(F.relu(x), self.first.weight, self.first.bias)
        branch = F.linear(F.relu(branch, inplace=True), self.second.weight, self.second.bias)
        return x + branch if self.same else self.shortcut(x) + branch


WHOLE = "np.minimum(s, 0) - np.log1p(np.exp(-np.abs(s)))"
LOG_SIGMOID = changed_each(reference.log_sigmoid, {
    "by_where": {"np.minimum(s, 0)": "np.where(s < 0, s, 0)"},
    "by_minus_softplus": {WHOLE: "-(np.maximum(-s, 0) + np.log1p(np.exp(-np.abs(s))))"},
})
GAIN = changed_each(reference.leaky_gain, {
    "root_of_the_inverse": {"(negative * negative_slope ** 2 + 1 - negative) ** (-0.5)":
                            "np.sqrt(1 / (negative * (negative_slope ** 2 - 1) + 1))"},
})
BIAS = "np.log(np.expm1(-np.log(carried) / depth))"
HIGHWAY = changed_each(reference.highway_bias, {
    "by_the_root": {BIAS: "np.log(carried ** (-1 / depth) - 1)"},
    "minus_the_carry_gates_bias": {BIAS: "-np.log(carried ** (1 / depth) / (1 - carried ** (1 / depth)))"},
})
BLOCK = changed_each(pytorch.ResidualBlock, {
    "by_clamp": {"torch.relu(x)": "x.clamp(min=0)"},
    "added_in_place": {"self.shortcut(x) + self.second(torch.relu(h))":
                       "self.second(torch.relu(h)).add_(self.shortcut(x))"},
    "zeros_in_data": {"torch.nn.init.zeros_(self.second.weight)": "self.second.weight.data.zero_()",
                      "torch.nn.init.zeros_(self.second.bias)": "self.second.bias.data.zero_()"},
    "constants": {"torch.nn.init.zeros_(self.second.weight)": "torch.nn.init.constant_(self.second.weight, 0.0)"},
})

RIGHT = {
    "log_sigmoid": [log_sigmoid_by_logaddexp, log_sigmoid_in_loops, log_sigmoid_in_two_halves, *LOG_SIGMOID],
    "leaky_gain": [leaky_gain_by_mean_square, *GAIN],
    "prelu_backward": [prelu_by_units, prelu_by_einsum, prelu_by_autograd],
    "highway_bias": [highway_bias_by_logit, highway_bias_by_bisection, *HIGHWAY],
    "count_dead": [count_dead_by_outputs, count_dead_in_loops],
    "ResidualBlock": [FunctionalBlock, *BLOCK],
}
