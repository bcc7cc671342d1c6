"""Right answers to recurrence's exercises, written as others would write them."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.authoring.change import changed_each
from solutions.recurrence import pytorch, reference


def gru_in_loops(x, h, params):
    """One unit of one sequence after another, in Python numbers."""
    W, U, b, c = params
    M, new = h.shape[1], np.empty_like(h)
    for n in range(len(h)):
        for m in range(M):
            def total(block, m=m, n=n):
                column = block * M + m
                given = b[column] + sum(x[n, d] * U[d, column] for d in range(x.shape[1]))
                return float(given), float(sum(h[n, k] * W[k, column] for k in range(M)))

            r, z = (1 / (1 + math.exp(-max(sum(total(block)), -700))) for block in (0, 1))
            given, kept = total(2)
            candidate = math.tanh(given + r * (kept + float(c[m])))
            new[n, m] = candidate + z * (float(h[n, m]) - candidate)
    return new


def gru_by_slices(x, h, params):
    """Nine products of blocks."""
    M = h.shape[-1]
    (Wr, Wz, Wn), (Ur, Uz, Un), (br, bz, bn) = ((p[..., :M], p[..., M:2 * M], p[..., 2 * M:]) for p in params[:3])

    def gate(a):
        return 0.5 * (np.tanh(0.5 * a) + 1)

    r, z = gate(x @ Ur + h @ Wr + br), gate(x @ Uz + h @ Wz + bz)
    n = np.tanh(x @ Un + bn + np.multiply(r, np.einsum("nk,km->nm", h, Wn) + params.c))
    return n - z * n + z * h


def forget_by_layers(lstm, value):
    """By the names of the attributes."""
    M = lstm.hidden_size
    for k in range(lstm.num_layers):
        for suffix in ("", "_reverse") if lstm.bidirectional else ("",):
            for side, number in (("ih", value / 2), ("hh", value / 2)):
                getattr(lstm, f"bias_{side}_l{k}{suffix}").data[M:2 * M].fill_(number)


def forget_by_chunks(lstm, value):
    """What bias_hh says is taken from the value."""
    with torch.no_grad():
        for weights in lstm.all_weights:
            _, _, first, second = weights
            first.view(4, -1)[1] = value - second.view(4, -1)[1]


def norms_by_jacobians(hs, grad, W):
    """One sequence after another, by matrices."""
    N, steps, _ = hs.shape
    found = np.empty((N, steps), hs.dtype)
    for n in range(N):
        g = np.array(grad[n])
        for t in reversed(range(steps)):
            found[n, t] = np.sqrt(g @ g)
            g = (W * (1 - hs[n, t]**2)) @ g
    return found


def norms_by_einsum(hs, grad, W):
    """All gradients first, in a list of columns."""
    columns = [grad]
    for t in range(hs.shape[1])[:0:-1]:
        columns.insert(0, np.einsum("nj,nj,ij->ni", columns[0], (1 - hs[:, t]) * (1 + hs[:, t]), W))
    return np.array([np.sqrt(np.einsum("nm,nm->n", g, g)) for g in columns], hs.dtype).T


class ClipByLibrary(torch.autograd.Function):
    """With the sum that clip_grad_norm_ adds; views go on."""

    @staticmethod
    def forward(ctx, max_norm, *tensors):
        ctx.bound = max_norm
        return tuple(one.view_as(one) for one in tensors)

    @staticmethod
    def backward(ctx, *grads):
        norm = torch.stack([g.norm() for g in grads]).norm()
        scale = torch.clamp(ctx.bound / (norm + 1e-6), max=1.0)
        return (None, *(g * scale for g in grads))


class ClipBySquares(torch.autograd.Function):
    """The number is kept in a tensor; what is None is passed over."""

    @staticmethod
    def forward(ctx, max_norm, *tensors):
        ctx.save_for_backward(torch.tensor(max_norm))
        return tuple(one.clone() for one in tensors)

    @staticmethod
    def backward(ctx, *grads):
        max_norm, = ctx.saved_tensors
        norm = math.sqrt(sum(float((g * g).sum()) for g in grads if g is not None))
        factor = min(1.0, float(max_norm) / norm) if norm else 1.0
        return (None, *[g if g is None else factor * g for g in grads])


class AttentionByLibrary(pytorch.CausalSelfAttention):
    """PyTorch's function, with a mask of bools."""

    def forward(self, X):
        t = torch.arange(X.size(1), device=X.device)
        seen = t <= t[:, None]
        if self.window:
            seen &= t > t[:, None] - self.window
        return F.scaled_dot_product_attention(self.query(X), self.key(X), self.value(X), attn_mask=seen)


class AttentionInLoops(pytorch.CausalSelfAttention):
    """One place after another, over what it sees alone."""

    def forward(self, X):
        Q, K, V = (layer(X) for layer in (self.query, self.key, self.value))
        rows = []
        for t in range(X.shape[1]):
            first = 0 if self.window is None else max(0, t + 1 - self.window)
            scores = (Q[:, t:t + 1] * K[:, first:t + 1]).sum(-1) / math.sqrt(Q.shape[-1])
            rows.append((scores.softmax(1)[..., None] * V[:, first:t + 1]).sum(1))
        return torch.stack(rows, dim=1)


GRU = changed_each(reference.gru_cell, {
    "by_the_difference": {"(1 - z) * n + z * h": "n + z * (h - n)"},
    "h_by_dot": {"h @ params.W": "np.dot(h, params.W)"},
    "hsplit": {"np.split(h @ params.W, 3, axis=1)": "np.hsplit(h @ params.W, 3)"},
})
FORGET = changed_each(pytorch.set_forget_bias, {
    "other_bias_takes_it": {"p[M:2 * M] = value": "p[M:2 * M] = 0", "p[M:2 * M] = 0": "p[M:2 * M] = value"},
    "by_fill": {"p[M:2 * M] = value": "p[M:2 * M].fill_(value)", "p[M:2 * M] = 0": "p[M:2 * M].zero_()"},
})
NORMS = changed_each(reference.norms_through_time, {
    "by_roots": {"np.linalg.norm(np.stack(grads[::-1], axis=1), axis=-1)":
                 "np.sqrt((np.stack(grads[::-1], axis=1)**2).sum(axis=2))"},
})
ATTENTION = changed_each(pytorch.CausalSelfAttention, {
    "very_negative": {"-torch.inf": "torch.finfo(scores.dtype).min"},
    "by_einsum": {"Q @ K.transpose(1, 2)": "torch.einsum('ntd,nsd->nts', Q, K)"},
    "queries_scaled": {"Q @ K.transpose(1, 2) / Q.shape[-1] ** 0.5": "(Q * Q.shape[-1]**-0.5) @ K.mT"},
})

RIGHT = {
    "gru_cell": [gru_in_loops, gru_by_slices, *GRU],
    "set_forget_bias": [forget_by_layers, forget_by_chunks, *FORGET],
    "norms_through_time": [norms_by_jacobians, norms_by_einsum, *NORMS],
    "ClipGradient": [ClipByLibrary, ClipBySquares],
    "CausalSelfAttention": [AttentionByLibrary, AttentionInLoops, *ATTENTION],
}
