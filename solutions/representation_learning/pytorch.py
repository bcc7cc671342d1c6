"""Representation learning in PyTorch: `reference.py` for tensors, and two for modules.

Written apart from the NumPy versions on purpose: gradients come from autograd here, or
from other formulas, so that the tests can hold one against the other.
"""
import copy
import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F

from solutions.gradient_descent.pytorch import Layer


class Tied(NamedTuple):
    """W (D, M), for the encoder and, transposed, the decoder; their biases b, c."""
    W: torch.Tensor
    b: torch.Tensor
    c: torch.Tensor


FUNCTIONS = {"identity": lambda s: s, "sigmoid": torch.sigmoid,
             "tanh": torch.tanh, "relu": torch.relu}
SLOPES = {"identity": torch.ones_like, "sigmoid": lambda z: z - z.square(),
          "tanh": lambda z: (1 - z).mul(1 + z), "relu": lambda z: z.sign().clamp(min=0)}


def apply(s, activation):
    """f(s); see `reference.apply`."""
    if activation not in FUNCTIONS:
        raise ValueError(f"there is no activation {activation!r}")
    return FUNCTIONS[activation](s)


def slope(z, activation):
    """f'(s), from z = f(s); see `reference.slope`."""
    if activation not in SLOPES:
        raise ValueError(f"there is no activation {activation!r}")
    return SLOPES[activation](z)


def _with_gradient(loss_of, layers):
    """The value of `loss_of(layers)`, and its gradient by each array, by autograd."""
    leaves = [[part.detach().requires_grad_() for part in layer] for layer in layers]
    flat = [leaf for parts in leaves for leaf in parts]
    with torch.enable_grad():
        loss = loss_of([type(layer)(*parts)
                        for layer, parts in zip(layers, leaves, strict=True)])
    grads = iter(torch.autograd.grad(loss.sum(), flat))
    return loss.detach(), [type(layer)(*(next(grads) for _ in layer))
                           for layer in layers]


def mirrored_init(generator, sizes, *, dtype=torch.float32):
    """Layers to a code and back; see `reference.mirrored_init`."""
    there_and_back = [*sizes, *sizes[-2::-1]]
    return [Layer(torch.randn(D, M, generator=generator, dtype=dtype)
                  .mul(math.sqrt(2 / (D + M))), torch.zeros(M, dtype=dtype))
            for D, M in pairwise(there_and_back)]


def forward(layers, X, *, activations):
    """The outputs of each layer; see `reference.forward`."""
    zs = [X]
    for layer, activation in zip(layers, activations, strict=True):
        zs.append(apply(torch.matmul(zs[-1], layer.W).add(layer.b), activation))
    return zs


def backward(layers, zs, z_bar, *, activations, penalties=None):
    """A loss's gradient by the layers; see `reference.backward`."""
    penalties = penalties or {}
    grads: list[Layer] = []
    for j in range(len(layers) - 1, -1, -1):
        delta = z_bar.mul(slope(zs[j + 1], activations[j]))
        W_bar = torch.einsum("...nd,...nm->...dm", zs[j], delta)
        grads.insert(0, Layer(W_bar, delta.sum(-2).view_as(layers[j].b)))
        z_bar = torch.einsum("...nm,...dm->...nd", delta, layers[j].W)
        z_bar = z_bar.add(penalties.get(j, 0))
    return grads


def reconstruction_error(X_hat, X):
    """½ ‖x̂ - x‖², the mean over the examples; see `reference.reconstruction_error`."""
    return (X_hat - X).square().sum(-1).mean(-1).div(2)


def autoencoder(layers, X, *, activations, inputs=None):
    """The reconstruction error and its gradient; see `reference.autoencoder`."""
    given = X if inputs is None else inputs
    return _with_gradient(lambda leaves: reconstruction_error(
        forward(leaves, given, activations=activations)[-1], X), layers)


def tied_init(generator, D, M, *, dtype=torch.float32):
    """A tied layer's start; see `reference.tied_init`."""
    W = torch.randn(D, M, generator=generator, dtype=dtype) * math.sqrt(2 / (D + M))
    return Tied(W, torch.zeros(M, dtype=dtype), torch.zeros(D, dtype=dtype))


def encode(layer, X):
    """The code of a layer; see `reference.encode`."""
    return X.matmul(layer.W).add(layer.b).sigmoid()


def tied_autoencoder(params, X):
    """Code and reconstruction; see `reference.tied_autoencoder`."""
    H = encode(params, X)
    return H, torch.einsum("...nm,...dm->...nd", H, params.W) + params.c


def tied_backward(params, X_tilde, H, X_hat, X, *, penalty=0):
    """The gradient of the reconstruction error; see `reference.tied_backward`."""
    def criterion(leaves):
        code, output = tied_autoencoder(leaves[0], X_tilde)
        return reconstruction_error(output, X) + (code * penalty).sum((-2, -1))

    return _with_gradient(criterion, [params])[1][0]


def sparse_penalty(H, *, strength, kind="l1", target=0.05):
    """A price on active code units; see `reference.sparse_penalty`."""
    if kind not in ("l1", "kl"):
        raise ValueError(f"there is no penalty {kind!r}")
    if kind == "kl":
        return kl_sparsity(H, strength=strength, target=target)
    return H.norm(p=1).mul(strength / len(H)), H.sign().mul(strength / len(H))


def kl_sparsity(H, *, strength, target):
    """A price on mean activities; see `reference.kl_sparsity`."""
    N = len(H)
    mean = H.mean(dim=0)
    cross = target * mean.log() + (1 - target) * torch.log1p(-mean)
    entropy = target * math.log(target) + (1 - target) * math.log1p(-target)
    by_mean = (mean - target) / (mean * (1 - mean))         # the same, over one bar
    return strength * (entropy - cross).sum(), (by_mean * strength / N).expand(N, -1)


