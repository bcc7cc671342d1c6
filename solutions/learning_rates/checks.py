"""The drivers of the learning rates' checks. They run beside the student's code, and on the reference outside."""
import copy

import numpy as np


def run_losses(bold_driver, losses, state, **hyper):
    """What the state holds after each of `losses`."""
    rates, kept = [], []
    for loss in losses:
        state = bold_driver(loss, state, **hyper)
        rate, before = state
        rates.append(rate)
        kept.append(before)
    return {"state.lr": rates, "state.loss": kept}


def run_half_lives(equal_half_lives, half_life, *, only=None, **hyper):
    """The four parameters, or the one of them that `only` names."""
    found = equal_half_lives(half_life, **hyper)
    return found if only is None else dict(zip(("power", "decay", "tau", "factor"), found, strict=True))[only]


def run_probe(probe, X, y, params, lrs, *, steps):
    """What `probe` finds on ½ mean (Xθ - y)². Its loss and gradient take one θ, of any shape, or N, one a row."""
    def rest(some):
        return some.reshape(*some.shape[:some.ndim - params.ndim], -1) @ X.T - y

    def loss(some):
        return (rest(some)**2).mean(-1) / 2

    def gradient(some):
        return (rest(some) @ X / len(X)).reshape(some.shape)

    with np.errstate(all="ignore"):             # a rate may be so large that its run overflows
        return probe(loss, gradient, params, lrs, steps=steps)


def run_scheduler(scheduler_class, updates, *, lrs, reload_at=None, **hyper):
    """The rate of every group at each update.

    Parameters
    ----------
    lrs : the full rate of each group
    reload_at : before that update optimizer and scheduler are saved, and new ones load what was saved
    """
    optimizer = _sgd(lrs)
    scheduler = scheduler_class(optimizer, **hyper)
    rates = []
    for t in range(updates):
        if t == reload_at:
            saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
            optimizer = _sgd(lrs)
            scheduler = scheduler_class(optimizer, **hyper)
            optimizer.load_state_dict(saved[0])
            scheduler.load_state_dict(saved[1])
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return rates


def run_resume(resume, starts, others, grads, *, stop, optimizer, scheduler, rates=None, losses=None, kept=False):
    """The network's parameters and the rates after each update that follows the stop.

    Parameters
    ----------
    starts, others : the parameters at the beginning, and those of the new process
    grads : a list with one gradient for every parameter, for each update
    stop : after so many updates the run is saved, and `resume` goes on with it
    optimizer, scheduler : (name of the class in PyTorch, its options)
        The scheduler 'Halving' is a `LambdaLR`.
    rates : of each parameter, which has a group of its own then
    losses : what a scheduler driven by the loss gets, one number an update
    kept : whether the checkpoint's parameters at the end, and the list `params`, are looked at too
    """
    import torch

    def make_optimizer(params):
        groups = params if rates is None else [
            {"params": [p], "lr": rate} for p, rate in zip(params, rates, strict=True)]
        return getattr(torch.optim, optimizer[0])(groups, **optimizer[1])

    def make_scheduler(of):
        if scheduler[0] == "Halving":
            return torch.optim.lr_scheduler.LambdaLR(of, lambda t: 0.5 ** (t / scheduler[1]["half_life"]))
        return getattr(torch.optim.lr_scheduler, scheduler[0])(of, **scheduler[1])

    network = [torch.tensor(start).requires_grad_() for start in starts]
    of = make_optimizer(network)
    by = make_scheduler(of)
    after = []
    for t, row in enumerate(grads):
        if t == stop:
            checkpoint = copy.deepcopy({"params": [p.detach() for p in network], "optimizer": of.state_dict(),
                                        "scheduler": by.state_dict()})
            network = [torch.tensor(other).requires_grad_() for other in others]
            saved, params = checkpoint["params"], [*network]
            of, by = resume(checkpoint, params, make_optimizer, make_scheduler)
        for p, g in zip(network, row, strict=True):
            p.grad = torch.tensor(g)
        of.step()
        by.step() if losses is None else by.step(losses[t])
        if t >= stop:
            after.append({"params": [p.detach().numpy().copy() for p in network],
                          "rates": [float(group["lr"]) for group in of.param_groups]})
    if not kept:
        return after
    same = sum(a is b for a, b in zip(params, network, strict=True))
    return {"updates": after, "params of the checkpoint": [p.detach().numpy().copy() for p in saved],
            "tensors in params that are the network's": same}


def _sgd(lrs):
    import torch

    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs], lr=1.0)
