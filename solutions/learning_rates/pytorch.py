"""Learning rates in PyTorch: schedulers, the probe for tensors, and a network's limit.

The schedules of `reference.py` handle plain numbers and have no twins: `as_scheduler`
hands them to PyTorch.
"""
from typing import NamedTuple

import torch


class Probe(NamedTuple):
    """lr, the rate that won; losses, what each rate had reached, (N,)."""
    lr: float
    losses: torch.Tensor


def as_scheduler(optimizer, schedule, **hyper):
    """A schedule of `reference.py` as PyTorch's; every group's own rate is η₀.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
    schedule : callable, (t, *, lr, **hyper) -> float
        Proportional to `lr`, so without an absolute floor.
    """
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: float(schedule(t, lr=1.0, **hyper)))


class WarmupStepLR(torch.optim.lr_scheduler.LRScheduler):
    """A linear warm-up, then the rate is divided at intervals, never below a floor.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The rate of each of its groups is that group's full rate, η.
    warmup_steps : int
        W ≥ 1. The updates of the warm-up have the rates η/W, 2η/W, … η.
    every : int
        M. The M updates that follow have the rate η too; the first division comes after
        them, the next M updates later.
    factor : float
        a, above 1: what the rate is divided by.
    floor : float
        The least rate after the warm-up, the same number for every group, at most its
        full rate.
    """

    def __init__(self, optimizer, warmup_steps, every, factor=10.0, floor=0.0,
                 last_epoch=-1):
        self.warmup_steps, self.every, self.factor, self.floor = (
            warmup_steps, every, factor, floor)
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """The rates for the next update, a list of floats in the order of the groups.

        `self.base_lrs` has the groups' full rates; `self.last_epoch` is t, the number
        of updates made before it.
        """
        # updates since the warm-up, below 0 in it
        since = self.last_epoch - self.warmup_steps
        if since < 0:
            # η (t+1)/W
            return [lr * (self.last_epoch + 1) / self.warmup_steps
                    for lr in self.base_lrs]
        k = since // self.every  # k = ⌊(t-W)/M⌋
        # max(η a⁻ᵏ, η_min)
        return [max(lr * self.factor**-k, self.floor) for lr in self.base_lrs]


def resume(checkpoint, params, make_optimizer, make_scheduler):
    """Go on with a run that was saved, as if it had never been stopped.

    Parameters
    ----------
    checkpoint : dict
        'params', a list of tensors, which keep their values while training goes on;
        'optimizer' and 'scheduler', what their `state_dict()` gave.
    params : list of tensors
        The new process's parameters, in the same order, with other values. They are set
        in place: the list holds the same tensors afterwards.
    make_optimizer : callable, params -> torch.optim.Optimizer
    make_scheduler : callable, optimizer -> scheduler
        Both as they were called at the beginning of the saved run.

    Returns
    -------
    optimizer, scheduler
    """
    with torch.no_grad():
        for p, saved in zip(params, checkpoint["params"], strict=True):
            p.copy_(saved)
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)  # it sets every rate to its first value,
    # so the saved rates come after it
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    return optimizer, scheduler


def parallel_probe(loss, gradient, params, lrs, *, steps):
    """Try N rates at once; see `reference.parallel_probe`.

    `torch.func.vmap` makes a loss of one into one of N.
    """
    lr = params.new_tensor(lrs).view(-1, *[1] * params.ndim)
    runs = params.expand(len(lrs), *params.shape)
    for _ in range(steps):
        # θ⁽ⁱ⁾ ← θ⁽ⁱ⁾ - ηᵢ ∇E(θ⁽ⁱ⁾)
        runs = runs.addcmul(lr.expand_as(runs), gradient(runs), value=-1)
    losses = loss(runs).nan_to_num(nan=torch.inf, posinf=torch.inf)
    return Probe(lrs[int(losses.argmin())], losses)


def sharpness(loss, params, *, steps=100):
    """λ_max of a loss's Hessian, its largest curvature, without the Hessian itself.

    Power iteration. H v is the gradient of vᵀ∇E, so a step costs about as much as two
    gradients.

    Parameters
    ----------
    loss : callable, tensor -> 0-d tensor
        E(θ), of one tensor that holds every parameter.
    params : tensor, (D,)

    Returns
    -------
    curvature : 0-d tensor
        vᵀHv for the last v of length 1; the eigenvalue of the largest modulus.
    """
    product = torch.func.vjp(torch.func.grad(loss), params)[1]  # v ↦ vᵀH = (H v)ᵀ
    v = torch.ones_like(params) / params.numel()**.5
    for _ in range(steps):
        Hv, = product(v)
        curvature, v = v @ Hv, Hv / Hv.norm()
    return curvature
