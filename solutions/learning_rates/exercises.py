"""What the learning rates' assignment asks: the cases, and the wrong answers."""
import math
from dataclasses import replace

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import optimizer_over_groups, schedule_over_updates
from solutions.common.draws import uniform
from solutions.learning_rates import checks, pytorch, reference

# -------------------------------------------------------------- S0's step decay, row 26

def staircase_cases(rng):
    """Runs of a few stages, with every update's rate."""
    lr, power = uniform(rng, (.2, .9), (1.3, 2.7))
    case = schedule_over_updates(lr=lr, power=power)
    late, middle = int(rng.integers(16, 18)), np.array(int(rng.integers(10, 12)))
    table = rng.permutation(24).reshape(4, 6)
    return [case("a whole run of four stages", np.arange(20), weight=2, every=5,
                 stages=4),
            case("a few updates of a long run", np.array([100, 0, 179, 29, 30]),
                 every=30, stages=7),
            case("after the last stage", np.arange(17), every=3, stages=4),
            case("one update, a Python number", late, every=6, stages=3),
            case("power 1: equal steps down", np.arange(20), "edge", every=4,
                 stages=5, power=1.0),
            case("stages of one update: no steps to see", np.arange(6), "edge",
                 every=1, stages=6),
            case("one update in a 0-d array", middle, "edge", every=6, stages=3),
            case("one update after the end, a Python number", 12, "edge", every=4,
                 stages=3),
            case("a table of updates", table, "edge", every=4, stages=5)]


staircase = Exercise(reference.step_polynomial, cases=staircase_cases, points=3,
                     read="learning_rates.html#row-26")
STAGE = "k = np.minimum(np.asarray(t) // every, stages)"
staircase.misconception("total_in_updates", {STAGE: f"stages *= every\n{STAGE}"},
    "You count T in updates, as polynomial decay does, but ⌊t/b⌋ counts stages: over a "
    "run of T updates it only gets to T/b, so the rate ends at (1 - 1/b)ᵃ of where it "
    "began. Both counts must be of stages.")
staircase.misconception("without_steps", {
    "np.asarray(t) // every": "np.asarray(t) / every"},
    "This is the smooth polynomial decay: within a stage the rate must not change. "
    "Take the whole part of t/b.")
staircase.misconception("without_bound", {
    "np.minimum(np.asarray(t) // every, stages)": "np.asarray(t) // every"},
    "The last stage ends with a rate of 0 at t = b T, and there it stays. Without a "
    "bound 1 - k/T becomes negative, and its power is NaN or goes up again.")
staircase.misconception("rounded_up", {
    "np.asarray(t) // every": "np.ceil((np.asarray(t) + 1) / every)"},
    "You go down a stage too soon: the first b updates, t = 0 … b-1, have the full "
    "rate, so t/b is rounded down.")
staircase.misconception("rounded_to_nearest", {
    "np.asarray(t) // every": "np.floor(np.asarray(t) / every + 0.5)"},
    "You go down half a stage too soon: ⌊t/b⌋ rounds down, it does not take the "
    "nearest whole number.")
staircase.misconception("power_inside", {
    "(1 - k / stages)**power": "(1 - (k / stages)**power)"},
    "The power belongs to the whole bracket, (1 - k/T)ᵃ. You raised k/T to it and then "
    "subtracted.")
staircase.misconception("zero_in_last_stage", {
    "1 - k / stages": "np.maximum(1 - k / max(stages - 1, 1), 0)"},
    "You let the rate reach 0 in the last stage, with T - 1 in the denominator. In the "
    "formula the last stage still has the rate η₀/Tᵃ; 0 comes when it is over.")

# -------------------------------------------------------------------------- bold driver

