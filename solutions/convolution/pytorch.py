"""Convolution in PyTorch: `reference.py` for tensors, and a module.

Written apart from the NumPy versions on purpose: windows are views of the input here,
and what goes back is added up by index. `torch.nn.functional`'s convolutions and
poolings are what the tests hold both against.
"""
import torch
import torch.nn.functional as F


def dense(X, W, b):
    """A dense layer; see `reference.dense`."""
    return torch.addmm(b, X, W)


def dense_backward(X, W, b, delta):
    """The gradients of a dense layer; see `reference.dense_backward`."""
    return delta.mm(W.T), X.T.mm(delta), delta.sum(0)


def output_size(size, kernel, *, stride=1, padding=0, dilation=1):
    """How many places a window has; see `reference.output_size`."""
    return 1 + (size + 2 * padding - 1 - dilation * (kernel - 1)) // stride


def _windows(X, kernel, stride, padding, dilation):
    """A view of each window along the last axes: (N, C, places…, kernel…)."""
    x = F.pad(X, (padding, padding) * len(kernel))
    for axis, k in enumerate(kernel, 2):                        # a new axis at the end
        x = x.unfold(axis, dilation * (k - 1) + 1, stride)[..., ::dilation]
    return x


def _overlap_add(windows, like, stride, padding, dilation):
    """The transpose of `_windows`: each number goes back to the place it came from."""
    kernel = windows.shape[like.ndim:]
    (N, C), size = like.shape[:2], like.shape[2:]
    # places count from 1, so that 0 is the padding, which is thrown away
    places = torch.arange(1, 1 + size.numel(), device=like.device).view(1, 1, *size)
    index = _windows(places, kernel, stride, padding, dilation).flatten()
    flat = windows.new_zeros(N, C, size.numel() + 1)
    return flat.index_add(2, index, windows.flatten(2))[..., 1:].view_as(like)


def _conv(X, W, b, axes, *, stride=1, padding=0, dilation=1, groups=1):
    """Z_nm = b_m + Σ over the channels of m's group and the kernel."""
    x = _windows(X, W.shape[2:], stride, padding, dilation).unflatten(1, (groups, -1))
    w = W.unflatten(0, (groups, -1))
    Z = torch.einsum(f"ngc{axes[0]}{axes[1]},gmc{axes[1]}->ngm{axes[0]}", x, w)
    return Z.flatten(1, 2) + b.view(-1, *[1] * len(axes[0]))


def _conv_backward(X, W, b, delta, axes, *, stride=1, padding=0, dilation=1, groups=1):
    geometry, (j, k) = (stride, padding, dilation), axes
    x = _windows(X, W.shape[2:], *geometry).unflatten(1, (groups, -1))
    w, d = W.unflatten(0, (groups, -1)), delta.unflatten(1, (groups, -1))
    dW = torch.einsum(f"ngm{j},ngc{j}{k}->gmc{k}", d, x).flatten(0, 1)
    dx = torch.einsum(f"ngm{j},gmc{k}->ngc{j}{k}", d, w).flatten(1, 2)
    return _overlap_add(dx, X, *geometry), dW, delta.transpose(0, 1).flatten(1).sum(1)


def conv1d(X, W, b, *, stride=1, padding=0, dilation=1, groups=1):
    """A convolutional layer over sequences; see `reference.conv1d`."""
    return _conv(X, W, b, ("j", "k"), stride=stride, padding=padding,
                 dilation=dilation, groups=groups)


def conv1d_backward(X, W, b, delta, *, stride=1, padding=0, dilation=1, groups=1):
    """The gradients of `conv1d`; see `reference.conv1d_backward`."""
    return _conv_backward(X, W, b, delta, ("j", "k"), stride=stride, padding=padding,
                          dilation=dilation, groups=groups)


def toeplitz(W, size, *, stride=1, padding=0, dilation=1):
    """The matrix of a convolution over sequences; see `reference.toeplitz`."""
    # column t of the matrix is what the layer makes of a one at the place t
    ones = torch.eye(size, dtype=W.dtype, device=W.device)[:, None]
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    columns = [conv1d(ones, W[:, c:c + 1], W.new_zeros(len(W)), **geometry)
               for c in range(W.shape[1])]                      # C of (T, M, T')
    return torch.cat(columns).flatten(1).T


def im2col(X, kernel, *, stride=1, padding=0, dilation=1):
    """Every window of an image as a column; see `reference.im2col`."""
    windows = _windows(X, kernel, stride, padding, dilation)    # (N, C, H', W', kh, kw)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)


def col2im(columns, size, kernel, *, stride=1, padding=0, dilation=1):
    """Columns added up where they came from; see `reference.col2im`."""
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    places = [output_size(n, k, **geometry) for n, k in zip(size, kernel, strict=True)]
    parts = columns.view(len(columns), -1, *kernel, *places).permute(0, 1, 4, 5, 2, 3)
    like = columns.new_empty(len(columns), parts.shape[1], *size)
    return _overlap_add(parts, like, **geometry)


def conv2d(X, W, b, *, stride=1, padding=0, dilation=1, groups=1):
    """A convolutional layer over images; see `reference.conv2d`."""
    return _conv(X, W, b, ("ij", "kl"), stride=stride, padding=padding,
                 dilation=dilation, groups=groups)


def conv2d_backward(X, W, b, delta, *, stride=1, padding=0, dilation=1, groups=1):
    """The gradients of `conv2d`; see `reference.conv2d_backward`."""
    return _conv_backward(X, W, b, delta, ("ij", "kl"), stride=stride, padding=padding,
                          dilation=dilation, groups=groups)


