"""Right answers to normalization's exercises, written as others would write them."""
import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.normalization import pytorch, reference


def backward_step_by_step(grads, X, gamma, *, eps=1e-5):
    """The paper's chain: through x̂, the variance, the mean; channels last."""
    shape = X.shape
    flat, g = (np.moveaxis(a, 1, -1).reshape(-1, shape[1]) for a in (X, grads))
    m = len(flat)
    mu = flat.sum(0) / m
    c = flat - mu
    var = (c * c).sum(0) / m
    root = np.sqrt(var + eps)
    d_hat = g * gamma
    d_var = (d_hat * c).sum(0) * -0.5 / root**3
    d_mu = -d_hat.sum(0) / root - 2 * d_var * c.sum(0) / m
    d_flat = d_hat / root + d_var * 2 * c / m + d_mu / m
    moved = (shape[0], *shape[2:], shape[1])
    return np.moveaxis(d_flat.reshape(moved), -1, 1), (g * c / root).sum(0), g.sum(0)


def backward_in_loops(grads, X, gamma, *, eps=1e-5):
    """One channel at a time, by its m × m Jacobian."""
    d_X, d_gamma, d_beta = np.empty_like(X), np.empty_like(gamma), np.empty_like(gamma)
    for c in range(X.shape[1]):
        x, g = X[:, c].ravel(), grads[:, c].ravel()
        m = x.size
        root = np.sqrt(x.var() + eps)
        hat = (x - x.mean()) / root
        jacobian = (np.eye(m, dtype=X.dtype) - 1 / m - np.outer(hat, hat) / m) / root
        d_X[:, c] = (gamma[c] * jacobian @ g).reshape(X[:, c].shape)
        d_gamma[c], d_beta[c] = g @ hat, g.sum()
    return [d_X, d_gamma, d_beta]


def backward_by_einsum(grads, X, gamma, *, eps=1e-5):
    n, c = X.shape[:2]
    x, g = X.reshape(n, c, -1), grads.reshape(n, c, -1)
    m = x.shape[0] * x.shape[2]
    hat = x - (np.einsum("ncs->c", x) / m)[:, None]
    inv = 1 / np.sqrt(np.einsum("ncs,ncs->c", hat, hat) / m + eps)
    hat = hat * inv[:, None]
    d_beta, d_gamma = np.einsum("ncs->c", g), np.einsum("ncs,ncs->c", g, hat)
    d_X = np.einsum("c,ncs->ncs", gamma * inv / m, m * g - d_beta[:, None] - hat * d_gamma[:, None])
    return d_X.reshape(X.shape), d_gamma, d_beta


def group_in_loops(X, gamma, beta, *, groups, eps=1e-5):
    Y, size = np.empty_like(X), X.shape[1] // groups
    for n in range(len(X)):
        for start in range(0, X.shape[1], size):
            part = X[n, start:start + size]
            hat = (part - np.mean(part)) / np.sqrt(np.var(part) + eps)
            for i, c in enumerate(range(start, start + size)):
                Y[n, c] = gamma[c] * hat[i] + beta[c]
    return Y


def group_by_splitting(X, gamma, beta, *, groups, eps=1e-5):
    shape = (1, -1) + (1,) * (X.ndim - 2)
    axes = tuple(range(1, X.ndim))
    parts = [(p - p.mean(axes, keepdims=True)) / np.sqrt(p.var(axes, keepdims=True) + eps)
             for p in np.split(X, groups, axis=1)]
    return np.concatenate(parts, axis=1) * gamma.reshape(shape) + beta.reshape(shape)


def group_by_moments(X, gamma, beta, *, groups, eps=1e-5):
    """In place on a copy; scale and shift folded into one."""
    copy = np.array(X).reshape(X.shape[0] * groups, -1)
    copy -= copy.mean(1)[:, None]
    copy /= np.sqrt(np.einsum("ij,ij->i", copy, copy) / copy.shape[1] + eps)[:, None]
    copy = copy.reshape(len(X), X.shape[1], -1)
    copy *= gamma[:, None]
    copy += beta[:, None]
    return copy.reshape(X.shape)


def population_by_merging(means, variances, sizes):
    """Chan's rule: two batches become one, and so on."""
    n, mean, squares = 0, means[0] * 0, means[0] * 0
    for mu, var, size in zip(means, variances, sizes.tolist(), strict=True):
        delta = mu - mean
        squares = squares + size * var + delta**2 * (n * size / (n + size))
        mean = mean + delta * (size / (n + size))
        n += size
    return mean, squares / (n - 1)


def population_from_made_up_examples(means, variances, sizes):
    """Examples that have these statistics: one far from the mean, the others on the far side."""
    rows = []
    for mu, var, size in zip(means.astype(float), variances.astype(float), sizes, strict=True):
        away = np.sqrt(var * (size - 1))
        rows.append(mu + away)
        rows += [mu - away / max(size - 1, 1)] * (size - 1)
    return np.mean(rows, 0).astype(means.dtype), np.var(rows, 0, ddof=1).astype(means.dtype)


def population_by_weights(means, variances, sizes):
    """`np.average` and `np.cov`: the spread of the means is their weighted covariance."""
    mean = np.average(means, axis=0, weights=sizes)
    between = np.atleast_2d(np.cov(means.T, fweights=sizes, ddof=0)).diagonal()
    var = np.average(variances, axis=0, weights=sizes) + between
    n = sizes.sum()
    return mean.astype(means.dtype), (var * n / (n - 1)).astype(means.dtype)


