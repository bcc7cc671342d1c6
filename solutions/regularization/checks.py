"""The drivers of regularization's checks. They run beside the student's code, and on the reference outside."""
import numpy as np


def run_map(laplace_map, X, y, noise, scale, *, zeros=False):
    """The weights; with `zeros` also which of them are exactly 0."""
    w = laplace_map(X, y, noise=noise, scale=scale)
    return {"w": w, "exactly 0": [int(one == 0) for one in np.asarray(w).ravel()]} if zeros else w


def run_stopping(stopping_class, weights, losses, *, first, factor, margin=0.0, again=False):
    """What an object of the class says after each epoch, and the network's state once it was restored.

    Parameters
    ----------
    weights : list of arrays, (D + 1,), one for each epoch
        What the epoch's training puts into the network, in place: D weights, and a number into its buffer.
    losses : list of float, one for each epoch
    again : whether the network is trained on after it was restored, and restored once more

    Returns
    -------
    stops, restored : list of bool, list of arrays
        The epochs end with the first True.
    """
    import torch

    dtype = torch.tensor(weights[0]).dtype
    model = torch.nn.Sequential(torch.nn.Linear(len(weights[0]) - 1, 1, bias=False, dtype=dtype),
                                torch.nn.BatchNorm1d(1, affine=False, dtype=dtype))
    stopping = stopping_class(model, first, factor, margin)
    stops = []
    for row, loss in zip(weights, losses, strict=True):
        _put(model, row)
        stops.append(bool(stopping.update(loss)))
        if stops[-1]:
            break
    stopping.restore()
    restored = [_state(model)]
    if again:
        _put(model, -weights[0])
        stopping.restore()
        restored.append(_state(model))
    return stops, restored


def _put(model, row):
    import torch

    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(row[:-1]))
        model[1].running_mean.copy_(torch.tensor(row[-1:]))


def _state(model):
    return np.append(model[0].weight.detach().numpy().ravel(), model[1].running_mean.numpy())


def run_double_backprop(loss_of, W1, b1, W2, b2, x, y, *, strength, looked_at="loss and gradients"):
    """The loss on a network with one hidden layer of tanh, and what it leaves behind.

    looked_at : 'loss and gradients', of the loss by the parameters; 'arguments', what the call changes.
    """
    import torch

    hidden, last = torch.nn.Linear(*W1.shape), torch.nn.Linear(*W2.shape)
    model = torch.nn.Sequential(torch.nn.Flatten(), hidden, torch.nn.Tanh(), last).to(torch.tensor(W1).dtype)
    with torch.no_grad():
        for p, value in zip(model.parameters(), (W1.T, b1, W2.T, b2), strict=True):
            p.copy_(torch.tensor(value))
    inputs, labels = torch.tensor(x), torch.tensor(y)
    loss = loss_of(model, inputs, labels, strength=strength)
    if looked_at == "arguments":
        touched = sum(p.grad is not None for p in model.parameters())
        return {"x": inputs.detach().numpy().copy(), "x.requires_grad": int(inputs.requires_grad),
                "x.grad is there": int(inputs.grad is not None), "parameters whose .grad is there": touched}
    loss.backward()
    return {"loss": loss.detach().numpy().copy(), "gradients": [
        np.zeros_like(W1[:1, 0]) if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]}
