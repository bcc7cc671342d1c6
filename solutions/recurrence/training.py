"""A loop that trains the chapter's small recurrent networks in PyTorch, side by side.

A network here is R networks of one kind: every parameter has a first axis of runs, so
that several seeds cost hardly more than one.
"""
from typing import NamedTuple

import torch
import torch.nn.functional as F

from solutions.adaptive_optimizers.pytorch import adam_init, adam_step
from solutions.recurrence import pytorch

CELLS = {"tanh": (pytorch.rnn_cell, pytorch.Recurrent, 1),
         "lstm": (pytorch.lstm_cell, pytorch.Recurrent, 4),
         "gru": (pytorch.gru_cell, pytorch.GRU, 3)}


class Network(NamedTuple):
    """A kind of cell, its parameters, and the readout h_T V + v of the last state."""
    kind: str
    layer: pytorch.Recurrent | pytorch.GRU
    V: torch.Tensor
    v: torch.Tensor


def start(kind, seeds, D, M, K, *, keep=0.0, identity=False):
    """Networks before training: Uniform(±1/√M), as in PyTorch, with biases of zero.

    Parameters
    ----------
    kind : 'tanh', 'lstm' or 'gru'
    seeds : list of R ints
    D, M, K : int
        Inputs, units and outputs.
    keep : float
        The bias of an LSTM's forget gate or a GRU's z: both say how much is kept.
    identity : bool
        Whether W is the identity; for 'tanh'.
    """
    _, make, k = CELLS[kind]

    def draw(generator):
        b = torch.zeros(1, k * M)
        b[:, M:2 * M] = keep                        # the second block of both
        W, U, V = ((2 * torch.rand(rows, columns, generator=generator) - 1) * M**-0.5
                   for rows, columns in ((M, k * M), (D, k * M), (M, K)))
        W = torch.eye(M) if identity else W
        layer = [W, U, b, torch.zeros(1, M)] if kind == "gru" else [W, U, b]
        return [*layer, V, torch.zeros(1, K)]

    drawn = [draw(torch.Generator().manual_seed(seed)) for seed in seeds]
    *layer, V, v = (torch.stack(parts) for parts in zip(*drawn, strict=True))
    return Network(kind, make(*layer), V, v)


def side_by_side(*networks):
    """Networks of one kind as one."""
    parts = zip(*([*network.layer, *network[2:]] for network in networks), strict=True)
    *layer, V, v = (torch.cat(part) for part in parts)
    return Network(networks[0].kind, type(networks[0].layer)(*layer), V, v)


def states_of(network, X):
    """The layer's states over X (R, N, T, D), from zeros: a list of T + 1."""
    h = X.new_zeros(*X.shape[:2], network.layer.W.shape[1])
    state = pytorch.LSTMState(h, h) if network.kind == "lstm" else h
    return pytorch.unroll(CELLS[network.kind][0], X, state, network.layer)


def outputs_of(network, X):
    """What the networks say at the end of X: (R, N, K)."""
    last = states_of(network, X)[-1]
    return (last.h if network.kind == "lstm" else last) @ network.V + network.v


def losses_of(outputs, y):
    """Each run's loss, (R,): cross-entropy where y is labels, else the mean square."""
    if y.is_floating_point():
        return (outputs[..., 0] - y).square().mean(-1)
    each = F.cross_entropy(outputs.flatten(0, 1), y.flatten(), reduction="none")
    return each.view(y.shape).mean(-1)


def train(network, draw, *, steps, lr, max_norm=1.0):
    """Adam with clipping, on fresh data at every step.

    Parameters
    ----------
    draw : callable, () -> (X, y), arrays (R, N, T, D) and (R, N)
    max_norm : float
        The bound for each run's gradient; `inf` clips nothing.

    Returns
    -------
    network, losses, norms
        The networks trained; (steps, R) of the losses, and of the gradients' norms
        before clipping.
    """
    parts = [*network.layer, *network[2:]]
    params = torch.cat([part.flatten(1) for part in parts], 1)      # (R, P)
    state, history = adam_init(params), []
    for _ in range(steps):
        X, y = (torch.as_tensor(part) for part in draw())
        params.requires_grad_()
        network = _shaped(params, network)
        losses = losses_of(outputs_of(network, X.to(params.dtype)), y)
        grads, = torch.autograd.grad(losses.sum(), params)  # each run's has no other's
        norms = grads.norm(dim=1, keepdim=True)
        grads = grads * (max_norm / norms).clamp(max=1)
        params, state = adam_step(params.detach(), grads, state, lr=lr)
        history.append((losses.detach(), norms[:, 0]))
    losses, norms = (torch.stack(one).numpy() for one in zip(*history, strict=True))
    return _shaped(params, network), losses, norms


def _shaped(params, network):
    """The networks whose parameters are the rows of `params`."""
    parts = [*network.layer, *network[2:]]
    pieces = params.split([part[0].numel() for part in parts], 1)
    *layer, V, v = (piece.view(part.shape)
                    for piece, part in zip(pieces, parts, strict=True))
    return Network(network.kind, type(network.layer)(*layer), V, v)
