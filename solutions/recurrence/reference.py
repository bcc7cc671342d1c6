"""Recurrent layers and attention in NumPy, and what becomes of a gradient over time.

Sequences are (N, T, D), a layer's state is (N, M), and vectors are rows: where a paper
has W h, this has h W. Every function keeps the dtype that it is given.
"""
from typing import NamedTuple

import numpy as np


class Recurrent(NamedTuple):
    """W (M, kM) for the state, U (D, kM) for the input, b (kM,).

    k is 1 in a tanh layer and 4 in an LSTM, whose blocks are i, f, g, o.
    """
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


class GRU(NamedTuple):
    """W (M, 3M), U (D, 3M), b (3M,) in blocks r, z, n; c (M,) is the bias inside n."""
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    c: np.ndarray


class LSTMState(NamedTuple):
    """h (N, M), which the layer shows, and c (N, M), which it keeps."""
    h: np.ndarray
    c: np.ndarray


# ---------------------------------------------------------------------------- the cells


def sigmoid(s):
    """1/(1+e⁻ˢ), the share that a gate lets through; nothing overflows."""
    return (1 + np.tanh(s / 2)) / 2


def rnn_cell(x, h, params):
    """One step of a tanh layer.

    Parameters
    ----------
    x, h : ndarray, (N, D) and (N, M)
        x_t and h_{t-1}.
    params : Recurrent

    Returns
    -------
    h : ndarray, (N, M)

    References
    ----------
    Goodfellow, Bengio and Courville (2016), eq. 10.8 and 10.9.
    """
    a = params.b + h @ params.W + x @ params.U      # a_t = b + h_{t-1} W + x_t U
    return np.tanh(a)                               # h_t = tanh(a_t)


