"""Activations in PyTorch: `reference.py` for tensors, and a residual block as a module.

Written apart from the NumPy versions on purpose, without `torch.nn.functional` and
autograd, which the tests hold both against. The module at the end uses both.
"""
import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from solutions.gradient_descent.pytorch import (
    Layer,
    cross_entropy,
    minibatches,
    softmax,
)

# ---------------------------------------------------------------- activations that bend


def sigmoid(s):
    """1/(1+e⁻ˢ)."""
    return s.sigmoid()


def sigmoid_derivative(s):
    """σ'(s) = σ(s) σ(-s)."""
    return s.sigmoid() * s.neg().sigmoid()


def tanh(s):
    """2σ(2s) - 1."""
    return s.tanh()


def tanh_derivative(s):
    """1 - tanh²(s) = 4 σ(2s) σ(-2s)."""
    return 4 * sigmoid_derivative(2 * s)


def softplus(s):
    """log(e⁰+eˢ)."""
    return torch.logaddexp(s, torch.zeros_like(s))


def softplus_derivative(s):
    """σ(s)."""
    return s.sigmoid()


def log_sigmoid(s):
    """log σ(s) = -log(1+e⁻ˢ); see `reference.log_sigmoid`."""
    return softplus(s.neg()).neg()


def log_sigmoid_derivative(s):
    """1 - σ(s) = σ(-s)."""
    return s.neg().sigmoid()


# ------------------------------------------------------------ activations with a corner


def relu(s):
    """max(0, s)."""
    return s.clamp(min=0)


def relu_derivative(s):
    """1 where s > 0, else 0."""
    return (s > 0).to(s.dtype)


def leaky_relu(s, *, negative_slope=0.01):
    """max(0, s) + a·min(0, s) with a fixed slope a."""
    return s.clamp(min=0) + negative_slope * s.clamp(max=0)


def leaky_relu_derivative(s, *, negative_slope=0.01):
    """1 where s > 0, else a."""
    return torch.ones_like(s).masked_fill(s <= 0, negative_slope)


def prelu(s, a):
    """max(0, s) + a·min(0, s) with a learned slope; see `reference.prelu`."""
    return s.clamp(min=0) + a * s.clamp(max=0)


def prelu_derivative(s, a):
    """∂/∂s: 1 where s > 0, else a."""
    return torch.where(s > 0, torch.ones_like(s), a)


def elu(s, *, alpha=1.0):
    """max(0, s) + α(e^{min(0, s)} - 1)."""
    return s.clamp(min=0) + alpha * s.clamp(max=0).expm1()


def elu_derivative(s, *, alpha=1.0):
    """1 where s > 0, else α eˢ."""
    return torch.where(s > 0, torch.ones_like(s), alpha * s.clamp(max=0).exp())


# ------------------------------------------------- activations that weigh by their size


def normal_cdf(s):
    """Φ(s) = ½ erfc(-s/√2)."""
    return torch.special.ndtr(s)


def gelu(s):
    """s Φ(s)."""
    return s * normal_cdf(s)


def gelu_derivative(s):
    """Φ(s) + s φ(s)."""
    phi = s.square().div(-2).exp() / math.sqrt(2 * math.pi)
    return torch.addcmul(normal_cdf(s), s, phi)


def silu(s):
    """s σ(s)."""
    return s * s.sigmoid()


def silu_derivative(s):
    """σ(s) + s σ(s) σ(-s)."""
    return torch.addcmul(s.sigmoid(), s, sigmoid_derivative(s))


class Activation(NamedTuple):
    """The value and the derivative of an activation without parameters."""
    value: Callable
    derivative: Callable


def identity(s):
    """s: the layer is linear."""
    return s


ACTIVATIONS = {
    "linear": Activation(identity, torch.ones_like),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "softplus": Activation(softplus, softplus_derivative),
    "relu": Activation(relu, relu_derivative),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative),
    "elu": Activation(elu, elu_derivative),
    "gelu": Activation(gelu, gelu_derivative),
    "silu": Activation(silu, silu_derivative),
}


# ------------------------------------------------------------------------------- maxout


def maxout(X, W, b):
    """The largest of K affine maps; see `reference.maxout`."""
    return torch.einsum("nd,kdm->knm", X, W).add(b.unsqueeze(1)).amax(0)


def maxout_backward(z_bar, X, W, b):
    """∂E/∂X and a Layer of gradients; see `reference.maxout_backward`."""
    winner = torch.einsum("nd,kdm->knm", X, W).add(b.unsqueeze(1)).argmax(0)
    delta = z_bar.new_zeros(len(W), *z_bar.shape)
    delta.scatter_(0, winner.unsqueeze(0), z_bar.unsqueeze(0))  # to the largest alone
    X_bar = torch.einsum("knm,kdm->nd", delta, W)
    return X_bar, Layer(torch.einsum("nd,knm->kdm", X, delta), delta.sum(1))


# ------------------------------------------------------------------------------- blocks


