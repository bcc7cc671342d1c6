"""Normalization in NumPy: the data's scale, and the scale of what layers hand on.

A batch `X` has its channels on axis 1, (N, C, ...): (N, C) in a dense network,
(N, C, H, W) for images. Variances are divided by their count, unless said otherwise.
No function changes its arguments.
"""
from typing import NamedTuple

import numpy as np


class Statistics(NamedTuple):
    """A mean and a variance for each channel, (C,) both."""
    mean: np.ndarray
    var: np.ndarray


# ----------------------------------------------------------------------------- the data


def condition_number(X):
    """κ of XᵀX/N, the Hessian of least squares with the inputs X, (N, D)."""
    curvatures = np.linalg.eigvalsh(X.T @ X / len(X))
    return curvatures[-1] / curvatures[0]                       # κ = L / m


def standardize(X, train=None):
    """Columns with mean 0 and deviation 1.

    Parameters
    ----------
    X : ndarray, (N, D)
    train : ndarray, (M, D)
        Whose means and deviations are used; X itself where it is None. A column that
        is constant there is only centred.

    Returns
    -------
    Z : ndarray, (N, D)

    References
    ----------
    `sklearn.preprocessing.StandardScaler`.
    """
    train = X if train is None else train
    deviation = train.std(axis=0)
    deviation[deviation == 0] = 1
    return (X - train.mean(axis=0)) / deviation                 # z = (x - μ) / σ


def principal_axes(X):
    """The eigenvectors of the covariance of X, (N, D), and the variances along them.

    Returns
    -------
    variances : ndarray, (D,)
        The largest first.
    U : ndarray, (D, D)
        One axis a column; its largest entry in size is positive.
    """
    centred = X - X.mean(axis=0)
    variances, U = np.linalg.eigh(centred.T @ centred / len(X))  # Σ = U Λ Uᵀ
    variances, U = variances[::-1], U[:, ::-1]
    top = U[np.abs(U).argmax(axis=0), np.arange(len(U))]
    return variances, U * np.sign(top)


def pca_whiten(X, train=None, *, eps=0.0):
    """Uncorrelated columns of variance 1: the coordinates along the principal axes.

    Parameters
    ----------
    X : ndarray, (N, D)
    train : ndarray, (M, D)
        Whose mean and covariance are used; X itself where it is None.
    eps : float
        Added to each variance: keeps axes along which hardly anything varies from
        being blown up.

    Returns
    -------
    Z : ndarray, (N, D)
        The axis of the largest variance first.

    References
    ----------
    `sklearn.decomposition.PCA(whiten=True)`, which divides its variances by N - 1.
    """
    train = X if train is None else train
    variances, U = principal_axes(train)
    return (X - train.mean(axis=0)) @ U / np.sqrt(variances + eps)  # z = Λ^-½ Uᵀ (x-μ)


def zca_whiten(X, train=None, *, eps=0.0):
    """Uncorrelated columns of variance 1, turned back: of all such, the closest to X.

    Parameters
    ----------
    X, train, eps
        As for `pca_whiten`.

    Returns
    -------
    Z : ndarray, (N, D)
        Column d is still about the feature d.

    References
    ----------
    Bell and Sejnowski (1997); Kessy, Lewin and Strimmer (2018).
    """
    train = X if train is None else train
    _, U = principal_axes(train)
    return pca_whiten(X, train, eps=eps) @ U.T              # z = U Λ^-½ Uᵀ (x-μ)


# --------------------------------------------------------- one normalization, any axes


def normalize(X, *, axes, eps=1e-5):
    """Mean 0 and variance σ²/(σ²+ε) over the given axes.

    Parameters
    ----------
    X : ndarray
    axes : int or tuple of int
        What mean and variance are taken over; every other index has its own.
    eps : float

    Returns
    -------
    x_hat : ndarray like X
    inv_std : ndarray
        1/√(σ²+ε), of length 1 along `axes`.
    """
    centred = X - X.mean(axis=axes, keepdims=True)
    var = (centred**2).mean(axis=axes, keepdims=True)           # σ² = 1/m Σ (x-μ)²
    inv_std = 1 / np.sqrt(var + eps)
    return centred * inv_std, inv_std                           # x̂ = (x-μ) / √(σ²+ε)


def normalize_backward(grads, x_hat, inv_std, *, axes):
    """∂E/∂X from ∂E/∂x̂, which has the shape of X.

    Parameters
    ----------
    grads : ndarray
        ∂E/∂x̂.
    x_hat, inv_std, axes
        What `normalize` returned, and was given.

    Returns
    -------
    d_X : ndarray like grads
        `grads` without its mean and without its share along x̂, divided by √(σ²+ε).
    """
    mean = grads.mean(axis=axes, keepdims=True)                 # 1/m Σ ĝ
    along = (grads * x_hat).mean(axis=axes, keepdims=True)      # 1/m Σ ĝ x̂
    return inv_std * (grads - mean - x_hat * along)


