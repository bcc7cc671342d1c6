"""The drivers of recurrence's checks. They run beside the student's code, and on the reference outside."""
import numpy as np


def run_forget_bias(set_forget_bias, X, parameters, value, *, M, layers=1, bidirectional=False, step=0.0):
    """What an LSTM is after `set_forget_bias`.

    Parameters
    ----------
    parameters : list of arrays
        Of `torch.nn.LSTM`, in the order of its `parameters()`.
    step : the rate of one step of gradient descent, by an optimizer made before the call

    Returns
    -------
    dict
        Each pair of biases added up; the other parameters; the outputs for X; with a step, the outputs after it.
    """
    import torch

    lstm = torch.nn.LSTM(X.shape[-1], M, layers, batch_first=True, bidirectional=bidirectional)
    lstm = lstm.to(torch.tensor(X).dtype)
    with torch.no_grad():
        for p, number in zip(lstm.parameters(), parameters, strict=True):
            p.copy_(torch.tensor(number))
    optimizer = torch.optim.SGD(lstm.parameters(), lr=step)
    set_forget_bias(lstm, value)
    now = {name: p.detach().numpy().copy() for name, p in lstm.named_parameters()}
    found = {"biases, both added up": {name.replace("_ih", ""): number + now[name.replace("_ih", "_hh")]
                                       for name, number in now.items() if name.startswith("bias_ih")},
             "weights": {name: number for name, number in now.items() if name.startswith("weight")}}
    outputs = lstm(torch.tensor(X))[0]
    found["outputs"] = outputs.detach().numpy()
    if step:
        outputs.square().sum().backward()
        optimizer.step()
        found["outputs after a step"] = lstm(torch.tensor(X))[0].detach().numpy()
    return found


def run_clipping(function, tensors, grads, *, max_norm, steps=0, factor=1.0):
    """What `function.apply` hands on, and what comes back.

    Parameters
    ----------
    grads : list of arrays, or None for a tensor that the loss does not look at
    steps : before the loss, so many times more: multiplied by `factor`, and handed on

    Returns
    -------
    dict
        The tensors handed on, and the gradients of those that came in; None and zeros are one.
    """
    import torch

    leaves = [torch.tensor(one).requires_grad_() for one in tensors]
    now = function.apply(max_norm, *leaves)
    for _ in range(steps):
        now = function.apply(max_norm, *(factor * one for one in now))
    loss = sum((one * torch.tensor(g)).sum() for one, g in zip(now, grads, strict=True) if g is not None)
    loss.backward()
    return {"tensors": [one.detach().numpy().copy() for one in now],
            "gradients": [np.zeros_like(one) if p.grad is None else p.grad.numpy()
                          for one, p in zip(tensors, leaves, strict=True)]}


def run_attention(module_class, X, weights, grads, *, window=None):
    """What a module of `CausalSelfAttention` makes of X.

    Parameters
    ----------
    weights : the matrices of its queries, keys and values, each (M, D)
    grads : (N, T, M), ∂E/∂ of its outputs

    Returns
    -------
    dict
        The outputs, and the gradients of X and of the three matrices.
    """
    import torch

    M, D = weights[0].shape
    module = module_class(D, M, window=window).to(torch.tensor(X).dtype)
    layers = (module.query, module.key, module.value)
    with torch.no_grad():
        for layer, number in zip(layers, weights, strict=True):
            layer.weight.copy_(torch.tensor(number))
    inputs = torch.tensor(X).requires_grad_()
    outputs = module(inputs)
    (outputs * torch.tensor(grads)).sum().backward()
    found = [(np.zeros(p.shape, X.dtype) if p.grad is None else p.grad.numpy())
             for p in (inputs, *(layer.weight for layer in layers))]
    return {"outputs": outputs.detach().numpy(), "gradient of X": found[0],
            "gradients of the matrices": found[1:]}
