"""The drivers and the judge of the activations' checks.

They run beside the student's code, and on the reference outside.
"""
import numpy as np


def run_block(block_class, sizes, params, x, *, fresh=False, modes=(True,)):
    """A residual block as it starts, and with parameters that are given.

    Parameters
    ----------
    sizes : (inputs, hidden, outputs)
    params : dict of arrays
        A `state_dict` that the block is to load.
    x : ndarray, (..., inputs)
    fresh : whether the block is looked at as it starts, with `second` at zero
    modes : of training, in turn

    Returns
    -------
    dict
        What the block's parameters are called, with their shapes; its outputs; the
        gradients of their weighted sum by x and by each parameter; x after all that.
    """
    import torch

    torch.manual_seed(0)
    block = block_class(*sizes).to(torch.tensor(x).dtype)
    start = {name: value.numpy().copy() for name, value in block.state_dict().items()}
    shapes = [f"{name} {value.shape}" for name, value in sorted(start.items())]
    found = {"names and shapes": shapes}
    given = torch.tensor(x).requires_grad_()
    entry = given.clone()              # no leaf: it could be changed in place
    if fresh:
        shortcut = start.get("shortcut.weight")
        expected = x if shortcut is None else x @ shortcut.T
        rest = block(entry).detach().numpy() - expected
        drawn = [name for name in ("first.weight", "shortcut.weight") if name in start]
        zeros = [int((start[name] == 0).sum()) for name in drawn]
        return {**found, "what the branch adds at the start": rest.astype(x.dtype),
                "weights that are zero": zeros, "x": entry.detach().numpy().copy()}
    block.load_state_dict({name: torch.tensor(value) for name, value in params.items()})
    for mode in modes:
        y = block.train(mode)(entry)
    weights = torch.linspace(.5, 1.5, y.numel(), dtype=y.dtype).reshape(y.shape)
    (y * weights).sum().backward()
    grads = {name: p.grad.numpy() for name, p in sorted(block.named_parameters())}
    x_bar, = (p.grad.numpy() for p in [given] if p.grad is not None)
    return {**found, "outputs": y.detach().numpy(), "gradient by x": x_bar,
            "gradients": grads, "x": entry.detach().numpy().copy()}


def same_numbers(answer, expected, arguments, private):
    """Whether a number or an array is right to four digits, wherever the point is."""
    got, right = np.asarray(answer), np.asarray(expected)
    if got.dtype.kind not in "fiu":
        return f"the answer is {type(answer).__name__}, not numbers"
    if got.shape != right.shape:
        return f"the shape is {got.shape}, not {right.shape}"
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(got, right, rtol=1e-4, atol=1e-40)
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    s = np.asarray(arguments[0])[place]
    return f"at s = {s:.6g} it is {got[place]:.6g}, not {right[place]:.6g}"
