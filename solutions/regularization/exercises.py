"""What regularization's assignment asks: the cases, and the wrong answers."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import optimizer_over_groups, precision, usual_runs
from solutions.common.checks import run_optimizer
from solutions.common.draws import signed, uniform
from solutions.regularization import checks, pytorch, reference

# --------------------------------------------------------------- the elastic net's step

def step_cases(rng):
    """Weights of which some end at 0, some change their sign, and some do neither."""
    lr, strength, mixing = uniform(rng, (.3, .6), (.5, .9), (.4, .7))

    def case(name, shape, kind="values", weight=1.0, *, small=None,
             crossing=False, **changed):
        dtype = precision(kind)
        hyper = {"lr": lr, "strength": strength, "mixing": mixing} | changed
        count = int(np.prod(shape, dtype=int))
        near = np.arange(count) % 3 == 0 if small is None else np.full(count, small)
        grads, signs = signed(rng, shape, dtype), np.where(np.arange(count) % 2, 1, -1)
        # what the step without a penalty leads to: within the threshold, or far away
        size = np.where(near, .2 * hyper["lr"] * hyper["strength"], 1.0)
        z = (size * signs * rng.uniform(.6, 2, count)).round(4).reshape(shape)
        grads = np.asarray(-2 * z / hyper["lr"], dtype) if crossing else grads
        params = np.asarray(z + hyper["lr"] * grads, dtype)
        return Case(name, (params, grads), None, weight, kind, hyper)

    return [case("a vector, with some weights near 0", (7,), weight=2),
            case("a matrix", (3, 4), weight=2),
            case("no weight near 0", (4,), small=False),
            case("weights that change their sign", (4,), small=False, crossing=True),
            case("all weights near 0", (4,), "edge", small=True),
            case("L1 alone: ρ = 1", (7,), mixing=1.0),
            case("L2 alone: ρ = 0", (7,), mixing=0.0),
            case("no penalty", (4,), "edge", strength=0.0),
            case("a strong penalty", (4,), "edge", strength=40.0),
            case("a parameter that is one number", (), "edge", small=False),
            case("no parameters at all", (0,), "edge"),
            case("float32 stays float32", (5,), "dtype")]


step = Exercise(reference.elastic_net_step, cases=step_cases, points=3,
                read="regularization.html#the-corner-and-the-step")
SHRUNK = "np.maximum(np.abs(z) - lr * strength * mixing, 0)"
FOUND = "np.sign(z) * shrunk / (1 + lr * strength * (1 - mixing))"
step.misconception("subgradient", {
    FOUND: "z - lr * strength * (mixing * np.sign(params) + (1 - mixing) * params)"},
    "This is a step along the penalty's gradient too. Where a weight should end at 0 "
    "it jumps over it, back and forth, and is never exactly 0. The proximal map asks "
    "where the penalty is least after the step, and stops at 0.")
step.misconception("hard_threshold", {
    SHRUNK: "np.where(np.abs(z) > lr * strength * mixing, np.abs(z), 0)"},
    "What is above the threshold stays as it is in your answer. The L1 penalty "
    "pulls at every weight with the same force: what is not cut to 0 moves ηλρ "
    "towards it.")
step.misconception("threshold_without_rate", {
    SHRUNK: "np.maximum(np.abs(z) - strength * mixing, 0)"},
    "Your threshold is λρ. One step only goes as far as its rate: the penalty enters "
    "multiplied by η, so that the threshold is ηλρ.")
step.misconception("norm_squared", {
    SHRUNK:
        "np.maximum(np.abs(z) - 2 * lr * strength * mixing * np.abs(params).sum(), 0)"},
    "Your threshold grows with the sum of all weights, as for the penalty λ‖w‖₁² "
    "that a lecture prints. The L1 penalty is λ‖w‖₁, not squared: its pull is λ, "
    "whatever the other weights are.")
step.misconception("sizes_for_squares", {
    SHRUNK: "np.maximum(np.abs(z) - lr * strength * (mixing + (1 - mixing) / 2), 0)",
    FOUND: "np.sign(z) * shrunk"},
    "You took Σ|w| for the L2 part as well, as a lecture does that calls it L2. The L2 "
    "part is ½Σw²: it does not lower the threshold, but divides by 1 + ηλ(1-ρ).")
step.misconception("shrunk_first", {
    SHRUNK: "np.maximum(np.abs(z) / (1 + lr * strength * (1 - mixing))"
            " - lr * strength * mixing, 0)",
    FOUND: "np.sign(z) * shrunk"},
    "You divide first and cut afterwards, which cuts too much. Put the derivative "
    "to zero: (w - z) + ηλρ sign(w) + ηλ(1-ρ)w = 0. The threshold is taken off z, "
    "and then all is divided.")
step.misconception("explicit_shrink", {
    FOUND: "np.sign(z) * shrunk * (1 - lr * strength * (1 - mixing))"},
    "You multiply by 1 - ηλ(1-ρ), as a gradient step on the L2 part does. The proximal "
    "map divides by 1 + ηλ(1-ρ): the two agree only where that number is small, and "
    "yours may turn the sign.")
step.misconception("without_the_half", {
    FOUND: "np.sign(z) * shrunk / (1 + 2 * lr * strength * (1 - mixing))"},
    "Your L2 part is λ(1-ρ)Σw², without the half in front. Lectures write it in three "
    "ways: the contract says ½, so that its gradient is λ(1-ρ)w, without a 2.")
step.misconception("sign_lost", {FOUND: "shrunk / (1 + lr * strength * (1 - mixing))"},
    "Your answer has sizes only. Shrinking keeps the sign of w - ηg: multiply by it.")

# ---------------------------------------------------------------------- Laplace priors

def laplace_cases(rng):
    """Well-conditioned problems; some weights are 0 at the most probable place."""
    def case(name, n, d, kind="values", weight=1.0, *, irrelevant=1, flat=0,
             equal=False, tight=False, zeros=False):
        dtype = precision(kind)
        while True:
            X = rng.normal(size=(n, d)).round(4)
            true = signed(rng, (d,))
            true[d - irrelevant:] = 0
            noise = rng.uniform(.5, 2, n).round(4)
            noise = np.full(n, noise[0]) if equal else noise
            scale = rng.uniform(.1, .3, d).round(4)
            scale[d - irrelevant:] = rng.uniform(.02, .04, irrelevant).round(4)
            scale = np.full(d, .06) if equal else scale / (40 if tight else 1)
            scale[:flat] = np.inf
            y = X @ true + (noise * rng.normal(size=n)).round(4)
            made = [np.asarray(a, dtype) for a in (X, y, noise, scale)]
            w = reference.laplace_map(*made[:2], noise=made[2], scale=made[3])
            as_wanted = tight or (w[0] != 0 and (w[d - irrelevant:] == 0).all())
            if as_wanted and _clear(made, w):
                return Case(name, tuple(made), None, weight, kind, {"zeros": zeros})

    return [case("three weights", 20, 3, weight=2),
            case("five weights, two of them irrelevant", 30, 5, irrelevant=2, weight=2),
            case("all noise and all scales equal", 20, 3, equal=True),
            case("which weights are exactly 0", 25, 5, irrelevant=3, zeros=True,
                 weight=2),
            case("a weight with a flat prior", 20, 3, "edge", flat=1),
            case("flat priors alone: weighted least squares", 12, 2, "edge",
                 irrelevant=0, flat=2),
            case("priors so tight that all weights are 0", 15, 3, "edge", tight=True),
            case("one weight", 8, 1, "edge", irrelevant=0),
            case("float32 stays float32", 15, 3, "dtype")]


def _clear(given, w):
    """Whether every weight's pull is well away from the border of being 0."""
    X, y, noise, scale = given
    A, b = X / noise[:, None], y / noise
    pull = np.abs(A.T @ (b - A @ w))
    return (np.linalg.cond(A) < 6 and (pull[w == 0] * scale[w == 0] < .85).all()
            and (np.abs(w[w != 0]) > .02).all())


