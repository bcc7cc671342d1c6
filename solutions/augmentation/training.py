"""Networks that are trained on examples which a function makes anew for each batch.

`R` networks run side by side, each with data, a start and an order of its own.
"""
import numpy as np

from solutions.augmentation.reference import affine, affine_params, corrupt, mixup, pgd, worst_of_k
from solutions.dropout.reference import log_softmax
from solutions.dropout.training import forward
from solutions.gradient_descent.reference import Layer
from solutions.momentum.reference import momentum_init, momentum_step


def one_hot(y, classes=10, dtype=np.float32):
    """r: labels (...) -> (..., K)."""
    return np.eye(classes, dtype=dtype)[y]


def cross_entropies(layers, X, targets):
    """Each example's cross-entropy with targets that may be soft: (R, N)."""
    return -(targets * log_softmax(forward(layers, X)[-1])).sum(axis=-1)


def softmax_delta(logits, targets):
    """∂E/∂logits of the batch's mean cross-entropy, (R, B, K)."""
    return (np.exp(log_softmax(logits)) - targets) / logits.shape[-2]


def backward(layers, zs, delta):
    """The gradients of all layers' W and b.

    Parameters
    ----------
    zs : list of ndarray
        What `forward` gave.
    delta : ndarray, (R, N, K)
        ∂E/∂logits.

    Returns
    -------
    grads : list of Layer, of the shapes of `layers`
    """
    grads = []
    for j in reversed(range(len(layers))):
        grads.append(Layer(zs[j].swapaxes(-1, -2) @ delta, delta.sum(-2, keepdims=True)))
        if j:
            delta = delta @ layers[j].W.swapaxes(-1, -2) * (zs[j] > 0)
    return grads[::-1]


def input_gradient(layers, X, targets):
    """∂E_n/∂x_n of each example's own cross-entropy, (R, N, D)."""
    zs = forward(layers, X)
    delta = np.exp(log_softmax(zs[-1])) - targets           # not divided by N
    for (W, _), z in zip(layers[:0:-1], zs[-2:0:-1], strict=True):
        delta = delta @ W.swapaxes(-1, -2) * (z > 0)
    return delta @ layers[0].W.swapaxes(-1, -2)


def plain(rng, layers, X, y):
    """Examples as they are."""
    return X, one_hot(y)


def train(rng, layers, X, y, *, make=plain, delta=softmax_delta, epochs, batch_size=50,
          lr=0.05, momentum=0.9):
    """Stochastic gradient descent with momentum on examples that `make` makes.

    Parameters
    ----------
    layers : list of Layer, W (R, D, M), b (R, 1, M)
    X, y : ndarray, (R, N, D), (R, N)
    make : callable, (rng, layers, X, y) -> X, targets
        Of a batch: (R, B, D), (R, B) -> (R, B, D), (R, B, K).
    delta : callable, (logits, targets) -> ∂E/∂logits

    Returns
    -------
    layers
    """
    runs, n = y.shape
    states = [Layer(*map(momentum_init, layer)) for layer in layers]
    for _ in range(epochs):
        order = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
        for start in range(0, n, batch_size):
            m = order[:, start:start + batch_size]
            at = np.arange(runs)[:, None], m
            inputs, targets = make(rng, layers, X[at], y[at])
            zs = forward(layers, inputs)
            grads = backward(layers, zs, delta(zs[-1], targets))
            moved = [[momentum_step(*part, lr=lr, momentum=momentum)
                      for part in zip(*three, strict=True)]
                     for three in zip(layers, grads, states, strict=True)]
            layers = [Layer(W[0], b[0]) for W, b in moved]
            states = [Layer(W[1], b[1]) for W, b in moved]
    return layers


# --------------------------------------------------------------- examples for each batch
# Each maker returns a function (rng, layers, X, y) -> X, targets for `train`. Pictures are
# rows of side² numbers.


