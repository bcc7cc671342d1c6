"""Gradient descent in NumPy: a network and its gradient, and the schedules of steps.

No function changes its arguments.

A `gradient` that a schedule is given is a function (params, X, y) -> grads: the mean
over the examples it gets. Hyper-parameters are Python numbers: a NumPy float64 scalar
would turn float32 parameters into float64.
"""
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Layer(NamedTuple):
    """W, the weights (D, M), and b, the biases (M,), of a layer; or their gradients."""
    W: np.ndarray
    b: np.ndarray


# -------------------------------------------------------------------------- the network


def sigmoid(s):
    """1/(1+e⁻ˢ) for each number of an array, written so that nothing overflows."""
    return (1 + np.tanh(s / 2)) / 2


def softmax(logits):
    """Probabilities from logits, (N, K) -> (N, K): positive rows that add up to 1."""
    # a shift of the row changes nothing
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)  # p_k = e^{s_k} / Σ_i e^{s_i}


def cross_entropy(logits, y):
    """The mean of -log softmax(logits) at the right classes.

    Parameters
    ----------
    logits : ndarray, (N, K)
    y : ndarray of int, (N,)
        The right class of each example.

    Returns
    -------
    loss : float of the dtype of `logits`
    """
    top = logits.max(axis=1)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))  # log Σ_k e^{s_k}
    return (log_sum - logits[np.arange(len(y)), y]).mean()  # E = 1/N Σ_n -log p_{n,y_n}


def mlp_init(rng, sizes):
    """Small random weights N(0, 1/D) and zero biases.

    Parameters
    ----------
    rng : numpy.random.Generator
    sizes : sequence of int
        Inputs, units of each hidden layer, classes.

    Returns
    -------
    layers : list of Layer
    """
    return [Layer(rng.normal(size=(D, M)) / np.sqrt(D), np.zeros(M))
            for D, M in pairwise(sizes)]


def mlp_forward(layers, X):
    """Feed X forward through sigmoid layers and a last affine one.

    Parameters
    ----------
    layers : list of J Layer
    X : ndarray, (N, D)

    Returns
    -------
    zs : list of J + 1 ndarray
        What each layer puts out: z_0 = X, the hidden z_1 … z_{J-1}, and last the logits
        s_J.
    """
    zs = [X]
    for W, b in layers[:-1]:
        zs.append(sigmoid(zs[-1] @ W + b))  # z_l = a(z_{l-1} W_l + b_l)
    W, b = layers[-1]
    return [*zs, zs[-1] @ W + b]            # s_J = z_{J-1} W_J + b_J


def mlp_backward(layers, zs, y):
    """The gradient of the mean cross-entropy by back-propagation.

    Parameters
    ----------
    layers : list of J Layer
    zs : list of J + 1 ndarray
        What `mlp_forward(layers, X)` returns: X, the outputs of the sigmoid layers, the
        logits, which may be large.
    y : ndarray of int, (N,)
        The right class of each example.

    Returns
    -------
    grads : list of J Layer
        ∂E/∂W_l and ∂E/∂b_l, the same shapes and dtype as `layers`.

    References
    ----------
    Rumelhart, Hinton and Williams (1986).
    """
    # r_{n,k} = 1 for the right class
    r = np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]
    delta = (softmax(zs[-1]) - r) / len(y)  # δ_J = ∂E/∂s_J = (p - r)/N
    grads = []
    for (W, _), z in zip(reversed(layers), reversed(zs[:-1]), strict=True):
        # ∂E/∂W_l = z_{l-1}ᵀ δ_l,  ∂E/∂b_l = Σ_n δ_l
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))
        # δ_{l-1} = δ_l W_lᵀ ⊙ z'_{l-1},  z' = z (1-z)
        delta = (delta @ W.T) * z * (1 - z)
    return grads[::-1]                      # the last δ, of the inputs, is not used


def flatten(layers):
    """All parameters in one vector, by layer: weights row by row, then biases."""
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def unflatten(params, sizes):
    """The layers of a vector that `flatten` made; `sizes` as for `mlp_init`."""
    layers, start = [], 0
    for D, M in pairwise(sizes):
        W, b = np.split(params[start:start + D * M + M], [D * M])
        layers.append(Layer(W.reshape(D, M), b))
        start += D * M + M
    return layers


def mlp_loss(params, X, y, *, sizes):
    """E(θ), the mean cross-entropy of the network with the parameters `params`."""
    return cross_entropy(mlp_forward(unflatten(params, sizes), X)[-1], y)


