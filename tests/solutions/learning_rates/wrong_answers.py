"""Wrong answers to the learning rates' exercises that are no misconceptions of the catalogue: each loses points."""
import copy
import math

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.learning_rates import pytorch, reference

# ---------------------------------------------------------------------------------------------- S0's step decay, row 26

K = "np.minimum(np.asarray(t) // every, stages)"
STAIRCASE = changed_each(reference.step_polynomial, {
    "the_last_stage_for_ever": {K: "np.minimum(np.asarray(t) // every, stages - 1)"},
    "from_one": {K: "np.minimum((np.asarray(t) + 1) // every, stages)"},
    "within_the_stage": {K: "np.asarray(t) % every"},
    "one_stage_more": {"1 - k / stages": "1 - k / (stages + 1)"},
    "whole_shares": {"1 - k / stages": "1 - k // stages"},
    "an_exponential": {"(1 - k / stages) ** power": "np.exp(-power * k / stages)"},
    "power_as_a_factor": {"(1 - k / stages) ** power": "np.maximum(1 - power * k / stages, 0)"},
    "the_rate_inside": {"lr * (1 - k / stages) ** power": "(lr * (1 - k / stages)) ** power"},
    "power_upside_down": {"(1 - k / stages) ** power": "(1 - k / stages) ** (1 / power)"},
    "a_straight_line": {"(1 - k / stages) ** power": "(1 - k / stages)"},
    "rounded": {"lr * (1 - k / stages) ** power": "np.round(lr * (1 - k / stages) ** power, 4)"},
    "a_least_rate": {"lr * (1 - k / stages) ** power": "np.maximum(lr * (1 - k / stages) ** power, 1e-6)"},
    "vectors_alone": {"lr * (1 - k / stages) ** power": "np.ravel(lr * (1 - k / stages) ** power)"},
    "updates_changed": {K: "np.minimum(np.floor_divide(t, every, out=t) if np.ndim(t) else t // every, stages)"},
})


