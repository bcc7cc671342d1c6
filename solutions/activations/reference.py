"""Activations in NumPy: values and slopes, blocks of layers, and gradients over depth.

No function changes its arguments. An activation takes the sums s of a layer, an array
of any shape, and keeps shape and dtype. Nothing overflows, however large a sum is.
"""
import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from solutions.gradient_descent.reference import (
    Layer,
    cross_entropy,
    minibatches,
    softmax,
)

# ---------------------------------------------------------------- activations that bend


def sigmoid(s):
    """1/(1+e⁻ˢ), to full relative precision at both ends."""
    e = np.exp(-np.abs(s))                          # at most 1
    return np.where(s >= 0, 1, e) / (1 + e)         # σ(s) = eˢ/(1+eˢ) = 1/(1+e⁻ˢ)


def sigmoid_derivative(s):
    """σ'(s) = σ(s) (1-σ(s)), at most 1/4."""
    e = np.exp(-np.abs(s))
    return e / (1 + e)**2                           # σ' = e⁻ˢ/(1+e⁻ˢ)², even in s


def tanh(s):
    """(eˢ-e⁻ˢ)/(eˢ+e⁻ˢ) = 2σ(2s) - 1."""
    return np.tanh(s)


def tanh_derivative(s):
    """1 - tanh²(s), at most 1."""
    return 4 * sigmoid_derivative(2 * s)            # tanh'(s) = 4σ'(2s)


def softplus(s):
    """log(1+eˢ), a smooth ReLU."""
    # log(1+eˢ) = max(s, 0) + log(1+e^{-|s|})
    return np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s)))


def softplus_derivative(s):
    """σ(s)."""
    return sigmoid(s)


def log_sigmoid(s):
    """The logarithm of the sigmoid of each number of an array.

    Parameters
    ----------
    s : ndarray, any one shape
        Sums of any size: nothing may overflow.

    Returns
    -------
    log_sigma : ndarray, like `s`
        log σ(s) = log(1/(1+e⁻ˢ)), right to many digits also where it is very small.
    """
    # log σ(s) = min(s, 0) - log(1+e^{-|s|})
    return np.minimum(s, 0) - np.log1p(np.exp(-np.abs(s)))


def log_sigmoid_derivative(s):
    """1 - σ(s) = σ(-s)."""
    return sigmoid(-s)


# ------------------------------------------------------------ activations with a corner


def relu(s):
    """max(0, s)."""
    return np.maximum(s, 0)


def relu_derivative(s):
    """1 where s > 0, else 0; at the corner 0."""
    return (s > 0).astype(s.dtype)


def leaky_relu(s, *, negative_slope=0.01):
    """s where s > 0, else a·s with a fixed slope a (Maas, Hannun and Ng, 2013)."""
    return np.where(s > 0, s, negative_slope * s)


def leaky_relu_derivative(s, *, negative_slope=0.01):
    """1 where s > 0, else a."""
    return np.where(s > 0, 1, negative_slope).astype(s.dtype)


def prelu(s, a):
    """Leaky ReLU with a slope that is learned (He et al., 2015).

    Parameters
    ----------
    s : ndarray, (..., M)
    a : ndarray, () or (M,)
        One slope for all units, or one for each.
    """
    return np.where(s > 0, s, a * s)


def prelu_derivative(s, a):
    """∂/∂s: 1 where s > 0, else a."""
    return np.where(s > 0, 1, a).astype(s.dtype)


def elu(s, *, alpha=1.0):
    """s where s > 0, else α(eˢ-1) (Clevert, Unterthiner and Hochreiter, 2016)."""
    return np.where(s > 0, s, alpha * np.expm1(np.minimum(s, 0)))


def elu_derivative(s, *, alpha=1.0):
    """1 where s > 0, else α eˢ."""
    return np.where(s > 0, 1, alpha * np.exp(np.minimum(s, 0)))


# ------------------------------------------------- activations that weigh by their size


def normal_cdf(s):
    """Φ(s), the share of a standard normal distribution below s."""
    erfc = np.vectorize(math.erfc, otypes=[float])
    return (erfc(-s / math.sqrt(2)) / 2).astype(s.dtype)   # Φ(s) = ½ erfc(-s/√2)


