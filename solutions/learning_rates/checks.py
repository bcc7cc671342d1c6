"""The drivers of the learning rates' checks. They run beside the student's code, and on the reference outside."""
import copy

import numpy as np


def run_losses(bold_driver, losses, state, **hyper):
    """The rate after each of `losses`."""
    rates = []
    for loss in losses:
        state = bold_driver(loss, state, **hyper)
        rates.append(state[0])
    return rates


def run_probe(probe, X, y, params, lrs, *, steps):
    """What `probe` finds on ½ mean (Xθ - y)². Its loss and gradient take one θ or N of them, one a row."""
    def loss(params):
        return ((params @ X.T - y)**2).mean(-1) / 2

    def gradient(params):
        return (params @ X.T - y) @ X / len(X)

    with np.errstate(all="ignore"):             # a rate may be so large that its run overflows
        return probe(loss, gradient, params, lrs, steps=steps)


def run_scheduler(scheduler_class, lrs, updates, *, reload_at=None, **hyper):
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


def run_resume(resume, starts, others, grads, *, stop, optimizer, scheduler, losses=None):
    """The parameters and the rate after each update that follows the stop; before it the run is the driver's own.

    Parameters
    ----------
    starts, others : the parameters at the beginning, and those of the new process
    grads : a list with one gradient for every parameter, for each update
    stop : after so many updates the run is saved, and `resume` goes on with it
    optimizer, scheduler : (name of the class in PyTorch, its options); the scheduler 'Halving' is a `LambdaLR`
    losses : what a scheduler driven by the loss gets, one number an update
    """
    import torch

    def make_optimizer(params):
        return getattr(torch.optim, optimizer[0])(params, **optimizer[1])

    def make_scheduler(of):
        if scheduler[0] == "Halving":
            return torch.optim.lr_scheduler.LambdaLR(of, lambda t: 0.5 ** (t / scheduler[1]["half_life"]))
        return getattr(torch.optim.lr_scheduler, scheduler[0])(of, **scheduler[1])

    params = [torch.tensor(start).requires_grad_() for start in starts]
    of = make_optimizer(params)
    by = make_scheduler(of)
    after = []
    for t, row in enumerate(grads):
        if t == stop:
            checkpoint = copy.deepcopy({"params": [p.detach() for p in params], "optimizer": of.state_dict(),
                                        "scheduler": by.state_dict()})
            params = [torch.tensor(other).requires_grad_() for other in others]
            of, by = resume(checkpoint, params, make_optimizer, make_scheduler)
        for p, g in zip(params, row, strict=True):
            p.grad = torch.tensor(g)
        of.step()
        by.step() if losses is None else by.step(losses[t])
        if t >= stop:
            after.append([*(p.detach().numpy().copy() for p in params), float(of.param_groups[0]["lr"])])
    return after


def _sgd(lrs):
    import torch

    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs], lr=1.0)