def dense_block(X, layer, *, activation="tanh"):
    """f(X W + b); see `reference.dense_block`."""
    return ACTIVATIONS[activation].value(torch.addmm(layer.b, X, layer.W))


def dense_block_backward(z_bar, X, layer, *, activation="tanh"):
    """∂E/∂X and a Layer of gradients; see `reference.dense_block_backward`."""
    s = torch.addmm(layer.b, X, layer.W)
    delta = ACTIVATIONS[activation].derivative(s).mul(z_bar)        # δ = f'(s) ⊙ z̄
    return delta.mm(layer.W.t()), Layer(X.t().mm(delta), delta.sum(0))


def residual_block(X, layer, *, activation="tanh", scale=1.0):
    """X + α f(X W + b); see `reference.residual_block`."""
    return X.add(dense_block(X, layer, activation=activation), alpha=scale)


def residual_block_backward(z_bar, X, layer, *, activation="tanh", scale=1.0):
    """∂E/∂X and a Layer of gradients; see `reference.residual_block_backward`."""
    through, grads = dense_block_backward(z_bar, X, layer, activation=activation)
    return z_bar.add(through, alpha=scale), Layer(*(scale * g for g in grads))


class HighwayLayer(NamedTuple):
    """W (D, D) and b (D,) of the layer, and of its gate; or their gradients."""
    W: torch.Tensor
    b: torch.Tensor
    W_gate: torch.Tensor
    b_gate: torch.Tensor


def highway_block(X, layer, *, activation="tanh"):
    """X + T ⊙ (f(X W + b) - X); see `reference.highway_block`."""
    T = torch.addmm(layer.b_gate, X, layer.W_gate).sigmoid()
    h = ACTIVATIONS[activation].value(torch.addmm(layer.b, X, layer.W))
    return torch.lerp(X, h, T)


def highway_block_backward(z_bar, X, layer, *, activation="tanh"):
    """∂E/∂X and a HighwayLayer; see `reference.highway_block_backward`."""
    f, s = ACTIVATIONS[activation], torch.addmm(layer.b, X, layer.W)
    T = torch.addmm(layer.b_gate, X, layer.W_gate).sigmoid()
    delta = z_bar * T * f.derivative(s)
    gate = z_bar * (f.value(s) - X) * T * (1 - T)
    X_bar = (1 - T).mul(z_bar).addmm(delta, layer.W.t()).addmm(gate, layer.W_gate.t())
    grads = (X.t().mm(delta), delta.sum(0), X.t().mm(gate), gate.sum(0))
    return X_bar, HighwayLayer(*grads)


class Block(NamedTuple):
    """The value of a block and its backward function."""
    value: Callable
    backward: Callable


BLOCKS = {
    "dense": Block(dense_block, dense_block_backward),
    "residual": Block(residual_block, residual_block_backward),
    "highway": Block(highway_block, highway_block_backward),
}


# ----------------------------------------------------------------- gradients over depth


def products(factors):
    """1, and the products of the first factors; see `reference.products`."""
    return torch.cat([torch.ones_like(factors[:1]), factors.cumprod(0)])


def chain_factors(weights, z, *, activation="sigmoid"):
    """The factors w_l f'(s_l) of a chain; see `reference.chain_factors`."""
    f, factors = ACTIVATIONS[activation], torch.empty_like(weights)
    for l, w in enumerate(weights):                                  # noqa: E741
        factors[l] = f.derivative(w * z).mul(w)
        z = f.value(w * z)
    return factors


def stack_forward(layers, X, *, block="dense", **options):
    """What each block of a stack puts out; see `reference.stack_forward`."""
    zs, value = [X], BLOCKS[block].value
    for layer in layers:
        X = value(X, layer, **options)
        zs.append(X)
    return zs


def stack_backward(layers, zs, z_bar, *, block="dense", **options):
    """Back-propagation through a stack; see `reference.stack_backward`."""
    z_bars, backward = [z_bar], BLOCKS[block].backward
    grads: list = []
    for l in range(len(layers) - 1, -1, -1):                         # noqa: E741
        z_bar, grad = backward(z_bar, zs[l], layers[l], **options)
        z_bars.insert(0, z_bar)
        grads.insert(0, grad)
    return z_bars, grads


def gradient_norms(layers, X, z_bar, *, block="dense", **options):
    """The norms of ∂E/∂z_0 … ∂E/∂z_L; see `reference.gradient_norms`."""
    zs = stack_forward(layers, X, block=block, **options)
    z_bars, _ = stack_backward(layers, zs, z_bar, block=block, **options)
    return torch.stack(z_bars).flatten(1).norm(dim=1)


def gradient_factors(layers, X, *, activation="tanh"):
    """By what each layer multiplies a gradient; see `reference.gradient_factors`."""
    factors, f = [], ACTIVATIONS[activation]
    for W, b in layers:
        s = torch.addmm(b, X, W)
        weights, slopes = W.square().sum(0).mean(), f.derivative(s).square().mean()
        factors.append(weights.mul(slopes).sqrt())  # D · mean(W²) is the mean of sums
        X = f.value(s)
    return torch.stack(factors)


