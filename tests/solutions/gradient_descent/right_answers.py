"""Right answers to gradient descent's exercises, written as others would write them."""
import copy

import numpy as np
import torch


def backward_example_by_example(layers, zs, y):
    """S0's pseudo-code: a loop over the examples that adds outer products up."""
    total = [type(layer)(np.zeros_like(layer.W), np.zeros_like(layer.b)) for layer in layers]
    for n, label in enumerate(y):
        e = np.exp(zs[-1][n] - zs[-1][n].max())
        delta = e / e.sum()
        delta[label] -= 1
        for l in range(len(layers) - 1, -1, -1):                    # noqa: E741
            z = zs[l][n]
            total[l].W[...] += np.outer(z, delta) / len(y)
            total[l].b[...] += delta / len(y)
            if l:
                delta = (layers[l].W @ delta) * z * (1 - z)
    return total


def backward_by_autograd(layers, zs, y):
    """PyTorch asked for the same."""
    leaves = [(torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)) for W, b in layers]
    z = torch.tensor(zs[0])
    for W, b in leaves[:-1]:
        z = torch.sigmoid(z @ W + b)
    torch.nn.functional.cross_entropy(z @ leaves[-1][0] + leaves[-1][1], torch.tensor(y)).backward()
    return [(W.grad.numpy(), b.grad.numpy()) for W, b in leaves]


def descent_in_a_buffer(params, gradient, X, y, orders, *, lr, batch_size):
    """The rows written into an array made beforehand; slices found by their numbers."""
    n = len(y)
    batches = -(-n // batch_size)
    path = np.empty((len(orders) * batches + 1, *params.shape), params.dtype)
    path[0] = params
    for t in range(len(orders) * batches):
        epoch, b = divmod(t, batches)
        m = orders[epoch][b * batch_size:min(n, (b + 1) * batch_size)]
        path[t + 1] = path[t] - lr * gradient(path[t], X[m], y[m])
    return path


def descent_in_place(params, gradient, X, y, orders, *, lr, batch_size):
    """A list of copies of one array that moves."""
    theta = params.copy()
    path = [theta.copy()]
    for order in orders:
        for i in range(0, len(order), batch_size):
            theta -= lr * gradient(theta, X[order[i:i + batch_size]], y[order[i:i + batch_size]])
            path.append(theta.copy())
    return path


def weighted_by_rows(logits, y, weights):
    delta, loss = np.zeros_like(logits), 0.0
    for n in range(len(y)):
        row = logits[n] - logits[n].max()
        log_sum = np.log(np.exp(row).sum())
        loss += weights[n] * (log_sum - row[y[n]])
        delta[n] = np.exp(row - log_sum)
        delta[n, y[n]] -= 1
        delta[n] *= weights[n]
    total = weights.sum()
    return logits.dtype.type(loss / total), delta / total


def weighted_by_pytorch(logits, y, weights):
    s = torch.tensor(logits, requires_grad=True)
    w = torch.tensor(weights)
    loss = (torch.nn.functional.cross_entropy(s, torch.tensor(y), reduction="none") * w).sum() / w.sum()
    loss.backward()
    return loss.detach().numpy(), s.grad.numpy()


def accumulated_by_hand(model, loss, optimizer, batches):
    """Weighted gradients kept apart and put into .grad at the end."""
    params = list(model.parameters())
    total, sums = 0.0, [torch.zeros_like(p) for p in params]
    for inputs, targets in batches:
        part = loss(model(inputs), targets) * len(targets)
        for sum_, grad in zip(sums, torch.autograd.grad(part, params), strict=True):
            sum_ += grad
        total += float(part.detach())
    n = sum(len(targets) for _, targets in batches)
    for p, sum_ in zip(params, sums, strict=True):
        p.grad = sum_ / n
    optimizer.step()
    return total / n


def accumulated_as_sum(model, loss, optimizer, batches):
    """Gradients of the sum, divided just before the step."""
    optimizer.zero_grad()
    n, total = 0, 0.0
    for inputs, targets in batches:
        part = loss(model(inputs), targets) * len(targets)
        part.backward()
        n, total = n + len(targets), total + part.item()
    for p in model.parameters():
        p.grad /= n
    optimizer.step()
    return total / n


def rates_in_a_loop(lr, weight_decay, n, batch_size):
    lrs, decays, left = [], [], n
    while left:
        size = min(left, batch_size)
        lrs.append(lr * size)
        decays.append(weight_decay / size)
        left -= size
    return lrs, decays


def query_in_bits(probabilities, k):
    """Base 2, a loop, a sorted list."""
    def certainty(n):
        return sum(float(p) * np.log2(float(p)) for p in probabilities[n] if p > 0)

    return np.array(sorted(range(len(probabilities)), key=certainty)[:k], dtype=int)


def query_with_a_small_number(probabilities, k):
    """What many write: log(p + ε)."""
    entropy = -(probabilities * np.log(copy.copy(probabilities) + 1e-12)).sum(axis=1)
    return entropy.argsort()[::-1][:k]


RIGHT = {
    "mlp_backward": [backward_example_by_example, backward_by_autograd],
    "minibatch_sgd": [descent_in_a_buffer, descent_in_place],
    "weighted_cross_entropy": [weighted_by_rows, weighted_by_pytorch],
    "accumulated_step": [accumulated_by_hand, accumulated_as_sum],
    "rates_for_mean": [rates_in_a_loop],
    "entropy_query": [query_in_bits, query_with_a_small_number],
}
