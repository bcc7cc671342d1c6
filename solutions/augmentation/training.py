"""Networks that are trained on examples which a function makes anew for each batch.

`R` networks run side by side, each with data, a start and an order of its own.
"""
import numpy as np

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
