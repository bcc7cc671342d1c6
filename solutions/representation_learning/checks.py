"""The drivers and the judge of representation learning's checks.

They run beside the student's code, and on the reference outside.
"""
import numpy as np


def run_tied(module_class, params, x, target, *, sizes=None, start=False):
    """A tied autoencoder as it starts, and with parameters that are given.

    Parameters
    ----------
    params : dict of arrays
        `weight`, `bias` and `out_bias`.
    x, target : ndarray, (..., inputs)
        What comes in, and what should come out.
    sizes : (inputs, units), or None: those of the parameters
    start : whether its start is looked at, and nothing else

    Returns
    -------
    dict
        What its parameters are called, with their shapes; its code and its output for x; the gradients of half the
        squared distance between output and target, by x and by each parameter.
    """
    import torch

    torch.manual_seed(0)
    units, inputs = params["weight"].shape
    module = module_class(*(sizes or (inputs, units)))
    begun = {name: p.detach().numpy().copy() for name, p in sorted(module.named_parameters())}
    found = {"names and shapes": [f"{name} {p.shape}" for name, p in begun.items()]}
    if start:
        spread = begun["weight"].std() / np.sqrt(2 / sum(sizes))
        return found | {"biases at the start": [begun["bias"], begun["out_bias"]],
                        "the weight has Xavier's deviation": bool(abs(spread - 1) < .05),
                        "the weight's mean is about zero": bool(abs(begun["weight"].mean()) < .02)}
    module = module.to(torch.tensor(x).dtype)
    module.load_state_dict({name: torch.tensor(value) for name, value in params.items()}, strict=False)
    given = torch.tensor(x).requires_grad_()
    code, output = module.encode(given), module(given)
    (output - torch.tensor(target)).square().sum().div(2).backward()
    grads = {name: None if p.grad is None else p.grad.numpy() for name, p in sorted(module.named_parameters())}
    x_bar = None if given.grad is None else given.grad.numpy()
    return found | {"code": code.detach().numpy(), "output": output.detach().numpy(), "gradient by x": x_bar,
                    "gradients": grads, "x": given.detach().numpy().copy()}


def run_masking(masking_noise, X, draws, *, share, watched=False):
    """The corrupted inputs; of `watched` also X and the draws, as they are afterwards."""
    X_tilde = np.array(masking_noise(X, draws, share=share))
    return {"X_tilde": X_tilde, "X afterwards": X, "draws afterwards": draws} if watched else X_tilde


def run_stack(train_stacked, starts, X, noises, *, epochs, lr=.1):
    """The layers that a stack is trained to, and what was asked for on the way.

    Parameters
    ----------
    starts : list of Tied
    noises : ndarray, (calls, N, D)
        What `corrupt` adds, call by call.

    Returns
    -------
    layers : list of pairs
        W and b of each encoder.
    corrupted : list of arrays
        What was handed to `corrupt`.
    epochs : int
        How often `train_epoch` was called.
    """
    asked, steps = [], []

    def corrupt(Z):
        asked.append(np.array(Z))
        return Z + noises[(len(asked) - 1) % len(noises), :, :Z.shape[1]]

    def train_epoch(params, Z_tilde, Z):
        """A step down the squared error of a decoder without a bias."""
        steps.append(len(Z))
        H = 1 / (1 + np.exp(-(Z_tilde @ params.W + params.b)))
        out = (H @ params.W.T + params.c - Z) / len(Z)
        delta = (out @ params.W) * H * (1 - H)
        return params._replace(W=params.W - lr * (Z_tilde.T @ delta + out.T @ H), b=params.b - lr * delta.sum(axis=0),
                               c=params.c - lr * out.sum(axis=0))

    layers = train_stacked(starts, X, train_epoch, corrupt=corrupt, epochs=epochs)
    return [(W, b) for W, b in layers], asked, len(steps)


def run_tuning(fine_tune_stack, encoders, head, X, y, batches, *, lr, encoder_lr, watched=False):
    """The logits of a stack after it was fine-tuned.

    Parameters
    ----------
    encoders, head : pairs of arrays
        W (D, M) and b of each `torch.nn.Linear`.
    batches : list of arrays of int
    watched : whether what was handed over is looked at too

    Returns
    -------
    dict
        The logits for X after the training, computed when the modules that were handed over have been set to zero;
        of `watched` too whether these had stayed as they were, and whether the model is a `torch.nn.Sequential`.
    """
    import torch

    def linear(W, b):
        module = torch.nn.Linear(*W.shape).to(torch.tensor(W).dtype)
        module.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.tensor(b)})
        return module

    below, top = [linear(*pair) for pair in encoders], linear(*head)
    given = [*below, top]
    before = [p.detach().clone() for module in given for p in module.parameters()]
    inputs = torch.tensor(X)
    model = fine_tune_stack(below, top, inputs, torch.tensor(y), [torch.tensor(m) for m in batches], lr=lr,
                            encoder_lr=encoder_lr)
    found = {}
    if watched:
        now = [p for module in given for p in module.parameters()]
        same = [bool(torch.equal(a, b)) for a, b in zip(now, before, strict=True)]
        found = {"the modules are as they were": same, "they have gradients": [p.grad is not None for p in now],
                 "how many": len(below), "a Sequential": isinstance(model, torch.nn.Sequential)}
    with torch.no_grad():
        for p in (p for module in given for p in module.parameters()):
            p.zero_()
        return {"logits": model(inputs).numpy()} | found


def same_angle(answer, expected, arguments, private):
    """Whether an angle is right to `private`: (relative, absolute)."""
    got, right = np.asarray(answer), np.asarray(expected)
    if got.dtype.kind not in "fiu":
        return f"the answer is {type(answer).__name__}, not a number"
    if got.shape != right.shape:
        return f"the shape is {got.shape}, not {right.shape}"
    relative, absolute = private
    if abs(got - right) <= relative * abs(right) + absolute:
        return None
    return f"the angle is {float(got):.6g}, not {float(right):.6g}"
