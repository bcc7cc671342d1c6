"""Convolution in NumPy: dense, local and shared layers, pooling, and what they cost.

No function changes its arguments. Sequences are (N, C, T) and images (N, C, H, W):
examples, channels, places. Kernels are (M, C/G, k) and (M, C/G, kh, kw), as PyTorch has
them: M channels out, C in, G groups. What a layer calls a convolution is a correlation:
the kernel is not turned over.
"""
from typing import NamedTuple

import numpy as np

# ----------------------------------------------------------- dense, and its opposite


def dense(X, W, b):
    """A dense layer: every output sees every input.

    Parameters
    ----------
    X : ndarray, (N, D)
    W : ndarray, (D, M)
    b : ndarray, (M,)

    Returns
    -------
    Z : ndarray, (N, M)
    """
    return X @ W + b                        # z_j = b_j + Σ_i w_ij x_i


def dense_backward(X, W, b, delta):
    """The gradients of a dense layer.

    Parameters
    ----------
    X, W, b : ndarray, as for `dense`
    delta : ndarray, (N, M)
        ∂E/∂Z.

    Returns
    -------
    dX, dW, db : ndarray, the shapes of X, W, b
    """
    return delta @ W.T, X.T @ delta, delta.sum(axis=0)


def output_size(size, kernel, *, stride=1, padding=0, dilation=1):
    """How many places a window has: ⌊(n + 2p - d(k-1) - 1)/s⌋ + 1.

    Parameters
    ----------
    size, kernel : int
        n, places of the input; k, entries of the kernel.
    stride, padding, dilation : int
        s, by how many places the window moves; p, zeros at either end; d, the distance
        between the inputs that neighbouring entries of the kernel meet.

    Returns
    -------
    size : int
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def taps(size, kernel, *, stride=1, padding=0, dilation=1):
    """For each entry of a kernel, the places of the padded input that it meets.

    Parameters
    ----------
    size, kernel : sequences of int, one for each axis of the places
    stride, padding, dilation : int

    Returns
    -------
    taps : list of tuples of slices, one tuple for each entry, the last axis fastest
    """
    s, d = stride, dilation
    counts = [output_size(n, k, stride=s, padding=padding, dilation=d)
              for n, k in zip(size, kernel, strict=True)]
    # entry i meets the inputs d i, d i + s, d i + 2 s, …
    return [tuple(slice(d * i, d * i + s * (m - 1) + 1, s)
                  for i, m in zip(entry, counts, strict=True))
            for entry in np.ndindex(*kernel)]


# ------------------------------------------------------------------- one dimension


def conv1d(X, W, b, *, stride=1, padding=0, dilation=1, groups=1):
    """A convolutional layer over sequences.

    Parameters
    ----------
    X : ndarray, (N, C, T)
    W : ndarray, (M, C/G, k)
    b : ndarray, (M,)
    stride, padding, dilation : int
        s, p, d of `output_size`.
    groups : int
        G; it divides C and M. The channels out of a group see its own channels in.

    Returns
    -------
    Z : ndarray, (N, M, T')
    """
    (N, C, T), (M, _, k), G = X.shape, W.shape, groups
    x = np.pad(X, ((0, 0), (0, 0), (padding, padding))).reshape(N, G, C // G, -1)
    w = W.reshape(G, M // G, C // G, k)
    places = taps((T,), (k,), stride=stride, padding=padding, dilation=dilation)
    # z_mj = b_m + Σ_c Σ_i w_mci x_{c, sj + di - p}
    Z = sum(np.einsum("gmc,ngcj->ngmj", w[..., i], x[..., tap])
            for i, (tap,) in enumerate(places))
    return Z.reshape(N, M, -1) + b[:, None]


def conv1d_backward(X, W, b, delta, *, stride=1, padding=0, dilation=1, groups=1):
    """The gradients of `conv1d`.

    Parameters
    ----------
    X, W, b : ndarray, as for `conv1d`
    delta : ndarray, (N, M, T')
        ∂E/∂Z.

    Returns
    -------
    dX, dW, db : ndarray, the shapes of X, W, b
    """
    (N, C, T), (M, _, k), G = X.shape, W.shape, groups
    x = np.pad(X, ((0, 0), (0, 0), (padding, padding))).reshape(N, G, C // G, -1)
    w, D = W.reshape(G, M // G, C // G, k), delta.reshape(N, G, M // G, -1)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    places = taps((T,), (k,), stride=stride, padding=padding, dilation=dilation)
    for i, (tap,) in enumerate(places):
        # ∂E/∂x_{c, sj + di - p} gets Σ_m w_mci δ_mj from each place j
        dx[..., tap] += np.einsum("gmc,ngmj->ngcj", w[..., i], D)
        # ∂E/∂w_mci = Σ_n Σ_j δ_mj x_{c, sj + di - p}
        dw[..., i] = np.einsum("ngmj,ngcj->gmc", D, x[..., tap])
    dX = dx.reshape(N, C, -1)[..., padding:padding + T]
    return dX, dw.reshape(W.shape), delta.sum(axis=(0, 2))


def toeplitz(W, size, *, stride=1, padding=0, dilation=1):
    """The matrix of a convolution over sequences: `conv1d` is this matrix times x, + b.

    Parameters
    ----------
    W : ndarray, (M, C, k)
    size : int
        T, places of the input.

    Returns
    -------
    A : ndarray, (M T', C T)
        Row (m, j) holds output m at the place j, column (c, t) input c at the place t.
    """
    M, C, k = W.shape
    rows = output_size(size, k, stride=stride, padding=padding, dilation=dilation)
    A = np.zeros((M, rows, C, size), W.dtype)
    for j in range(rows):
        for i in range(k):
            t = stride * j + dilation * i - padding
            if 0 <= t < size:                       # padding meets no input
                A[:, j, :, t] = W[:, :, i]          # one weight, in every row j
    return A.reshape(M * rows, C * size)


# ------------------------------------------------------------------ two dimensions


def im2col(X, kernel, *, stride=1, padding=0, dilation=1):
    """Every window of an image as a column.

    Parameters
    ----------
    X : ndarray, (N, C, H, W)
    kernel : (int, int)
        kh, kw.

    Returns
    -------
    columns : ndarray, (N, C kh kw, L)
        L = H' W' windows, row by row.
    """
    (N, C, *size), p = X.shape, padding
    x = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p))) if p else X
    # the places first: a window's pixels then lie in long runs of memory
    x = np.ascontiguousarray(x.transpose(2, 3, 0, 1))
    places = taps(size, kernel, stride=stride, padding=p, dilation=dilation)
    columns = np.stack([x[tap] for tap in places])          # (kh kw, H', W', N, C)
    return columns.transpose(3, 4, 0, 1, 2).reshape(N, C * len(places), -1)


def col2im(columns, size, kernel, *, stride=1, padding=0, dilation=1):
    """Columns added up where `im2col` took them from: its transpose, not its inverse.

    Parameters
    ----------
    columns : ndarray, (N, C kh kw, L)
    size, kernel : (int, int)
        H, W; kh, kw.

    Returns
    -------
    X : ndarray, (N, C, H, W)
    """
    (H, W), p = size, padding
    places = taps(size, kernel, stride=stride, padding=p, dilation=dilation)
    N, C = len(columns), columns.shape[1] // len(places)
    x = np.zeros((H + 2 * p, W + 2 * p, N, C), columns.dtype)
    counts = [output_size(n, k, stride=stride, padding=p, dilation=dilation)
              for n, k in zip(size, kernel, strict=True)]
    parts = columns.reshape(N, C, len(places), *counts).transpose(2, 3, 4, 0, 1)
    for tap, part in zip(places, parts, strict=True):
        x[tap] += part                              # a pixel may lie in many windows
    return x[p:p + H, p:p + W].transpose(2, 3, 0, 1)


def conv2d(X, W, b, *, stride=1, padding=0, dilation=1, groups=1):
    """A convolutional layer over images, as one matrix product.

    Parameters
    ----------
    X : ndarray, (N, C, H, W)
    W : ndarray, (M, C/G, kh, kw)
    b : ndarray, (M,)
    stride, padding, dilation, groups : int
        As for `conv1d`, the same along both axes.

    Returns
    -------
    Z : ndarray, (N, M, H', W')
    """
    N, M, kernel, G = len(X), len(W), W.shape[2:], groups
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    columns = im2col(X, kernel, **geometry)
    K = columns.reshape(N, G, -1, columns.shape[-1])
    Z = W.reshape(G, M // G, -1) @ K        # (M/G, C/G kh kw) times (C/G kh kw, L)
    size = [output_size(n, k, **geometry)
            for n, k in zip(X.shape[2:], kernel, strict=True)]
    return Z.reshape(N, M, *size) + b[:, None, None]


def conv2d_backward(X, W, b, delta, *, stride=1, padding=0, dilation=1, groups=1):
    """The gradients of `conv2d`.

    Parameters
    ----------
    X, W, b : ndarray, as for `conv2d`
    delta : ndarray, (N, M, H', W')
        ∂E/∂Z.

    Returns
    -------
    dX, dW, db : ndarray, the shapes of X, W, b
    """
    N, M, kernel, G = len(X), len(W), W.shape[2:], groups
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    columns = im2col(X, kernel, **geometry)
    K = columns.reshape(N, G, -1, columns.shape[-1])
    D = delta.reshape(N, G, M // G, -1)
    dW = (D @ K.mT).sum(axis=0)             # the dense layer's, over all places
    dK = W.reshape(G, M // G, -1).mT @ D    # Wᵀ δ, window by window
    dX = col2im(dK.reshape(columns.shape), X.shape[2:], kernel, **geometry)
    return dX, dW.reshape(W.shape), delta.sum(axis=(0, 2, 3))


# ------------------------------------------------------------------------- pooling


def max_pool(X, *, size, stride=None):
    """The maximum of each window, channel by channel.

    Parameters
    ----------
    X : ndarray, (N, C, H, W)
    size : int
        Of the window, k × k.
    stride : int
        The window's size where it is None.

    Returns
    -------
    Z : ndarray, (N, C, H', W')
    """
    (N, C, H, W), s = X.shape, stride or size
    windows = im2col(X.reshape(N * C, 1, H, W), (size, size), stride=s)
    rows = output_size(H, size, stride=s)
    return windows.max(axis=1).reshape(N, C, rows, -1)      # z = max of the window


def max_pool_backward(X, delta, *, size, stride=None):
    """The gradient of `max_pool`: each δ goes to its window's maximum.

    Of several that are equal the first in the window has it, row by row, as in PyTorch.

    Parameters
    ----------
    X : ndarray, (N, C, H, W)
    delta : ndarray, (N, C, H', W')

    Returns
    -------
    dX : ndarray, (N, C, H, W)
    """
    (N, C, H, W), s, kernel = X.shape, stride or size, (size, size)
    windows = im2col(X.reshape(N * C, 1, H, W), kernel, stride=s)
    first = windows.argmax(axis=1)[:, None]
    columns = np.zeros_like(windows)
    np.put_along_axis(columns, first, delta.reshape(N * C, 1, -1), axis=1)
    return col2im(columns, (H, W), kernel, stride=s).reshape(X.shape)


def avg_pool(X, *, size, stride=None):
    """The mean of each window, channel by channel; see `max_pool`."""
    (N, C, H, W), s = X.shape, stride or size
    windows = im2col(X.reshape(N * C, 1, H, W), (size, size), stride=s)
    rows = output_size(H, size, stride=s)
    return windows.mean(axis=1).reshape(N, C, rows, -1)     # z = 1/k² Σ of the window


def avg_pool_backward(X, delta, *, size, stride=None):
    """The gradient of `avg_pool`: δ/k² for each pixel of the window.

    Parameters
    ----------
    X : ndarray, (N, C, H, W)
    delta : ndarray, (N, C, H', W')

    Returns
    -------
    dX : ndarray, (N, C, H, W)
    """
    (N, C, H, W), s = X.shape, stride or size
    share = delta.reshape(N * C, 1, -1) / size**2
    columns = np.repeat(share, size**2, axis=1)
    return col2im(columns, (H, W), (size, size), stride=s).reshape(X.shape)


# ----------------------------------------------------- what an output sees, and costs


class ReceptiveField(NamedTuple):
    """size, places of the input that one output sees from end to end; jump, by how far
    the fields of neighbouring outputs lie apart."""
    size: int
    jump: int


def receptive_field(layers):
    """What one output of a stack of convolutions and poolings sees, along one axis.

    Parameters
    ----------
    layers : sequence of (kernel, stride, dilation), the first layer first

    Returns
    -------
    field : ReceptiveField
    """
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump      # r_l = r_{l-1} + d(k-1) j_{l-1}
        jump *= stride                              # j_l = s j_{l-1}
    return ReceptiveField(size, jump)


class Cost(NamedTuple):
    """weights, numbers that are kept; operations, multiplications and additions."""
    weights: int
    operations: int


def dense_cost(inputs, outputs):
    """The Cost of a product with a matrix, without the bias."""
    return Cost(inputs * outputs, outputs * (2 * inputs - 1))


def conv_cost(kernel, places):
    """The Cost of a convolution, without the bias.

    Parameters
    ----------
    kernel : the shape of W, (M, C/G, …)
    places : the shape of the places that come out, (T',) or (H', W')

    Returns
    -------
    cost : Cost
        Each output is a sum of C/G · k products: one addition fewer than products.
    """
    channels, (products, outputs) = kernel[0], map(np.prod, (kernel[1:], places))
    return Cost(int(channels * products), int(channels * outputs * (2 * products - 1)))


class Conv(NamedTuple):
    """A convolution's channels out, its kernel's size, and its geometry."""
    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1


class Pool(NamedTuple):
    """A max pooling's window and stride."""
    kernel: int
    stride: int


class Dense(NamedTuple):
    """A dense layer's units; it flattens what comes in."""
    units: int


def alexnet(classes=1000):
    """The layers of S1's AlexNet, the one of 2014; each but the last has ReLU.

    References
    ----------
    Krizhevsky (2014); `torchvision.models.alexnet`.
    """
    return [Conv(64, 11, stride=4, padding=2), Pool(3, 2),
            Conv(192, 5, padding=2), Pool(3, 2),
            Conv(384, 3, padding=1), Conv(256, 3, padding=1), Conv(256, 3, padding=1),
            Pool(3, 2), Dense(4096), Dense(4096), Dense(classes)]


def alexnet_2012(classes=1000):
    """The layers of the AlexNet that won in 2012: two GPUs are two groups.

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012).
    """
    return [Conv(96, 11, stride=4, padding=2), Pool(3, 2),
            Conv(256, 5, padding=2, groups=2), Pool(3, 2),
            Conv(384, 3, padding=1), Conv(384, 3, padding=1, groups=2),
            Conv(256, 3, padding=1, groups=2),
            Pool(3, 2), Dense(4096), Dense(4096), Dense(classes)]


def alexnet_shapes(layers, shape=(3, 224, 224)):
    """What comes out of each layer of a network, and its parameters.

    Parameters
    ----------
    layers : sequence of Conv, Pool and Dense
        A convolution and a dense layer have biases; nothing is padded by a pooling.
    shape : (C, H, W)
        Of one image.

    Returns
    -------
    rows : list of (shape, parameters), one for each layer
        The shape of one image's output, (C, H, W), or (M,) after a dense layer.
    """
    rows = []
    for layer in layers:
        if isinstance(layer, Dense):
            parameters = layer.units * (int(np.prod(shape)) + 1)        # W and b
            shape = (layer.units,)
        else:
            M, parameters = shape[0], 0                                 # of a Pool
            k, s, p = layer.kernel, layer.stride, 0
            if isinstance(layer, Conv):
                M, p = layer.channels, layer.padding
                parameters = M * (shape[0] // layer.groups * k * k + 1)
            shape = (M, *((n + 2 * p - k) // s + 1 for n in shape[1:]))
        rows.append((shape, parameters))
    return rows


# ---------------------------------------------------------------------- its siblings


def toeplitz2d(kernel, size, *, stride=1, padding=0):
    """The matrix of a convolutional layer on images of one channel.

    Parameters
    ----------
    kernel : ndarray, (kh, kw)
        Not turned over, as in a layer.
    size : (int, int)
        H, W of the image.
    stride, padding : int
        The same along both axes.

    Returns
    -------
    A : ndarray, (H' W', H W)
        A @ image.ravel() is the layer's output, row by row. Zeros around the image meet
        no column.
    """
    (H, W), (kh, kw) = size, kernel.shape
    rows, cols = (output_size(n, k, stride=stride, padding=padding)
                  for n, k in zip(size, kernel.shape, strict=True))
    A = np.zeros((rows, cols, H, W), kernel.dtype)
    for i, j, m, n in np.ndindex(rows, cols, kh, kw):
        y, x = stride * i + m - padding, stride * j + n - padding
        if 0 <= y < H and 0 <= x < W:
            A[i, j, y, x] = kernel[m, n]
    return A.reshape(rows * cols, H * W)


def convolve2d(image, kernel):
    """The convolution of mathematics, in full: wherever image and kernel overlap.

    Parameters
    ----------
    image : ndarray, (H, W)
    kernel : ndarray, (kh, kw)

    Returns
    -------
    Z : ndarray, (H + kh - 1, W + kw - 1)
        Z_ij = Σ_m Σ_n kernel_mn image_{i-m, j-n}; outside, the image is zero.
    """
    (H, W), (kh, kw) = image.shape, kernel.shape
    Z = np.zeros((H + kh - 1, W + kw - 1), np.result_type(image, kernel))
    for m, n in np.ndindex(kh, kw):
        Z[m:m + H, n:n + W] += kernel[m, n] * image     # a copy, moved by (m, n)
    return Z


def causal_conv1d(X, W, b, *, dilation=1, groups=1):
    """A convolution over time whose output at t sees no input after t.

    Parameters
    ----------
    X : ndarray, (N, C, T)
    W : ndarray, (M, C/G, k)
        The last entry of a kernel meets the input at t, the one before it the input at
        t - dilation, and so on; before the first input there are zeros.
    b : ndarray, (M,)
    dilation, groups : int
        As for `conv1d`: the first C/G channels in make the first M/G channels out, and
        so on.

    Returns
    -------
    Z : ndarray, (N, M, T)
        As long as X.
    """
    (N, C, T), (M, _, k), G = X.shape, W.shape, groups
    reach = dilation * (k - 1)
    x = np.pad(X, ((0, 0), (0, 0), (reach, 0))).reshape(N, G, C // G, T + reach)
    w = W.reshape(G, M // G, C // G, k)
    Z = np.zeros((N, G, M // G, T), np.result_type(X, W))
    for i in range(k):
        start = dilation * i
        tap = x[..., start:start + T]                   # x_{t - d(k-1-i)}
        Z += np.einsum("gmc,ngct->ngmt", w[..., i], tap)
    return Z.reshape(N, M, T) + b[:, None]


def tied_max_pool_backward(X, delta, *, size, stride):
    """A gradient of max pooling that is fair: equal maxima share a window's δ.

    Parameters
    ----------
    X : ndarray of int, (N, C, H, W)
        Pixels, which are whole numbers: where two are equal there is no doubt.
    delta : ndarray, (N, C, H', W')
        ∂E/∂Z for Z = max_pool(X, size=size, stride=stride).
    size, stride : int
        Windows overlap where the stride is less than the size.

    Returns
    -------
    dX : ndarray, (N, C, H, W)
        Of q equal maxima in a window each has δ/q. Its dtype is delta's.
    """
    dX = np.zeros(X.shape, delta.dtype)
    for i, j in np.ndindex(delta.shape[2:]):
        top, left = stride * i, stride * j
        place = (..., slice(top, top + size), slice(left, left + size))
        highest = X[place] == X[place].max(axis=(2, 3), keepdims=True)
        share = highest / highest.sum(axis=(2, 3), keepdims=True)
        dX[place] += delta[:, :, i, j, None, None] * share
    return dX


# ------------------------------------------------------------------ a small network


def convnet_forward(params, X):
    """Two convolutions of 3 × 3, each with ReLU and max pooling by 2, then dense.

    Parameters
    ----------
    params : six ndarrays
        W₁, b₁, W₂, b₂ of the convolutions, W₃, b₃ of the dense layer.
    X : ndarray, (N, C, H, W)

    Returns
    -------
    outputs : list of ndarray
        Each layer's, from X on: (X, z₁, its pooling, z₂, its pooling, logits), where z
        is what ReLU lets through.
    """
    W1, b1, W2, b2, W3, b3 = params
    z1 = np.maximum(conv2d(X, W1, b1, padding=1), 0)
    p1 = max_pool(z1, size=2)
    z2 = np.maximum(conv2d(p1, W2, b2, padding=1), 0)
    p2 = max_pool(z2, size=2)
    return [X, z1, p1, z2, p2, dense(p2.reshape(len(X), -1), W3, b3)]


def convnet_backward(params, outputs, delta):
    """The gradients of `convnet_forward`.

    Parameters
    ----------
    params, outputs : what `convnet_forward` takes and returns
    delta : ndarray, (N, K)
        ∂E/∂logits.

    Returns
    -------
    grads : list of ndarray, like params
    """
    (W1, b1, W2, b2, W3, b3), (X, z1, p1, z2, p2, _) = params, outputs
    d, dW3, db3 = dense_backward(p2.reshape(len(X), -1), W3, b3, delta)
    d = max_pool_backward(z2, d.reshape(p2.shape), size=2) * (z2 > 0)
    d, dW2, db2 = conv2d_backward(p1, W2, b2, d, padding=1)
    d = max_pool_backward(z1, d, size=2) * (z1 > 0)
    _, dW1, db1 = conv2d_backward(X, W1, b1, d, padding=1)
    return [dW1, db1, dW2, db2, dW3, db3]


def relu_mlp_forward(params, X):
    """A hidden dense layer with ReLU, then a dense one: no places, only pixels.

    Parameters
    ----------
    params : four ndarrays, W₁, b₁, W₂, b₂
    X : ndarray, (N, ...)

    Returns
    -------
    outputs : list of ndarray
        The pixels (N, D), what ReLU lets through, the logits.
    """
    W1, b1, W2, b2 = params
    x = X.reshape(len(X), -1)
    z1 = np.maximum(dense(x, W1, b1), 0)
    return [x, z1, dense(z1, W2, b2)]


def relu_mlp_backward(params, outputs, delta):
    """The gradients of `relu_mlp_forward`; see `convnet_backward`."""
    (W1, b1, W2, b2), (x, z1, _) = params, outputs
    d, dW2, db2 = dense_backward(z1, W2, b2, delta)
    _, dW1, db1 = dense_backward(x, W1, b1, d * (z1 > 0))
    return [dW1, db1, dW2, db2]


def he_params(rng, shapes, dtype=np.float32):
    """Parameters for ReLU: weights N(0, 2/fan-in), zeros for biases.

    Parameters
    ----------
    rng : numpy.random.Generator
    shapes : sequence of tuples
        Of weights and biases by turns; (D, M) of a dense layer, (M, C, …) of a kernel.

    Returns
    -------
    params : list of ndarray
    """
    params = []
    for shape in shapes:
        fan_in = shape[0] if len(shape) == 2 else np.prod(shape[1:])
        spread = 0 if len(shape) == 1 else np.sqrt(2 / fan_in)      # biases start at 0
        params.append((rng.normal(size=shape) * spread).astype(dtype))
    return params