def fuse_by_copy(conv, norm):
    import copy

    fused = copy.deepcopy(conv)
    root = (norm.running_var + norm.eps).rsqrt()
    factor = root * norm.weight if norm.affine else root
    shift = -norm.running_mean * factor
    if norm.affine:
        shift = shift + norm.bias
    if conv.bias is not None:
        shift = shift + conv.bias * factor
    fused.weight = torch.nn.Parameter(torch.einsum("o,oihw->oihw", factor, conv.weight).detach())
    fused.bias = torch.nn.Parameter(shift.detach())
    return fused


def fuse_by_probing(conv, norm):
    """The norm is affine for each channel: what it does to 0 and to 1 is all there is to know."""
    import copy

    with torch.no_grad():
        still = copy.deepcopy(norm).eval()
        ends = still(torch.stack([torch.zeros_like(norm.running_mean),
                                  torch.ones_like(norm.running_mean)])[:, :, None, None])[..., 0, 0]
        shift, scale = ends[0], ends[1] - ends[0]
        options = {name: getattr(conv, name) for name in ("stride", "padding", "dilation", "groups", "padding_mode")}
        fused = torch.nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, bias=True, **options)
        fused.weight.data = conv.weight * scale.reshape(-1, 1, 1, 1)
        fused.bias.data = shift if conv.bias is None else conv.bias * scale + shift
    return fused


def fuse_with_pytorch_functions(conv, norm):
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    fused = torch.nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding,
                            conv.dilation, conv.groups)
    fused.weight, fused.bias = fuse_conv_bn_weights(conv.weight, conv.bias, norm.running_mean, norm.running_var,
                                                    norm.eps, norm.weight, norm.bias)
    return fused


class RMSNormByNorm(torch.nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(features).fill_(1.0))
        self.eps, self.features = eps, features

    def forward(self, x):
        y = x.to(torch.float32) if x.dtype.itemsize < 4 else x
        y = y / torch.sqrt(y.pow(2).sum(-1, keepdim=True) / self.features + self.eps)
        return y.type_as(x) * self.weight


class RMSNormOfTheLibrary(torch.nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        wide = x.double()
        return torch.nn.functional.rms_norm(wide, self.weight.shape, self.weight.double(), self.eps).to(x.dtype)


class RMSNormScaledFirst(torch.nn.Module):
    """Divided by the largest number before it is squared."""

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features))
        self.eps = eps

    def forward(self, x):
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        top = x.detach().abs().amax(-1, keepdim=True).clamp(min=1)
        small = x / top
        rms = torch.sqrt((small * small).mean(-1, keepdim=True) + self.eps / top**2)
        return (self.weight * (small / rms)).to(self.weight.dtype)


BACKWARD = changed_each(reference.batch_norm_backward, {
    "one_product": {"by_channel(gamma, X) * inv_std * rest": "rest * (by_channel(gamma, X) * inv_std)"},
    "axes_by_name": {"(0, *range(2, X.ndim))": "tuple(a for a in range(X.ndim) if a != 1)"},
    "m_by_product": {"X.size // X.shape[1]": "int(np.prod([X.shape[a] for a in (0, *range(2, X.ndim))]))"},
})
GROUP = changed_each(reference.group_norm, {
    "by_shape": {"X.reshape(len(X), groups, -1)":
                 "X.reshape(X.shape[0], groups, X.shape[1] // groups, *X.shape[2:]).reshape(len(X), groups, -1)"},
    "shift_first": {"by_channel(gamma, X) * x_hat.reshape(X.shape) + by_channel(beta, X)":
                    "by_channel(beta, X) + x_hat.reshape(X.shape) * by_channel(gamma, X)"},
})
POPULATION = changed_each(reference.population_stats, {
    "by_sums": {"share @ means": "(share[:, None] * means).sum(axis=0)"},
    "a_plain_tuple": {"Statistics(mean, var * (N / (N - 1)))": "(mean, var * (N / (N - 1)))"},
})
FUSION = changed_each(pytorch.fuse_conv_batch_norm, {
    "by_rsqrt": {"gamma / torch.sqrt(norm.running_var + norm.eps)":
                 "gamma * torch.rsqrt(norm.running_var + norm.eps)"},
    "bias_in_two": {"(b - norm.running_mean) * scale + beta": "beta + b * scale - norm.running_mean * scale"},
})
RMS = changed_each(pytorch.RMSNorm, {
    "by_pow": {"wide.square()": "wide**2"},
    "wide_always": {"x.float() if x.dtype == torch.float16 else x": "x.double()"},
})

RIGHT = {
    "batch_norm_backward": [backward_step_by_step, backward_in_loops, backward_by_einsum, *BACKWARD],
    "group_norm": [group_in_loops, group_by_splitting, group_by_moments, *GROUP],
    "population_stats": [population_by_merging, population_from_made_up_examples, population_by_weights, *POPULATION],
    "fuse_conv_batch_norm": [fuse_by_copy, fuse_by_probing, fuse_with_pytorch_functions, *FUSION],
    "RMSNorm": [RMSNormByNorm, RMSNormOfTheLibrary, RMSNormScaledFirst, *RMS],
}
