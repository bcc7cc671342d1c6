"""Right answers to gradient descent's exercises, written as others would write them."""
import copy
import math

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


def backward_from_the_top(layers, zs, y):
    """Recursive, with the mean taken at the end, and plain tuples."""
    p = np.exp(zs[-1] - zs[-1].max(axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    p[range(len(y)), y] -= 1

    def down(layer, delta):
        z = zs[layer]
        grads = z.T.dot(delta) / len(y), delta.mean(axis=0)
        return [*(down(layer - 1, delta.dot(layers[layer].W.T) * (z - z**2)) if layer else []), grads]

    return down(len(layers) - 1, p)


def backward_with_einsum(layers, zs, y):
    delta = np.exp(zs[-1] - np.logaddexp.reduce(zs[-1], axis=1, keepdims=True))
    delta = (delta - (np.arange(zs[-1].shape[1]) == y[:, None])) / np.array(len(y), zs[-1].dtype)
    grads = [None] * len(layers)
    for i in reversed(range(len(layers))):
        grads[i] = (np.einsum("nd,nm->dm", zs[i], delta), np.einsum("nm->m", delta))
        delta = np.einsum("nm,dm,nd,nd->nd", delta, layers[i].W, zs[i], 1 - zs[i])
    return grads


def descent_by_examples(params, gradient, X, y, orders, *, lr, batch_size):
    """The mean of a batch from the gradients of its examples."""
    path = [params]
    for order in orders:
        for i in range(0, len(order), batch_size):
            batch = order[i:i + batch_size]
            total = sum(gradient(path[-1], X[n:n + 1], y[n:n + 1]) for n in batch)
            path.append(path[-1] - lr * total / len(batch))
    return np.array(path)


def descent_with_a_loop_of_steps(params, gradient, X, y, orders, *, lr, batch_size):
    """The order used up from the front; a tuple of rows."""
    path = (params,)
    for order in orders:
        left = list(order)
        while left:
            batch, left = left[:batch_size], left[batch_size:]
            path += (path[-1] - gradient(path[-1], X[batch], y[batch]) * lr,)
    return path


def descent_sorted_within_a_batch(params, gradient, X, y, orders, *, lr, batch_size):
    path = [np.copy(params)]
    for order in orders:
        for batch in np.split(order, range(batch_size, len(order), batch_size)):
            path.append(path[-1] - lr * gradient(path[-1], X[np.sort(batch)], y[np.sort(batch)]))
    return np.stack(path)


def weighted_by_logaddexp(logits, y, weights):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    share = weights / np.sum(weights)
    delta = np.exp(log_p)
    delta[np.arange(len(y)), y] -= 1
    return -np.dot(share, log_p[np.arange(len(y)), y]), share[:, None] * delta


def weighted_by_repetition(logits, y, weights):
    """Einstein sums; the division last."""
    shifted = logits - logits.max(axis=1)[:, None]
    e = np.exp(shifted)
    log_sum = np.log(e.sum(axis=1))
    each = log_sum - np.take_along_axis(shifted, y[:, None], axis=1)[:, 0]
    r = (np.arange(logits.shape[1]) == y[:, None]).astype(logits.dtype)
    delta = np.einsum("n,nk->nk", weights, e / e.sum(axis=1)[:, None] - r) / weights.sum()
    return (each * weights).sum() / weights.sum(), delta


def weighted_by_average(logits, y, weights):
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - (top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))
    delta = np.exp(log_p) - np.eye(logits.shape[1], dtype=logits.dtype)[y]
    return np.average(-log_p[range(len(y)), y], weights=weights), delta * (weights / weights.sum())[:, None]


def accumulated_example_by_example(model, loss, optimizer, batches):
    """Smaller pieces still are pieces."""
    optimizer.zero_grad(set_to_none=False)
    n = sum(len(inputs) for inputs, _ in batches)
    losses = []
    for inputs, targets in batches:
        for x, target in zip(inputs.split(1), targets.split(1), strict=True):
            each = loss(model(x), target) / n
            each.backward()
            losses.append(each.item())
    optimizer.step()
    return sum(losses)


def accumulated_with_a_closure(model, loss, optimizer, batches):
    sizes = [targets.shape[0] for _, targets in batches]

    def closure():
        optimizer.zero_grad()
        total = 0
        for (inputs, targets), size in zip(batches, sizes, strict=True):
            mean = loss(model(inputs), targets)
            mean.backward(torch.tensor(size / sum(sizes), dtype=mean.dtype))
            total += size / sum(sizes) * mean.detach()
        return float(total)

    return optimizer.step(closure)


def accumulated_loss_first(model, loss, optimizer, batches):
    """The loss without gradients, then the gradients."""
    n = sum(len(t) for _, t in batches)
    with torch.no_grad():
        mean = sum(float(loss(model(x), t)) * len(t) for x, t in batches) / n
    model.zero_grad()
    for x, t in batches:
        (len(t) * loss(model(x), t) / n).backward()
    optimizer.step()
    return mean


def rates_by_divmod(lr, weight_decay, n, batch_size):
    full, rest = divmod(n, batch_size)
    sizes = np.array([batch_size] * full + [rest] * (rest > 0))
    return sizes * lr, weight_decay / sizes


def rates_filled(lr, weight_decay, n, batch_size):
    steps = math.ceil(n / batch_size)
    sizes = np.full(steps, float(batch_size))
    sizes[-1] = n - (steps - 1) * batch_size
    lrs = lr * sizes
    return lrs, lr * weight_decay / lrs


def rates_by_batches(lr, weight_decay, n, batch_size):
    sizes = [len(range(n)[start:start + batch_size]) for start in range(0, n, batch_size)]
    return tuple(lr * size for size in sizes), tuple(weight_decay / size for size in sizes)


def rates_by_differences(lr, weight_decay, n, batch_size):
    ends = np.unique([*range(0, n, batch_size), n])
    return np.multiply(lr, np.diff(ends)), np.divide(weight_decay, np.diff(ends))


def query_with_masks(probabilities, k):
    entropy = np.zeros(len(probabilities), probabilities.dtype)
    for p in probabilities.T:
        known = p > 0
        entropy[known] -= p[known] * np.log(p[known])
    return np.lexsort((np.arange(len(entropy)), -entropy))[:k]


def query_one_after_the_other(probabilities, k):
    """A plain list: the largest is found, and struck out."""
    entropy = np.nansum(-probabilities * np.log(np.where(probabilities == 0, np.nan, probabilities)), axis=1)
    chosen = []
    for _ in range(k):
        chosen.append(int(np.argmax(entropy)))
        entropy[chosen[-1]] = -np.inf
    return chosen


def query_by_pytorch(probabilities, k):
    return torch.special.entr(torch.tensor(probabilities)).sum(1).topk(k).indices.numpy()


def query_by_partition(probabilities, k):
    """Partitioned, and then sorted."""
    with np.errstate(all="ignore"):
        terms = np.nan_to_num(probabilities * np.log2(probabilities))
    certainty = terms.sum(axis=1)
    chosen = np.argpartition(certainty, max(k - 1, 0))[:k]
    return chosen[np.argsort(certainty[chosen])]


RIGHT = {
    "mlp_backward": [backward_example_by_example, backward_by_autograd, backward_from_the_top, backward_with_einsum],
    "minibatch_sgd": [descent_in_a_buffer, descent_in_place, descent_by_examples, descent_with_a_loop_of_steps,
                      descent_sorted_within_a_batch],
    "weighted_cross_entropy": [weighted_by_rows, weighted_by_pytorch, weighted_by_logaddexp, weighted_by_repetition,
                               weighted_by_average],
    "accumulated_step": [accumulated_by_hand, accumulated_as_sum, accumulated_example_by_example,
                         accumulated_with_a_closure, accumulated_loss_first],
    "rates_for_mean": [rates_in_a_loop, rates_by_divmod, rates_filled, rates_by_batches, rates_by_differences],
    "entropy_query": [query_in_bits, query_with_a_small_number, query_with_masks, query_one_after_the_other,
                      query_by_pytorch, query_by_partition],
}
