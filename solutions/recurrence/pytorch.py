"""Recurrence in PyTorch: `reference.py` for tensors, a loop that trains, and modules.

Written apart from the NumPy versions on purpose, and from `torch.nn`'s layers, which
the tests hold both against.
"""
from typing import NamedTuple

import torch


class Recurrent(NamedTuple):
    """W (M, kM) for the state, U (D, kM) for the input, b (kM,); see `reference`."""
    W: torch.Tensor
    U: torch.Tensor
    b: torch.Tensor


class GRU(NamedTuple):
    """W (M, 3M), U (D, 3M), b (3M,) in blocks r, z, n; c (M,) is the bias inside n."""
    W: torch.Tensor
    U: torch.Tensor
    b: torch.Tensor
    c: torch.Tensor


class LSTMState(NamedTuple):
    """h (N, M), which the layer shows, and c (N, M), which it keeps."""
    h: torch.Tensor
    c: torch.Tensor


# ---------------------------------------------------------------------------- the cells


def sigmoid(s):
    """1/(1+e⁻ˢ), the share that a gate lets through."""
    return s.sigmoid()


def rnn_cell(x, h, params):
    """One step of a tanh layer; see `reference.rnn_cell`."""
    return (x @ params.U).add(h @ params.W).add(params.b).tanh()


def lstm_cell(x, state, params):
    """One step of an LSTM; see `reference.lstm_cell`."""
    i, f, g, o = (x @ params.U).add(state.h @ params.W).add(params.b).chunk(4, -1)
    # c_t = f ⊙ c_{t-1} + i ⊙ g
    c = torch.addcmul(i.sigmoid() * g.tanh(), f.sigmoid(), state.c)
    return LSTMState(o.sigmoid().mul(c.tanh()), c)      # h_t = o ⊙ tanh(c_t)


def gru_cell(x, h, params):
    """One step of a GRU; see `reference.gru_cell`."""
    sizes = [2 * h.shape[-1], h.shape[-1]]
    gates, given = (x @ params.U).add(params.b).split(sizes, -1)
    kept_gates, kept = (h @ params.W).split(sizes, -1)
    r, z = gates.add(kept_gates).sigmoid().chunk(2, -1)
    n = torch.addcmul(given, r, kept + params.c).tanh()
    return torch.lerp(n, h, z)                  # h_t = n_t + z ⊙ (h_{t-1} - n_t)


# ------------------------------------------------------------------------- through time


def unroll(cell, X, state, params):
    """The states of any cell over a sequence; see `reference.unroll`."""
    states = [state]
    for x in X.unbind(-2):
        states.append(cell(x, states[-1], params))
    return states


def rnn_forward(X, h, params):
    """h_0 … h_T of a tanh layer; see `reference.rnn_forward`."""
    return torch.stack(unroll(rnn_cell, X, h, params), -2)


def rnn_backward(X, hs, grads, params):
    """Back-propagation through time, without autograd; see `reference.rnn_backward`."""
    deltas: list[torch.Tensor] = []
    later = torch.zeros_like(hs[:, 0])
    for h, grad in zip(reversed(hs[:, 1:].unbind(1)), reversed(grads.unbind(1)),
                       strict=True):
        deltas.insert(0, grad.add(later).mul(1 - h * h))        # δ_t
        later = deltas[0].mm(params.W.t())                      # δ_t Wᵀ
    delta = torch.stack(deltas, 1) if deltas else torch.zeros_like(hs[:, 1:])
    dW = torch.einsum("nti,ntj->ij", hs[:, :-1], delta)         # Σ_t h_{t-1}ᵀ δ_t
    dU = torch.einsum("nti,ntj->ij", X, delta)                  # Σ_t x_tᵀ δ_t
    return Recurrent(dW, dU, delta.sum((0, 1))), later


def lstm_backward(X, states, grads, params):
    """The cell's own derivative, last step first; see `reference.lstm_backward`."""
    total = Recurrent(*map(torch.zeros_like, params))
    dh = dc = torch.zeros_like(states[0].h)
    for t in range(X.shape[1] - 1, -1, -1):
        vjp = torch.func.vjp(lstm_cell, X[:, t], states[t], params)[1]
        _, (dh, dc), found = vjp(LSTMState(dh + grads[:, t], dc))
        total = Recurrent(*map(torch.add, total, found))
    return total, LSTMState(dh, dc)


def norms_through_time(hs, grad, W):
    """A gradient's length at each state; see `reference.norms_through_time`."""
    norms = [grad.norm(dim=-1)]
    for h in reversed(hs[:, 1:].unbind(1)):
        grad = grad.mul(1 - h.square()).mm(W.t())               # (… ⊙ slope) Wᵀ
        norms.append(grad.norm(dim=-1))
    return torch.stack(norms[::-1], 1)