def driver_cases(rng):
    """Losses of a few steps: Python numbers, so that two equal ones stay so."""
    lr, increase, decrease, scale = uniform(rng, (.1, .5), (.02, .06), (.2, .4), (1, 3))

    def case(name, losses, kind="values", weight=1.0, *, lr=lr, scale=scale, **changed):
        first, *losses = (round(scale * loss, 9) if scale != 1 else loss
                          for loss in losses)
        hyper = {"increase": increase, "decrease": decrease} | changed
        state = reference.BoldDriverState(lr, first)
        return Case(name, (losses, state), None, weight, kind, hyper)

    return [case("the loss falls", [5, 4.2]),
            case("the loss rises", [5, 5.1]),
            case("ups and downs", [5, 4, 4.5, 4.2, 4.3, 3, 3.5], weight=2),
            case("a step that changes nothing", [5, 4, 4, 3.9, 3.9], weight=2),
            case("rising three times", [2, 3, 4, 5]),
            case("falling by a millionth", [3, 3 - 1e-6, 3 - 2e-6, 3 - 1e-6]),
            case("a rate that grows above 1", [5, 4, 3, 2], "edge", lr=.96 + lr / 10),
            case("losses below 0", [-2, -3, -2.5, -4], "edge"),
            case("whole numbers", [7, 5, 6, 6], "edge", lr=1, increase=2, scale=1),
            case("the loss is NaN", [3, math.nan, 2, 1], "edge"),
            case("the loss is infinite", [3, math.inf, math.inf, 2], "edge"),
            case("nothing added", [3, 2, 4, 1], "edge", increase=0.0)]


driver = Exercise(reference.bold_driver, cases=driver_cases, points=3,
                  drive=checks.run_losses, given=(reference.BoldDriverState,),
                  read="learning_rates.html#a-rate-that-follows-the-loss")
driver.misconception("keeps_b", {
    "state.lr - decrease * state.lr": "decrease * state.lr"},
    "You multiply by b where b is what is taken away: Δη = -b η leaves (1 - b) η.")
driver.misconception("grows_by_a_factor", {
    "state.lr + increase": "state.lr * (1 + increase)"},
    "The rate grows by a sum and not by a factor: Δη = +a, whatever the rate is. "
    "Factors for both are another rule, that of Vogl and of Battiti.")
driver.misconception("cut_by_a_constant", {"decrease * state.lr": "decrease"},
    "The cut is a share of the rate, Δη = -b η, and not the constant b: a constant "
    "would soon make the rate negative.")
driver.misconception("compares_with_the_best", {
    "BoldDriverState(state.lr - decrease * state.lr, loss)":
        "BoldDriverState(state.lr - decrease * state.lr, min(loss, state.loss))"},
    "You compare with the least loss so far. The rule looks one step back: E_t against "
    "E_{t-1}, so a fall after a rise counts as progress.")
driver.misconception("compares_with_the_first", {
    "BoldDriverState(state.lr + increase, loss)":
        "BoldDriverState(state.lr + increase, state.loss)",
    "BoldDriverState(state.lr - decrease * state.lr, loss)":
        "BoldDriverState(state.lr - decrease * state.lr, state.loss)"},
    "You always compare with the first loss: the state that you return must hold the "
    "current loss, for the next comparison.")
driver.misconception("wrong_way_round", {"loss < state.loss": "loss > state.loss"},
    "It is the wrong way round: a step that lowered the loss earns a larger rate, any "
    "other a smaller one.")
driver.misconception("equal_is_progress", {"loss < state.loss": "loss <= state.loss"},
    "A step that left the loss as it was has not lowered it: E_t < E_{t-1} is strict, "
    "and “otherwise” holds the equal case.")

# --------------------------------------------------------------------- equal half-lives

