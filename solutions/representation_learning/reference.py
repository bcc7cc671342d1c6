"""Representation learning in NumPy: autoencoders, and what their codes are good for.

A layer is f(zW + b), with W (D, M). The reconstruction error is half the squared
distance between an input and its reconstruction, a mean over the examples. No function
changes its arguments; each keeps the dtype of the numbers that it gets. Nothing here
draws but the starts: noise and the order of examples are arguments.

R networks may stand side by side, each with its own weights and its own examples:
W (R, D, M), b (R, 1, M) and X (R, N, D).
"""
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from solutions.dropout.reference import log_softmax
from solutions.gradient_descent.reference import minibatches
from solutions.momentum.reference import momentum_init, momentum_step


class Layer(NamedTuple):
    """W, the weights (D, M), and b, the biases (M,), of a layer; or their gradients."""
    W: np.ndarray
    b: np.ndarray


class Tied(NamedTuple):
    """W (D, M), for the encoder and, transposed, the decoder; their biases b, c."""
    W: np.ndarray
    b: np.ndarray
    c: np.ndarray


# ----------------------------------------------------------------- any number of layers


def sigmoid(s):
    """1/(1+e⁻ˢ) for each number of an array, written so that nothing overflows."""
    return (1 + np.tanh(s / 2)) / 2


def apply(s, activation):
    """f(s), for the activation 'identity', 'sigmoid', 'tanh' or 'relu'."""
    match activation:
        case "identity":
            return s
        case "sigmoid":
            return sigmoid(s)
        case "tanh":
            return np.tanh(s)
        case "relu":
            return np.maximum(s, 0)
    raise ValueError(f"there is no activation {activation!r}")


def slope(z, activation):
    """f'(s), from the output z = f(s)."""
    match activation:
        case "identity":
            return np.ones_like(z)
        case "sigmoid":
            return z * (1 - z)
        case "tanh":
            return 1 - z**2
        case "relu":
            return (z > 0).astype(z.dtype)
    raise ValueError(f"there is no activation {activation!r}")


def mirrored_init(rng, sizes, *, dtype=np.float32):
    """Layers that narrow to a code and widen again: weights Xavier's, biases zero.

    Parameters
    ----------
    rng : numpy.random.Generator
    sizes : sequence of int
        Inputs, units of each layer of the encoder, and last of the code. The decoder
        has the same sizes, backwards.

    Returns
    -------
    layers : list of Layer
    """
    there_and_back = [*sizes, *sizes[-2::-1]]
    return [Layer((rng.normal(size=(D, M)) * np.sqrt(2 / (D + M))).astype(dtype),
                  np.zeros(M, dtype)) for D, M in pairwise(there_and_back)]


def forward(layers, X, *, activations):
    """The outputs of each layer; of an autoencoder the last is the reconstruction.

    Parameters
    ----------
    layers : list of J Layer
    X : ndarray, (N, D)
    activations : sequence of J str
        One for each layer.

    Returns
    -------
    zs : list of J + 1 ndarray
        X, and what each layer puts out.
    """
    zs = [X]
    for (W, b), activation in zip(layers, activations, strict=True):
        zs.append(apply(zs[-1] @ W + b, activation))    # z_l = f_l(z_{l-1} W_l + b_l)
    return zs


def backward(layers, zs, z_bar, *, activations, penalties=None):
    """The gradient of a loss by the layers, from its gradient by what they put out.

    Parameters
    ----------
    layers, activations : as `forward` had them
    zs : list of J + 1 ndarray
        What `forward` returned.
    z_bar : ndarray, (N, K)
        ∂E/∂z_J.
    penalties : dict of int to ndarray, or None
        For the output z_l of a layer 0 < l < J, ∂R/∂z_l of a penalty R on it.

    Returns
    -------
    grads : list of J Layer
    """
    grads = []
    for j in reversed(range(len(layers))):
        W, b = layers[j]
        delta = z_bar * slope(zs[j + 1], activations[j])        # δ_l = z̄_l ⊙ f'_l
        # ∂E/∂W_l = z_{l-1}ᵀ δ_l,  ∂E/∂b_l = Σ_n δ_l
        grads.append(Layer(zs[j].mT @ delta, delta.sum(axis=-2).reshape(b.shape)))
        z_bar = delta @ W.mT                            # z̄_{l-1} = δ_l W_lᵀ
        if penalties and j in penalties:
            z_bar = z_bar + penalties[j]                #           + ∂R/∂z_{l-1}
    return grads[::-1]


def reconstruction_error(X_hat, X):
    """½ ‖x̂ - x‖², the mean over the examples; both (N, D)."""
    # E = 1/2N Σ_n ‖x̂_n - x_n‖²
    return ((X_hat - X)**2).sum(axis=(-2, -1)) / (2 * X.shape[-2])