def gelu(s):
    """s Φ(s) (Hendrycks and Gimpel, 2016), exactly and not by a tanh."""
    return s * normal_cdf(s)


def gelu_derivative(s):
    """Φ(s) + s φ(s) with φ = Φ'."""
    return normal_cdf(s) + s * np.exp(-s * s / 2) / math.sqrt(2 * math.pi)


def silu(s):
    """s σ(s), also called swish."""
    return s * sigmoid(s)


def silu_derivative(s):
    """σ(s) (1 + s σ(-s))."""
    return sigmoid(s) * (1 + s * sigmoid(-s))


class Activation(NamedTuple):
    """The value and the derivative of an activation without parameters."""
    value: Callable
    derivative: Callable


def identity(s):
    """s: the layer is linear."""
    return s


ACTIVATIONS = {
    "linear": Activation(identity, np.ones_like),
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
    """The largest of K affine maps (Goodfellow et al., 2013).

    Parameters
    ----------
    X : ndarray, (N, D)
    W, b : ndarray, (K, D, M) and (K, M)

    Returns
    -------
    z : ndarray, (N, M)
    """
    return (X @ W + b[:, None]).max(axis=0)         # z = max_k (X W_k + b_k)


def maxout_backward(z_bar, X, W, b):
    """∂E/∂X, and a Layer with ∂E/∂W and ∂E/∂b, from z̄ = ∂E/∂z of `maxout(X, W, b)`."""
    s = X @ W + b[:, None]
    wins = np.arange(len(W))[:, None, None] == s.argmax(axis=0)
    delta = np.where(wins, z_bar, 0)                # slope 1 for the largest, else 0
    X_bar = (delta @ W.swapaxes(1, 2)).sum(axis=0)  # X̄ = Σ_k δ_k W_kᵀ
    return X_bar, Layer(X.T @ delta, delta.sum(axis=1))


# ------------------------------------------------------------------------------- blocks


def dense_block(X, layer, *, activation="tanh"):
    """A layer, f(X W + b).

    Parameters
    ----------
    X : ndarray, (N, D)
    layer : Layer, (D, M) and (M,)
    activation : str
        A key of `ACTIVATIONS`.

    Returns
    -------
    z : ndarray, (N, M)
    """
    return ACTIVATIONS[activation].value(X @ layer.W + layer.b)


def dense_block_backward(z_bar, X, layer, *, activation="tanh"):
    """∂E/∂X, and a Layer of gradients, from z̄ = ∂E/∂z of `dense_block`."""
    slope = ACTIVATIONS[activation].derivative(X @ layer.W + layer.b)
    delta = z_bar * slope                           # δ = z̄ ⊙ f'(s)
    return delta @ layer.W.T, Layer(X.T @ delta, delta.sum(axis=0))     # X̄ = δ Wᵀ


def residual_block(X, layer, *, activation="tanh", scale=1.0):
    """X + α f(X W + b): what the layer adds to its input (He et al., 2016).

    Parameters
    ----------
    X : ndarray, (N, D)
    layer : Layer, (D, D) and (D,)
    activation : str
    scale : float
        α, by which the branch is multiplied.

    Returns
    -------
    z : ndarray, (N, D)
    """
    return X + scale * dense_block(X, layer, activation=activation)


def residual_block_backward(z_bar, X, layer, *, activation="tanh", scale=1.0):
    """∂E/∂X, and a Layer of gradients, from z̄ = ∂E/∂z of `residual_block`."""
    X_bar, grads = dense_block_backward(scale * z_bar, X, layer, activation=activation)
    return z_bar + X_bar, grads                     # X̄ = z̄ + α (z̄ ⊙ f'(s)) Wᵀ


class HighwayLayer(NamedTuple):
    """The layer's W (D, D) and b (D,), and the same of its gate; or their gradients."""
    W: np.ndarray
    b: np.ndarray
    W_gate: np.ndarray
    b_gate: np.ndarray


def highway_block(X, layer, *, activation="tanh"):
    """T ⊙ f(X W + b) + (1-T) ⊙ X with the gate T = σ(X W_T + b_T).

    Parameters
    ----------
    X : ndarray, (N, D)
    layer : HighwayLayer
    activation : str

    Returns
    -------
    z : ndarray, (N, D)

    References
    ----------
    Srivastava, Greff and Schmidhuber (2015).
    """
    T = sigmoid(X @ layer.W_gate + layer.b_gate)
    h = ACTIVATIONS[activation].value(X @ layer.W + layer.b)
    return T * h + (1 - T) * X


def highway_block_backward(z_bar, X, layer, *, activation="tanh"):
    """∂E/∂X, and a HighwayLayer of gradients, from z̄ = ∂E/∂z of `highway_block`."""
    f, s = ACTIVATIONS[activation], X @ layer.W + layer.b
    t = X @ layer.W_gate + layer.b_gate
    delta = z_bar * sigmoid(t) * f.derivative(s)                # δ = z̄ ⊙ T ⊙ f'(s)
    gate = z_bar * (f.value(s) - X) * sigmoid_derivative(t)     # ∂E/∂t, t = X W_T + b_T
    X_bar = z_bar * sigmoid(-t) + delta @ layer.W.T + gate @ layer.W_gate.T
    grads = (X.T @ delta, delta.sum(axis=0), X.T @ gate, gate.sum(axis=0))
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


def random_layers(rng, depth, width, *, gain=1.0):
    """`depth` square layers with weights N(0, gain²/width) and zero biases."""
    deviation, shape = gain / np.sqrt(width), (width, width)
    return [Layer(rng.normal(0, deviation, shape), np.zeros(width))
            for _ in range(depth)]


def highway_layers(rng, depth, width, *, gain=1.0, gate_bias=-1.0):
    """`random_layers` with gates of the same weights' size and of equal biases."""
    plain, gates = (random_layers(rng, depth, width, gain=gain) for _ in range(2))
    return [HighwayLayer(layer.W, layer.b, gate.W, np.full(width, gate_bias))
            for layer, gate in zip(plain, gates, strict=True)]


def products(factors):
    """1, and the product of the first, of the first two … of all factors."""
    return np.concatenate([np.ones_like(factors[:1]), np.cumprod(factors)])


def chain_factors(weights, z, *, activation="sigmoid"):
    """The factors w_l f'(s_l) of a chain z_l = f(w_l z_{l-1}) of one unit a layer.

    Parameters
    ----------
    weights : ndarray, (L,)
    z : float
        z_0, what enters.

    Returns
    -------
    factors : ndarray, (L,)
        Their product is ∂z_L/∂z_0.
    """
    f, factors = ACTIVATIONS[activation], []
    for w in weights:
        s = w * z
        factors.append(w * f.derivative(s))         # ∂z_l/∂z_{l-1} = w_l f'(s_l)
        z = f.value(s)
    return np.stack(factors)


def stack_forward(layers, X, *, block="dense", **options):
    """What each block of a stack puts out.

    Parameters
    ----------
    layers : list of L Layer, or HighwayLayer
    X : ndarray, (N, D)
    block : str
        A key of `BLOCKS`.
    options : of the block

    Returns
    -------
    zs : list of L + 1 ndarray
        z_0 = X, z_1 … z_L.
    """
    zs = [X]
    for layer in layers:
        zs.append(BLOCKS[block].value(zs[-1], layer, **options))
    return zs


def stack_backward(layers, zs, z_bar, *, block="dense", **options):
    """Back-propagation through a stack.

    Parameters
    ----------
    layers : list of L Layer, or HighwayLayer
    zs : list of L + 1 ndarray
        What `stack_forward` returns for them.
    z_bar : ndarray, like zs[-1]
        z̄_L = ∂E/∂z_L.

    Returns
    -------
    z_bars : list of L + 1 ndarray
        z̄_l = ∂E/∂z_l.
    grads : list like `layers`
    """
    z_bars, grads = [z_bar], []
    for layer, z in zip(reversed(layers), reversed(zs[:-1]), strict=True):
        z_bar, grad = BLOCKS[block].backward(z_bars[-1], z, layer, **options)
        z_bars.append(z_bar)
        grads.append(grad)
    return z_bars[::-1], grads[::-1]


def gradient_norms(layers, X, z_bar, *, block="dense", **options):
    """The norms of ∂E/∂z_0 … ∂E/∂z_L; the last is that of `z_bar`, which is given.

    Parameters
    ----------
    layers, X, z_bar, block, options
        As for `stack_forward` and `stack_backward`.

    Returns
    -------
    norms : ndarray, (L + 1,)
    """
    zs = stack_forward(layers, X, block=block, **options)
    z_bars, _ = stack_backward(layers, zs, z_bar, block=block, **options)
    return np.stack([np.linalg.norm(z_bar) for z_bar in z_bars])


def gradient_factors(layers, X, *, activation="tanh"):
    """By what each dense layer with random weights multiplies the norm of a gradient.

    Parameters
    ----------
    layers : list of L Layer
    X : ndarray, (N, D)
    activation : str

    Returns
    -------
    factors : ndarray, (L,)
        √χ_l with χ_l = D · mean(W_l²) · mean(f'(s_l)²).
    """
    zs, factors = stack_forward(layers, X, activation=activation), []
    for z, (W, b) in zip(zs, layers, strict=False):
        slopes = ACTIVATIONS[activation].derivative(z @ W + b)
        factors.append(np.sqrt(len(W) * np.mean(W**2) * np.mean(slopes**2)))
    return np.stack(factors)


# --------------------------------------------------------------------------- dead units


def dead_units(sums):
    """Which ReLU units have the slope 0 at every example: (N, M) -> bool, (M,)."""
    return (sums <= 0).all(axis=0)


def count_dead(layers, batches):
    """How many units of each hidden layer of a ReLU network are dead.

    Parameters
    ----------
    layers : list of J Layer
        W (D, M) and b (M,) of each. The hidden ones, all but the last, have ReLU units;
        the last is affine.
    batches : list of ndarray, (n, D) each
        The data in batches, of one size or not.

    Returns
    -------
    counts : list of J - 1 int
        A unit is dead when its slope is 0 at every example of every batch. The slope of
        ReLU is 1 where the sum is above 0, and else 0.
    """
    alive = [np.zeros(len(b), bool) for _, b in layers[:-1]]
    for z in batches:
        for l, (W, b) in enumerate(layers[:-1]):                     # noqa: E741
            s = z @ W + b
            alive[l] = alive[l] | (s > 0).any(axis=0)
            z = np.maximum(s, 0)
    return [int((~units).sum()) for units in alive]


def reset_dead(layers, fresh, X):
    """A network with one hidden layer, its dead units begun again.

    Parameters
    ----------
    layers, fresh : list of 2 Layer
        The network, and one of the same shapes that nobody has trained.
    X : ndarray, (N, D)

    Returns
    -------
    layers : list of 2 Layer
        Dead units get the incoming weights and bias of `fresh`. Their outgoing weights
        are 0, so that they change no output at first.
    """
    hidden, last = layers
    dead = dead_units(X @ hidden.W + hidden.b)
    incoming = (np.where(dead, new, old)
                for old, new in zip(hidden, fresh[0], strict=True))
    return [Layer(*incoming), Layer(np.where(dead[:, None], 0, last.W), last.b)]


# ------------------------------------------------------------ a classifier of any depth


def classifier_init(rng, sizes, *, gain=1.0):
    """Layers with weights N(0, gain²/D) and zero biases; `sizes` as for `mlp_init`."""
    return [Layer(gain * rng.normal(size=(D, M)) / np.sqrt(D), np.zeros(M))
            for D, M in pairwise(sizes)]


def classifier_forward(layers, X, *, block="dense", **options):
    """A dense layer, a stack of blocks, and an affine layer to the logits.

    Parameters
    ----------
    layers : list of J Layer
        The first and the last are always a Layer; those between are what the block has.
    X : ndarray, (N, D)
    block, options
        As for `stack_forward`; the first layer has the same activation.

    Returns
    -------
    zs : list of J + 1 ndarray
        X, what each layer puts out, and last the logits.
    """
    first, *inner, last = layers
    z = dense_block(X, first, activation=options["activation"])
    zs = stack_forward(inner, z, block=block, **options)
    return [X, *zs, zs[-1] @ last.W + last.b]


def classifier_backward(layers, zs, y, *, block="dense", **options):
    """The gradient of the mean cross-entropy, a list like `layers`."""
    first, *inner, last = layers
    r = np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]
    delta = (softmax(zs[-1]) - r) / len(y)          # ∂E/∂logits = (p - r)/N
    top = Layer(zs[-2].T @ delta, delta.sum(axis=0))
    z_bars, grads = stack_backward(inner, zs[1:-1], delta @ last.W.T, block=block,
                                   **options)
    _, bottom = dense_block_backward(z_bars[0], zs[0], first,
                                     activation=options["activation"])
    return [bottom, *grads, top]