def half_life_cases(rng):
    """Half-lives of a few stages within a run; most are odd."""
    def case(name, stages, every, total, kind="values", weight=1.0, **changed):
        half_life = every * stages
        hyper = {"total_steps": round(half_life * rng.uniform(*total)), "every": every}
        return Case(name, (half_life,), None, weight, kind, hyper | changed)

    base, other = uniform(rng, (3.5, 9), (1.2, 1.8))
    return [case("the power", 3, 21, (3, 5), only="power"),
            case("the power, late in the run", 5, 15, (1.2, 1.5), only="power"),
            case("the decay for the base e", 3, 27, (3, 5), only="decay"),
            case("the decay for another base", 5, 15, (2, 4), only="decay", base=base),
            case("the time constant", 3, 25, (3, 5), only="tau"),
            case("the factor", 3, 35, (3, 5), only="factor"),
            case("all four, early in a long run", 5, 51, (20, 40), "edge", base=base,
                 weight=2),
            case("all four, a base below 2", 7, 11, (1.6, 2.8), "edge", base=other),
            case("the half-life is one stage", 1, 251, (3, 5), "edge"),
            case("stages of one update", 7, 1, (2.2, 3), "edge", base=2.0),
            case("near the end of the run", 9, 15, (1.05, 1.1), "edge")]


half_lives = Exercise(reference.equal_half_lives, cases=half_life_cases, points=4,
                      drive=checks.run_half_lives, given=(reference.HalfLives,),
                      read="learning_rates.html#half-lives")
half_lives.misconception("tau_for_half_life", {"half_life / 2": "float(half_life)"},
    "τ is where the rate begins to fall, not where it is half: η₀τ/t is η₀/2 at t = "
    "2τ, so τ is half of the half-life.")
half_lives.misconception("time_constant_for_half_life", {
    "np.log(2) / (half_life * np.log(base))": "1 / (half_life * np.log(base))"},
    "At t = h your exponential has fallen to 1/e of its start, not to a half: the "
    "half-life is ln 2 ≈ 0.69 of the time constant.")
half_lives.misconception("base_forgotten", {
    "np.log(2) / (half_life * np.log(base))": "np.log(2) / half_life"},
    "Your decay is right for the base e alone. For a⁻ᵇᵗ the exponent is b t ln a, so b "
    "has ln a in its denominator.")
half_lives.misconception("power_upside_down", {
    "np.log(2) / -np.log1p(-half_life / total_steps)":
        "-np.log1p(-half_life / total_steps) / np.log(2)"},
    "The power is upside down: from (1 - h/T)ᵃ = ½ follows a ln(1 - h/T) = ln ½, so a "
    "is ln ½ over ln(1 - h/T).")
half_lives.misconception("tangent_for_polynomial", {
    "np.log(2) / -np.log1p(-half_life / total_steps)": "total_steps / (2 * half_life)"},
    "1 - a h/T is the polynomial's tangent at the start and not the polynomial: solve "
    "(1 - h/T)ᵃ = ½ with logarithms.")
half_lives.misconception("factor_two", {"2 ** (every / half_life)": "2.0"},
    "With a factor of 2 the rate is halved at the end of every stage. It is to be half "
    "after h/b stages, so each of them divides by the (h/b)-th root of 2.")
half_lives.misconception("stages_added", {
    "2 ** (every / half_life)": "1 + every / half_life"},
    "The stages multiply, they do not add: after h/b stages the rate is a^(-h/b) of "
    "its start, so a is a root of 2 and not 2 over h/b, nor 1 plus a share.")

# ----------------------------------------------------------- warm-up, steps and a floor

def warmup_cases(rng):
    """The rates of an optimizer's groups over a run."""
    slow, fast, factor = uniform(rng, (.1, .2), (.5, .9), (5, 7))
    case = schedule_over_updates(lrs=[fast], warmup_steps=3, every=4, factor=factor,
                                 floor=0.0)
    # Each group meets the floor, the slow one first; the warm-up begins below `low`.
    floor, low = (round(slow / share * float(rng.uniform(1.2, 1.6)), 6)
                  for share in (factor, 3))
    return [case("the warm-up alone", 5, warmup_steps=5, every=9),
            case("a warm-up and three stages", 14, weight=2),
            case("down to the floor, three groups", 23, weight=2,
                 lrs=[fast, slow, fast / 2], floor=floor),
            case("a warm-up that begins below the floor", 15, lrs=[slow], floor=low),
            case("saved and loaded in the warm-up", 12, reload_at=2),
            case("saved and loaded after a division", 16, reload_at=9, floor=floor),
            case("a warm-up of one update: none", 10, "edge", warmup_steps=1),
            case("divided at every update", 8, "edge", every=1),
            case("a factor that is a whole number", 16, "edge", factor=3),
            case("the floor is the full rate", 12, "edge", lrs=[fast, fast],
                 floor=fast)]


