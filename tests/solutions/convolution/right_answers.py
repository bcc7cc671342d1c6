"""Right answers to convolution's exercises, written as others would write them."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from solutions.convolution.reference import Conv, Pool


def toeplitz_by_unit_images(kernel, size, *, stride=1, padding=0):
    """A column is what the layer makes of an image with a single one."""
    H, W = size
    kh, kw = kernel.shape
    columns = []
    for y in range(H):
        for x in range(W):
            image = np.zeros((H + 2 * padding, W + 2 * padding), kernel.dtype)
            image[y + padding, x + padding] = 1
            windows = np.lib.stride_tricks.sliding_window_view(image, (kh, kw))[::stride, ::stride]
            columns.append((windows * kernel).sum(axis=(2, 3)).ravel())
    return np.stack(columns, axis=1)


def toeplitz_by_indices(kernel, size, *, stride=1, padding=0):
    """All places at once, in a padded image whose frame is thrown away."""
    (H, W), (kh, kw), p = size, kernel.shape, padding
    rows, cols = (H + 2 * p - kh) // stride + 1, (W + 2 * p - kw) // stride + 1
    i, j, m, n = np.indices((rows, cols, kh, kw))
    A = np.zeros((rows, cols, H + 2 * p, W + 2 * p), kernel.dtype)
    A[i, j, i * stride + m, j * stride + n] = kernel
    return A[:, :, p:p + H, p:p + W].reshape(rows * cols, -1)


def toeplitz_of_blocks(kernel, size, *, stride=1, padding=0):
    """Doubly blocked: a small matrix for each row of the kernel, set down the diagonal by kron."""
    (H, W), (kh, kw) = size, kernel.shape

    def shift(n, k, m):
        """(places, n): which place of the input entry m meets."""
        places = (n + 2 * padding - k) // stride + 1
        return np.array([[float(t == stride * j + m - padding) for t in range(n)] for j in range(places)],
                        kernel.dtype).reshape(places, n)

    return sum(np.kron(shift(H, kh, m), sum(kernel[m, n] * shift(W, kw, n) for n in range(kw))) for m in range(kh))


def convolve_pixel_by_pixel(image, kernel):
    """The definition: one index falls as the other rises."""
    (H, W), (kh, kw) = image.shape, kernel.shape
    return np.array([[sum(kernel[m, n] * image[i - m, j - n] for m in range(kh) for n in range(kw)
                          if 0 <= i - m < H and 0 <= j - n < W) for j in range(W + kw - 1)]
                     for i in range(H + kh - 1)], image.dtype)


def convolve_by_windows(image, kernel):
    """Padded on all sides, correlated with the kernel turned over."""
    kh, kw = kernel.shape
    x = np.pad(image, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw))
    return np.einsum("ijmn,mn->ij", windows, kernel[::-1, ::-1])


def convolve_by_scipy(image, kernel):
    from scipy.signal import convolve2d

    return convolve2d(image, kernel)


def causal_step_by_step(X, W, b, *, dilation=1, groups=1):
    """Every number by itself."""
    (N, _, T), (M, inner, k) = X.shape, W.shape
    Z = np.empty((N, M, T), X.dtype)
    for n, m, t in np.ndindex(N, M, T):
        first = m // (M // groups) * inner
        Z[n, m, t] = b[m]
        for c in range(inner):
            for age in range(k):
                if t - age * dilation >= 0:
                    Z[n, m, t] += W[m, c, k - 1 - age] * X[n, first + c, t - age * dilation]
    return Z


def causal_group_by_group(X, W, b, *, dilation=1, groups=1):
    """The groups split and joined; the sequence moved and its front cleared."""
    k, parts = W.shape[2], []
    for x, w in zip(np.split(X, groups, axis=1), np.split(W, groups), strict=True):
        total = 0
        for i in range(k):
            late = min(dilation * (k - 1 - i), X.shape[2])
            moved = np.concatenate([np.zeros_like(x[..., :late]), x[..., :x.shape[2] - late]], axis=2)
            total = total + np.matmul(w[:, :, i], moved)
        parts.append(total)
    return np.concatenate(parts, axis=1) + b.reshape(1, -1, 1)


def tied_by_counting(X, delta, *, size, stride):
    """First how many are equal in each window, then what each pixel has from each."""
    N, C, H, W = X.shape
    dX = np.zeros((N, C, H, W), delta.dtype)
    for n, c, i, j in np.ndindex(*delta.shape):
        window = [(y, x) for y in range(stride * i, stride * i + size) for x in range(stride * j, stride * j + size)]
        top = max(X[n, c, y, x] for y, x in window)
        winners = [place for place in window if X[n, c, place[0], place[1]] == top]
        for y, x in winners:
            dX[n, c, y, x] += delta[n, c, i, j] / len(winners)
    return dX


def tied_by_windows(X, delta, *, size, stride):
    """All windows at once; np.add.at adds up where they overlap."""
    windows = np.lib.stride_tricks.sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    top = windows == windows.max(axis=(4, 5), keepdims=True)
    shares = top * (delta / top.sum(axis=(4, 5)))[..., None, None]
    dX = np.zeros(X.shape, delta.dtype)
    n, c, i, j, m, k = np.indices(windows.shape)
    np.add.at(dX, (n, c, i * stride + m, j * stride + k), shares)
    return dX


def tied_by_autograd(X, delta, *, size, stride):
    """PyTorch's amax shares where values are equal."""
    x = torch.tensor(X, dtype=torch.tensor(delta).dtype, requires_grad=True)
    x.unfold(2, size, stride).unfold(3, size, stride).amax((4, 5)).backward(torch.tensor(delta))
    return x.grad.numpy()