# A solver of one's own stops at some digit; what is wrong in the formula is far larger.
laplace = Exercise(reference.laplace_map, cases=laplace_cases, points=4,
                   drive=checks.run_map, tolerance=(1e-4, 1e-5),
                   read="regularization.html#a-penalty-is-a-prior")
A_B = "A, b = X / noise[:, None], y / noise"
SOFT = "np.sign(z) * np.maximum(np.abs(z) - lr / scale, 0)"
laplace.misconception("half_forgotten", {"lr / scale": "lr / (2 * scale)"},
    "Your squared errors stand without their ½, as in the lecture that minimizes "
    "Σ(r-g)² + penalty. The logarithm of a normal density is -(y-xw)²/2σ²: without the "
    "half the prior counts only half.")
laplace.misconception("noise_not_squared", {
    A_B: "A, b = X / np.sqrt(noise)[:, None], y / np.sqrt(noise)"},
    "Each squared error is divided by σ_n. It is divided by σ_n², the variance: a "
    "deviation twice as large makes an example count a quarter.")
laplace.misconception("noise_ignored", {A_B: "A, b = X, y"},
    "Every example counts the same in your answer. One with the deviation σ_n counts "
    "1/σ_n²: divide its row of X and its y by σ_n.")
laplace.misconception("mean_for_sum", {"lr / scale": "lr * len(y) / scale"},
    "You weigh the prior against the mean of the errors. The log-posterior has their "
    "sum: the more data there are, the less the prior says.")