warmed = Exercise(pytorch.WarmupStepLR, cases=warmup_cases, points=4, pure=False,
                  drive=checks.run_scheduler, methods=("get_lr",), torch=True,
                  read="learning_rates.html#warm-up")
SINCE = "since = self.last_epoch - self.warmup_steps"
BOUNDED = "max(lr * self.factor ** (-k), self.floor)"
warmed.misconception("first_step_at_zero", {"self.last_epoch + 1": "self.last_epoch"},
    "Your first step has the rate 0, a wasted update, and the full rate comes one "
    "update late. The warm-up's rates are η/W, 2η/W, … η: (t + 1)/W with t from 0.")
warmed.misconception("clock_not_restarted", {
    "since // self.every": "self.last_epoch // self.every"},
    "The decay's clock runs during the warm-up as well. Its stages begin when the "
    "warm-up is over: count t - W.")
warmed.misconception("divides_at_once", {
    "since // self.every": "since // self.every + 1"},
    "You divide as soon as the warm-up is over. A stage of M updates at the full rate "
    "comes first.")
warmed.misconception("decays_within_stage", {
    "since // self.every": "since / self.every"},
    "Your decay is smooth: within a stage of M updates the rate must not change. Take "
    "the whole part of (t - W)/M.")
warmed.misconception("divides_what_was_divided", {
    f"[{BOUNDED} for lr in self.base_lrs]":
        "[max(group['lr'] * self.factor**-k, self.floor) for group in "
        "self.optimizer.param_groups]"},
    "The rates are divided anew at every update: group['lr'] has been divided already. "
    "Begin from self.base_lrs, which keep the full rates.")
warmed.misconception("floor_is_a_share", {
    BOUNDED: "max(lr * self.factor**-k, self.floor * lr)"},
    "The floor is a rate, the same for all groups. You took it as a share of each "
    "group's full rate, as the factor of a LambdaLR would.")
warmed.misconception("floor_added", {BOUNDED: "lr * self.factor**-k + self.floor"},
    "The floor is added to the rate. It is a bound: the rate is the larger of the two.")
warmed.misconception("without_floor", {BOUNDED: "lr * self.factor**-k"},
    "There is no floor: however often it is divided, no rate may fall below it.")
warmed.misconception("rate_of_first_group", {
    SINCE: f"self.base_lrs = self.base_lrs[:1] * len(self.base_lrs)\n{SINCE}"},
    "Every group got the first one's rate. Each has a full rate of its own, in "
    "self.base_lrs.")
OPTIONS = ("self.warmup_steps, self.every, self.factor, self.floor = "
           "(warmup_steps, every, factor, floor)")
warmed.equivalent({OPTIONS: f"last_epoch = -1\n{OPTIONS}"},
    "`__init__` is given; students write `get_lr`.")

# ------------------------------------------------------------- successive-halving probe