def train_classifier(layers, X, y, orders, *, lr, batch_size, **options):
    """Mini-batch descent.

    Parameters
    ----------
    layers : list of Layer
    X, y : ndarray, (N, D) and (N,)
    orders : ndarray of int, (epochs, N)
    lr : float
    batch_size : int
    options : of `classifier_forward`

    Returns
    -------
    layers : list of Layer
        At the end.
    losses : ndarray, (steps,)
        Of each batch, before its step.
    """
    losses = []
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        zs = classifier_forward(layers, X[m], **options)
        losses.append(cross_entropy(zs[-1], y[m]))
        grads = classifier_backward(layers, zs, y[m], **options)
        layers = [type(layer)(*(p - lr * g for p, g in zip(layer, grad, strict=True)))
                  for layer, grad in zip(layers, grads, strict=True)]
    return layers, np.stack(losses)


# ------------------------------------------------------------------ slopes to be chosen


def leaky_gain(negative_slope=0.01, *, negative=0.5):
    """The gain with which leaky layers keep the size of a gradient.

    Parameters
    ----------
    negative_slope : float or ndarray
        a: the slope where a sum is negative. Where it is positive the slope is 1.
    negative : float or ndarray
        The share of the sums that is negative.

    Returns
    -------
    gain : float or ndarray
        Weights N(0, gain²/D) multiply the mean square of a gradient by 1 in each layer.
    """
    # χ = gain² E[f'²] = 1
    return (negative * negative_slope**2 + 1 - negative)**-0.5