laplace.misconception("gaussian_prior", {SOFT: "z / (1 + lr / scale**2)"},
    "This is the estimate for normal priors: all weights are shrunk, none is 0. The "
    "logarithm of Laplace's density is -|w|/b.")
laplace.misconception("scale_upside_down", {
    "lr / scale": "lr * np.minimum(scale, 1e9)"},
    "A wide prior pulls hard in your answer. The pull of the prior is 1/b_j: the wider "
    "the prior, the weaker.")
laplace.misconception("variance_for_scale", {"lr / scale": "lr / scale**2"},
    "You divide by b², as for a normal prior's variance. Laplace's scale enters as "
    "|w|/b.")
laplace.misconception("one_scale_for_all", {"lr / scale": "lr / scale[-1]"},
    "All weights have one prior in your answer. Weight j has the scale b_j of its own.")
laplace.misconception("subgradient", {
    SOFT: "z - lr / scale * np.sign(w)"},
    "You walk along a subgradient of the prior. At a constant rate its steps never "
    "come to rest, and no weight becomes exactly 0: use the proximal map.")
laplace.misconception("stopped_too_soon", {"range(600)": "range(3)"},
    "You stop while the weights are still on their way: go on until nothing changes.")
laplace.equivalent({"np.zeros_like(scale)": "-np.zeros_like(scale)"},
                   "-0 is 0, and the way leads to one place from every start.")
for steps in (599, 601):
    laplace.equivalent({"range(600)": f"range({steps})"}, "It has long arrived.")

# ------------------------------------------------------ a strength from a stopping time

def strength_cases(rng):
    """Curvatures for which ηh is not small, so that 1/ητ is not the answer."""
    lr, = uniform(rng, (.2, .4))

    def case(name, shape, steps, kind="values", weight=1.0, *, low=.3, high=.95, flat=0,
             scale=1.0):
        h = (rng.uniform(low, high, shape) / lr).round(5)
        h = np.array(h * scale, precision(kind))
        h.reshape(-1)[:flat] = 0
        return Case(name, (h,), None, weight, kind, {"lr": lr, "steps": steps})

    return [case("three directions", (3,), 4, weight=2),
            case("many steps", (3,), 20, low=.1, high=.5),
            case("one step", (4,), 1),
            case("a flat direction among others", (4,), 5, flat=1),
            case("small curvatures", (3,), 3, low=.01, high=.05),
            case("a matrix of curvatures", (2, 3), 6),
            case("curvatures that are tiny", (3,), 10, low=.2, high=.8, scale=1e-9),
            case("all directions flat", (2,), 8, "edge", flat=2),
            case("one number", (), 6, "edge"),
            case("float32 stays float32", (3,), 4, "dtype")]


strength = Exercise(reference.strength_of_stopping, cases=strength_cases, points=3,
                    read="regularization.html#stopping-is-a-penalty")
EXACT = "h * np.exp(log_left) / -np.expm1(log_left)"
strength.misconception("small_steps_alone", {EXACT: "1 / (lr * steps) + 0 * h"},
    "1/(ητ) is the limit for flat directions. Where ηh is not small the exact "
    "answer is smaller: set h/(h + λ) equal to 1 - (1 - ηh)^τ and solve for λ.")
strength.misconception("product_for_its_inverse", {
    EXACT: "lr * steps + 0 * h", "1 / (lr * steps)": "lr * steps"},
    "Your penalty grows with the number of steps. A longer run goes further, so it is "
    "like a weaker penalty: about 1/(ητ).")
strength.misconception("left_and_gone_swapped", {
    EXACT: "h * -np.expm1(log_left) / np.exp(log_left)"},
    "You solved for the wrong share: q = (1 - ηh)^τ is what is left of the way, and "
    "h/(h + λ) is what has been gone.")
strength.misconception("curvature_forgotten", {
    EXACT: "np.exp(log_left) / -np.expm1(log_left)"},
    "The factor h is missing: q/(1 - q) is λ/h, since h/(h + λ) = 1 - q.")