def probe_cases(rng):
    """Least squares along unequal axes; rates from too small to too large."""
    def case(name, rates, kind="values", weight=1.0, *, steps=2, dtype=np.float64,
             shape=(3,), examples=12):
        axes = math.prod(shape)
        while True:
            turn, _ = np.linalg.qr(rng.normal(size=(examples, axes)))
            # curvatures from 1 to 6.25: the largest stable rate is 0.32
            X = turn * np.sqrt(examples) * np.linspace(1, 2.5, axes)
            target, params = rng.uniform(1, 2, axes), -rng.uniform(1, 2, shape)
            lrs = np.array(rates) * rng.uniform(.97, 1.03)
            y = X @ target + rng.normal(size=examples) / 10
            data = [np.array(a, dtype) for a in (X, y, params, lrs)]
            if _clear(*data, steps=steps):
                return Case(name, tuple(data), None, weight, kind, {"steps": steps})

    return [case("four rates", [.2, .02, .29, .06]),
            case("eight rates, three rounds",
                 [.03, .5, .002, .2, .005, .3, .012, .08], weight=2),
            case("five rates: the middle one goes on", [.09, .4, .01, .25, .03],
                 weight=2),
            case("seven rates, some far too large",
                 [3.0, .1, 9.0, .004, .28, .9, .02], steps=3),
            case("a matrix of parameters", [.2, .05, .5, .01], shape=(2, 2)),
            case("runs that overflow", [1e200, .02, 1e160, .1], "edge", steps=4),
            case("most runs overflow", [1e200, 1e160, .1, 1e180], "edge", steps=3),
            case("two rates", [.05, .2], "edge"),
            case("one rate: nothing to choose", [.1], "edge"),
            case("one parameter", [.05, .5, .01, .2], "edge", shape=(1,)),
            case("one parameter, 0-d", [.05, .5, .01, .2], "edge", shape=()),
            case("float32 numbers", [.2, .01, .5, .04], "edge", dtype=np.float32)]


def _clear(X, y, params, lrs, *, steps):
    """Whether the losses before and after each cut are further apart than rounding."""
    margins = []

    def watched(loss, gradient, params, lrs, *, steps):
        def look(runs):
            losses = np.sort(np.nan_to_num(loss(runs), nan=np.inf))
            half = (len(losses) + 1) // 2
            apart = losses[half] > losses[half - 1] * 1.02
            margins.append(not np.isfinite(losses[half]) or apart)
            return loss(runs)
        return reference.halving_probe(look, gradient, params, lrs, steps=steps)

    checks.run_probe(watched, X, y, params, lrs, steps=steps)
    return all(margins)


halving = Exercise(reference.halving_probe, cases=probe_cases, points=4,
                   drive=checks.run_probe,
                   read="learning_rates.html#the-brute-force-probe")
LOSSES = "np.nan_to_num(loss(runs), nan=np.inf, posinf=np.inf)"
COLUMN = "column = lrs.reshape(-1, *[1] * params.ndim).astype(params.dtype)"
halving.misconception("keeps_the_worse", {LOSSES: "-loss(runs)"},
    "You keep the runs with the larger losses: sort the losses upwards and keep the "
    "front.")
halving.misconception("starts_again", {
    COLUMN: f"{COLUMN}\nruns = np.stack([params] * len(lrs))"},
    "The survivors start again from the first parameters. They must go on from where "
    "they are: only then are the earlier steps not lost.")
halving.misconception("steps_not_doubled", {"2 * steps": "steps"},
    "Every round has the same number of steps. The time that the dropped runs leave "
    "goes to the others: half the runs, twice the steps.")
halving.misconception("one_round", {"(len(lrs) + 1) // 2": "1"},
    "You stop after one round and take its best, as the plain probe does. The rounds "
    "go on until one rate is left.")
halving.misconception("drops_the_middle", {"(len(lrs) + 1) // 2": "len(lrs) // 2"},
    "Of an odd number of runs you drop the middle one. It goes on as well: of n runs "
    "(n + 1)//2 are kept.")
halving.misconception("drops_one", {"(len(lrs) + 1) // 2": "len(lrs) - 1"},
    "Only one run is dropped in each round. The worse half stops: of n runs (n + 1)//2 "
    "go on.")
halving.misconception("gives_back_the_start", {"runs[0]": "params"},
    "You give back the parameters of the start. The winner has come far by now: return "
    "where its run stands.")
