"""Gradient descent in PyTorch: `reference.py` for tensors, and a function for modules.

Written apart from the NumPy versions on purpose, without autograd and `torch.optim`,
which the tests hold both against. The last functions use them, as one does in practice.
"""
from itertools import pairwise
from typing import NamedTuple

import torch


class Layer(NamedTuple):
    """W (D, M), PyTorch's transposed, and b (M,) of a layer; or their gradients."""
    W: torch.Tensor
    b: torch.Tensor


# -------------------------------------------------------------------------- the network


def sigmoid(s):
    """1/(1+e⁻ˢ) for each number of a tensor."""
    return s.sigmoid()


def softmax(logits):
    """Probabilities from logits, (N, K) -> (N, K); see `reference.softmax`."""
    # p_k = e^{s_k - log Σ_i e^{s_i}}
    return (logits - logits.logsumexp(1, keepdim=True)).exp()


def cross_entropy(logits, y):
    """The mean cross-entropy of logits; see `reference.cross_entropy`."""
    right = logits.gather(1, y[:, None]).squeeze(1)  # s_{n,k(n)}
    # E = 1/N Σ_n (log Σ_k e^{s_nk} - s_{n,k(n)})
    return logits.logsumexp(1).sub(right).mean()


def mlp_forward(layers, X):
    """Feed X forward; see `reference.mlp_forward`."""
    *hidden, last = layers
    zs = [X]
    for layer in hidden:
        # z_l = a(b_l + z_{l-1} W_l)
        zs.append(torch.addmm(layer.b, zs[-1], layer.W).sigmoid())
    zs.append(torch.addmm(last.b, zs[-1], last.W))  # s_J = b_J + z_{J-1} W_J
    return zs


def mlp_backward(layers, zs, y):
    """The gradient by back-propagation; see `reference.mlp_backward`."""
    grads: list[Layer] = []
    delta = zs[-1].softmax(1)
    delta[torch.arange(len(y), device=y.device), y] -= 1  # N δ_J = p - r
    for l in range(len(layers) - 1, -1, -1):              # noqa: E741
        if l < len(layers) - 1:
            slope = zs[l + 1].mul(1 - zs[l + 1])          # z' = z (1-z)
            # δ_l = δ_{l+1} W_{l+1}ᵀ ⊙ z'_l
            delta = delta.mm(layers[l + 1].W.t()).mul(slope)
        # the mean comes in here
        grads.insert(0, Layer(zs[l].t().mm(delta) / len(y), delta.mean(0)))
    return grads


def flatten(layers):
    """All parameters in one vector; see `reference.flatten`."""
    return torch.cat([part.reshape(-1) for W, b in layers for part in (W, b)])


def unflatten(params, sizes):
    """The layers of a vector that `flatten` made; see `reference.unflatten`."""
    shapes = list(pairwise(sizes))
    parts = iter(params.split([size for D, M in shapes for size in (D * M, M)]))
    return [Layer(next(parts).view(D, M), next(parts)) for D, M in shapes]


def mlp_loss(params, X, y, *, sizes):
    """E(θ) for the parameters in the vector `params`; see `reference.mlp_loss`."""
    *_, logits = mlp_forward(unflatten(params, sizes), X)
    return cross_entropy(logits, y)


def mlp_gradient(params, X, y, *, sizes):
    """∇E(θ), a vector like `params`; see `reference.mlp_gradient`."""
    layers = unflatten(params, sizes)
    return flatten(mlp_backward(layers, mlp_forward(layers, X), y))


def gradient_check(loss, gradient, params, *, eps=1e-5):
    """The distance from central differences; see `reference.gradient_check`."""
    steps = torch.eye(params.numel(), dtype=params.dtype, device=params.device).mul(eps)
    rises = [loss(params + step.view_as(params)) - loss(params - step.view_as(params))
             for step in steps]
    n = torch.stack(rises).view_as(params) / (2 * eps)              # ∂E/∂θ_i + O(ε²)
    g = gradient(params)
    size = g.norm() + n.norm()
    return float((g - n).norm() / size) if size else 0.0


# ------------------------------------------------------------------------ the schedules


def gradient_descent(params, gradient, X, y, *, lr, epochs):
    """Batch gradient descent; see `reference.gradient_descent`."""
    path = params.new_empty(epochs + 1, *params.shape)
    path[0] = params
    for t in range(epochs):
        # θ ← θ - η 1/N Σ_n ∇E_n(θ)
        path[t + 1] = path[t].sub(gradient(path[t], X, y), alpha=lr)
    return path


def sgd(params, gradient, X, y, orders, *, lr):
    """Stochastic gradient descent; see `reference.sgd`."""
    path = params.new_empty(orders.numel() + 1, *params.shape)
    path[0] = params
    for t, n in enumerate(orders.flatten().tolist()):
        grads = gradient(path[t], X[n].unsqueeze(0), y[n].unsqueeze(0))
        path[t + 1] = path[t].sub(grads, alpha=lr)  # θ ← θ - η ∇E_n(θ)
    return path


