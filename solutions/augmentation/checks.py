"""The drivers of augmentation's checks. They run beside the student's code, and on the reference outside."""
import numpy as np


def run_worst(worst_of_k, X, y, thetas, *, below=0.0, still=False):
    """What is chosen, where τ adds or multiplies, or nothing if `still`; the loss is a squared distance less `below`.

    Returns
    -------
    X, worst : the chosen copies, and the places of their θ
    """
    def transform(X, theta):
        if still:
            return X.copy()
        return X * theta.reshape(-1, *[1] * (X.ndim - 1)) if theta.ndim < X.ndim else X + theta

    def loss(X, y):
        return (X.reshape(len(X), -1).sum(axis=1) - y)**2 - X.dtype.type(below)

    return worst_of_k(X, y, thetas, transform=transform, loss=loss)


def run_sampler(function, images, points, weights, *, whole=False):
    """Values, and the gradients of Σ weights · values; `whole`: at the pixels themselves.

    Returns
    -------
    values, gradient of images, gradient of points
    """
    import torch

    given = [torch.tensor(a).requires_grad_() for a in (images, points.round() if whole else points)]
    values = function.apply(*given)
    found = torch.autograd.grad((values * torch.tensor(weights)).sum(), given, allow_unused=True)
    return (values.detach().numpy(), *(np.zeros(1) if g is None else g.numpy() for g in found))


def network(W1, b1, W2, b2, *, blind=False):
    """Two layers on flattened examples, with batch normalization that has a memory; `blind` to the first pixel."""
    import torch

    hidden, last = torch.nn.Linear(*W1.shape), torch.nn.Linear(*W2.shape)
    norm = torch.nn.BatchNorm1d(len(b1))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Sequential(hidden, norm), torch.nn.Tanh(), last)
    model = model.to(torch.tensor(W1).dtype)
    with torch.no_grad():
        for p, value in zip([*hidden.parameters(), *last.parameters()], (W1.T, b1, W2.T, b2), strict=True):
            p.copy_(torch.tensor(value))
        hidden.weight[:, 0] *= not blind
        memory = norm.state_dict()              # the tensors themselves
        memory["running_mean"].copy_(torch.tensor(b1) / 3)
        memory["running_var"].copy_(torch.tensor(b1)**2 + .5)
    return model


def run_attack(attack, X, y, start, W1, b1, W2, b2, *, lr, radius, steps, modes=(True, True, True), watched=False,
               blind=False):
    """The adversarial examples of a network; `watched`: also what the call leaves behind.

    Parameters
    ----------
    modes : which of the network, its first part and the normalization in it are in training mode before
    """
    import torch

    model = network(W1, b1, W2, b2, blind=blind)
    norm = model[1][1]
    for module, mode in zip((model, model[1], norm), modes, strict=True):
        module.training = mode
    before = [module.training for module in model.modules()]
    given = [torch.tensor(a) for a in (X, y, start)]
    found = attack(model, *given, lr=lr, radius=radius, steps=steps)
    if not watched:
        return {"X": found.detach().numpy()}
    return {"X": found.detach().numpy(),
            "modules in another mode": sum(m.training != mode for m, mode in zip(model.modules(), before, strict=True)),
            "what the normalization remembers": norm.state_dict()["running_mean"].numpy().copy(),
            "parameters whose .grad is there": sum(p.grad is not None for p in model.parameters()),
            "parameters that want no gradient": sum(not p.requires_grad for p in model.parameters()),
            "X and start are changed": sum(int((a.detach().numpy() != b).any()) for a, b in
                                           zip(given, (X, y, start), strict=True)),
            "X and start have .grad": sum(int(a.requires_grad or a.grad is not None) for a in (given[0], given[2])),
            "the answer has a graph": int(found.requires_grad)}