def mlp_gradient(params, X, y, *, sizes):
    """∇E(θ), a vector like `params`."""
    layers = unflatten(params, sizes)
    return flatten(mlp_backward(layers, mlp_forward(layers, X), y))


def gradient_check(loss, gradient, params, *, eps=1e-5):
    """How far a gradient is from the one that central differences of the loss give.

    Parameters
    ----------
    loss, gradient : callable, ndarray -> float, ndarray -> ndarray
    params : ndarray, any one shape, float64
        Where to compare them.
    eps : float
        How far to step to either side of each coordinate.

    Returns
    -------
    error : float
        ‖g - n‖ / (‖g‖ + ‖n‖), 0 where both are 0. About 1e-10 where the gradient
        is right; a thousandth or more for the faults that one makes.
    """
    g, n = gradient(params), np.zeros_like(params)
    for i in np.ndindex(params.shape):
        step = np.zeros_like(params)
        step[i] = eps
        # ∂E/∂θ_i + O(ε²)
        n[i] = (loss(params + step) - loss(params - step)) / (2 * eps)
    size = np.linalg.norm(g) + np.linalg.norm(n)
    return float(np.linalg.norm(g - n) / size) if size else 0.0


# ------------------------------------------------------------------------ the schedules


def gradient_descent(params, gradient, X, y, *, lr, epochs):
    """Batch gradient descent: all examples make one step.

    Parameters
    ----------
    params : ndarray, any one shape
        θ_0.
    gradient : callable, (params, X, y) -> ndarray like `params`
        The mean gradient over the examples it is given.
    X, y : ndarray, (N, ...)
    lr : float
    epochs : int

    Returns
    -------
    path : ndarray, (epochs + 1, *params.shape)
        The start and the parameters after each step.
    """
    path = [params]
    for _ in range(epochs):
        # θ ← θ - η 1/N Σ_n ∇E_n(θ)
        path.append(path[-1] - lr * gradient(path[-1], X, y))
    return np.stack(path)


def sgd(params, gradient, X, y, orders, *, lr):
    """Stochastic gradient descent: each example makes a step.

    Parameters
    ----------
    params, gradient, X, y, lr
        As for `gradient_descent`.
    orders : ndarray of int, (epochs, N)
        In which order each epoch takes the examples.

    Returns
    -------
    path : ndarray, (epochs · N + 1, *params.shape)
    """
    path = [params]
    for n in np.ravel(orders):
        # θ ← θ - η ∇E_n(θ)
        path.append(path[-1] - lr * gradient(path[-1], X[n:n + 1], y[n:n + 1]))
    return np.stack(path)


def online(params, gradient, stream, *, lr):
    """Online gradient descent: each example makes one step and is forgotten.

    Parameters
    ----------
    params, gradient, lr
        As for `gradient_descent`.
    stream : iterable of (x, y)
        One example at a time, without the axis of the batch.

    Returns
    -------
    path : ndarray, (T + 1, *params.shape)
    """
    path = [params]
    for x, y in stream:
        # θ ← θ - η ∇ℓ(θ; x_t, y_t)
        path.append(path[-1] - lr * gradient(path[-1], x[None], y[None]))
    return np.stack(path)


def minibatches(order, batch_size):
    """An epoch's order cut into batches; what is left over makes a smaller one.

    Parameters
    ----------
    order : ndarray of int, (N,)
    batch_size : int

    Returns
    -------
    batches : list of ⌈N/B⌉ ndarray of int
    """
    starts = range(0, len(order), batch_size)
    return [order[start:start + batch_size] for start in starts]


def minibatch_sgd(params, gradient, X, y, orders, *, lr, batch_size):
    """Mini-batch gradient descent: every `batch_size` examples make a step.

    Parameters
    ----------
    params : ndarray, any one shape
        θ_0.
    gradient : callable, (params, X, y) -> ndarray like `params`
        The mean gradient over the examples it is given.
    X, y : ndarray, (N, ...)
    orders : ndarray of int, (epochs, N)
        In which order each epoch takes the examples.
    lr : float
    batch_size : int
        B. Where it does not divide N, each epoch ends in a smaller batch, which makes a
        step as well.

    Returns
    -------
    path : ndarray, (epochs · ⌈N/B⌉ + 1, *params.shape)
        The start and the parameters after each step.
    """
    path = [params]
    for order in orders:
        for m in minibatches(order, batch_size):
            # θ ← θ - η 1/B Σ_{n∈m} ∇E_n(θ)
            path.append(path[-1] - lr * gradient(path[-1], X[m], y[m]))
    return np.stack(path)


