"""The schedules against `torch.optim.lr_scheduler`, over many updates, and their properties."""
import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler as library

from solutions.learning_rates import pytorch, reference

T = 300
t = np.arange(T)

#: name, our rates, PyTorch's scheduler, how many updates between two calls of its `step`
ORACLES = {
    "polynomial": (reference.polynomial(t, lr=.5, total_steps=250, power=1.7),
                   lambda o: library.PolynomialLR(o, total_iters=250, power=1.7), 1),
    "linear": (reference.polynomial(t, lr=.5, total_steps=100), lambda o: library.PolynomialLR(o, total_iters=100), 1),
    "exponential": (reference.exponential(t, lr=.5, base=3.0, decay=.01),
                    lambda o: library.ExponentialLR(o, gamma=3**-.01), 1),
    "step": (reference.step(t, lr=.5, every=40, factor=2.5), lambda o: library.StepLR(o, 40, gamma=1 / 2.5), 1),
    "step with a floor": (reference.step(t, lr=.5, every=40, factor=2.5, floor=.03), lambda o: library.LambdaLR(
        o, lambda t: max(.5 * 2.5**-(t // 40), .03) / .5), 1),
    "step polynomial": (reference.step_polynomial(t, lr=.5, every=30, stages=8, power=1.7),
                        lambda o: library.PolynomialLR(o, total_iters=8, power=1.7), 30),
    "time constant": (reference.time_constant(t, lr=.5, tau=70),
                      lambda o: library.LambdaLR(o, lambda t: 70 / max(t, 70)), 1),
    "cosine": (reference.cosine(t, lr=.5, total_steps=T - 1, floor=.02),
               lambda o: library.CosineAnnealingLR(o, T - 1, eta_min=.02), 1),
    "warm-up": (reference.warmup(t, lr=.5, warmup_steps=25),
                lambda o: library.LinearLR(o, start_factor=1 / 25, total_iters=24), 1),
    "warm-up, then steps": (reference.warmup(t, lr=reference.step(np.maximum(t - 25, 0), lr=.5, every=40, factor=2.5),
                                             warmup_steps=25),
                            lambda o: library.SequentialLR(o, milestones=[25], schedulers=[
                                library.LinearLR(o, start_factor=1 / 25, total_iters=24),
                                library.StepLR(o, 40, gamma=1 / 2.5)]), 1),
}
SCHEDULES = {
    "polynomial": (reference.polynomial, {"total_steps": 250, "power": 1.7}),
    "exponential": (reference.exponential, {"base": 3.0, "decay": .01}),
    "step": (reference.step, {"every": 40, "factor": 2.5}),
    "step_polynomial": (reference.step_polynomial, {"every": 30, "stages": 8, "power": 1.7}),
    "time_constant": (reference.time_constant, {"tau": 70}),
    "cosine": (reference.cosine, {"total_steps": 250}),
    "warmup": (reference.warmup, {"warmup_steps": 25}),
}
every_schedule = pytest.mark.parametrize(("schedule", "hyper"), SCHEDULES.values(), ids=SCHEDULES)


def sgd(*lrs):
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs], lr=1.0)


def rates(make, *lrs, updates=T, each=1):
    """The rates of every group, (updates, groups)."""
    optimizer = sgd(*lrs)
    scheduler = make(optimizer)
    found = []
    for update in range(updates):
        found.append([float(group["lr"]) for group in optimizer.param_groups])
        optimizer.step()
        if (update + 1) % each == 0:
            scheduler.step()
    return np.array(found)


@pytest.mark.parametrize("name", ORACLES)
def test_a_schedule_is_pytorchs(name):
    ours, make, each = ORACLES[name]
    np.testing.assert_allclose(ours, rates(make, .5, each=each)[:, 0], rtol=1e-9, atol=1e-12)


@every_schedule
def test_one_update_alone_and_a_table_of_them_give_what_the_array_gives(schedule, hyper):
    line = schedule(t, lr=.5, **hyper)
    assert [float(schedule(int(u), lr=.5, **hyper)) for u in t] == pytest.approx(line, abs=1e-15)
    np.testing.assert_array_equal(schedule(t.reshape(3, -1), lr=.5, **hyper), line.reshape(3, -1))


@every_schedule
def test_a_schedule_is_proportional_to_its_first_rate_and_so_fits_into_as_scheduler(schedule, hyper):
    found = rates(lambda o: pytorch.as_scheduler(o, schedule, **hyper), .5, .02)
    np.testing.assert_allclose(found, schedule(t, lr=1.0, **hyper)[:, None] * [.5, .02], rtol=1e-12)


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"warmup"}))
def test_a_decay_starts_at_the_full_rate_and_never_rises(name):
    schedule, hyper = SCHEDULES[name]
    line = schedule(t, lr=.5, **hyper)
    assert line[0] == .5
    assert (np.diff(line) <= 1e-15).all()
    assert (line >= 0).all()


def test_a_time_constant_without_end_is_a_constant_rate():
    np.testing.assert_array_equal(reference.time_constant(t, lr=.5, tau=np.inf), np.full(T, .5))


def test_the_floor_of_the_steps_holds():
    line = reference.step(t, lr=.5, every=20, factor=3.0, floor=.01)
    assert line.min() == line[-1] == .01