def masking_noise(X, draws, *, share):
    """A fixed number of zeros in each example; see `reference.masking_noise`."""
    count = math.floor(share * X.shape[-1] + 0.5)
    lowest = draws.topk(count, dim=-1, largest=False).indices
    return X.scatter(-1, lowest, 0)


def denoise(params, X_tilde, X):
    """The denoising criterion and its gradient; see `reference.denoise`."""
    loss, (grads,) = _with_gradient(lambda leaves: reconstruction_error(
        tied_autoencoder(leaves[0], X_tilde)[1], X), [params])
    return loss, grads


def train_stacked(starts, X, train_epoch, *, corrupt, epochs):
    """One layer after the other; see `reference.train_stacked`."""
    below: list[Layer] = []
    for start in starts:
        codes, params = X, start
        for layer in below:                     # clean, through all that is trained
            codes = encode(layer, codes)
        for _ in range(epochs):
            params = train_epoch(params, corrupt(codes), codes)
        below.append(Layer(*params[:2]))
    return below


def classify(layers, X):
    """The logits of sigmoid layers and a last one; see `reference.classify`."""
    for layer in layers[:-1]:
        X = encode(layer, X)
    return X.matmul(layers[-1].W).add(layers[-1].b)


def classifier_gradient(layers, X, y):
    """The gradient of the mean cross-entropy; see `reference.classifier_gradient`."""
    def loss_of(leaves):
        logits = classify(leaves, X)
        each = F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none")
        return each.view(y.shape).mean(-1)

    return _with_gradient(loss_of, layers)[1]


def fine_tune(layers, X, y, orders, *, lr, batch_size, momentum=0.9, frozen=0):
    """Train a classifier from any start; see `reference.fine_tune`."""
    free = [[part.clone() for part in layer] for layer in layers[frozen:]]
    speed = [[torch.zeros_like(part) for part in parts] for parts in free]
    for order in orders:
        for m in order.split(batch_size):
            now = [*layers[:frozen], *(Layer(*parts) for parts in free)]
            grads = classifier_gradient(now, X[..., m, :], y[..., m])
            for parts, vs, gs in zip(free, speed, grads[frozen:], strict=True):
                for part, v, g in zip(parts, vs, gs, strict=True):
                    part.sub_(v.mul_(momentum).add_(g), alpha=lr)
    return [*layers[:frozen], *(Layer(*parts) for parts in free)]


def subspace_angle(A, B):
    """The largest principal angle; see `reference.subspace_angle`."""
    Q, P = (torch.linalg.qr(one).Q for one in (A, B))
    k = A.shape[1]
    # of the projectors' product: cos² and sin² of every angle, each from its own
    rest = P - Q.matmul(Q.T.matmul(P))
    sine = torch.linalg.svdvals(rest)[0]
    cosine = torch.linalg.svdvals(Q.T.matmul(P))[k - 1]
    return torch.atan2(sine, cosine)


# ----------------------------------------------------------------- a module, its tuning


class TiedAutoencoder(torch.nn.Module):
    """A sigmoid code, and a decoder that is the encoder's matrix transposed.

    Parameters
    ----------
    inputs, units : int

    Its parameters are `weight` (units, inputs), as in `torch.nn.Linear`, `bias` (units)
    and `out_bias` (inputs), and no others. The biases are zero at the start; the weight
    is drawn by `torch.nn.init.xavier_normal_`.

    `encode(x)` takes x (..., inputs) and returns the code σ(weight x + bias),
    (..., units). `forward(x)` returns the reconstruction weightᵀ h + out_bias,
    (..., inputs), where h is the code. Gradients reach `weight` from both places.
    """

    def __init__(self, inputs, units):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(units, inputs))
        self.bias = torch.nn.Parameter(torch.zeros(units))
        self.out_bias = torch.nn.Parameter(torch.zeros(inputs))
        torch.nn.init.xavier_normal_(self.weight)

    def encode(self, x):
        return torch.sigmoid(F.linear(x, self.weight, self.bias))

    def forward(self, x):
        return F.linear(self.encode(x), self.weight.T, self.out_bias)


def fine_tune_stack(encoders, head, X, y, batches, *, lr, encoder_lr):
    """Put a stack of trained encoders under a new head, and train by the labels.

    Parameters
    ----------
    encoders : list of torch.nn.Linear
        The first takes the inputs, each other one the codes of the one before. After
        each there is a sigmoid.
    head : torch.nn.Linear
        From the last code to the logits.
    X, y : tensor, (N, D), and int64 (N,)
    batches : list of int64 tensors
        Which examples each step takes.
    lr, encoder_lr : float
        Of plain gradient descent, for the head and for the encoders. The encoders stay
        as they are where `encoder_lr` is 0.

    Returns
    -------
    model : torch.nn.Sequential
        Gives logits. It is made of copies: `encoders` and `head` are left as they were.
        Each batch made one step on its mean cross-entropy.
    """
    layers = [copy.deepcopy(encoder) for encoder in encoders]
    last = copy.deepcopy(head)
    between = [part for layer in layers for part in (layer, torch.nn.Sigmoid())]
    model = torch.nn.Sequential(*between, last)
    weights = [p for layer in layers for p in layer.parameters()]
    optimizer = torch.optim.SGD([{"params": weights, "lr": encoder_lr},
                                 {"params": list(last.parameters())}], lr=lr)
    for m in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(X[m]), y[m]).backward()
        optimizer.step()
    return model