def by_channel(p, X):
    """One number for each channel, (C,), shaped to be multiplied by X, (N, C, ...)."""
    return p.reshape(-1, *[1] * (X.ndim - 2))


# --------------------------------------------------------------------------- batch norm


def batch_norm(X, gamma, beta, *, eps=1e-5):
    """Batch normalization in training: each channel by its own batch.

    Parameters
    ----------
    X : ndarray, (N, C, ...)
        Pre-activations.
    gamma, beta : ndarray, (C,)
        Scale and shift that are learned; at first 1 and 0.
    eps : float

    Returns
    -------
    Y : ndarray like X

    References
    ----------
    Ioffe and Szegedy (2015), Algorithm 1.
    """
    x_hat, _ = normalize(X, axes=(0, *range(2, X.ndim)), eps=eps)
    return by_channel(gamma, X) * x_hat + by_channel(beta, X)   # y = γ x̂ + β


def batch_norm_backward(grads, X, gamma, *, eps=1e-5):
    """The gradients of batch normalization in training.

    Parameters
    ----------
    grads : ndarray, (N, C, ...)
        ∂E/∂Y.
    X : ndarray, (N, C, ...)
    gamma : ndarray, (C,)
        What the forward pass was given, as is `eps`.

    Returns
    -------
    d_X : ndarray like X
        ∂E/∂X, where mean and variance move with X.
    d_gamma, d_beta : ndarray, (C,)
        ∂E/∂γ and ∂E/∂β.

    References
    ----------
    Ioffe and Szegedy (2015), section 3, brought to one line.
    """
    axes, m = (0, *range(2, X.ndim)), X.size // X.shape[1]
    x_hat, inv_std = normalize(X, axes=axes, eps=eps)
    d_gamma = (grads * x_hat).sum(axis=axes)                    # ∂E/∂γ = Σ g x̂
    d_beta = grads.sum(axis=axes)                               # ∂E/∂β = Σ g
    # ∂E/∂x = γ/√(σ²+ε) (g - 1/m ∂E/∂β - x̂ 1/m ∂E/∂γ)
    rest = grads - by_channel(d_beta / m, X) - x_hat * by_channel(d_gamma / m, X)
    return by_channel(gamma, X) * inv_std * rest, d_gamma, d_beta


def running_init(channels):
    """Statistics before the first batch: mean 0 and variance 1."""
    return Statistics(np.zeros(channels), np.ones(channels))


def update_running(stats, X, *, momentum=0.1):
    """The running statistics after one more batch.

    Parameters
    ----------
    stats : Statistics
        Before it; `running_init(C)` starts them.
    X : ndarray, (N, C, ...)
        The batch; more than one number for each channel.
    momentum : float
        The share of the new batch, as in PyTorch.

    Returns
    -------
    stats : Statistics
        The variance is the unbiased one, divided by m - 1.

    References
    ----------
    `torch.nn.BatchNorm2d`.
    """
    axes = (0, *range(2, X.ndim))
    mean, var = X.mean(axis=axes), X.var(axis=axes, ddof=1)
    return Statistics((1 - momentum) * stats.mean + momentum * mean,
                      (1 - momentum) * stats.var + momentum * var)


def batch_norm_inference(X, gamma, beta, stats, *, eps=1e-5):
    """Batch normalization after training: fixed statistics, each example by itself.

    Parameters
    ----------
    X : ndarray, (N, C, ...)
    gamma, beta : ndarray, (C,)
    stats : Statistics
        Running statistics, or those of the whole training set.
    eps : float

    Returns
    -------
    Y : ndarray like X
    """
    scale = gamma / np.sqrt(stats.var + eps)
    return by_channel(scale, X) * (X - by_channel(stats.mean, X)) + by_channel(beta, X)


def fuse_batch_norm(W, b, gamma, beta, stats, *, eps=1e-5):
    """The layer that does what a dense layer and batch normalization after it do.

    Parameters
    ----------
    W, b : ndarray, (D, M), (M,)
    gamma, beta, stats, eps
        As for `batch_norm_inference`, M channels.

    Returns
    -------
    W, b : ndarray, (D, M), (M,)
    """
    scale = gamma / np.sqrt(stats.var + eps)                    # a = γ / √(σ²+ε)
    return W * scale, (b - stats.mean) * scale + beta           # aW,  a (b-μ) + β


def population_stats(means, variances, sizes):
    """Mean and variance of all examples, from those of the batches they came in.

    Parameters
    ----------
    means, variances : ndarray, (B, C)
        Of each batch and channel; the variances are the batches' own, divided by the
        size of the batch.
    sizes : ndarray of int, (B,)
        n_b, how many examples each batch has; they may differ.

    Returns
    -------
    mean : ndarray, (C,)
        Over all N = Σ n_b examples.
    var : ndarray, (C,)
        The unbiased one, divided by N - 1. Both keep the dtype of `means`, and their
        digits where the means are large beside the deviations.
    """
    N = int(sizes.sum())
    share = (sizes / N).astype(means.dtype)                     # n_b / N
    mean = share @ means                                        # μ = Σ n_b/N μ_b
    var = share @ (variances + (means - mean)**2)               # within + between
    return Statistics(mean, var * (N / (N - 1)))