def spectral_radius(W):
    """The largest modulus of an eigenvalue of W (M, M)."""
    return torch.linalg.eigvals(W).abs().amax()


def clip_by_global_norm(grads, max_norm):
    """Shorten long gradients; see `reference.clip_by_global_norm`."""
    norm = torch.cat([g.flatten() for g in grads]).norm()
    scale = (max_norm / norm).clamp(max=1)                      # min(1, c/‖g‖)
    return [g.mul(scale) for g in grads], norm


def deep_rnn_forward(X, layers, *, skips=True):
    """Tanh layers on top of one another; see `reference.deep_rnn_forward`."""
    below, outputs = X, []
    for depth, params in enumerate(layers):
        given = torch.cat([below, X], -1) if skips and depth else below
        start = X.new_zeros(len(X), len(params.W))
        below = rnn_forward(given, start, params)[:, 1:]
        outputs.append(below)
    return torch.cat(outputs, -1) if skips else below


# ---------------------------------------------------------------------------- attention


def causal_mask(queries, keys):
    """(queries, keys) bools: whether place t may look at place s, which is s ≤ t."""
    return torch.arange(queries)[:, None] >= torch.arange(keys)


def attention(Q, K, V, *, causal=False):
    """Scaled dot-product attention; see `reference.attention`."""
    scores = torch.einsum("...td,...sd->...ts", Q, K) / Q.shape[-1]**0.5
    if causal:
        later = ~causal_mask(*scores.shape[-2:]).to(Q.device)
        scores = scores.masked_fill(later, -torch.inf)
    weights = scores.softmax(-1)
    return weights @ V, weights


# ------------------------------------------------------------- for layers of `torch.nn`


def set_forget_bias(lstm, value):
    """Let every forget gate of an LSTM start with the bias `value`, in place.

    Parameters
    ----------
    lstm : torch.nn.LSTM
        With biases; of any number of layers, in one direction or two. PyTorch has two
        biases of (4M,) for each, `bias_ih_…` and `bias_hh_…`, and adds them.
        The blocks of M are i, f, g, o.
    value : float
        What the two biases of a forget gate come to, for every unit. Nothing else of
        the LSTM changes, and its parameters stay the tensors that they were.
    """
    M = lstm.hidden_size
    with torch.no_grad():
        for name, p in lstm.named_parameters():
            if name.startswith("bias_ih"):
                p[M:2 * M] = value
            if name.startswith("bias_hh"):
                p[M:2 * M] = 0


class ClipGradient(torch.autograd.Function):
    """Hands tensors on as they are, and shortens their gradient on the way back.

    `h, c = ClipGradient.apply(max_norm, h, c)`, between two steps of a recurrent net,
    bounds what comes back through time at that place.
    """

    @staticmethod
    def forward(ctx, max_norm, *tensors):
        """A tuple of the tensors, any number of any shapes; max_norm is a float > 0."""
        ctx.max_norm = max_norm
        return tensors

    @staticmethod
    def backward(ctx, *grads):
        """None for max_norm, and a gradient for each tensor.

        All gradients together are one vector. Where its norm is above max_norm they are
        scaled so that it becomes max_norm; else they stay as they are.
        """
        norm = torch.cat([g.flatten() for g in grads]).norm()       # ‖g‖
        if norm > ctx.max_norm:
            grads = tuple(g * (ctx.max_norm / norm) for g in grads) # c/‖g‖ g
        return None, *grads


class CausalSelfAttention(torch.nn.Module):
    """One head of self-attention in which no place sees a later one.

    Parameters
    ----------
    D, M : int
        Numbers of each place, and of its query, its key and its value.
    window : int, at least 1, or None
        How many places a place sees: itself and the window - 1 before it, as far as
        there are so many. None: all places before it.
    """

    def __init__(self, D, M, *, window=None):
        super().__init__()
        self.query = torch.nn.Linear(D, M, bias=False)
        self.key = torch.nn.Linear(D, M, bias=False)
        self.value = torch.nn.Linear(D, M, bias=False)
        self.window = window

    def forward(self, X):
        """(N, T, D) -> (N, T, M): for each place a mean of the values it sees."""
        Q, K, V = self.query(X), self.key(X), self.value(X)
        scores = Q @ K.transpose(1, 2) / Q.shape[-1]**0.5           # Q Kᵀ/√M
        t = torch.arange(X.shape[1], device=X.device)
        age = t[:, None] - t                                        # t - s
        hidden = age < 0
        if self.window is not None:
            hidden = hidden | (age >= self.window)
        return scores.masked_fill(hidden, -torch.inf).softmax(-1) @ V