def max_pool(X, *, size, stride=None):
    """The maximum of each window; see `reference.max_pool`."""
    return _windows(X, (size, size), stride or size, 0, 1).amax((4, 5))


def max_pool_backward(X, delta, *, size, stride=None):
    """δ to the first maximum of its window; see `reference.max_pool_backward`."""
    windows = _windows(X, (size, size), stride or size, 0, 1)
    first = windows.flatten(4).argmax(-1)
    parts = F.one_hot(first, size * size) * delta[..., None]
    return _overlap_add(parts.view_as(windows), X, stride or size, 0, 1)


def avg_pool(X, *, size, stride=None):
    """The mean of each window; see `reference.avg_pool`."""
    return _windows(X, (size, size), stride or size, 0, 1).mean((4, 5))


def avg_pool_backward(X, delta, *, size, stride=None):
    """δ/k² to each pixel of its window; see `reference.avg_pool_backward`."""
    parts = delta.div(size**2)[..., None, None].expand(*delta.shape, size, size)
    return _overlap_add(parts, X, stride or size, 0, 1)


def convnet_forward(params, X):
    """Two convolutions with pooling, then dense; see `reference.convnet_forward`."""
    *convolutions, W, b = params
    outputs = [X]
    for kernel, bias in (convolutions[:2], convolutions[2:]):
        outputs.append(conv2d(outputs[-1], kernel, bias, padding=1).relu())
        outputs.append(max_pool(outputs[-1], size=2))
    return [*outputs, dense(outputs[-1].flatten(1), W, b)]


def convnet_backward(params, outputs, delta):
    """The gradients of `convnet_forward`; see `reference.convnet_backward`."""
    W1, b1, W2, b2, W3, b3 = params
    X, z1, p1, z2, p2, _ = outputs
    d, *of_dense = dense_backward(p2.flatten(1), W3, b3, delta)
    d = max_pool_backward(z2, d.view_as(p2), size=2).masked_fill(z2 <= 0, 0)
    d, *of_second = conv2d_backward(p1, W2, b2, d, padding=1)
    d = max_pool_backward(z1, d, size=2).masked_fill(z1 <= 0, 0)
    return [*conv2d_backward(X, W1, b1, d, padding=1)[1:], *of_second, *of_dense]


def relu_mlp_forward(params, X):
    """A hidden dense layer and a dense one; see `reference.relu_mlp_forward`."""
    x = X.flatten(1)
    z = dense(x, *params[:2]).clamp(min=0)
    return [x, z, dense(z, *params[2:])]


def relu_mlp_backward(params, outputs, delta):
    """The gradients of `relu_mlp_forward`; see `reference.relu_mlp_backward`."""
    (W1, b1, W2, b2), (x, z, _) = params, outputs
    d, *last = dense_backward(z, W2, b2, delta)
    return [*dense_backward(x, W1, b1, d.masked_fill(z <= 0, 0))[1:], *last]


def toeplitz2d(kernel, size, *, stride=1, padding=0):
    """The matrix of a layer on images; see `reference.toeplitz2d`."""
    H, W = size
    ones = torch.eye(H * W, dtype=kernel.dtype, device=kernel.device).view(-1, 1, H, W)
    Z = conv2d(ones, kernel[None, None], kernel.new_zeros(1), stride=stride,
               padding=padding)
    return Z.flatten(1).T


def convolve2d(image, kernel):
    """The convolution of mathematics, in full; see `reference.convolve2d`."""
    kh, kw = kernel.shape
    x = F.pad(image, (kw - 1, kw - 1, kh - 1, kh - 1))
    return torch.einsum("ijmn,mn->ij", x.unfold(0, kh, 1).unfold(1, kw, 1),
                        kernel.flip(0, 1))


def causal_conv1d(X, W, b, *, dilation=1, groups=1):
    """A convolution that sees no future; see `reference.causal_conv1d`."""
    x = F.pad(X, (dilation * (W.shape[2] - 1), 0))
    return conv1d(x, W, b, dilation=dilation, groups=groups)


def tied_max_pool_backward(X, delta, *, size, stride):
    """δ shared by equal maxima; see `reference.tied_max_pool_backward`."""
    windows = _windows(X, (size, size), stride, 0, 1)
    highest = windows.eq(windows.amax((4, 5), keepdim=True)).to(delta)
    share = highest.div(highest.sum((4, 5), keepdim=True))
    return _overlap_add(share * delta[..., None, None], X, stride, 0, 1)


class InvariantFeatures(torch.nn.Module):
    """Features of an image that do not change when it is moved round its edges.

    Parameters
    ----------
    in_channels, out_channels, kernel_size : int
        The kernel is no larger than the images, and its size may be even.
    """

    def __init__(self, in_channels, out_channels, kernel_size):
        super().__init__()
        self.conv = torch.nn.Conv2d(in_channels, out_channels, kernel_size)
        self.wrap = kernel_size - 1

    def forward(self, X):
        """How strongly each kernel answers, over the whole image.

        Parameters
        ----------
        X : tensor, (N, C, H, W)
            A torus: beyond the last column comes the first one again, and beyond the
            last row the first.

        Returns
        -------
        features : tensor, (N, M)
            The layer `conv` at each of the H W places, ReLU, and the mean over the
            places.
        """
        x = F.pad(X, (0, self.wrap, 0, self.wrap), mode="circular")
        return self.conv(x).relu().mean((2, 3))
