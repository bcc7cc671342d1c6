"""Normalization in PyTorch: `reference.py` for tensors, a Module, and a fusion.

Written apart from the NumPy versions on purpose, and from `torch.nn.functional`, which
the tests hold both against.
"""
from typing import NamedTuple

import torch


class Statistics(NamedTuple):
    """A mean and a variance for each channel, (C,) both."""
    mean: torch.Tensor
    var: torch.Tensor


# ----------------------------------------------------------------------------- the data


def condition_number(X):
    """κ of XᵀX/N; see `reference.condition_number`."""
    s = torch.linalg.svdvals(X)
    return (s[0] / s[-1])**2                                    # κ = s²_max / s²_min


def standardize(X, train=None):
    """Columns with mean 0 and deviation 1; see `reference.standardize`."""
    var, mean = torch.var_mean(X if train is None else train, dim=0, correction=0)
    deviation = torch.where(var > 0, var.sqrt(), 1)
    return (X - mean) / deviation                               # z = (x - μ) / σ


def principal_axes(X):
    """Variances and axes of X, the largest first; see `reference.principal_axes`."""
    _, s, axes = torch.linalg.svd(X - X.mean(0), full_matrices=False)   # rows of Uᵀ
    top = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return s**2 / len(X), (axes * top.sign()).T


def pca_whiten(X, train=None, *, eps=0.0):
    """Coordinates along the principal axes; see `reference.pca_whiten`."""
    train = X if train is None else train
    variances, U = principal_axes(train)
    return (X - train.mean(0)) @ (U * torch.rsqrt(variances + eps))


def zca_whiten(X, train=None, *, eps=0.0):
    """Whitened and turned back; see `reference.zca_whiten`."""
    train = X if train is None else train
    variances, U = principal_axes(train)
    root = (U * torch.rsqrt(variances + eps)) @ U.T             # Σ^-½ = U Λ^-½ Uᵀ
    return (X - train.mean(0)) @ root


# --------------------------------------------------------- one normalization, any axes


def normalize(X, *, axes, eps=1e-5):
    """Mean 0 and variance σ²/(σ²+ε) over the axes; see `reference.normalize`."""
    var, mean = torch.var_mean(X, dim=axes, correction=0, keepdim=True)
    inv_std = torch.rsqrt(var + eps)
    return (X - mean) * inv_std, inv_std                        # x̂ = (x-μ) / √(σ²+ε)


def normalize_backward(grads, x_hat, inv_std, *, axes):
    """∂E/∂X from ∂E/∂x̂; see `reference.normalize_backward`."""
    along = x_hat * (grads * x_hat).mean(axes, keepdim=True)
    return (grads - grads.mean(axes, keepdim=True) - along) * inv_std


def by_channel(p, X):
    """(C,) shaped to be multiplied by X, (N, C, ...)."""
    return p.view(1, -1, *(1,) * (X.dim() - 2))


def _channel_axes(X):
    return [axis for axis in range(X.dim()) if axis != 1]


# --------------------------------------------------------------------------- batch norm


def batch_norm(X, gamma, beta, *, eps=1e-5):
    """Each channel by its own batch; see `reference.batch_norm`."""
    x_hat, _ = normalize(X, axes=_channel_axes(X), eps=eps)
    return torch.addcmul(by_channel(beta, X), by_channel(gamma, X), x_hat)


def batch_norm_backward(grads, X, gamma, *, eps=1e-5):
    """d_X, d_gamma, d_beta of `batch_norm`; see `reference.batch_norm_backward`."""
    axes = _channel_axes(X)
    x_hat, inv_std = normalize(X, axes=axes, eps=eps)
    d_X = normalize_backward(grads, x_hat, inv_std, axes=axes) * by_channel(gamma, X)
    return d_X, (grads * x_hat).sum(axes), grads.sum(axes)


def running_init(channels):
    """Statistics before the first batch: mean 0 and variance 1, in double precision."""
    return Statistics(torch.zeros(channels, dtype=torch.float64),
                      torch.ones(channels, dtype=torch.float64))


def update_running(stats, X, *, momentum=0.1):
    """The statistics after one more batch; see `reference.update_running`."""
    var, mean = torch.var_mean(X, dim=_channel_axes(X), correction=1)
    return Statistics(torch.lerp(stats.mean, mean, momentum),
                      torch.lerp(stats.var, var, momentum))


def batch_norm_inference(X, gamma, beta, stats, *, eps=1e-5):
    """Fixed statistics; see `reference.batch_norm_inference`."""
    scale = gamma * torch.rsqrt(stats.var + eps)
    shift = beta - stats.mean * scale
    return X * by_channel(scale, X) + by_channel(shift, X)


def fuse_batch_norm(W, b, gamma, beta, stats, *, eps=1e-5):
    """One dense layer in place of two; see `reference.fuse_batch_norm`."""
    scale = gamma * torch.rsqrt(stats.var + eps)
    return W * scale, torch.addcmul(beta, b - stats.mean, scale)


def population_stats(means, variances, sizes):
    """Statistics of all examples from the batches'; see `reference.population_stats`.
    """
    n = sizes.to(means.dtype)[:, None]
    mean = (n * means).sum(0) / n.sum()
    squares = (n * variances + n * (means - mean)**2).sum(0)    # Σ (x-μ)²
    return Statistics(mean, squares / (n.sum() - 1))