strength.misconception("one_step_too_many", {
    "steps * np.log1p(-lr * h)": "(steps + 1) * np.log1p(-lr * h)"},
    "You count a step too many: after τ steps from 0 the share left is (1 - ηh)^τ.")
strength.misconception("continuous_time", {
    "steps * np.log1p(-lr * h)": "-steps * lr * h"},
    "Your share left is e^(-ηhτ), that of a flow in continuous time. Steps of a finite "
    "rate leave (1 - ηh)^τ.")
strength.misconception("digits_lost", {
    EXACT: "h * (1 - lr * h)**steps / (1 - (1 - lr * h)**steps)"},
    "The formula is right, and it loses its digits where ηh is tiny: (1 - ηh)^τ is "
    "nearly 1 there, and 1 minus it has few digits left. np.log1p and np.expm1 keep "
    "them.")
strength.misconception("nan_where_flat", {
    "1 / (lr * steps)": "np.nan"},
    "At h = 0 the formula is 0/0. Its limit is 1/(ητ).")

# -------------------------------------------------------------------- growing patience

def stopping_cases(rng):
    """Courses of a loss that fall, pause, and fall again."""
    def case(name, course, kind="values", weight=1.0, *, first=4, factor=2.0,
             margin=0.0, again=False):
        losses = [float(a) for a in course]
        weights = [signed(rng, (4,), precision(kind)) for _ in losses]
        return Case(name, (weights, losses), None, weight, kind, {
            "first": first, "factor": factor, "margin": margin, "again": again})

    a, = uniform(rng, (1.0, 2.0))
    falling = [round(a * .8**t, 5) for t in range(5)]
    flat = [falling[-1] * 1.3] * 20
    pause = [*falling, *flat[:3], falling[-1] * .5, *flat]
    slow = [a * (1 - .004 * t) for t in range(30)]
    return [case("the deadline is t times the factor", [*falling, *flat], weight=2),
            case("a pause that the patience bridges", pause, weight=2),
            case("a factor that is no whole number", pause, factor=1.5),
            case("the first deadline", [a, *flat[:11]], first=7),
            case("small improvements do not move the deadline", [*falling, *slow[:30]],
                 first=3, margin=.05),
            case("small improvements are kept", slow, first=9, margin=.05, weight=2),
            case("the margin is a share of the loss", [40 * a, 39.5 * a, *[41 * a] * 9],
                 first=3, margin=.05),
            case("restored, trained on and restored again", pause, again=True),
            case("the losses end before the deadline", falling, "edge", first=50),
            case("the same loss again is not lower", [a, a, a, a, a, a, a, a], "edge",
                 first=3),
            case("a loss that is NaN", [a, a * .9, *[float("nan")] * 8], "edge",
                 margin=.01),
            case("float32 stays float32", [*falling, *flat], "dtype")]


stopping = Exercise(pytorch.EarlyStopping, cases=stopping_cases, points=5,
                    drive=checks.run_stopping, methods=("update", "restore"),
                    pure=False, torch=True,
                    read="regularization.html#when-to-stop")
SAVED = "copy.deepcopy(self.model.state_dict())"
DEADLINE = "self.deadline = max(self.deadline, self.epoch * self.factor)"
stopping.misconception("state_not_copied", {SAVED: "self.model.state_dict()"},
    "You keep the network's own tensors: state_dict() does not copy, so that what you "
    "saved is trained on with the network. Copy every tensor at the time.")
stopping.misconception("saved_state_given_away", {
    "self.model.load_state_dict(self.saved)":
        "self.model.load_state_dict(self.saved, assign=True)"},
    "What you saved became the network's own tensors, so that training on changes it. "
    "Copy the values into the network.")
stopping.misconception("parameters_alone", {
    SAVED: "{key: p.detach().clone() for key, p in self.model.named_parameters()}",
    "self.model.load_state_dict(self.saved)":
        "self.model.load_state_dict(self.saved, strict=False)"},
    "The network's buffers are not kept. Batch norm's running mean is no parameter, "
    "and belongs to the epoch as its weights do: state_dict() has both.")
stopping.misconception("last_state_kept", {
    "if loss < self.lowest:\n"
    "    self.lowest, self.saved = loss, copy.deepcopy(self.model.state_dict())":
        "self.lowest = min(loss, self.lowest)\n"
        "self.saved = copy.deepcopy(self.model.state_dict())"},
    "You keep the state of the last epoch. The one to go back to is that of the lowest "
    "loss.")