def prelu_backward(z_bar, s, a):
    """The gradients of PReLU, by its input and by its slopes.

    Parameters
    ----------
    z_bar : ndarray, (..., M)
        z̄ = ∂E/∂z of the output z = `prelu(s, a)`.
    s : ndarray, (..., M)
        The sums: any number of axes before that of the units.
    a : ndarray, () or (M,)
        One slope for all units, or one for each.

    Returns
    -------
    s_bar : ndarray, (..., M)
        ∂E/∂s; where s = 0 the slope is a.
    a_bar : ndarray, like `a`
        ∂E/∂a.
    """
    s_bar = np.where(s > 0, z_bar, a * z_bar)       # ∂z/∂s = 1 where s > 0, else a
    each = z_bar * np.minimum(s, 0)                 # ∂z/∂a = 0 where s > 0, else s
    shared = tuple(range(s.ndim - a.ndim))          # axes over which one slope is used
    return s_bar, each.sum(axis=shared)


def highway_bias(depth, carried):
    """The bias of the gates with which a share of the input passes a stack of highways.

    Parameters
    ----------
    depth : int
        L, how many blocks there are; each multiplies what it carries by 1 - T.
    carried : float or ndarray, between 0 and 1
        The share (1-T)ᴸ of the input that is still there after all of them.

    Returns
    -------
    bias : float or ndarray, like `carried`
        b_T with T = σ(b_T); the gate's weights are left out.
    """
    # (1-T)ᴸ = c  ⇒  b = log(T/(1-T)) = log(c^{-1/L} - 1)
    return np.log(np.expm1(-np.log(carried) / depth))