RUNS = "lrs, runs = (np.asarray(lrs), np.stack([params] * len(lrs)))"
for equal, why in [
    ({"lrs.reshape(-1, *[1] * params.ndim)": "lrs.reshape(-2, *[1] * params.ndim)"},
     "NumPy takes every negative size as the one that it is to find."),
    ({LOSSES: "np.nan_to_num(loss(runs), nan=np.inf)"},
     "The largest float in the place of infinity: no finite loss reaches it."),
    ({"np.argsort(losses, kind='stable')": "np.argsort(losses)"},
     "Of equal losses either may go on."),
    ({"(lrs[0], runs[0])": "(lrs[-1], runs[0])"},
     "One rate is left, which is the first and the last."),
    ({"(lrs[0], runs[0])": "(lrs[0], runs[-1])"},
     "One run is left, which is the first and the last."),
    *(({RUNS: f"{name} = {name}.astype('float64')\n{RUNS}"},
       "No word of the contract asks for the dtype of the parameters.")
      for name in ("params", "lrs")),
]:
    halving.equivalent(equal, why)

# ------------------------------------------------------------- resume from a checkpoint

def resume_cases(rng):
    """Runs of two parameters, stopped half way."""
    lr, momentum, gamma = uniform(rng, (.1, .3), (.7, .9), (.6, .8))
    sgd = ("SGD", {"lr": lr, "momentum": momentum})
    decay = ("ExponentialLR", {"gamma": gamma})
    draw = optimizer_over_groups(rng, [(2,), (2, 2)], stop=4)

    def case(name, optimizer, scheduler, *given, updates=8, **changed):
        made = draw(name, updates + 1, *given, optimizer=optimizer, scheduler=scheduler,
                    **changed)
        starts, (others, *grads) = made.arguments
        return replace(made, arguments=(starts, others, grads))

    def halved(after):
        return "Halving", {"half_life": after}

    stairs = ("StepLR", {"step_size": 3, "gamma": gamma})
    plateau = ("ReduceLROnPlateau", {"patience": 1, "factor": gamma})
    return [case("momentum, exponential decay", sgd, decay, weight=2),
            case("momentum, a schedule of our own", sgd, halved(3), weight=2),
            case("Adam, step decay", ("Adam", {"lr": lr}), stairs),
            case("a scheduler that follows the loss", sgd, plateau,
                 losses=[3.0, 2, 1, 1.9, 1.8, 1.7, 1.6, 1.5]),
            case("two groups with rates of their own", sgd, decay, rates=(lr, lr / 3)),
            case("the network's tensors, and the checkpoint's", sgd, halved(4),
                 kept=True),
            case("stopped before the first update", sgd, decay, "edge", stop=0,
                 updates=3),
            case("one update after the stop", sgd, halved(2), "edge", stop=3,
                 updates=4)]


resumed = Exercise(pytorch.resume, cases=resume_cases, points=3, pure=False,
                   torch=True, drive=checks.run_resume,
                   read="learning_rates.html#stopped-and-resumed")
MAKE = "optimizer = make_optimizer(params)"
LOAD = "optimizer.load_state_dict(checkpoint['optimizer'])"
resumed.misconception("schedule_from_the_start", {
    "scheduler.load_state_dict(checkpoint['scheduler'])": ""},
    "The scheduler starts its schedule from the beginning: load "
    "checkpoint['scheduler'] as well.")
resumed.misconception("optimizer_from_rest", {LOAD: ""},
    "The optimizer starts from rest: what it remembers of each parameter, and its rate "
    "of the moment, stand in checkpoint['optimizer'].")
resumed.misconception("optimizer_loaded_too_soon", {MAKE: f"{MAKE}\n{LOAD}", LOAD: ""},
    "Making the scheduler sets the optimizer's rates to the schedule's first values, "
    "over what you had loaded: the next update has the wrong rate. Make both first, "
    "then load.")
resumed.misconception("parameters_left", {"p.copy_(saved)": ""},
    "The saved parameters are nowhere put back: the run goes on from the new process's "
    "own values.")
resumed.misconception("parameters_replaced", {
    "p.copy_(saved)": "",
    "make_optimizer(params)":
        "make_optimizer([saved.clone().requires_grad_() for saved in "
        "checkpoint['params']])"},
    "The optimizer works on new tensors, while the network still has the old ones and "
    "never moves. Set the values in place, with p.copy_ under torch.no_grad().")