stopping.misconception("constant_added", {
    "self.epoch * self.factor": "self.epoch + self.factor"},
    "You add the factor to the epoch, which is the fixed patience. Here the deadline "
    "moves to t·c: who has trained for long waits long.")
stopping.misconception("deadline_multiplied", {
    DEADLINE: "self.deadline *= self.factor"},
    "You multiply the deadline itself, so that it runs away with every improvement. It "
    "is the epoch of the improvement that is multiplied.")
stopping.misconception("deadline_drawn_in", {
    DEADLINE: "self.deadline = self.epoch * self.factor"},
    "An early improvement draws your deadline in, to less than the first one. It moves "
    "only if t·c is later.")
stopping.misconception("every_improvement_counts", {
    "(1 - self.margin) * self.lowest": "self.lowest"},
    "Each new lowest loss moves your deadline. Only a clear one does, below (1 - "
    "margin) times the lowest so far; a smaller one is kept, but buys no time.")
stopping.misconception("small_improvements_lost", {
    "if loss < self.lowest:\n"
    "    self.lowest, self.saved = loss, copy.deepcopy(self.model.state_dict())": "",
    DEADLINE: DEADLINE + "\nself.lowest = loss\n"
              "self.saved = copy.deepcopy(self.model.state_dict())"},
    "Only clear improvements are kept. A loss that is a little lower than the lowest "
    "one is the lowest, too: it is to be kept, though it does not move the deadline.")

# ------------------------------------------------------------------------------- AdamW

def adamw_cases(rng):
    """Paths of an optimizer over three parameters in two groups; the decay is seen."""
    first, second, beta1, beta2, eps, decay = uniform(
        rng, (.05, .1), (.2, .4), (.8, .95), (.6, .9), (.2, .5), (.5, .9))
    case = optimizer_over_groups(rng, [(3,), (2,), (2, 2)], lrs=[first, second],
                                 betas=(beta1, beta2), eps=eps, weight_decay=decay)
    own = {"betas": (beta2, beta1), "eps": eps / 2, "weight_decay": decay / 3}
    return [*usual_runs(case, first, own),
            case("no decay: Adam", 3, "edge", weight_decay=0.0),
            case("a parameter that is one number", 3, "edge", shapes=[()], lrs=[first])]


adamw = Exercise(pytorch.AdamW, cases=adamw_cases, points=5, drive=run_optimizer,
                 methods=("step",), pure=False, torch=True,
                 read="regularization.html#weight-decay-is-not-l2-under-adam")
DECAY = "p *= 1 - lr * group['weight_decay']"
adamw.misconception("l2_in_the_gradient", {
    "self.state[p], p.grad": "self.state[p], p.grad + group['weight_decay'] * p",
    DECAY: ""},
    "λθ is added to the gradient, as for L2. Adam then divides it by its own size: "
    "where the data say nothing, every λ gives the same step. AdamW takes the share ηλ "
    "off the weight itself, and the means see the data's gradient alone.")
adamw.misconception("decay_without_rate", {DECAY: "p *= 1 - group['weight_decay']"},
    "You take the share λ off at every step. In PyTorch's AdamW the rate multiplies "
    "it: the share is ηλ.")
adamw.misconception("decay_divided_by_the_root", {
    DECAY: "p -= lr * group['weight_decay'] * p / root"},
    "Your decay is divided by √v̂ as the gradient's step is, so that weights with "
    "large gradients decay less. The decay is not adaptive: θ is multiplied by 1 - "
    "ηλ.")
adamw.misconception("decay_of_the_new_weight", {
    DECAY: "", "p -= lr * m / (1 - beta1**t) / root":
        "p -= lr * m / (1 - beta1**t) / root\np *= 1 - lr * group['weight_decay']"},
    "You decay after Adam's step, which shrinks the step as well. The share is taken "
    "off the old weight: decay first, or subtract ηλθ_{t-1}.")
adamw.misconception("decay_grows_with_time", {
    DECAY: "p *= (1 - lr * group['weight_decay'])**t"},
    "Your decay grows with the count of steps. The share ηλ is the same at every step.")
adamw.misconception("rate_of_first_group", {
    "group['lr'], group['betas']": "self.param_groups[0]['lr'], group['betas']"},
    "Every group moves and decays at the rate of the first one. A parameter's options "
    "stand in its own group.")