def moved(X, theta):
    """Pictures (..., D) by their θ (number of pictures, 2, 3)."""
    side = int(X.shape[-1]**0.5)
    return affine(X.reshape(-1, 1, side, side), theta).reshape(X.shape)


def moves(u, *, degrees=10.0, scale=1.1, shift=0.5, dtype=np.float32):
    """θ of u between -1 and 1: (..., 4) -> (..., 2, 3).

    At 1 a picture is turned by `degrees`, enlarged by `scale` and moved by `shift`.
    """
    flat = u.reshape(-1, 4)
    theta = affine_params(degrees * flat[:, 0], scale**flat[:, 1], shift * flat[:, 2:])
    return theta.reshape(*u.shape[:-1], 2, 3).astype(dtype)


def noisy(sigma):
    """Gaussian corruption."""
    def make(rng, layers, X, y):
        noise = rng.normal(size=X.shape).astype(X.dtype)
        return corrupt(X, noise, sigma=X.dtype.type(sigma)), one_hot(y)

    return make


def fixed_moves(us, **limits):
    """One of a fixed list of transformations, (M, 4), for each picture."""
    def make(rng, layers, X, y):
        u = us[rng.integers(len(us), size=y.size)]
        return moved(X, moves(u, **limits)), one_hot(y)

    return make


def random_moves(**limits):
    """A transformation drawn anew for each picture."""
    def make(rng, layers, X, y):
        return moved(X, moves(rng.uniform(-1, 1, (y.size, 4)), **limits)), one_hot(y)

    return make


def worst_moves(k, **limits):
    """The worst of k transformations that are drawn for each picture."""
    def make(rng, layers, X, y):
        targets = one_hot(y)

        def loss(copies, _):
            return cross_entropies(layers, copies.reshape(X.shape), targets).ravel()

        thetas = moves(rng.uniform(-1, 1, (k, y.size, 4)), **limits)
        pictures = X.reshape(y.size, -1)
        copies, _ = worst_of_k(pictures, y.ravel(), thetas, transform=moved, loss=loss)
        return copies.reshape(X.shape), targets

    return make


def mixed_pairs(alpha):
    """Mixup with shares from Beta(α, α), within each batch."""
    def make(rng, layers, X, y):
        lam = rng.beta(alpha, alpha, y.shape).astype(X.dtype)
        made = [mixup(x, labels, rng.permutation(len(labels)), share, classes=10)
                for x, labels, share in zip(X, y, lam, strict=True)]
        return tuple(map(np.stack, zip(*made, strict=True)))

    return make


def adversarial(layers, X, y, *, radius, steps, start=None, norm="linf"):
    """What `pgd` makes of X (R, N, D); one step is of the length ε, more of 2.5 ε/steps."""
    targets = one_hot(y)

    def gradient(x):
        return input_gradient(layers, x.reshape(X.shape), targets).reshape(x.shape)

    pictures = X.reshape(y.size, -1)
    start = pictures if start is None else start.reshape(pictures.shape)
    lr = radius if steps == 1 else 2.5 * radius / steps
    found = pgd(pictures, start, gradient=gradient, lr=X.dtype.type(lr),
                radius=X.dtype.type(radius), steps=steps, norm=norm)
    return found.reshape(X.shape)


def attacked(radius, steps):
    """Adversarial examples of the network as it is; several steps begin at random."""
    def make(rng, layers, X, y):
        noise = rng.uniform(-radius, radius, X.shape).astype(X.dtype)
        start = np.clip(X + noise, 0, 1) if steps > 1 else None
        found = adversarial(layers, X, y, radius=radius, steps=steps, start=start)
        return found, one_hot(y)

    return make


def random_signs(radius):
    """Every pixel moved by ε, up or down at random."""
    def make(rng, layers, X, y):
        signs = rng.choice([-1, 1], X.shape).astype(X.dtype)
        return np.clip(X + X.dtype.type(radius) * signs, 0, 1), one_hot(y)

    return make