def batch_size_schedule(epochs, *, batch_size, factor, every, largest):
    """Batch sizes that grow by a factor at intervals, in place of a falling rate.

    Parameters
    ----------
    epochs : int
    batch_size, factor, every, largest : int
        Size at the start; by what it is multiplied; after how many epochs; and where it
        stops.

    Returns
    -------
    sizes : list of int, one for each epoch

    References
    ----------
    Smith, Kindermans, Ying and Le (2018).
    """
    return [min(batch_size * factor**(epoch // every), largest)
            for epoch in range(epochs)]


# ---------------------------------------------------------------------------- the noise


def example_gradients(params, gradient, X, y):
    """The gradient of each example by itself, (N, *params.shape)."""
    return np.stack([gradient(params, X[n:n + 1], y[n:n + 1]) for n in range(len(X))])


def noise_scale(grads):
    """The batch size whose gradient has noise as large as the gradient itself.

    Parameters
    ----------
    grads : ndarray, (N, ...)
        The gradient of each example.

    Returns
    -------
    size : float
        tr Σ / ‖G‖², with G the mean and Σ the covariance of the gradients.

    References
    ----------
    McCandlish, Kaplan and Amodei (2018), the "simple" noise scale.
    """
    mean = grads.mean(axis=0)  # G = 1/N Σ_n g_n
    # tr Σ = 1/N Σ_n ‖g_n - G‖²
    return ((grads - mean)**2).sum() / len(grads) / (mean**2).sum()


# -------------------------------------------------------------------------- the queries


def margin_query(probabilities, k):
    """The k examples to ask about: those whose two likeliest classes are closest.

    Parameters
    ----------
    probabilities : ndarray, (N, K)
        What the network believes of each example that has no label.
    k : int

    Returns
    -------
    chosen : ndarray of int, (k,)
        The smallest margin first; of equal ones the earlier first.

    References
    ----------
    Scheffer, Decomain and Wrobel (2001).
    """
    top = np.sort(probabilities, axis=1)
    margin = top[:, -1] - top[:, -2]                                # p₍₁₎ - p₍₂₎
    return np.argsort(margin, kind="stable")[:k]


def entropy_query(probabilities, k):
    """The k examples to ask about: those with the most uncertain class.

    Parameters
    ----------
    probabilities : ndarray, (N, K)
        What the network believes of each example that has no label; some may be exactly
        0.
    k : int

    Returns
    -------
    chosen : ndarray of int, (k,)
        The largest entropy -Σ_k p_k log p_k first. No index stands in it twice; it can
        index an array.
    """
    logs = np.log(np.where(probabilities > 0, probabilities, 1))  # 0 log 0 = 0
    entropy = -(probabilities * logs).sum(axis=1)                 # H = -Σ_k p_k log p_k
    return np.argsort(-entropy, kind="stable")[:k]


# ----------------------------------------------------------- what a mean is a mean over


def weighted_cross_entropy(logits, y, weights):
    """The weighted mean of the examples' cross-entropies, and its gradient.

    Parameters
    ----------
    logits : ndarray, (N, K)
        Of any size: nothing may overflow.
    y : ndarray of int, (N,)
        The right class of each example.
    weights : ndarray, (N,), none negative, not all zero
        w_n, how much each example counts: one with the weight 2 counts as two examples.

    Returns
    -------
    loss : NumPy scalar
        E = Σ_n w_n E_n / Σ_n w_n.
    delta : ndarray, (N, K)
        ∂E/∂logits. Both have the dtype of `logits` where the weights have it too.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    # log softmax(s)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    share = weights / weights.sum()  # w_n / Σ_m w_m
    r = np.eye(logits.shape[1], dtype=logits.dtype)[y]
    loss = -(share * (r * log_p).sum(axis=1)).sum()
    return loss, share[:, None] * (np.exp(log_p) - r)


def rates_for_mean(lr, weight_decay, n, batch_size):
    """The rates and penalties with which steps on means go where steps on sums went.

    Parameters
    ----------
    lr, weight_decay : float
        η and λ of a run whose steps were θ ← θ - η (Σ_{i∈m} g_i + λ θ).
    n, batch_size : int
        Examples in an epoch and in a batch; what is left over makes a last, smaller
        batch.

    Returns
    -------
    lrs, weight_decays : ndarray, (⌈n/B⌉,) each
        η' and λ' for each step of an epoch θ ← θ - η' (1/|m| Σ_{i∈m} g_i + λ' θ).
    """
    starts = np.arange(0, n, batch_size)
    sizes = np.minimum(batch_size, n - starts)  # |m|
    return lr * sizes, weight_decay / sizes     # η' = η |m|,  λ' = λ / |m|: η' λ' = η λ