adamw.misconception("no_bias_correction", {
    "v / (1 - beta2**t)": "v", "lr * m / (1 - beta1**t)": "lr * m"},
    "Both means start at zero and are used without their correction: divide m by "
    "1 - β₁ᵗ and v by 1 - β₂ᵗ.")
adamw.misconception("decays_without_gradient", {
    "(p for p in group['params'] if p.grad is not None)": "group['params']",
    "old, g = self.state[p], p.grad":
        "if p.grad is None:\n    p *= 1 - lr * group['weight_decay']\n    continue\n"
        "old, g = self.state[p], p.grad"},
    "A parameter whose .grad is None is not taking part in this step: it does not "
    "decay either.")
adamw.misconception("memory_not_saved", {
    "self.state[p], p.grad":
        "vars(self).setdefault('memory', {}).setdefault(p, {}), p.grad"},
    "After saving and loading, your means start again from zero: keep them in "
    "self.state[p], which state_dict() saves.")

# ----------------------------------------------------------- double back-propagation

def slope_cases(rng):
    """Networks with weights of size 1, so that the slopes count."""
    strength, = uniform(rng, (.5, 2.0))

    def case(name, n, shape, kind="values", weight=1.0, *, strength=strength,
             looked_at="loss and gradients"):
        dtype, d = precision(kind), int(np.prod(shape))
        network = [signed(rng, s, dtype) for s in ((d, 3), (3,), (3, 4), (4,))]
        x, y = signed(rng, (n, *shape), dtype), rng.integers(4, size=n)
        return Case(name, (*network, x, y), None, weight, kind,
                    {"strength": strength, "looked_at": looked_at})

    return [case("four examples", 4, (3,), weight=2),
            case("seven examples", 7, (2,), weight=2),
            case("images", 3, (1, 2, 2)),
            case("one example", 1, (3,), "edge"),
            case("no penalty", 4, (3,), "edge", strength=0.0),
            case("a strong penalty", 4, (3,), "edge", strength=50.0),
            case("nothing else is touched", 3, (2,), "edge", looked_at="arguments"),
            case("float32 stays float32", 4, (3,), "dtype")]


slope = Exercise(pytorch.double_backprop_loss, cases=slope_cases, points=4,
                 drive=checks.run_double_backprop, pure=False, torch=True,
                 read="regularization.html#penalties-on-the-output-and-on-its-slope")
SLOPES = "torch.autograd.grad(each.sum(), inputs, create_graph=True)[0]"
slope.misconception("graph_not_made", {
    SLOPES: "torch.autograd.grad(each.sum(), inputs, retain_graph=True)[0]"},
    "The loss is right, and training does not see its penalty: without "
    "create_graph=True the slopes are numbers without a history, and the penalty's "
    "gradient is 0.")
slope.misconception("slope_of_the_mean", {"each.sum()": "each.mean()"},
    "These are the slopes of the batch's mean: 1/N of each example's own, so that the "
    "penalty is N² too weak and changes with the batch size. The gradient of the sum "
    "holds each example's.")
slope.misconception("penalty_summed", {
    "slopes.square().sum() / len(y)": "slopes.square().sum()"},
    "The penalty is a sum over the batch beside a loss that is a mean: divide it by N.")
slope.misconception("penalty_averaged_over_entries", {
    "slopes.square().sum() / len(y)": "slopes.square().mean()"},
    "The mean is taken over all entries. ‖∂E_n/∂x_n‖² is a sum over the inputs of one "
    "example; only over the examples it is averaged.")
slope.misconception("root_taken", {
    "slopes.square().sum() / len(y)": "slopes.flatten(1).norm(dim=1).mean()"},
    "You penalize the length of the slope, not its square.")
slope.misconception("half_forgotten", {"strength / 2": "strength"},
    "The half in front is missing: the penalty is λ/2 times the mean square.")
slope.misconception("slope_of_the_outputs", {
    SLOPES: "torch.autograd.grad(model(inputs).sum(), inputs, create_graph=True)[0]"},
    "You take the slope of the sum of the logits, in which slopes of opposite signs "
    "cancel. Asked for is the slope of each example's loss.")
slope.misconception("slope_at_the_weights", {
    SLOPES: "torch.cat([g.flatten() for g in torch.autograd.grad("
            "each.sum(), list(model.parameters()), create_graph=True)])"},
    "This is the gradient by the weights. The penalty is on the gradient by the "
    "inputs.")
slope.equivalent({SLOPES: SLOPES.replace("[0]", "[-1]")},
                 "One gradient is asked for, and one comes.")
