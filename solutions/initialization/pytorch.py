"""The starts of a network's weights in PyTorch: `reference.py` for tensors, and more.

Written apart from the NumPy versions on purpose, without `torch.nn.init`, which the
tests hold both against. Functions that draw take a `torch.Generator` in the place of
NumPy's, and put their weights on its device in PyTorch's default dtype. A matrix is
(D, M) here too; in a module PyTorch keeps the transpose.
"""
import math
from typing import NamedTuple

import torch


class Signals(NamedTuple):
    """Deviations by layer, (J,) each: of z_l, and of δ_l = ∂E/∂s_l."""
    forward: torch.Tensor
    backward: torch.Tensor


# ----------------------------------------------------------------- small random numbers


def uniform(rng, shape, *, a):
    """Weights from U(-a, a); see `reference.uniform`."""
    share = torch.rand(shape, generator=rng, device=rng.device)
    return share.mul(2 * a).sub(a)


def normal(rng, shape, *, std):
    """Weights from N(0, std²); see `reference.normal`."""
    return torch.randn(shape, generator=rng, device=rng.device).mul(std)


# ------------------------------------------------------------------- scaled by the fans


def spread(fan_in, fan_out, *, gain=1.0, mode="fan_avg", distribution="normal"):
    """The deviation σ, or the bound a; see `reference.spread`."""
    match mode:
        case "fan_in":
            variance = gain**2 / fan_in
        case "fan_out":
            variance = gain**2 / fan_out
        case "fan_avg":
            variance = 2 * gain**2 / (fan_in + fan_out)
        case _:
            raise ValueError(f"there is no mode {mode!r}")
    return (variance * {"normal": 1, "uniform": 3}[distribution]) ** 0.5


def scaled(rng, shape, *, gain, mode, distribution):
    """Weights (D, M) with the variance gain²/n; see `reference.scaled`."""
    size = spread(*shape, gain=gain, mode=mode, distribution=distribution)
    return (normal(rng, shape, std=size) if distribution == "normal"
            else uniform(rng, shape, a=size))


def xavier(rng, shape, *, gain=1.0, distribution="uniform"):
    """Var w = 2 gain²/(D + M); see `reference.xavier`."""
    return scaled(rng, shape, gain=gain, mode="fan_avg", distribution=distribution)


def he(rng, shape, *, gain=2**0.5, mode="fan_in", distribution="normal"):
    """Var w = 2/D; see `reference.he`."""
    return scaled(rng, shape, gain=gain, mode=mode, distribution=distribution)


def normal_cells():
    """Middles and shares of cells of N(0, 1); see `reference.normal_cells`."""
    edges = torch.linspace(-8, 8, 3201, dtype=torch.float64)
    s = (edges[1:] + edges[:-1]) / 2
    return s, s.square().div(-2).softmax(0)                     # ∝ e^{-s²/2}


def gain(function):
    """1/√E[f(s)²] with s from N(0, 1); see `reference.gain`."""
    s, p = normal_cells()
    return function(s).square().dot(p).rsqrt().item()           # 1/√∫ f(s)² p(s) ds


def measured_gains(sums, outputs, slopes):
    """The forward gain and the backward one; see `reference.measured_gains`."""
    rms = [part.square().mean().sqrt() for part in (sums, outputs, slopes)]
    return rms[0] / rms[1], rms[2].reciprocal()


# ----------------------------------------------------------------- orthogonal, identity


def orthogonalize(A, *, method="qr"):
    """Orthonormal columns, or rows, of A; see `reference.orthogonalize`."""
    wide = A.shape[0] < A.shape[1]
    tall = A.T if wide else A
    if method == "svd":
        U, _, Vh = torch.linalg.svd(tall, full_matrices=False)
        Q = U.mm(Vh)
    else:
        Q, R = torch.linalg.qr(tall)
        Q = torch.where(R.diagonal() < 0, -Q, Q)                # R_ii > 0
    return Q.T if wide else Q


def orthogonal(rng, shape, *, gain=1.0, method="qr"):
    """All singular values are `gain`; see `reference.orthogonal`."""
    draws = torch.randn(shape, generator=rng, device=rng.device)
    return orthogonalize(draws, method=method).mul(gain)


def identity(shape, *, gain=1.0):
    """`gain` on the diagonal; see `reference.identity`."""
    weights = torch.zeros(shape)
    weights.fill_diagonal_(gain)
    return weights


# ------------------------------------------------------------------------------ by data


def lsuv(weights, X, *, activation, std=1.0):
    """Sums of one deviation, layer by layer; see `reference.lsuv`."""
    found: list[torch.Tensor] = []
    for W in weights:
        sums = X.mm(W)
        size = sums.std(correction=0)
        factor = torch.where(size > 0, std / size, torch.ones_like(size))
        found.append(W.mul(factor))
        X = activation(sums.mul(factor))                    # (z W) c = z (W c)
    return found


# --------------------------------------------------------------------- what signals do


def signals(weights, X, delta, *, activation, slope):
    """The signal and the gradient in each layer; see `reference.signals`."""
    zs, slopes = [], []
    deltas: list[torch.Tensor] = []
    for W in weights:
        sums = X.mm(W)
        X = activation(sums)                                # z_l = f(z_{l-1} W_l)
        zs.append(X)
        slopes.append(slope(sums))
    for l in range(len(weights) - 1, -1, -1):               # noqa: E741
        delta = delta.mul(slopes[l])                        # δ_l
        deltas.insert(0, delta)
        delta = delta.mm(weights[l].T)
    return zs, deltas