def lstm_gates(x, state, params):
    """i, f, g and o of an LSTM's step, each (N, M); see `lstm_cell`."""
    a = params.b + state.h @ params.W + x @ params.U
    i, f, g, o = np.split(a, 4, axis=-1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


def lstm_cell(x, state, params):
    """One step of an LSTM.

    Parameters
    ----------
    x : ndarray, (N, D)
    state : LSTMState
    params : Recurrent
        Blocks of M columns, in PyTorch's order: i, f, g, o.

    Returns
    -------
    state : LSTMState

    References
    ----------
    Hochreiter and Schmidhuber (1997); the forget gate is that of Gers et al. (2000).
    """
    i, f, g, o = lstm_gates(x, state, params)
    c = f * state.c + i * g                         # c_t = f ⊙ c_{t-1} + i ⊙ g
    return LSTMState(o * np.tanh(c), c)             # h_t = o ⊙ tanh(c_t)


def gru_cell(x, h, params):
    """One step of a GRU.

    Parameters
    ----------
    x, h : ndarray, (N, D) and (N, M)
        x_t and h_{t-1}.
    params : GRU
        Blocks of M columns, in PyTorch's order: r, z, n.

    Returns
    -------
    h : ndarray, (N, M)

    References
    ----------
    Cho et al. (2014), with r after the matrix product and z as the share that is kept,
    as in PyTorch.
    """
    r_x, z_x, n_x = np.split(params.b + x @ params.U, 3, axis=1)
    r_h, z_h, n_h = np.split(h @ params.W, 3, axis=1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    n = np.tanh(n_x + r * (n_h + params.c))         # tanh(… + r ⊙ (h_{t-1} W_n + c))
    return (1 - z) * n + z * h                      # h_t = (1-z) ⊙ n_t + z ⊙ h_{t-1}


# ------------------------------------------------------------------------- through time


def unroll(cell, X, state, params):
    """The states of any cell over a sequence, the first one included.

    Parameters
    ----------
    cell : callable, (x, state, params) -> state
    X : ndarray, (N, T, D)
    state : what the cell takes, before the first input

    Returns
    -------
    states : list of T + 1
    """
    states = [state]
    for t in range(X.shape[-2]):
        states.append(cell(X[..., t, :], states[-1], params))
    return states


def rnn_forward(X, h, params):
    """h_0 … h_T of a tanh layer: (N, T, D), (N, M) -> (N, T + 1, M)."""
    return np.stack(unroll(rnn_cell, X, h, params), axis=-2)


def rnn_backward(X, hs, grads, params):
    """Back-propagation through time for a tanh layer.

    Parameters
    ----------
    X : ndarray, (N, T, D)
    hs : ndarray, (N, T + 1, M)
        What `rnn_forward` returned.
    grads : ndarray, (N, T, M)
        What the loss says of h_1 … h_T by itself, not through later states.
    params : Recurrent

    Returns
    -------
    grads, grad : Recurrent, and (N, M)
        ∂E/∂W, ∂E/∂U, ∂E/∂b; and ∂E/∂h_0.

    References
    ----------
    Werbos (1990).
    """
    dW, dU, db = (np.zeros_like(p) for p in params)
    later = np.zeros_like(hs[:, 0])                 # ∂E/∂h_t by way of h_{t+1}
    for t in range(X.shape[1], 0, -1):
        slope = 1 - hs[:, t]**2                     # tanh' = 1 - tanh²
        delta = (grads[:, t - 1] + later) * slope   # δ_t = ∂E/∂h_t ⊙ (1 - h_t²)
        dW += hs[:, t - 1].T @ delta                # ∂E/∂W = Σ_t h_{t-1}ᵀ δ_t
        dU += X[:, t - 1].T @ delta                 # ∂E/∂U = Σ_t x_tᵀ δ_t
        db += delta.sum(axis=0)                     # ∂E/∂b = Σ_t δ_t
        later = delta @ params.W.T                  # δ_t Wᵀ
    return Recurrent(dW, dU, db), later


def lstm_backward(X, states, grads, params):
    """Back-propagation through time for an LSTM.

    Parameters
    ----------
    X : ndarray, (N, T, D)
    states : list of T + 1 LSTMState
        What `unroll` returned.
    grads : ndarray, (N, T, M)
        What the loss says of h_1 … h_T by itself.
    params : Recurrent

    Returns
    -------
    grads, grad : Recurrent, and LSTMState
        Of the parameters; and ∂E/∂h_0, ∂E/∂c_0.
    """
    dW, dU, db = (np.zeros_like(p) for p in params)
    dh = dc = np.zeros_like(states[0].h)            # by way of the next step
    for t in range(X.shape[1], 0, -1):
        x, (h, c), tanh = X[:, t - 1], states[t - 1], np.tanh(states[t].c)
        i, f, g, o = lstm_gates(x, states[t - 1], params)
        dh = grads[:, t - 1] + dh
        dc = dc + dh * o * (1 - tanh**2)            # h_t = o ⊙ tanh(c_t)
        delta = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f),
                                dc * i * (1 - g**2), dh * tanh * o * (1 - o)], axis=1)
        dW += h.T @ delta
        dU += x.T @ delta
        db += delta.sum(axis=0)
        dh, dc = delta @ params.W.T, dc * f         # c_t = f ⊙ c_{t-1} + …
    return Recurrent(dW, dU, db), LSTMState(dh, dc)


def norms_through_time(hs, grad, W):
    """How long a gradient at the end of a sequence is at each earlier state.

    Parameters
    ----------
    hs : ndarray, (N, T + 1, M)
        The states h_0 … h_T of a tanh layer.
    grad : ndarray, (N, M)
        ∂E/∂h_T, where the loss looks at h_T alone.
    W : ndarray, (M, M)
        Of h_t = tanh(b + h_{t-1} W + x_t U).

    Returns
    -------
    norms : ndarray, (N, T + 1)
        ‖∂E/∂h_t‖ for t = 0 … T, of each sequence by itself.
    """
    grads = [grad]
    for t in range(hs.shape[1] - 1, 0, -1):
        grads.append((grads[-1] * (1 - hs[:, t]**2)) @ W.T)     # (… ⊙ slope) Wᵀ
    return np.linalg.norm(np.stack(grads[::-1], axis=1), axis=-1)


def spectral_radius(W):
    """The largest modulus of an eigenvalue of W (M, M)."""
    return np.abs(np.linalg.eigvals(W)).max()


