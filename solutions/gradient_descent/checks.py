"""The drivers and the judge of gradient descent's checks. They run beside the student's code, and on the reference."""
import numpy as np


def run_descent(descend, params, X, y, orders, **hyper):
    """The path of a schedule on least squares, E = 1/2N Σ (x·θ - y)²."""
    def gradient(params, X, y):
        return X.T @ (X @ params - y) / len(y)

    path = descend(params, gradient, X, y, orders, **hyper)
    return np.stack(path) if isinstance(path, list) and path else path          # a list of iterates is a path too


def run_accumulation(step, W1, b1, W2, b2, pieces, *, lr, left_over=0.0, momentum=0.0, steps=1):
    """Steps on a network with one hidden layer: what came back, the parameters, and the most rows seen at once.

    Parameters
    ----------
    pieces : list of (inputs, targets)
    left_over : what every number of every .grad is before the first step
    """
    import torch

    hidden, last = torch.nn.Linear(*W1.shape), torch.nn.Linear(*W2.shape)
    model = torch.nn.Sequential(hidden, torch.nn.Tanh(), last).to(torch.tensor(W1).dtype)
    with torch.no_grad():
        for p, value in zip(model.parameters(), (W1.T, b1, W2.T, b2), strict=True):
            p.copy_(torch.tensor(value))
            p.grad = torch.full_like(p, left_over)
    rows = []
    model.register_forward_pre_hook(lambda module, inputs: rows.append(len(inputs[0])))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    batches = [(torch.tensor(inputs), torch.tensor(targets)) for inputs, targets in pieces]
    losses = [_number(step(model, torch.nn.functional.cross_entropy, optimizer, batches), W1.dtype)
              for _ in range(steps)]
    return losses, [p.detach().numpy().copy() for p in model.parameters()], max(rows, default=0)


def same_entropies(answer, expected, arguments, private):
    """Whether the examples chosen are as uncertain, in their order, as those expected; equal ones may change places."""
    probabilities = np.asarray(arguments[0], np.float64)
    chosen, right = np.asarray(answer), np.asarray(expected)
    if chosen.dtype.kind not in "iu" or chosen.shape != right.shape:
        return f"the answer is not {right.size} indices in an array of the shape {right.shape}"
    if chosen.size and (chosen.min() < 0 or chosen.max() >= len(probabilities)):
        return "an index is none of an example"
    if len(np.unique(chosen)) < chosen.size:
        return "an example is chosen twice"
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    entropy = -(probabilities * logs).sum(axis=1)
    if not np.allclose(entropy[chosen], entropy[right], rtol=0, atol=1e-5):
        return f"the examples {chosen.tolist()} were chosen, not {right.tolist()}"
    return None


def _number(loss, dtype):
    """A loss in the precision of the network; what is no number is handed back for the judge to refuse."""
    loss = loss.item() if hasattr(loss, "item") else loss
    return np.array(loss, dtype) if isinstance(loss, (int, float)) else loss