def autoencoder(layers, X, *, activations, inputs=None):
    """The reconstruction error of an autoencoder, and its gradient.

    Parameters
    ----------
    layers : list of J Layer
        The encoder's and then the decoder's.
    X : ndarray, (N, D)
        What is to be reconstructed.
    activations : sequence of J str
    inputs : ndarray, (N, D), or None
        What the encoder is given, such as X with noise; None: X.

    Returns
    -------
    loss : NumPy scalar
    grads : list of J Layer
    """
    zs = forward(layers, X if inputs is None else inputs, activations=activations)
    z_bar = (zs[-1] - X) / X.shape[-2]                  # ∂E/∂x̂ = (x̂ - x)/N
    return (reconstruction_error(zs[-1], X),
            backward(layers, zs, z_bar, activations=activations))


# ----------------------------------------------------------- one layer, with one matrix


def tied_init(rng, D, M, *, dtype=np.float32):
    """A layer of D inputs and M code units with Xavier's weights; biases zero."""
    W = (rng.normal(size=(D, M)) * np.sqrt(2 / (D + M))).astype(dtype)
    return Tied(W, np.zeros(M, dtype), np.zeros(D, dtype))


def encode(layer, X):
    """The code of a layer, σ(xW + b); `layer` is a Layer or a Tied."""
    return sigmoid(X @ layer.W + layer.b)


def tied_autoencoder(params, X):
    """Code and reconstruction of an autoencoder whose decoder is Wᵀ.

    Parameters
    ----------
    params : Tied
    X : ndarray, (N, D)

    Returns
    -------
    H, X_hat : ndarray, (N, M) and (N, D)
        The sigmoid code; the reconstruction, which has no activation.
    """
    H = encode(params, X)                               # h = σ(xW + b)
    return H, H @ params.W.mT + params.c                # x̂ = hWᵀ + c


def tied_backward(params, X_tilde, H, X_hat, X, *, penalty=0):
    """The gradient of the reconstruction error; W has its share from both ends.

    Parameters
    ----------
    params : Tied
    X_tilde, H, X_hat : ndarray, (N, D), (N, M), (N, D)
        What the encoder was given, and what `tied_autoencoder` made of it.
    X : ndarray, (N, D)
        What was to be reconstructed: X_tilde itself, or the clean input.
    penalty : ndarray, (N, M), or 0
        ∂R/∂h of a penalty R on the code.

    Returns
    -------
    grads : Tied
    """
    W, b, c = params
    out = (X_hat - X) / X.shape[-2]                     # ∂E/∂x̂ = (x̂ - x)/N
    delta = (out @ W + penalty) * H * (1 - H)           # δ = (∂E/∂h + ∂R/∂h) ⊙ h(1-h)
    # ∂E/∂W = x̃ᵀδ, as encoder, + (∂E/∂x̂)ᵀh, as decoder
    return Tied(X_tilde.mT @ delta + out.mT @ H,
                delta.sum(axis=-2).reshape(b.shape), out.sum(axis=-2).reshape(c.shape))


# --------------------------------------------------------------------- sparse and noisy


def sparse_penalty(H, *, strength, kind="l1", target=0.05):
    """A price on active code units, and its gradient.

    Parameters
    ----------
    H : ndarray, (N, M)
        Codes; for kind 'kl' between 0 and 1.
    strength : float
        λ.
    kind : 'l1' or 'kl'
        λ Σ_j |h_j|, the mean over the examples; or `kl_sparsity`.
    target : float
        ρ of 'kl': how active a unit is to be on average.

    Returns
    -------
    R : NumPy scalar
    H_bar : ndarray, (N, M)
        ∂R/∂H.
    """
    if kind == "kl":
        return kl_sparsity(H, strength=strength, target=target)
    if kind != "l1":
        raise ValueError(f"there is no penalty {kind!r}")
    N = len(H)
    return strength * np.abs(H).sum() / N, strength * np.sign(H) / N    # λ/N Σ |h|


def kl_sparsity(H, *, strength, target):
    """A price on units whose mean activity is not the target, and its gradient.

    Parameters
    ----------
    H : ndarray, (N, M), each number between 0 and 1, both excluded
        Codes of a batch.
    strength : float
        λ.
    target : float, between 0 and 1, both excluded
        ρ.

    Returns
    -------
    R : NumPy scalar
        λ Σ_j KL(ρ ‖ ρ̂_j), with ρ̂_j the mean of unit j over the batch, and KL the
        divergence of two coins: ρ log(ρ/ρ̂) + (1-ρ) log((1-ρ)/(1-ρ̂)).
    H_bar : ndarray, (N, M)
        ∂R/∂H. Both have the dtype of `H`.
    """
    mean = H.mean(axis=0)                               # ρ̂_j = 1/N Σ_n h_nj
    on, off = target / mean, (1 - target) / (1 - mean)
    R = strength * (target * np.log(on) + (1 - target) * np.log(off)).sum()
    # ∂R/∂h_nj = λ/N (-ρ/ρ̂_j + (1-ρ)/(1-ρ̂_j))
    return R, np.broadcast_to(strength * (off - on) / len(H), H.shape)


