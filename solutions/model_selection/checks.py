"""The drivers of model selection's checks. They run beside the student's code, and on the reference outside."""
import numpy as np


def run_nested(nested_cv, X, y, strengths, order, *, outer, inner):
    """Nested cross-validation over strengths of ridge regression.

    Returns
    -------
    losses, chosen : ndarray, (outer,) each
    """
    return nested_cv(lambda *asked: ridge_loss(X, y, *asked), strengths, order, outer=outer, inner=inner)


def ridge_loss(X, y, strength, train, held_out):
    """The mean squared error on `held_out` of ridge regression on `train`."""
    train, held_out = np.asarray(train, int), np.asarray(held_out, int)
    A = X[train].T @ X[train] + strength * np.eye(X.shape[1])
    w = np.linalg.solve(A, X[train].T @ y[train])
    return float(((X[held_out] @ w - y[held_out])**2).sum() / max(len(held_out), 1))


def run_guided(guided_random_search, u, low, high, centre, *, shrink, counted=False):
    """The points that a guided search asks, over a bowl with `centre` at its bottom.

    Returns
    -------
    points, losses : ndarray, (T·k, D) and (T·k,)
        With `counted`, how often the loss was asked stands after them.
    """
    asked = []

    def loss(point):
        asked.append(point)
        return float((((np.asarray(point) - centre) / (high - low))**2).sum())

    points, losses = guided_random_search(loss, u, low, high, shrink=shrink)
    return (points, losses, len(asked)) if counted else (points, losses)


def run_batch(ucb_batch, X, y, candidates, *, watched=False, **options):
    """The batch, in arrays; `watched`: with what was given, as it is afterwards.

    Returns
    -------
    chosen, scores : ndarray, (count,) each
    """
    import torch

    given = [torch.tensor(part) for part in (X, y, candidates)]
    chosen, scores = (torch.as_tensor(part).detach().numpy() for part in ucb_batch(*given, **options))
    return (chosen, scores, *(part.numpy() for part in given)) if watched else (chosen, scores)


def run_race(fair_race, W, b, batches, validation, test, *, budget, contestants, watched=False):
    """A race of `torch.optim.SGD` with several settings, over a linear model.

    Parameters
    ----------
    batches : list of ndarray, (N, D + 1)
        Inputs, and the target in the last column; `validation` and `test` are like them.
    contestants : dict, name -> list of (lr, momentum)
    watched : whether the model afterwards, and how often each batch was seen, are looked at too

    Returns
    -------
    dict
        Of each contestant: setting, validation loss, test loss.
    """
    import torch

    model = torch.nn.Linear(len(W), 1).to(torch.tensor(W).dtype)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(W)[None])
        model.bias.copy_(torch.tensor(b))
    data = [torch.tensor(part) for part in (*batches, validation, test)]
    seen = [0] * len(data)

    def loss(net, part):
        for i, one in enumerate(data):
            seen[i] += one is part
        return ((net(part[:, :-1])[:, 0] - part[:, -1])**2).mean()

    def maker(lr, momentum):
        return lambda params: torch.optim.SGD(params, lr=lr, momentum=momentum)

    entered = {name: [maker(*setting) for setting in settings] for name, settings in contestants.items()}
    results = fair_race(model, entered, loss, data[:-2], data[-2], data[-1], budget=budget)
    found = {name: tuple(values) for name, values in results.items()}
    if not watched:
        return found
    return found | {"how often each batch was seen": seen[:-2], "the model afterwards": model.weight.detach().numpy(),
                    "its gradient": model.weight.grad is None}