def clip_by_global_norm(grads, max_norm):
    """Shorten gradients whose norm, all of them taken as one vector, is above a bound.

    Parameters
    ----------
    grads : list of ndarray, of any shapes
    max_norm : float, above 0

    Returns
    -------
    grads, norm : list of ndarray, and float
        min(1, c/‖g‖) g, and ‖g‖ as it was.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), Algorithm 1.
    """
    norm = np.sqrt(sum((g**2).sum() for g in grads))        # ‖g‖, over all arrays
    if norm <= max_norm:
        return list(grads), norm
    return [g * (max_norm / norm) for g in grads], norm     # c/‖g‖ g


def deep_rnn_forward(X, layers, *, skips=True):
    """Tanh layers on top of one another, each from a state of zeros.

    Parameters
    ----------
    X : ndarray, (N, T, D)
    layers : list of L Recurrent
        With skips every layer but the first takes (h of the layer below, x), in this
        order, as its input.
    skips : bool
        Whether the input goes to every layer, and every layer to the output.

    Returns
    -------
    outputs : ndarray, (N, T, LM) with skips, else (N, T, M), the last layer's

    References
    ----------
    Graves (2013), Figure 1.
    """
    inputs, outputs = X, []
    for params in layers:
        start = np.zeros((len(X), len(params.W)), X.dtype)
        outputs.append(rnn_forward(inputs, start, params)[:, 1:])
        inputs = np.concatenate([outputs[-1], X], axis=-1) if skips else outputs[-1]
    return np.concatenate(outputs, axis=-1) if skips else outputs[-1]


# ---------------------------------------------------------------------------- attention


def causal_mask(queries, keys):
    """(queries, keys) bools: whether place t may look at place s, which is s ≤ t."""
    return np.tril(np.ones((queries, keys), bool))


def attention(Q, K, V, *, causal=False):
    """Scaled dot-product attention.

    Parameters
    ----------
    Q, K, V : ndarray, (N, T, D), (N, S, D) and (N, S, M)
        What each place asks for, what each offers, and what it hands over.
    causal : bool
        Whether a place sees itself and the places before it only.

    Returns
    -------
    outputs, weights : ndarray, (N, T, M) and (N, T, S)

    References
    ----------
    Vaswani et al. (2017), eq. 1.
    """
    scores = Q @ np.swapaxes(K, -1, -2) / Q.shape[-1]**0.5      # Q Kᵀ/√D
    if causal:
        allowed = causal_mask(*scores.shape[-2:])
        scores = np.where(allowed, scores, -np.inf)             # e^{-∞} = 0
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)     # a softmax over s
    return weights @ V, weights                                 # Σ_s p_ts v_s


# ---------------------------------------------------------------------------- the tasks


def delay_task(rng, shape, delay, *, symbols=4):
    """Remember a symbol: it is shown once, and asked for after a delay.

    Parameters
    ----------
    shape : tuple
        (N,), or (R, N) for R runs.
    delay : int
        Steps between the symbol and the end, at each of which the input is noise.

    Returns
    -------
    X, y : ndarray, (*shape, delay + 1, symbols) and ints (*shape,)
    """
    y = rng.integers(symbols, size=shape)
    X = 0.1 * rng.normal(size=(*shape, delay + 1, symbols))
    X[..., 0, :] += np.eye(symbols)[y]
    return X, y


def adding_task(rng, shape, length):
    """Add two marked numbers, one of each half of a sequence.

    Returns
    -------
    X, y : ndarray, (*shape, length, 2) and (*shape,)
        A number between 0 and 1 and its mark, 1 or 0, at each step; the marked sum.

    References
    ----------
    Hochreiter and Schmidhuber (1997), task 4, with numbers from 0.
    """
    half = length // 2
    places = np.stack([rng.integers(half, size=shape),
                       half + rng.integers(length - half, size=shape)], axis=-1)
    marks = (np.arange(length) == places[..., None]).any(axis=-2)
    numbers = rng.uniform(size=(*shape, length))
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=-1)