@settings(deadline=None)
@given(every=st.integers(1, 60), stages=st.integers(1, 30), power=st.floats(.2, 5))
def test_the_staircase_touches_the_polynomial_where_a_stage_begins(every, stages, power):
    starts = every * np.arange(stages + 1)
    stairs = reference.step_polynomial(starts, lr=1.0, every=every, stages=stages, power=power)
    smooth = reference.polynomial(starts, lr=1.0, total_steps=every * stages, power=power)
    np.testing.assert_allclose(stairs, smooth, atol=1e-6)
    assert reference.step_polynomial(every * stages - 1, lr=1.0, every=every, stages=stages, power=power) > 0


@settings(deadline=None)
@given(every=st.integers(2, 60), stages=st.integers(1, 30), power=st.floats(.2, 5))
def test_with_the_total_in_updates_the_staircase_only_comes_to_one_minus_one_over_b(every, stages, power):
    total = every * stages
    end = reference.step_polynomial(total, lr=1.0, every=every, stages=total, power=power)
    assert end == pytest.approx((1 - 1 / every)**power)


@pytest.mark.parametrize(("base", "decay"), [(2.0, 1 / 50), (np.e, .01), (10.0, .004)])
def test_one_of_the_exponentials_two_letters_is_enough(base, decay):
    gamma = base**-decay
    np.testing.assert_allclose(reference.exponential(t, lr=1.0, base=base, decay=decay), gamma**t, rtol=1e-10)


# -------------------------------------------------------------------------------------------------------- half-lives


@settings(deadline=None)
@given(stages=st.integers(1, 9), every=st.integers(1, 80), share=st.floats(.05, .95), base=st.floats(1.1, 20))
def test_equal_half_lives_are_equal(stages, every, share, base):
    h = stages * every
    total = h / share
    same = reference.equal_half_lives(h, total_steps=total, every=every, base=base)
    around = np.array([0, h - 1, h])
    for line in (reference.polynomial(around, lr=1.0, total_steps=total, power=same.power),
                 reference.exponential(around, lr=1.0, base=base, decay=same.decay),
                 reference.time_constant(around, lr=1.0, tau=same.tau),
                 reference.step(around, lr=1.0, every=every, factor=same.factor)):
        assert line[2] == pytest.approx(.5)
        assert line[1] > .5


def test_the_half_life_is_the_first_update_with_half_of_the_rate():
    assert reference.half_life(np.array([1.0, .8, .5, .3])) == 2
    assert reference.half_life(np.array([1.0, .8, .500001, .3])) == 3
    assert reference.half_life(np.array([1.0, .8])) is None


# --------------------------------------------------------------------------------------------- PyTorch's schedulers


def test_warmup_step_is_a_warmup_and_the_steps_with_a_floor_for_every_group():
    found = rates(lambda o: pytorch.WarmupStepLR(o, 25, every=40, factor=2.5, floor=.03), .5, .1, .03)
    for column, lr in zip(found.T, (.5, .1, .03), strict=True):
        steps = reference.step(t - 25, lr=lr, every=40, factor=2.5, floor=.03)
        np.testing.assert_allclose(column, np.where(t < 25, reference.warmup(t, lr=lr, warmup_steps=25), steps))


def test_warmup_step_goes_on_after_saving_at_any_update():
    def make(optimizer):
        return pytorch.WarmupStepLR(optimizer, 4, every=3, factor=2.0, floor=.05)

    whole = rates(make, .5, updates=20)[:, 0]
    for stop in range(20):
        optimizer = sgd(.5)
        scheduler = make(optimizer)
        for _ in range(stop):
            optimizer.step()
            scheduler.step()
        saved = {"params": [torch.ones(1)], "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
        p = [torch.zeros(1, requires_grad=True)]
        optimizer, scheduler = pytorch.resume(saved, p, lambda ps: torch.optim.SGD(ps, lr=.5), make)
        assert p[0].item() == 1
        for lr in whole[stop:]:
            assert optimizer.param_groups[0]["lr"] == pytest.approx(lr)
            optimizer.step()
            scheduler.step()


@pytest.mark.parametrize("stop", [0, 1, 7, 30])
@pytest.mark.parametrize("make_scheduler", [
    lambda o: library.ExponentialLR(o, .9), lambda o: library.LambdaLR(o, lambda t: 1 / (t + 1)),
    lambda o: library.OneCycleLR(o, .1, total_steps=50), lambda o: library.CosineAnnealingWarmRestarts(o, 9)])
def test_a_resumed_run_is_the_run(make_scheduler, stop):
    def make_optimizer(params):
        return torch.optim.AdamW(params, lr=.05)

    def go(params, optimizer, scheduler, updates):
        for _ in range(updates):
            optimizer.zero_grad()
            sum((p**4).sum() for p in params).backward()
            optimizer.step()
            scheduler.step()
        return copy.deepcopy({"params": [p.detach() for p in params], "optimizer": optimizer.state_dict(),
                              "scheduler": scheduler.state_dict()})        # as a file would hold it

    def fresh(value):
        return [torch.full((2,), value, dtype=torch.float64, requires_grad=True)]

    params = fresh(1.0)
    optimizer = make_optimizer(params)
    scheduler = make_scheduler(optimizer)
    saved = go(params, optimizer, scheduler, stop)
    whole = go(params, optimizer, scheduler, 15)
    params = fresh(9.0)
    again = go(params, *pytorch.resume(saved, params, make_optimizer, make_scheduler), 15)
    torch.testing.assert_close(again["params"], whole["params"], rtol=0, atol=0)