def online(params, gradient, stream, *, lr):
    """Online gradient descent; see `reference.online`."""
    path = [params]
    for x, y in stream:
        params = params.sub(gradient(params, x.unsqueeze(0), y.unsqueeze(0)), alpha=lr)
        path.append(params)
    return torch.stack(path)


def minibatches(order, batch_size):
    """An epoch's order cut into batches; see `reference.minibatches`."""
    return list(order.split(batch_size))


def minibatch_sgd(params, gradient, X, y, orders, *, lr, batch_size):
    """Mini-batch gradient descent; see `reference.minibatch_sgd`."""
    path = [params]
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        # θ ← θ - η 1/B Σ_{n∈m} ∇E_n(θ)
        params = params.sub(gradient(params, X[m], y[m]), alpha=lr)
        path.append(params)
    return torch.stack(path)


# ---------------------------------------------------------------------------- the noise


def example_gradients(params, gradient, X, y):
    """The gradient of each example by itself, (N, *params.shape)."""
    examples = zip(X.split(1), y.split(1), strict=True)
    return torch.stack([gradient(params, x, label) for x, label in examples])


def noise_scale(grads):
    """tr Σ / ‖G‖² of the examples' gradients; see `reference.noise_scale`."""
    flat = grads.reshape(len(grads), -1)                   # (N, D), from (N,) too
    return flat.var(0, correction=0).sum() / flat.mean(0).square().sum()


# -------------------------------------------------------------------------- the queries


def margin_query(probabilities, k):
    """The k examples with the smallest margins; see `reference.margin_query`."""
    first, second = probabilities.topk(2, dim=1).values.unbind(1)   # p₍₁₎, p₍₂₎
    return first.sub(second).sort(stable=True).indices[:k]


def entropy_query(probabilities, k):
    """The k examples with the largest entropies; see `reference.entropy_query`."""
    # H = Σ_k -p_k log p_k, with 0 log 0 = 0
    entropy = torch.special.entr(probabilities).sum(1)
    return entropy.sort(descending=True, stable=True).indices[:k]


# ----------------------------------------------------------- what a mean is a mean over


def weighted_cross_entropy(logits, y, weights):
    """A weighted mean and its gradient; see `reference.weighted_cross_entropy`."""
    each = logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]             # E_n
    delta = logits.softmax(1)
    delta[torch.arange(len(y), device=y.device), y] -= 1                        # p - r
    total = weights.sum()
    return weights.dot(each) / total, delta.mul(weights[:, None] / total)


def accumulated_step(model, loss, optimizer, batches):
    """One step of an optimizer on a batch that is too large to be held at once.

    Parameters
    ----------
    model : torch.nn.Module
    loss : callable, (outputs, targets) -> tensor
        The mean over the examples it is given.
    optimizer : torch.optim.Optimizer
        Over the parameters of `model`, which may hold gradients from earlier: they do
        not count.
    batches : list of (inputs, targets)
        The large batch in pieces of any sizes. The model sees one piece at a time, and
        a piece's graph is gone before the next piece is fed forward. The list and its
        tensors stay as they are.

    Returns
    -------
    loss : float, a Python number
        The mean over all examples of all pieces, before the step. The step is along
        this mean's gradient.
    """
    optimizer.zero_grad()
    n = sum(len(targets) for _, targets in batches)
    total = 0.0
    for inputs, targets in batches:
        # |m|/N of the mean over m
        part = loss(model(inputs), targets) * (len(targets) / n)
        part.backward()  # adds to what the pieces before left in .grad
        total += part.item()
    optimizer.step()
    return total



def mlp_module(layers):
    """The network of `mlp_forward` as a module, with its own copy of the parameters."""
    parts = []
    for W, b in layers:
        linear = torch.nn.Linear(W.shape[0], W.shape[1], dtype=W.dtype, device=W.device)
        with torch.no_grad():
            linear.weight.copy_(W.t())  # PyTorch keeps the transpose
            linear.bias.copy_(b)
        parts += [linear, torch.nn.Sigmoid()]
    return torch.nn.Sequential(*parts[:-1])


def module_layers(model):
    """The parameters of `mlp_module`, copied back into layers."""
    linears = [part for part in model if isinstance(part, torch.nn.Linear)]
    return [Layer(part.weight.detach().t().clone(), part.bias.detach().clone())
            for part in linears]

def train(model, loss, optimizer, X, y, orders, *, batch_size):
    """Mini-batch descent with autograd's gradients and an optimizer's steps.

    Parameters
    ----------
    model, loss, optimizer
        As for `accumulated_step`.
    X, y, orders, batch_size
        As for `minibatch_sgd`.

    Yields
    ------
    loss : float
        The batch's, before the step; the step has been made when it comes.
    """
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        optimizer.zero_grad()  # .grad adds up unless it is cleared
        E = loss(model(X[m]), y[m])
        E.backward()
        optimizer.step()
        yield E.item()