# ----------------------------------------------------- the others: no batch is averaged


def layer_norm(X, gamma, beta, *, eps=1e-5):
    """Layer normalization: each example over its features.

    Parameters
    ----------
    X : ndarray, (..., *gamma.shape)
        (N, D), or (N, T, D) where each time is normalized by itself.
    gamma, beta : ndarray, one shape
        A scale and a shift for each feature.
    eps : float

    Returns
    -------
    Y : ndarray like X

    References
    ----------
    Ba, Kiros and Hinton (2016).
    """
    x_hat, _ = normalize(X, axes=tuple(range(-gamma.ndim, 0)), eps=eps)
    return gamma * x_hat + beta


def layer_norm_backward(grads, X, gamma, *, eps=1e-5):
    """d_X, d_gamma and d_beta of `layer_norm`, from grads = ∂E/∂Y.

    γ differs along the axes that are averaged, so it multiplies before the mean.
    """
    axes = tuple(range(-gamma.ndim, 0))
    others = tuple(range(X.ndim - gamma.ndim))
    x_hat, inv_std = normalize(X, axes=axes, eps=eps)
    d_X = normalize_backward(grads * gamma, x_hat, inv_std, axes=axes)
    return d_X, (grads * x_hat).sum(axis=others), grads.sum(axis=others)


def instance_norm(X, gamma, beta, *, eps=1e-5):
    """Instance normalization: each channel of each image, (N, C, ...), by itself.

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky (2016).
    """
    x_hat, _ = normalize(X, axes=tuple(range(2, X.ndim)), eps=eps)
    return by_channel(gamma, X) * x_hat + by_channel(beta, X)


def instance_norm_backward(grads, X, gamma, *, eps=1e-5):
    """d_X, d_gamma and d_beta of `instance_norm`, from grads = ∂E/∂Y."""
    return group_norm_backward(grads, X, gamma, groups=X.shape[1], eps=eps)


def group_norm(X, gamma, beta, *, groups, eps=1e-5):
    """Group normalization: each example, over the channels of a group and over space.

    Parameters
    ----------
    X : ndarray, (N, C, ...)
    gamma, beta : ndarray, (C,)
        A scale and a shift for each channel.
    groups : int
        G, a divisor of C: neighbouring channels 0 … C/G - 1 are the first group, and
        so on.
    eps : float

    Returns
    -------
    Y : ndarray like X

    References
    ----------
    Wu and He (2018).
    """
    parts = X.reshape(len(X), groups, -1)                       # (N, G, C/G · H · W)
    x_hat, _ = normalize(parts, axes=-1, eps=eps)
    return by_channel(gamma, X) * x_hat.reshape(X.shape) + by_channel(beta, X)


def group_norm_backward(grads, X, gamma, *, groups, eps=1e-5):
    """d_X, d_gamma and d_beta of `group_norm`, from grads = ∂E/∂Y."""
    axes, parts = (0, *range(2, X.ndim)), X.reshape(len(X), groups, -1)
    x_hat, inv_std = normalize(parts, axes=-1, eps=eps)
    d_hat = (grads * by_channel(gamma, X)).reshape(parts.shape)
    d_X = normalize_backward(d_hat, x_hat, inv_std, axes=-1).reshape(X.shape)
    d_gamma = (grads * x_hat.reshape(X.shape)).sum(axis=axes)
    return d_X, d_gamma, grads.sum(axis=axes)


def rms_norm(X, gamma, *, eps=1e-6):
    """RMS normalization: each example divided by the root of its mean square.

    Parameters
    ----------
    X : ndarray, (..., D)
    gamma : ndarray, (D,)
    eps : float

    Returns
    -------
    Y : ndarray like X

    References
    ----------
    Zhang and Sennrich (2019).
    """
    mean_square = (X**2).mean(axis=-1, keepdims=True)
    return gamma * X / np.sqrt(mean_square + eps)       # y = γ x / √(1/D Σ x² + ε)


def rms_norm_backward(grads, X, gamma, *, eps=1e-6):
    """d_X and d_gamma of `rms_norm`, from grads = ∂E/∂Y: no mean is taken away."""
    inv_rms = 1 / np.sqrt((X**2).mean(axis=-1, keepdims=True) + eps)
    x_hat, d_hat = X * inv_rms, grads * gamma
    d_X = inv_rms * (d_hat - x_hat * (d_hat * x_hat).mean(axis=-1, keepdims=True))
    return d_X, (grads * x_hat).sum(axis=tuple(range(X.ndim - 1)))
