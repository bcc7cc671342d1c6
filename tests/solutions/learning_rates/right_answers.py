"""Right answers to the learning rates' exercises, written as others would write them."""
import math

import numpy as np
import torch
from torch.optim.lr_scheduler import LRScheduler


def staircase_from_the_end(t, *, lr, every, stages, power=1.0):
    """Counts the stages that are left."""
    left = stages - np.floor_divide(t, every)
    return lr * (np.clip(left, 0, None) / stages) ** power


def staircase_in_a_loop(t, *, lr, every, stages, power=1.0):
    rates = [lr * max(1 - int(u) // every / stages, 0.0)**power for u in np.ravel(t)]
    return np.reshape(rates, np.shape(t))


def driver_in_one_line(loss, state, *, increase, decrease):
    """A plain tuple is as good."""
    lr, before = state
    return (lr + increase if loss < before else lr * (1 - decrease)), loss


def half_lives_by_logarithms(half_life, *, total_steps, every, base=np.e):
    return (-1 / math.log2(1 - half_life / total_steps), math.log(2, base) / half_life, half_life / 2,
            math.exp(every / half_life * math.log(2)))


class WarmupStepByPieces(LRScheduler):
    def __init__(self, optimizer, warmup_steps, every, factor=10.0, floor=0.0, last_epoch=-1):
        self.warmup_steps, self.every, self.factor, self.floor = warmup_steps, every, factor, floor
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        rates = []
        for full in self.base_lrs:
            rate, left = full, self.last_epoch - self.warmup_steps
            if left < 0:
                rate = full * (1 + left / self.warmup_steps + 1 / self.warmup_steps)
            while left >= self.every:
                rate, left = max(rate / self.factor, self.floor), left - self.every
            rates.append(rate)
        return rates


class WarmupStepFromTheRateBefore(WarmupStepByPieces):
    """Each rate from the one before it: the stage's border is where it changes."""

    def get_lr(self):
        since = self.last_epoch - self.warmup_steps
        if since < 0:
            return [lr * (self.last_epoch + 1) / self.warmup_steps for lr in self.base_lrs]
        divide = since > 0 and since % self.every == 0
        return [max(group["lr"] / self.factor, self.floor) if divide else group["lr"]
                for group in self.optimizer.param_groups]


def halving_one_run_at_a_time(loss, gradient, params, lrs, *, steps):
    runs = [(lr, params) for lr in lrs]
    while len(runs) > 1:
        moved = []
        for lr, at in runs:
            for _ in range(steps):
                at = at - lr * gradient(at)
            value = loss(at)
            moved.append((value if np.isfinite(value) else np.inf, lr, at))
        moved.sort(key=lambda run: run[0])
        runs = [(lr, at) for _, lr, at in moved[:math.ceil(len(moved) / 2)]]
        steps *= 2
    return runs[0]


def resume_by_data(checkpoint, params, make_optimizer, make_scheduler):
    """The order of the two loads does not matter, once both are made."""
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    scheduler.load_state_dict(checkpoint["scheduler"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    for i, p in enumerate(params):
        p.data = torch.clone(checkpoint["params"][i])
    return optimizer, scheduler


RIGHT = {
    "step_polynomial": [staircase_from_the_end, staircase_in_a_loop],
    "bold_driver": [driver_in_one_line],
    "equal_half_lives": [half_lives_by_logarithms],
    "WarmupStepLR": [WarmupStepByPieces, WarmupStepFromTheRateBefore],
    "halving_probe": [halving_one_run_at_a_time],
    "resume": [resume_by_data],
}
