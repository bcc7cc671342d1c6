"""The closing practice in PyTorch: a module trained within a budget, the best kept."""
import copy

import torch
import torch.nn.functional as F


def fit_within(model, X, y, X_val, y_val, *, budget, seed):
    """Train a module in place, within a budget, and leave it at its best.

    Parameters
    ----------
    model : torch.nn.Module
        (N, D) -> logits (N, K), with dropout and batch normalization; it may come in
        either mode. Training begins at the parameters that it has.
    X, y : tensors, (N, D) and (N,)
        For training, in any order. Some of the labels may be wrong.
    X_val, y_val : tensors
        For choosing only: no gradient is taken of them. Their labels are right.
    budget : int
        Gradient evaluations: a backward pass over B examples costs B. There may be too
        few for a single step.
    seed : int
        Of all that is drawn: the same seed gives the same run.

    Returns
    -------
    None
        The model has the parameters and running statistics with which its loss on the
        validation data was lowest, of those that were looked at while it was trained,
        and is in evaluation mode. It is looked at in evaluation mode.
    """
    torch.random.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    lowest, best = float("inf"), copy.deepcopy(model.state_dict())
    for t in range(budget // 20):
        batch = torch.randint(len(y), (20,), device=X.device)
        optimizer.zero_grad()
        F.cross_entropy(model.train()(X[batch]), y[batch]).backward()
        optimizer.step()
        if t % 10 == 9:
            with torch.no_grad():
                loss = F.cross_entropy(model.eval()(X_val), y_val).item()
            if loss < lowest:
                lowest, best = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    model.train(False)