# --------------------------------------------------------------------------- dead units


def dead_units(sums):
    """Which ReLU units have the slope 0 at every example: (N, M) -> bool, (M,)."""
    return sums.amax(0) <= 0


def count_dead(layers, batches):
    """How many hidden units are dead, by layer; see `reference.count_dead`."""
    hidden = layers[:-1]
    highest = [torch.full_like(b, -math.inf) for _, b in hidden]
    for X in batches:
        z = X
        for l, (W, b) in enumerate(hidden):                          # noqa: E741
            s = torch.addmm(b, z, W)
            highest[l] = torch.cat([highest[l].unsqueeze(0), s]).amax(0)
            z = s.clamp(min=0)
    return [int((top <= 0).sum()) for top in highest]


def reset_dead(layers, fresh, X):
    """The dead units of a hidden layer begun again; see `reference.reset_dead`."""
    dead = dead_units(torch.addmm(layers[0].b, X, layers[0].W))
    W, b = (part.clone() for part in layers[0])
    W[:, dead], b[dead] = fresh[0].W[:, dead], fresh[0].b[dead]
    return [Layer(W, b), Layer(layers[1].W * ~dead.unsqueeze(1), layers[1].b)]


# ------------------------------------------------------------ a classifier of any depth


def classifier_forward(layers, X, *, block="dense", **options):
    """All outputs, and last the logits; see `reference.classifier_forward`."""
    z = dense_block(X, layers[0], activation=options["activation"])
    zs = stack_forward(layers[1:-1], z, block=block, **options)
    return [X, *zs, torch.addmm(layers[-1].b, zs[-1], layers[-1].W)]


def classifier_backward(layers, zs, y, *, block="dense", **options):
    """The gradient, a list like `layers`; see `reference.classifier_backward`."""
    delta = softmax(zs[-1])
    delta[torch.arange(len(y), device=y.device), y] -= 1
    delta = delta / len(y)
    z_bars, grads = stack_backward(layers[1:-1], zs[1:-1], delta.mm(layers[-1].W.t()),
                                   block=block, **options)
    _, bottom = dense_block_backward(z_bars[0], zs[0], layers[0],
                                     activation=options["activation"])
    return [bottom, *grads, Layer(zs[-2].t().mm(delta), delta.sum(0))]


def train_classifier(layers, X, y, orders, *, lr, batch_size, **options):
    """Mini-batch descent; see `reference.train_classifier`."""
    layers, losses = [type(layer)(*(p.clone() for p in layer)) for layer in layers], []
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        zs = classifier_forward(layers, X[m], **options)
        losses.append(cross_entropy(zs[-1], y[m]))
        for layer, grad in zip(layers, classifier_backward(layers, zs, y[m], **options),
                               strict=True):
            for p, g in zip(layer, grad, strict=True):
                p.sub_(g, alpha=lr)
    return layers, torch.stack(losses)


# ------------------------------------------------------------------ slopes to be chosen


def leaky_gain(negative_slope=0.01, *, negative=0.5):
    """√(1/E[f'²]) of a leaky layer; see `reference.leaky_gain`."""
    return 1 / (1 - negative * (1 - negative_slope**2))**0.5


def prelu_backward(z_bar, s, a):
    """∂E/∂s and ∂E/∂a of PReLU; see `reference.prelu_backward`."""
    below = s.le(0).to(s.dtype)
    a_bar = (z_bar * s * below).sum_to_size(a.shape)
    return z_bar * (1 - below) + z_bar * below * a, a_bar


def highway_bias(depth, carried):
    """log(c^{-1/L} - 1); see `reference.highway_bias`."""
    return torch.as_tensor(carried).log().div(-depth).expm1().log()


class ResidualBlock(torch.nn.Module):
    """x + F(x), with the activation before each layer (He et al., 2016b).

    Parameters
    ----------
    inputs, hidden, outputs : int
        How many numbers come in, pass between the two layers, and go out.

    Its parts are `first` and `second`, two `torch.nn.Linear`, and `shortcut`: an
    identity where as many numbers go out as come in, else a `torch.nn.Linear` without
    a bias. The weight and the bias of `second` are zero at the start, so that the block
    starts as its shortcut.

    `forward(x)` takes x (..., inputs), leaves it as it is, and returns

        shortcut(x) + second(relu(first(relu(x)))),    (..., outputs)
    """

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first = torch.nn.Linear(inputs, hidden)
        self.second = torch.nn.Linear(hidden, outputs)
        self.shortcut: torch.nn.Module = torch.nn.Identity()
        if inputs != outputs:
            self.shortcut = torch.nn.Linear(inputs, outputs, bias=False)
        torch.nn.init.zeros_(self.second.weight)
        torch.nn.init.zeros_(self.second.bias)

    def forward(self, x):
        h = self.first(torch.relu(x))
        return self.shortcut(x) + self.second(torch.relu(h))