def the_position_for_the_update(t, *, lr, every, stages, power=1.0):
    return [lr * max(1 - i // every / stages, 0) ** power for i in range(np.size(t))]


def arrays_alone(t, *, lr, every, stages, power=1.0):
    return np.array([reference.step_polynomial(u, lr=lr, every=every, stages=stages, power=power) for u in list(t)])


def methods_of_arrays_alone(t, *, lr, every, stages, power=1.0):
    return lr * (1 - (t // every).clip(max=stages) / stages) ** power


# ---------------------------------------------------------------------------------------------------------- bold driver

FALLS = "loss < state.loss"
DRIVER = changed_each(reference.bold_driver, {
    "nearly_equal_is_equal": {FALLS: "loss < state.loss * (1 - 1e-5)"},
    "rises_unless_nan": {FALLS: "not loss >= state.loss"},
    "absolute_losses": {FALLS: "abs(loss) < abs(state.loss)"},
    "a_share_of_the_new_rate": {"state.lr - decrease * state.lr": "state.lr / (1 + decrease)"},
    "never_above_one": {"state.lr + increase": "min(state.lr + increase, 1.0)"},
    "never_below_the_increase": {"state.lr - decrease * state.lr": "max(state.lr - decrease * state.lr, increase)"},
    "increase_for_the_cut": {"decrease * state.lr": "increase * state.lr"},
    "increase_times_the_fall": {"state.lr + increase": "state.lr + increase * (state.loss - loss)"},
    "nan_is_not_kept": {FALLS: "loss < state.loss or state.loss != state.loss"},
    "cut_twice": {"state.lr - decrease * state.lr": "state.lr * (1 - decrease) ** 2"},
    "whole_rates": {"state.lr - decrease * state.lr": "type(state.lr)(state.lr - decrease * state.lr)"},
    "no_cut": {"state.lr - decrease * state.lr": "state.lr"},
    "rounded": {"state.lr - decrease * state.lr": "round(state.lr - decrease * state.lr, 3)"},
})


def compares_with_the_largest(loss, state, *, increase, decrease):
    found = reference.bold_driver(loss, state, increase=increase, decrease=decrease)
    return found._replace(loss=max(loss, state.loss))


def nan_is_forgotten(loss, state, *, increase, decrease):
    return reference.bold_driver(loss, state, increase=increase, decrease=decrease)._replace(
        loss=state.loss if math.isnan(loss) else loss)


def infinity_is_forgotten(loss, state, *, increase, decrease):
    found = reference.bold_driver(loss, state, increase=increase, decrease=decrease)
    return found if math.isfinite(loss) else found._replace(loss=state.loss)


def the_rate_alone(loss, state, *, increase, decrease):
    return reference.bold_driver(loss, state, increase=increase, decrease=decrease).lr


def loss_first(loss, state, *, increase, decrease):
    return reference.bold_driver(loss, state, increase=increase, decrease=decrease)[::-1]


# ----------------------------------------------------------------------------------------------------- equal half-lives

HALF_LIVES = changed_each(reference.equal_half_lives, {
    "a_whole_tau": {"half_life / 2": "half_life // 2"},
    "tau_is_the_mean_life": {"half_life / 2": "half_life / np.log(2)"},
    "power_of_a_line": {"np.log(2) / -np.log1p(-half_life / total_steps)": "0.5 * total_steps / half_life"},
    "power_with_the_wrong_sign": {"-np.log1p(-half_life / total_steps)": "np.log1p(-half_life / total_steps)"},
    "power_of_what_is_left": {"-np.log1p(-half_life / total_steps)": "-np.log(half_life / total_steps)"},
    "power_of_the_sum": {"-np.log1p(-half_life / total_steps)": "np.log1p(half_life / total_steps)"},
    "power_in_whole_numbers": {"np.log(2) / -np.log1p(-half_life / total_steps)":
                               "np.round(np.log(2) / -np.log1p(-half_life / total_steps))"},
    "decay_divided_by_the_base": {"half_life * np.log(base)": "half_life * base"},
    "decay_multiplied": {"np.log(2) / (half_life * np.log(base))": "np.log(2) * np.log(base) / half_life"},
    "decay_for_base_two": {"np.log(2) / (half_life * np.log(base))": "1 / half_life"},
    "decay_in_common_logarithms": {"np.log(2) / (half_life * np.log(base))": "np.log10(2) / half_life"},
    "factor_below_one": {"every / half_life": "-every / half_life"},
    "factor_upside_down": {"every / half_life": "half_life / every"},
    "factor_of_one_update": {"every / half_life": "1 / half_life"},
    "whole_number_of_stages": {"every / half_life": "every // half_life"},
    "factor_to_first_order": {"2 ** (every / half_life)": "1 + np.log(2) * every / half_life"},
    "rounded": {"return HalfLives(power, decay, tau, factor)":
                "return HalfLives(*np.round((power, decay, tau, factor), 4))"},
    "in_another_order": {"HalfLives(power, decay, tau, factor)": "(decay, power, tau, factor)"},
    "three_of_four": {"HalfLives(power, decay, tau, factor)": "(power, decay, tau)"},
})

# ------------------------------------------------------------------------------------------- warm-up, steps and a floor


class Warmup(pytorch.WarmupStepLR):
    """The reference, of which the wrong ones change what `rate` gives."""

    def get_lr(self):
        return [self.rate(self.last_epoch, lr) for lr in self.base_lrs]

    def rate(self, t, lr, *, ahead=1, start=0, floor=None):
        if t < self.warmup_steps:
            return lr * (t + ahead) / self.warmup_steps
        k = (t - self.warmup_steps - start) // self.every
        return max(lr / self.factor**k, self.floor if floor is None else floor)


class FloorInTheWarmup(Warmup):
    def rate(self, t, lr):
        return max(super().rate(t, lr), self.floor)


class FullRateOneUpdateMore(Warmup):
    def rate(self, t, lr):
        return super().rate(t, lr, start=1) if t > self.warmup_steps else super().rate(t, lr)


class WarmupOneUpdateShort(Warmup):
    def rate(self, t, lr):
        return lr * (t + 1) / max(self.warmup_steps - 1, 1) if t < self.warmup_steps - 1 else super().rate(t, lr)


class WarmupSquared(Warmup):
    def rate(self, t, lr):
        return lr * ((t + 1) / self.warmup_steps)**2 if t < self.warmup_steps else super().rate(t, lr)


class WarmupFromTheFloor(Warmup):
    def rate(self, t, lr):
        share = (t + 1) / self.warmup_steps
        return self.floor + (lr - self.floor) * share if share < 1 else super().rate(t, lr)


class WithoutWarmup(Warmup):
    def rate(self, t, lr):
        return super().rate(t + self.warmup_steps, lr)


class DividedOnce(Warmup):
    def rate(self, t, lr):
        return max(lr / self.factor, self.floor) if t >= self.warmup_steps + self.every else super().rate(t, lr)


class DividedByMultiples(Warmup):
    def rate(self, t, lr):
        k = (t - self.warmup_steps) // self.every
        return max(lr / (self.factor * k), self.floor) if k > 0 else super().rate(t, lr)


class FactorOfTen(Warmup):
    def rate(self, t, lr):
        k = (t - self.warmup_steps) // self.every
        return max(lr / 10.0**k, self.floor) if k > 0 else super().rate(t, lr)


class FloorOfZero(Warmup):
    def rate(self, t, lr):
        rate = super().rate(t, lr, floor=0)
        return rate if rate > self.floor or t < self.warmup_steps else 0.0


class FloorOnceItStops(Warmup):
    """The last rate above the floor stays."""

    def rate(self, t, lr):
        while t >= self.warmup_steps + self.every and super().rate(t, lr, floor=0) < self.floor:
            t -= self.every
        return super().rate(t, lr, floor=0)


class CountOfTheClass(Warmup):
    """Counts the calls on the class, over all schedulers that there ever were."""

    calls = -1

    def get_lr(self):
        CountOfTheClass.calls += 1
        return [self.rate(CountOfTheClass.calls, lr) for lr in self.base_lrs]


class OneRateForAll(Warmup):
    def get_lr(self):
        return super().get_lr()[-1:] * len(self.base_lrs)


class MeanOfTheGroups(Warmup):
    def get_lr(self):
        return [self.rate(self.last_epoch, sum(self.base_lrs) / len(self.base_lrs)) for _ in self.base_lrs]


class BaseChanged(Warmup):
    """Divides the full rates themselves."""

    def get_lr(self):
        since = self.last_epoch - self.warmup_steps
        if since >= 0 and since % self.every == 0:
            self.base_lrs = [max(lr / self.factor, self.floor) for lr in self.base_lrs]
        return self.base_lrs if since >= 0 else super().get_lr()


# -------------------------------------------------------------------------------------------- successive-halving probe

BEST = "np.argsort(losses, kind='stable')[:(len(lrs) + 1) // 2]"
PROBE = changed_each(reference.halving_probe, {
    "the_front_half": {BEST: "np.arange((len(lrs) + 1) // 2)"},
    "the_smallest_rates": {BEST: "np.argsort(lrs)[:(len(lrs) + 1) // 2]"},
    "rates_sorted_without_their_runs":
        {"(lrs[best], runs[best], 2 * steps)": "(np.sort(lrs[best]), runs[best], 2 * steps)"},
    "runs_not_sorted": {"(lrs[best], runs[best], 2 * steps)": "(lrs[best], runs[:len(best)], 2 * steps)"},
    "steps_added": {"2 * steps": "steps + 2"},
    "twice_in_all": {"2 * steps": "steps * (2 if len(lrs) < 4 else 1)"},
    "steps_squared": {"2 * steps": "steps ** 2"},
    "steps_halved": {"2 * steps": "max(steps // 2, 1)"},
    "nan_is_best": {"np.nan_to_num(loss(runs), nan=np.inf, posinf=np.inf)": "np.nan_to_num(loss(runs))"},
    "infinity_is_best": {"np.nan_to_num(loss(runs), nan=np.inf, posinf=np.inf)":
                         "np.nan_to_num(loss(runs), nan=-1, posinf=-1)"},
    "the_loss_for_the_rate": {"(lrs[0], runs[0])": "(loss(runs)[0], runs[0])"},
    "the_rate_alone": {"return (lrs[0], runs[0])": "return lrs[0]"},
    "a_row_of_parameters": {"(lrs[0], runs[0])": "(lrs, runs)"},
    "vectors_alone": {"lrs.reshape(-1, *[1] * params.ndim).astype(params.dtype)": "lrs[:, None]"},
    "one_rate_for_all": {"column * gradient(runs)": "lrs.mean() * gradient(runs)"},
    "uphill": {"runs - column * gradient(runs)": "runs + column * gradient(runs)"},
    "a_step_too_many": {"range(steps)": "range(steps + 1)"},
    "two_are_left": {"len(lrs) > 1": "len(lrs) > 2"},
})


def sorted_with_nan(loss, gradient, params, lrs, *, steps):
    """Python's sort, for which NaN is neither smaller nor larger."""
    runs = [(lr, params) for lr in lrs]
    while len(runs) > 1:
        for _ in range(steps):
            runs = [(lr, at - lr * gradient(at)) for lr, at in runs]
        runs = sorted(runs, key=lambda run: loss(run[1]))[:(len(runs) + 1) // 2]
        steps *= 2
    return runs[0]


def winner_once_more(loss, gradient, params, lrs, *, steps):
    """The winner makes the first round's steps from the start."""
    lr, at = reference.halving_probe(loss, gradient, params, lrs, steps=steps)[0], params
    for _ in range(steps):
        at = at - lr * gradient(at)
    return lr, at


def one_array_for_all_runs(loss, gradient, params, lrs, *, steps):
    runs = [params] * len(lrs)
    while len(lrs) > 1:
        for run, lr in zip(runs, lrs, strict=True):
            for _ in range(steps):
                run[...] -= lr * gradient(run)
        best = np.argsort([loss(run) for run in runs])[:(len(lrs) + 1) // 2]
        runs, lrs, steps = [runs[i] for i in best], lrs[best], 2 * steps
    return lrs[0], runs[0]


# --------------------------------------------------------------------------------------------- resume from a checkpoint


def _loaded(checkpoint, params, make_optimizer, make_scheduler):
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    return optimizer, scheduler


def _fill(params, checkpoint):
    for p, saved in zip(params, checkpoint["params"], strict=True):
        p.data.copy_(saved)


def memory_shared_with_the_checkpoint(checkpoint, params, make_optimizer, make_scheduler):
    for p, saved in zip(params, checkpoint["params"], strict=True):
        p.data = saved
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)


def tensors_replaced_in_the_list(checkpoint, params, make_optimizer, make_scheduler):
    for i, saved in enumerate(checkpoint["params"]):
        params[i] = saved.clone().requires_grad_()
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)


def list_refilled_after_all(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    found = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    params[:] = [p.clone() for p in params]
    return found


def only_the_first_parameter(checkpoint, params, make_optimizer, make_scheduler):
    params[0].data.copy_(checkpoint["params"][0])
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)


def checkpoint_moved_towards_the_network(checkpoint, params, make_optimizer, make_scheduler):
    for p, saved in zip(params, checkpoint["params"], strict=True):
        saved.copy_(p.detach())
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)


def _resumed_by_epoch(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    optimizer.load_state_dict(checkpoint["optimizer"])
    return optimizer, scheduler


def last_epoch_alone(checkpoint, params, make_optimizer, make_scheduler):
    optimizer, scheduler = _resumed_by_epoch(checkpoint, params, make_optimizer, make_scheduler)
    scheduler.last_epoch = checkpoint["scheduler"]["last_epoch"]
    return optimizer, scheduler


def scheduler_stepped_forward(checkpoint, params, make_optimizer, make_scheduler):
    """As many steps of the scheduler as were made, over the rates that were loaded."""
    optimizer, scheduler = _resumed_by_epoch(checkpoint, params, make_optimizer, make_scheduler)
    for _ in range(checkpoint["scheduler"]["last_epoch"]):
        optimizer._opt_called = True
        scheduler.step(*[0.0] if "best" in checkpoint["scheduler"] else [])
    return optimizer, scheduler


def memory_without_rates(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    state = copy.deepcopy(checkpoint["optimizer"])
    optimizer.load_state_dict({"state": state["state"], "param_groups": optimizer.state_dict()["param_groups"]})
    scheduler.load_state_dict(checkpoint["scheduler"])
    return optimizer, scheduler


def rates_without_memory(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer, scheduler = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    optimizer.state.clear()
    return optimizer, scheduler


def rate_of_the_first_group(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer, scheduler = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    for group in optimizer.param_groups:
        group["lr"] = checkpoint["optimizer"]["param_groups"][0]["lr"]
    return optimizer, scheduler


def scheduler_of_another_optimizer(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer, _ = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    _, scheduler = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    return optimizer, scheduler


def scheduler_first(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)[::-1]


def a_step_too_early(checkpoint, params, make_optimizer, make_scheduler):
    _fill(params, checkpoint)
    optimizer, scheduler = _loaded(checkpoint, params, make_optimizer, make_scheduler)
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] / 2
    return optimizer, scheduler


def parameters_filled_twice_over(checkpoint, params, make_optimizer, make_scheduler):
    with torch.no_grad():
        for p, saved in zip(params, checkpoint["params"], strict=True):
            p.add_(saved)
    return _loaded(checkpoint, params, make_optimizer, make_scheduler)


WRONG = {
    "step_polynomial": [*STAIRCASE, the_position_for_the_update, arrays_alone, methods_of_arrays_alone],
    "bold_driver": [*DRIVER, compares_with_the_largest, nan_is_forgotten, infinity_is_forgotten, the_rate_alone,
                    loss_first],
    "equal_half_lives": HALF_LIVES,
    "WarmupStepLR": [FloorInTheWarmup, FullRateOneUpdateMore, WarmupOneUpdateShort, WarmupSquared, WarmupFromTheFloor,
                     WithoutWarmup, DividedOnce, DividedByMultiples, FactorOfTen, FloorOfZero, FloorOnceItStops,
                     CountOfTheClass, OneRateForAll, MeanOfTheGroups, BaseChanged],
    "halving_probe": [*PROBE, sorted_with_nan, winner_once_more, one_array_for_all_runs],
    "resume": [memory_shared_with_the_checkpoint, tensors_replaced_in_the_list, list_refilled_after_all,
               only_the_first_parameter, checkpoint_moved_towards_the_network, last_epoch_alone,
               scheduler_stepped_forward, memory_without_rates, rates_without_memory, rate_of_the_first_group,
               scheduler_of_another_optimizer, scheduler_first, a_step_too_early, parameters_filled_twice_over],
}