def shapes_by_class(layers, shape):
    found = []
    for layer in layers:
        if isinstance(layer, Conv):
            channels, height, width = shape
            weights = layer.channels * (channels // layer.groups) * layer.kernel**2
            height, width = [math.floor((n + 2 * layer.padding - layer.kernel) / layer.stride) + 1
                             for n in (height, width)]
            shape = (layer.channels, height, width)
            found.append((shape, weights + layer.channels))
        elif isinstance(layer, Pool):
            shape = (shape[0], 1 + (shape[1] - layer.kernel) // layer.stride,
                     1 + (shape[2] - layer.kernel) // layer.stride)
            found.append((shape, 0))
        else:
            inputs, shape = math.prod(shape), (layer.units,)
            found.append((shape, inputs * layer.units + layer.units))
    return found


def shapes_by_counting(layers, shape):
    """Places counted one by one; lists for tuples."""
    rows, shape = [], list(shape)
    for layer in layers:
        name = type(layer).__name__
        if name == "Dense":
            count = (int(np.prod(shape)) + 1) * layer.units
            shape = [layer.units]
        else:
            p = layer.padding if name == "Conv" else 0
            sides = [len(range(0, n + 2 * p - layer.kernel + 1, layer.stride)) for n in shape[1:]]
            count = 0 if name == "Pool" else layer.channels * (layer.kernel**2 * shape[0] // layer.groups + 1)
            shape = [layer.channels if name == "Conv" else shape[0], *sides]
        rows.append([list(shape), count])
    return rows


class RolledFeatures(torch.nn.Module):
    """The image rolled to each entry of the kernel."""

    def __init__(self, in_channels, out_channels, kernel_size):
        super().__init__()
        self.conv = torch.nn.Conv2d(in_channels, out_channels, kernel_size)
        self.wrap = kernel_size - 1

    def forward(self, X):
        total = self.conv.bias[:, None, None]
        for i in range(self.wrap + 1):
            for j in range(self.wrap + 1):
                total = total + torch.einsum("mc,nchw->nmhw", self.conv.weight[:, :, i, j], X.roll((-i, -j), (2, 3)))
        return total.clamp(min=0).flatten(2).mean(2)


class TiledFeatures(torch.nn.Module):
    """The image beside and below itself, cut where the windows end."""

    def __init__(self, in_channels, out_channels, kernel_size):
        super().__init__()
        self.conv = torch.nn.Conv2d(in_channels, out_channels, kernel_size)
        self.wrap = kernel_size - 1

    def forward(self, X):
        H, W = X.shape[2:]
        z = F.relu(self.conv(X.repeat(1, 1, 2, 2)))[:, :, :H, :W]
        return F.adaptive_avg_pool2d(z, 1).squeeze((2, 3))


RIGHT = {
    "toeplitz2d": [toeplitz_by_unit_images, toeplitz_by_indices, toeplitz_of_blocks],
    "convolve2d": [convolve_pixel_by_pixel, convolve_by_windows, convolve_by_scipy],
    "causal_conv1d": [causal_step_by_step, causal_group_by_group],
    "tied_max_pool_backward": [tied_by_counting, tied_by_windows, tied_by_autograd],
    "alexnet_shapes": [shapes_by_class, shapes_by_counting],
    "InvariantFeatures": [RolledFeatures, TiledFeatures],
}