def fuse_conv_batch_norm(conv, norm):
    """The convolution that does what `conv` and then `norm` do after training.

    Parameters
    ----------
    conv : torch.nn.Conv2d
        Any stride, padding (with zeros), dilation and groups; its bias may be None.
    norm : torch.nn.BatchNorm2d
        Of the channels that `conv` puts out. It may have no weight and bias (None, for
        γ = 1 and β = 0). Its statistics are the running ones, whether or not it is in
        training mode.

    Returns
    -------
    fused : torch.nn.Conv2d
        With a bias, and in the precision of `conv`. `conv` and `norm` are left as they
        were.
    """
    fused = torch.nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride,
        conv.padding, conv.dilation, conv.groups).to(conv.weight)
    gamma = 1 if norm.weight is None else norm.weight
    scale = gamma / torch.sqrt(norm.running_var + norm.eps)     # a = γ / √(σ²+ε)
    b = 0 if conv.bias is None else conv.bias
    beta = 0 if norm.bias is None else norm.bias
    fused.load_state_dict({
        "weight": conv.weight * scale[:, None, None, None],         # aW
        "bias": (b - norm.running_mean) * scale + beta})            # a (b-μ) + β
    return fused


# ----------------------------------------------------- the others: no batch is averaged


def layer_norm(X, gamma, beta, *, eps=1e-5):
    """Each example over its features; see `reference.layer_norm`."""
    axes = [*range(X.dim() - gamma.dim(), X.dim())]
    return torch.addcmul(beta, gamma, normalize(X, axes=axes, eps=eps)[0])


def layer_norm_backward(grads, X, gamma, *, eps=1e-5):
    """d_X, d_gamma, d_beta of `layer_norm`; see `reference.layer_norm_backward`."""
    axes = [*range(X.dim() - gamma.dim(), X.dim())]
    x_hat, inv_std = normalize(X, axes=axes, eps=eps)
    d_X = normalize_backward(gamma * grads, x_hat, inv_std, axes=axes)
    rows = [part.reshape(-1, *gamma.shape) for part in (grads * x_hat, grads)]
    return d_X, *(part.sum(0) for part in rows)


def instance_norm(X, gamma, beta, *, eps=1e-5):
    """Each channel of each image by itself; see `reference.instance_norm`."""
    x_hat, _ = normalize(X.flatten(2), axes=-1, eps=eps)
    return torch.addcmul(by_channel(beta, X), by_channel(gamma, X), x_hat.view_as(X))


def instance_norm_backward(grads, X, gamma, *, eps=1e-5):
    """d_X, d_gamma, d_beta of `instance_norm`, from grads = ∂E/∂Y."""
    axes = [*range(2, X.dim())]
    x_hat, inv_std = normalize(X, axes=axes, eps=eps)
    d_X = normalize_backward(grads, x_hat, inv_std, axes=axes) * by_channel(gamma, X)
    others = _channel_axes(X)
    return d_X, (grads * x_hat).sum(others), grads.sum(others)


def group_norm(X, gamma, beta, *, groups, eps=1e-5):
    """Each example over a group's channels; see `reference.group_norm`."""
    x_hat, _ = normalize(X.unflatten(1, (groups, -1)), axes=[*range(2, X.dim() + 1)],
                         eps=eps)                               # (N, G, C/G, H, W)
    return torch.addcmul(by_channel(beta, X), by_channel(gamma, X), x_hat.flatten(1, 2))


def group_norm_backward(grads, X, gamma, *, groups, eps=1e-5):
    """d_X, d_gamma, d_beta of `group_norm`, from grads = ∂E/∂Y."""
    axes, others = [*range(2, X.dim() + 1)], _channel_axes(X)
    x_hat, inv_std = normalize(X.unflatten(1, (groups, -1)), axes=axes, eps=eps)
    d_hat = (by_channel(gamma, X) * grads).unflatten(1, (groups, -1))
    d_X = normalize_backward(d_hat, x_hat, inv_std, axes=axes).flatten(1, 2)
    return d_X, (grads * x_hat.flatten(1, 2)).sum(others), grads.sum(others)


def rms_norm(X, gamma, *, eps=1e-6):
    """Each example by its root mean square; see `reference.rms_norm`."""
    return gamma * X * torch.rsqrt(X.square().mean(-1, keepdim=True) + eps)


def rms_norm_backward(grads, X, gamma, *, eps=1e-6):
    """d_X and d_gamma of `rms_norm`, from grads = ∂E/∂Y."""
    inv_rms = torch.rsqrt(X.square().mean(-1, keepdim=True) + eps)
    x_hat = X * inv_rms
    along = x_hat * (gamma * grads * x_hat).mean(-1, keepdim=True)
    d_gamma = (grads * x_hat).reshape(-1, X.shape[-1]).sum(0)
    return (gamma * grads - along) * inv_rms, d_gamma


class RMSNorm(torch.nn.Module):
    """RMS normalization of the last axis, with a scale that is learned.

    Parameters
    ----------
    features : int
        The length of the last axis.
    eps : float
        ε, beside the mean square under the root.

    The scale γ is the parameter `weight`, (features,), 1 at first; there is no other.
    """

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = torch.nn.Parameter(torch.ones(features))

    def forward(self, x):
        """y = γ x / √(mean of x² + ε), for x of shape (..., features), in x's dtype.

        The mean square of a float16 is taken in float32: 300² is above the largest
        float16.
        """
        wide = x.float() if x.dtype == torch.float16 else x
        inv_rms = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * (wide * inv_rms).to(x.dtype)