def signal_deviations(weights, X, delta, *, activation, slope):
    """How large they are; see `reference.signal_deviations`."""
    both = signals(weights, X, delta, activation=activation, slope=slope)
    return Signals(*(torch.stack([part.std(correction=0) for part in parts])
                     for parts in both))


def expected_deviations(gain, depth, *, activation, slope):
    """The same in very wide layers; see `reference.expected_deviations`."""
    cells, p = normal_cells()
    forward, squares = [], []
    sums = cells * gain                                     # s_1 is N(0, g²)
    for _ in range(depth):
        z = activation(sums)
        mean = z.dot(p)
        forward.append((z - mean).square().dot(p).sqrt())
        squares.append(slope(sums).square().dot(p) * gain**2)
        sums = cells * (z.square().dot(p).sqrt() * gain)
    # every layer but the last has a factor g more
    back = torch.stack(squares).flip(0).cumprod(0).sqrt().flip(0) / gain
    return Signals(torch.stack(forward), back)


def residual_deviations(std, gains, *, skip=1.0, scale=1.0, normalized=False):
    """The deviation after each block; see `reference.residual_deviations`."""
    variance = gains.new_tensor(std**2)
    variances = [variance]
    for branch in (gains * scale).square():
        added = branch if normalized else branch * variance
        variance = variance * skip**2 + added
        variances.append(variance)
    return torch.stack(variances).sqrt()


# ------------------------------------------------------------------------------ modules


def init_weights(model, generator):
    """He's start for a network of rectified units, in the place of PyTorch's default.

    The layers meant are the `Linear` and `Conv2d` modules of `model`, in the order of
    `model.modules()`. After each but the last comes a ReLU.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place: the weights of these layers become N(0, g²/n), where n is how
        many numbers of its input one output is a sum over, and g = √2, but 1 for the
        last layer. Their biases, where they have any, become 0. All other parameters
        and buffers stay as they are, and autograd records nothing.
    generator : torch.Generator
        Where all draws come from; PyTorch's own generator stays as it was.

    Returns
    -------
    None
    """
    layers = [module for module in model.modules()
              if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d))]
    with torch.no_grad():
        for layer in layers:
            n = layer.weight[0].numel()
            g = 1.0 if layer is layers[-1] else math.sqrt(2)
            layer.weight.normal_(0, g / math.sqrt(n), generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()


def train_many(layers, X, y, orders, *, lr, batch_size, activation):
    """Train R networks side by side on the same batches, each by its own loss.

    Parameters
    ----------
    layers : list of (W, b), (R, D, M) and (R, 1, M)
        They stay as they are. Between them stands the activation.
    X, y : (N, D) and (N,)
    orders : tensor of int, (epochs, N)
        Each epoch's order; what is left over at its end makes a smaller batch.
    lr : float, or tensor (R, 1, 1)
    activation : callable

    Yields
    ------
    layers : the same list before the first epoch, and new ones after each
    """
    params = [p.clone().requires_grad_() for layer in layers for p in layer]
    pairs = list(zip(params[::2], params[1::2], strict=True))
    yield [(W.detach().clone(), b.detach().clone()) for W, b in pairs]
    for order in orders:
        for m in order.split(batch_size):
            logits = feed_many(pairs, X[m], activation)
            right = y[m].expand(len(logits), -1)            # one loss for each network
            E = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), right.flatten(), reduction="sum") / len(m)
            grads = torch.autograd.grad(E, params)
            with torch.no_grad():
                for p, g in zip(params, grads, strict=True):
                    p -= lr * g
        yield [(W.detach().clone(), b.detach().clone()) for W, b in pairs]


def feed_many(layers, X, activation):
    """The logits (R, N, K) of R networks side by side; see `train_many`."""
    *hidden, last = layers
    z = X.expand(len(last[0]), *X.shape)
    for W, b in hidden:
        z = activation(torch.baddbmm(b, z, W))
    return torch.baddbmm(last[1], z, last[0])


def train_recurrence(rng, W, *, delay, steps, lr, constrained=False):
    """Train h ← h W to remember which of four symbols it saw, and watch the gradient.

    Parameters
    ----------
    rng : torch.Generator
    W : tensor, (H, H)
        The start of the recurrent matrix; it stays as it is.
    delay : int
        How many times W is applied between the symbol and the question.
    steps : int
        Updates, each on 32 symbols.
    constrained : bool
        Whether W is put back to the nearest orthogonal matrix after each update.

    Yields
    ------
    loss, factor : float
        Before each update; the factor is ‖∂E/∂h_0‖ / ‖∂E/∂h_T‖, what the way back
        through time does to the gradient.
    """
    params = [W, normal(rng, (4, len(W)), std=0.5), normal(rng, (len(W), 4), std=0.25)]
    for _ in range(steps):
        y = torch.randint(4, (32,), generator=rng, device=rng.device)
        W, U, V = params = [p.detach().requires_grad_() for p in params]
        first = h = U[y]
        for _ in range(delay):
            h = h.mm(W)                                     # h_t = h_{t-1} W
        loss = torch.nn.functional.cross_entropy(h.mm(V), y)
        *grads, early, late = torch.autograd.grad(loss, [*params, first, h])
        yield loss.item(), (early.norm() / late.norm()).item()
        params = [p.detach() - lr * g for p, g in zip(params, grads, strict=True)]
        if constrained:
            params[0] = orthogonalize(params[0], method="svd")
