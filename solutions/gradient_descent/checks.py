"""The drivers and the judge of gradient descent's checks.

They run beside the student's code, and on the reference outside.
"""
import numbers
import weakref

import numpy as np


def run_descent(descend, params, X, y, orders, **hyper):
    """The path of a schedule on least squares, E = 1/2N Σ (x·θ - y)²; θ has any shape."""
    def gradient(params, X, y):
        rest = np.tensordot(X, params, X.ndim - 1) - y
        return np.tensordot(X, rest, ([0], [0])) / len(y)

    path = descend(params, gradient, X, y, orders, **hyper)
    return np.stack(path) if isinstance(path, (list, tuple)) and path else path


def run_weighted(weighted, logits, y, weights, *, after=False):
    """The loss and its gradient; `after` adds what the logits and the weights are then."""
    found = weighted(logits, y, weights)
    return {"loss and delta": found, "logits": logits, "weights": weights} if after else found


def run_accumulation(step, W1, b1, W2, b2, pieces, *, lr, loss="cross_entropy",
                     left_over=0.0, momentum=0.0, weight_decay=0.0, steps=1, plain=False, freed=False):
    """Steps on a network with one hidden layer.

    Parameters
    ----------
    pieces : list of (inputs, targets)
    loss : the name of a function in torch.nn.functional
    left_over : what every number of every .grad is before the first step
    plain : whether the loss must be a Python number; elsewhere a tensor will do
    freed : whether a piece must have been propagated back before the next is fed forward

    Returns
    -------
    dict
        The losses; the parameters at the end; how many rows more than the largest piece
        has the model saw at one time, and how many more waited at one time for `backward()`.
    """
    import torch

    hidden, last = torch.nn.Linear(*W1.shape), torch.nn.Linear(*W2.shape)
    model = torch.nn.Sequential(hidden, torch.nn.Tanh(), last).to(torch.tensor(W1).dtype)
    with torch.no_grad():
        for p, value in zip(model.parameters(), (W1.T, b1, W2.T, b2), strict=True):
            p.copy_(torch.tensor(value))
            p.grad = torch.full_like(p, left_over)
    seen = _watched(model)
    groups = [{"params": [*hidden.parameters()]},
              {"params": [*last.parameters()], "lr": lr / 2}]
    optimizer = torch.optim.SGD(groups, lr, momentum=momentum, weight_decay=weight_decay)
    batches = [(torch.tensor(inputs), torch.tensor(targets)) for inputs, targets in pieces]
    mean = getattr(torch.nn.functional, loss)
    losses = [step(model, mean, optimizer, batches) for _ in range(steps)]
    largest = max(len(inputs) for inputs, _ in pieces)
    kind = {"type of the loss": [
        "a Python number" if isinstance(loss, numbers.Real) else type(loss).__name__
        for loss in losses]} if plain else {}
    return {"loss": [_number(loss, W1.dtype) for loss in losses], **kind,
            "params": [p.detach().numpy().copy() for p in model.parameters()],
            "rows seen beyond a piece": max(seen["rows"] - largest, 0),
            **({"rows held beyond a piece": max(seen["held"] - largest, 0)} if freed else {})}


def _watched(model):
    """The most rows that `model` sees at once, and that wait at once for `backward()`."""
    waiting: weakref.WeakSet = weakref.WeakSet()
    most = {"rows": 0, "held": 0}

    class Waiting:
        """A hook of the outputs: it lives as long as their graph, and goes when the gradient has come."""

        def __init__(self, rows):
            self.rows = rows
            waiting.add(self)

        def __call__(self, grad):
            waiting.discard(self)

    def look(module, inputs, outputs):
        rows = len(inputs[0])
        if outputs.requires_grad:
            outputs.register_hook(Waiting(rows))
        most["rows"] = max(most["rows"], rows)
        most["held"] = max(most["held"], sum(graph.rows for graph in waiting))

    model.register_forward_hook(look)
    return most


def same_entropies(answer, expected, arguments, private):
    """Whether the examples chosen are as uncertain, in their order, as those expected; equal ones may change places.

    private : 'integers' in the case that asks whether the answer can index an array.
    """
    probabilities = np.asarray(arguments[0], np.float64)
    chosen, right = np.asarray(answer), np.asarray(expected)
    if chosen.shape != right.shape:
        return f"the shape is {chosen.shape}, not {right.shape}: one index for each of the k examples"
    if not chosen.size:
        return None
    if chosen.dtype.kind not in "iuf" or (chosen != chosen.round()).any():
        return "the answer does not hold indices, which are whole numbers"
    if private == "integers" and chosen.dtype.kind == "f":
        return f"{chosen.dtype} numbers cannot index an array"
    if chosen.min() < 0 or chosen.max() >= len(probabilities):
        return "an index is none of an example"
    if len(np.unique(chosen)) < chosen.size:
        return "an example is chosen twice"
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    entropy = -(probabilities * logs).sum(axis=1)
    wrong = np.abs(entropy[chosen.astype(int)] - entropy[right]) > 1e-5
    if wrong.any():
        place = int(wrong.argmax())
        return (f"in place {place} is example {int(chosen[place])} "
                f"with the entropy {entropy[int(chosen[place])]:.5g}; "
                f"it should be {int(right[place])} with {entropy[right[place]]:.5g}")
    return None


def _number(loss, dtype):
    """A loss in the precision of the network; what is no number is handed back for the judge to refuse."""
    loss = loss.item() if hasattr(loss, "item") and np.size(loss) == 1 else loss
    return np.array(loss, dtype) if isinstance(loss, (int, float)) else loss