def masking_noise(X, draws, *, share):
    """Set a fixed number of each example's inputs to zero.

    Parameters
    ----------
    X : ndarray, (N, D)
    draws : ndarray, (N, D)
        Numbers that differ within a row: the inputs with the smallest are set to zero.
    share : float, from 0 to 1
        ν. Of each example ⌊νD + ½⌋ inputs become zero; the others stay as they are.

    Returns
    -------
    X_tilde : ndarray, (N, D), the dtype of X

    References
    ----------
    Vincent et al. (2008), section 2.3.
    """
    count = int(share * X.shape[-1] + 0.5)              # ⌊νD + ½⌋
    rank = draws.argsort().argsort()                    # 0 for a row's smallest
    return np.where(rank < count, 0, X)


def denoise(params, X_tilde, X):
    """The denoising criterion of a tied autoencoder, and its gradient.

    Parameters
    ----------
    params : Tied
    X_tilde, X : ndarray, (N, D)
        Corrupted inputs, for the encoder; the clean ones, which are the target.

    Returns
    -------
    loss : NumPy scalar
        1/2N Σ_n ‖g(f(x̃_n)) - x_n‖².
    grads : Tied
    """
    H, X_hat = tied_autoencoder(params, X_tilde)        # x̂ = g(f(x̃))
    grads = tied_backward(params, X_tilde, H, X_hat, X)
    return reconstruction_error(X_hat, X), grads        # compared with x, not with x̃


# --------------------------------------------------------------- layers upon each other


def train_stacked(starts, X, train_epoch, *, corrupt, epochs):
    """Train layer after layer, each as a denoising autoencoder of the codes below it.

    Parameters
    ----------
    starts : list of Tied
        The first for the inputs, each other one for the codes of the one before.
    X : ndarray, (N, D)
        Inputs; no labels.
    train_epoch : callable, (params, Z_tilde, Z) -> params
        One epoch of training an autoencoder to make Z from Z_tilde.
    corrupt : callable, Z -> Z_tilde
        Noise, drawn anew at each call.
    epochs : int
        For each layer.

    Returns
    -------
    layers : list of Layer
        The encoders: W and b of each.

    References
    ----------
    Vincent et al. (2010), section 3.5: noise is for training a layer; what it hands to
    the next one is the code of clean inputs.
    """
    layers, Z = [], X                                   # z_0 = x
    for params in starts:
        for _ in range(epochs):
            params = train_epoch(params, corrupt(Z), Z)
        layers.append(Layer(params.W, params.b))
        Z = encode(params, Z)                           # z_l = σ(z_{l-1} W_l + b_l)
    return layers


def classify(layers, X):
    """The logits of sigmoid layers and a last one without an activation."""
    return forward(layers, X, activations=_classifier(layers))[-1]


def classifier_gradient(layers, X, y):
    """The gradient of the mean cross-entropy of such a classifier; y int, (N,)."""
    zs = forward(layers, X, activations=_classifier(layers))
    r = np.eye(zs[-1].shape[-1], dtype=zs[-1].dtype)[y]
    z_bar = (np.exp(log_softmax(zs[-1])) - r) / X.shape[-2]     # (p - r)/N
    return backward(layers, zs, z_bar, activations=_classifier(layers))


def _classifier(layers):
    return ["sigmoid"] * (len(layers) - 1) + ["identity"]


def fine_tune(layers, X, y, orders, *, lr, batch_size, momentum=0.9, frozen=0):
    """Train a classifier of sigmoid layers, from any start, by the labels.

    Parameters
    ----------
    layers : list of J Layer
        Sigmoid layers, pre-trained or not, and last one that gives logits.
    X, y : ndarray, (N, D) and int (N,)
    orders : ndarray of int, (epochs, N)
        In which order each epoch takes the examples.
    lr, momentum : float
    batch_size : int
    frozen : int
        So many of the lowest layers stay as they are.

    Returns
    -------
    layers : list of J Layer
    """
    layers, states = list(layers), [[*map(momentum_init, layer)] for layer in layers]
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        grads = classifier_gradient(layers, X[..., m, :], y[..., m])
        for j in range(frozen, len(layers)):
            moved = [momentum_step(*part, lr=lr, momentum=momentum)
                     for part in zip(layers[j], grads[j], states[j], strict=True)]
            layers[j], states[j] = Layer(*(p for p, _ in moved)), [v for _, v in moved]
    return layers


# ----------------------------------------------------------------- a subspace, compared


def subspace_angle(A, B):
    """The largest principal angle between the spaces that two matrices' columns span.

    Parameters
    ----------
    A, B : ndarray, (D, k)
        Linearly independent columns, as many in both; neither orthogonal nor of any
        length.

    Returns
    -------
    angle : NumPy scalar
        In radians, from 0 to π/2: the largest angle between a vector of one space and
        the nearest of the other. Small angles keep their digits: in float64 an angle of
        1e-9 is right to a few parts in a hundred, or better.

    References
    ----------
    Björck and Golub (1973).
    """
    (Q, _), (P, _) = np.linalg.qr(A), np.linalg.qr(B)
    shared = Q.T @ P
    cosine = np.linalg.svd(shared, compute_uv=False).min()      # cos θ_k = σ_min(QᵀP)
    sine = np.linalg.norm(P - Q @ shared, 2)            # sin θ_k = ‖(I - QQᵀ)P‖₂
    return np.arctan2(sine, cosine)                     # right where either is flat
