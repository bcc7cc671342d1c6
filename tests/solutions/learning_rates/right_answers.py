"""Right answers to the learning rates' exercises, written as others would write them."""
import copy
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


def staircase_by_table(t, *, lr, every, stages, power=1.0):
    """Every stage's rate, looked up."""
    rates = np.append(lr * (np.arange(stages, 0, -1) / stages) ** power, 0.0)
    return rates[np.minimum(np.floor_divide(t, every), stages)]


def staircase_vectorised(t, *, lr, every, stages, power=1.0):
    def rate(u):
        k = int(u) // every
        return lr * ((stages - k) / stages) ** power if k < stages else 0.0

    return np.vectorize(rate, otypes=[float])(t)


def staircase_with_where(t, *, lr, every, stages, power=1.0):
    share = 1 - np.floor(np.array(t) / every) / stages
    return np.where(share > 0, lr * np.abs(share) ** power, 0)


def staircase_by_recursion(t, *, lr, every, stages, power=1.0):
    """Lists of lists for arrays."""
    if np.ndim(t):
        return [staircase_by_recursion(u, lr=lr, every=every, stages=stages, power=power) for u in t]
    k = min(int(t) // every, stages)
    return math.exp(math.log(lr) + power * math.log(1 - k / stages)) if k < stages else 0


def driver_with_a_change(loss, state, *, increase, decrease):
    change = increase if state.loss - loss > 0 else -decrease * state.lr
    return type(state)(lr=state.lr + change, loss=loss)


def driver_with_nan_first(loss, state, *, increase, decrease):
    if math.isnan(loss) or math.isnan(state.loss) or loss >= state.loss:
        return state._replace(lr=(1 - decrease) * state.lr, loss=loss)
    return state._replace(lr=state.lr + increase, loss=loss)


def driver_in_numpy(loss, state, *, increase, decrease):
    return [np.where(np.less(loss, state[1]), np.add(state[0], increase), state[0] * (1 - decrease)), np.float64(loss)]


def half_lives_by_bisection(half_life, *, total_steps, every, base=np.e):
    """Each parameter is found by halving an interval."""
    def root(rate):
        low, high = 1e-9, 1e6
        for _ in range(200):
            middle = (low * high) ** .5
            low, high = (middle, high) if rate(middle) > .5 else (low, middle)
        return low

    return [root(lambda a: (1 - half_life / total_steps) ** a),
            root(lambda b: math.exp(-b * half_life * math.log(base))),
            half_life / 2, root(lambda a: a ** -(half_life // every))]


def half_lives_in_numpy(half_life, *, total_steps, every, base=np.e):
    power = np.divide(np.log(.5), np.log((total_steps - half_life) / total_steps))
    return np.array([power, np.log(2) / np.log(base) / half_life, .5 * half_life, np.exp2(every / half_life)])


def half_lives_by_stages(half_life, *, total_steps, every, base=np.e):
    stages = half_life // every
    return (math.log(.5, 1 - half_life / total_steps), -math.log(.5, base) / half_life,
            half_life * .5, 2 ** (1 / stages))


def half_lives_per_update(half_life, *, total_steps, every, base=np.e):
    """From the factor of a single update."""
    once = .5 ** (1 / half_life)
    return (-math.log(2) / math.log1p(-half_life / total_steps), -math.log(once) / math.log(base), half_life / 2,
            once ** -every)


class WarmupStepInNumpy(WarmupStepByPieces):
    def get_lr(self):
        t, full = self.last_epoch, np.array(self.base_lrs)
        if t < self.warmup_steps:
            return list(full * (t + 1) / self.warmup_steps)
        return np.maximum(full / self.factor ** np.floor((t - self.warmup_steps) / self.every), self.floor).tolist()


class WarmupStepCounting(WarmupStepByPieces):
    """Counts its own calls; what is counted is saved with the scheduler."""

    def get_lr(self):
        self.count = getattr(self, "count", -1) + 1
        if self.count < self.warmup_steps:
            return [(self.count + 1) * lr / self.warmup_steps for lr in self.base_lrs]
        k = int((self.count - self.warmup_steps) / self.every)
        return [max(self.floor, lr * (1 / self.factor) ** k) for lr in self.base_lrs]


class WarmupStepOneGroupAtATime(WarmupStepByPieces):
    def get_lr(self):
        return (self.rate(lr) for lr in self.base_lrs)

    def rate(self, lr):
        t = self.last_epoch + 1
        if t <= self.warmup_steps:
            return t / self.warmup_steps * lr
        for _ in range((t - 1 - self.warmup_steps) // self.every):
            lr /= self.factor
        return lr if lr > self.floor else self.floor


def halving_with_a_dict(loss, gradient, params, lrs, *, steps):
    """Runs by their number; a heap of the losses."""
    at = {i: np.array(params) for i in range(len(lrs))}
    while len(at) > 1:
        for i in at:
            for _ in range(steps):
                at[i] = at[i] - lrs[i] * gradient(at[i])
        losses = {i: float(loss(run)) for i, run in at.items()}
        order = sorted(at, key=lambda i: losses[i] if math.isfinite(losses[i]) else math.inf)
        at = {i: at[i] for i in order[:(len(at) + 1) // 2]}
        steps *= 2
    (i, run), = at.items()
    return float(lrs[i]), run


def halving_by_recursion(loss, gradient, params, lrs, *, steps, runs=None):
    runs = np.array([params for _ in lrs]) if runs is None else runs
    if len(lrs) == 1:
        return lrs[0], runs[0]
    for _ in range(steps):
        runs = np.stack([run - lr * g for run, lr, g in zip(runs, lrs, gradient(runs), strict=True)])
    losses = loss(runs)
    best = np.lexsort((losses, ~np.isfinite(losses)))[:-(-len(lrs) // 2)]
    return halving_by_recursion(loss, gradient, params, lrs[best], steps=2 * steps, runs=runs[best])


def halving_striking_out(loss, gradient, params, lrs, *, steps):
    """The worst is struck out until half are left; the order stays that of the rates."""
    lrs, runs = list(lrs), [params] * len(lrs)
    while len(lrs) > 1:
        for _ in range(steps):
            runs = [run - lr * gradient(run) for lr, run in zip(lrs, runs, strict=True)]
        losses = [value if np.isfinite(value) else np.inf for value in map(loss, runs)]
        for _ in range(len(lrs) // 2):
            worst = int(np.argmax(losses))
            del lrs[worst], runs[worst], losses[worst]
        steps += steps
    return lrs[0], runs[0]


def halving_with_total_steps(loss, gradient, params, lrs, *, steps):
    """The winner's run is made again from the start, with all its steps."""
    numbers, run, made, total = list(range(len(lrs))), dict.fromkeys(range(len(lrs)), params), steps, 0
    while len(numbers) > 1:
        total += made
        for i in numbers:
            run[i] = params
            for _ in range(total):
                run[i] = run[i] - lrs[i] * gradient(run[i])
        numbers = sorted(numbers, key=lambda i: np.nan_to_num(loss(run[i]), nan=np.inf))[:(len(numbers) + 1) // 2]
        made *= 2
    return lrs[numbers[0]], run[numbers[0]]


def resume_with_copies(checkpoint, params, make_optimizer, make_scheduler):
    saved = copy.deepcopy(checkpoint)
    with torch.no_grad():
        for i in range(len(params)):
            params[i].set_(saved["params"][i])
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    return optimizer, scheduler


def resume_with_parameters_last(checkpoint, params, make_optimizer, make_scheduler):
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    scheduler.load_state_dict(checkpoint["scheduler"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    for p, value in zip(params, checkpoint["params"], strict=True):
        p.data[...] = value
    return [optimizer, scheduler]


def resume_in_place(checkpoint, params, make_optimizer, make_scheduler):
    """Zeroed and added to."""
    with torch.no_grad():
        for p, value in zip(params, checkpoint["params"], strict=True):
            p.zero_().add_(value)
    optimizer = make_optimizer(list(params))
    scheduler = make_scheduler(optimizer)
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    return optimizer, scheduler


def resume_group_by_group(checkpoint, params, make_optimizer, make_scheduler):
    """The scheduler's state is put in by hand."""
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    for p, value in zip(params, checkpoint["params"], strict=True):
        p.detach().copy_(value.detach())
    optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
    scheduler.load_state_dict(copy.deepcopy(checkpoint["scheduler"]))
    for group, saved in zip(optimizer.param_groups, checkpoint["optimizer"]["param_groups"], strict=True):
        group["lr"] = saved["lr"]
    return optimizer, scheduler


RIGHT = {
    "step_polynomial": [staircase_from_the_end, staircase_in_a_loop, staircase_by_table, staircase_vectorised,
                        staircase_with_where, staircase_by_recursion],
    "bold_driver": [driver_in_one_line, driver_with_a_change, driver_with_nan_first, driver_in_numpy],
    "equal_half_lives": [half_lives_by_logarithms, half_lives_by_bisection, half_lives_in_numpy, half_lives_by_stages,
                         half_lives_per_update],
    "WarmupStepLR": [WarmupStepByPieces, WarmupStepFromTheRateBefore, WarmupStepInNumpy, WarmupStepCounting,
                     WarmupStepOneGroupAtATime],
    "halving_probe": [halving_one_run_at_a_time, halving_with_a_dict, halving_by_recursion, halving_striking_out,
                      halving_with_total_steps],
    "resume": [resume_by_data, resume_with_copies, resume_with_parameters_last, resume_in_place, resume_group_by_group],
}
