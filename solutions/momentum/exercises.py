"""What momentum's assignment asks: the cases, and the wrong answers it can name."""
from dataclasses import replace

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import (
    optimizer_over_groups,
    precision,
    steps_over_a_path,
    usual_paths,
    usual_runs,
)
from solutions.common.checks import run_change, run_optimizer, run_steps
from solutions.common.draws import uniform
from solutions.momentum import pytorch, reference

# ---------------------------------------------------------------------------------- QHM

def qhm_cases(rng):
    """Paths of a few steps; a start in motion shows the units of the buffer."""
    lr, momentum, nu = uniform(rng, (.05, .2), (.8, .95), (.6, .75))
    case = steps_over_a_path(rng, reference.momentum_init,
                             lambda draw: (draw(),),
                             lr=lr, momentum=momentum, nu=nu)
    return [*usual_paths(case),
            case("ν = 0 is gradient descent", (3,), 3, "edge", motion=True, nu=0.0),
            case("ν = 1 is averaged momentum", (3,), 3, "edge", motion=True, nu=1.0),
            case("without momentum", (3,), 3, "edge", motion=True, momentum=0.0),
            case("no parameters at all", (0,), 2, "edge", motion=True)]


qhm = Exercise(reference.qhm_step, cases=qhm_cases, points=4, drive=run_steps,
               given=(reference.MomentumState, reference.momentum_init),
               read="momentum.html#quasi-hyperbolic-momentum")
qhm.misconception("shares_swapped", {
    "(1 - nu) * grads + nu * v": "nu * grads + (1 - nu) * v"},
    "The two shares have changed places: ν belongs to the average v_t, and 1 - ν to "
    "the fresh gradient. With ν = 0 nothing of v may be left in the step.")
qhm.misconception("buffer_summed", {"(1 - momentum) * grads": "grads"},
    "Your buffer is a sum of gradients. QHM's is an average: the new gradient enters "
    "it with the weight 1 - β, so that v has the size of one gradient and not of "
    "1/(1-β) of them.")
qhm.misconception("average_of_yesterday", {"nu * v": "nu * state.v"},
    "The step is made with the average of the step before. Update v first, then step "
    "with the new one: v_t has g_t in it already.")
qhm.misconception("step_kept_as_buffer", {"MomentumState(v)": "MomentumState(step)"},
    "You store the mixed step as the buffer, so the fresh gradient's share is counted "
    "again at every later step. Only v_t is remembered; the mixture is used once.")
qhm.misconception("not_recursive", {"MomentumState(v)": "MomentumState(grads)"},
    "The buffer remembers one gradient only, as in Δw = α g_{t-1} + g_t. Momentum is "
    "recursive: v_{t-1} itself is multiplied by β and kept, so that every earlier "
    "gradient is still in it, weaker each step.")
qhm.misconception("rate_in_buffer", {
    "(1 - momentum) * grads": "(1 - momentum) * lr * grads",
    "(1 - nu) * grads": "lr * (1 - nu) * grads", "lr * step": "step"},
    "The learning rate has got into the buffer. From rest and at one constant rate "
    "that makes no difference, but v is an average of gradients here: the rate "
    "multiplies the whole step, once, at the end.")
qhm.misconception("uphill", {"params - lr * step": "params + lr * step"},
    "Your step goes uphill: g is the direction in which the loss grows, so the step "
    "is subtracted.")

# -------------------------------------------------------------------------------- AggMo

def aggmo_cases(rng):
    """Paths of an optimizer over three parameters in two groups."""
    first, second, low, high = uniform(rng, (.05, .1), (.2, .4), (.5, .7), (.85, .97))
    case = optimizer_over_groups(rng, [(3,), (2,), (2, 2)], lrs=[first, second],
                                 betas=(0.0, low, high))
    return [*usual_runs(case, first, {"betas": (high, low)}),
            case("one β, of 0: gradient descent", 3, "edge", betas=(0.0,)),
            case("a parameter that is one number", 3, "edge", shapes=[()], lrs=[first])]


aggmo = Exercise(pytorch.AggMo, cases=aggmo_cases, points=5, drive=run_optimizer,
                 methods=("step",), pure=False, torch=True,
                 read="momentum.html#aggregated-momentum")
VELOCITY = "beta * self.state[p].get('v', 0) + p.grad"
aggmo.misconception("velocities_summed", {"v.mean(0)": "v.sum(0)"},
    "The velocities are added up, which makes the step K times too long. The step is "
    "their mean: η/K Σ v.")
aggmo.misconception("velocities_averaged", {
    VELOCITY: "beta * self.state[p].get('v', 0) + (1 - beta) * p.grad"},
    "Each of your velocities is an average, with the gradient weighted by 1 - β. "
    "AggMo's are sums, v = β v + g, as in PyTorch's momentum: the larger β is, the "
    "longer that velocity grows.")
aggmo.misconception("betas_averaged", {
    "p.new_tensor(group['betas'])":
        "p.new_tensor([sum(group['betas']) / len(group['betas'])])"},
    "You keep one velocity with the mean of the βs. The mean is taken of the "
    "velocities, not of the βs: only then can a slow one damp what a fast one does.")
aggmo.misconception("rate_in_buffer", {
    VELOCITY: "beta * self.state[p].get('v', 0) + group['lr'] * p.grad",
    "group['lr'] * v.mean(0)": "v.mean(0)"},
    "The rate stands inside your velocities, so a scheduler's drop is felt only "
    "slowly. Here v holds gradients alone, and the rate of this moment multiplies "
    "their mean.")
aggmo.misconception("rate_of_first_group", {
    "group['lr']": "self.param_groups[0]['lr']"},
    "Every group moves at the rate of the first one. A parameter's options stand in "
    "its own group: read group['lr'] inside the loop over self.param_groups.")
aggmo.misconception("coasts_without_gradient", {
    "p.grad is not None": "True",
    VELOCITY: "beta * self.state[p].get('v', 0) + (0 if p.grad is None else p.grad)"},
    "A parameter whose .grad is None is not taking part in this step: it stays where "
    "it is and its velocities wait. Yours coasts on as if its gradient were zero.")
aggmo.misconception("memory_not_saved", {
    "self.state[p].get('v', 0)": "vars(self).setdefault('memory', {}).get(p, 0)",
    "self.state[p]['v']": "self.memory[p]"},
    "After saving and loading, your velocities start again from zero: keep them in "
    "self.state[p], which state_dict() saves, and not in an attribute of your own.")

# -------------------------------------------------------------- the largest stable rate

def stable_cases(rng):
    """Hessians with known curvatures, turned so that no axis is an eigenvector."""
    momentum, = uniform(rng, (.6, .95))

    def case(name, curvatures, kind="values", **changed):
        count = len(curvatures)
        turn, _ = np.linalg.qr(rng.normal(size=(count, count)))
        hessian = (turn * rng.uniform(.5, 2) * np.array(curvatures)) @ turn.T
        hessian = ((hessian + hessian.T) / 2).astype(precision(kind))
        options = {"momentum": momentum, "nesterov": False} | changed
        return Case(name, (hessian,), None, 1, kind, options)

    return [case("heavy ball, two directions", [1.0, 10.0]),
            case("heavy ball, three directions", [.5, 3.0, 20.0]),
            case("Nesterov, two directions", [1.0, 10.0], nesterov=True),
            case("Nesterov, three directions", [.5, 3.0, 20.0], nesterov=True),
            case("without momentum", [1.0, 5.0], "edge", momentum=0.0),
            case("Nesterov without momentum", [1.0, 5.0], "edge", momentum=0.0,
                 nesterov=True),
            case("one direction", [4.0], "edge"),
            case("a direction that is flat", [0.0, 4.0], "edge"),
            case("float32 stays float32", [1.0, 4.0], "dtype")]


stable = Exercise(reference.largest_stable_lr, cases=stable_cases, points=3,
                  read="momentum.html#the-rate-of-an-eigenmode")
NESTEROV = "if nesterov: return 2 * (1 + momentum) / ((1 + 2 * momentum) * steepest)"
stable.misconception("limit_of_gradient_descent", {
    NESTEROV: "", "2 * (1 + momentum) / steepest": "2 / steepest"},
    "2/L is gradient descent's limit. Momentum moves it: the root that leaves the "
    "unit circle first does so at r = -1, so put r = -1 into the characteristic "
    "equation and solve for η.")
stable.misconception("as_if_steps_grew", {
    NESTEROV: "", "2 * (1 + momentum) / steepest": "2 * (1 - momentum) / steepest"},
    "Momentum does lengthen the steps 1/(1-μ) times where the slope stays the same, "
    "but along the steepest direction it changes sign at every step and the old "
    "gradients cancel: the limit rises.")
stable.misconception("limit_of_flattest", {
    "np.linalg.eigvalsh(hessian)[-1]": "np.linalg.eigvalsh(hessian)[0].clip(1e-9)"},
    "You took the smallest curvature. Every direction must be stable, and the "
    "steepest one is the first that is not: the limit comes from the largest "
    "eigenvalue.")
stable.misconception("diagonal_for_eigenvalues", {
    "np.linalg.eigvalsh(hessian)[-1]": "np.diag(hessian).max()"},
    "The diagonal holds the curvatures only where the axes are the eigenvectors. Here "
    "the directions are coupled: take the eigenvalues.")
stable.misconception("one_limit_for_both", {NESTEROV: ""},
    "Nesterov's steps take the gradient at the look-ahead point, which puts another "
    "factor 1 - ηλ into the characteristic equation: heavy ball's limit is too large "
    "for them.")
stable.misconception("limit_of_averaged_form", {
    "np.linalg.eigvalsh(hessian)[-1]":
        "(1 - momentum) * np.linalg.eigvalsh(hessian)[-1]"},
    "This is the limit for the averaged form, whose gradients are weighted by 1 - μ. "
    "The question is about PyTorch's form, v = μ v + g: its limit is 1 - μ times "
    "that.")

# ----------------------------------------------------------------- a change of the rate

def change_cases(rng):
    """`torch.optim.SGD` with three parameters, before and after a change."""
    slow, fast, momentum = uniform(rng, (.05, .1), (.2, .4), (.8, .95))
    draw = optimizer_over_groups(rng, [(2,), (2, 2), (3,)], lrs=[fast, fast],
                                 new_lr=fast / 10, momentum=momentum)

    def case(name, before, after, *given, **changed):
        made = draw(name, before + after, *given, **changed)
        starts, grads = made.arguments
        return replace(made, arguments=(starts, grads[:before], grads[before:]))

    return [case("the rate is divided by ten", 3, 3, weight=2),
            case("the rate is raised", 3, 3, lrs=[slow, slow], new_lr=fast),
            case("two groups with rates of their own", 3, 3, lrs=[fast, slow]),
            case("with Nesterov's momentum", 3, 3, nesterov=True),
            case("before the first step", 0, 3, "edge"),
            case("without momentum", 2, 2, "edge", momentum=0.0),
            case("a parameter that had no gradient yet", 2, 3, "edge",
                 missing={(0, 2), (1, 2), (2, 2)}),
            case("float32 stays float32", 3, 3, "dtype")]


change = Exercise(pytorch.change_lr, cases=change_cases, points=4, drive=run_change,
                  pure=False, torch=True, read="momentum.html#when-the-rate-drops")
change.misconception("rate_only", {"buffer *= group['lr'] / lr": ""},
    "The rate is changed and the buffer is not, as a scheduler does it. PyTorch's "
    "step is η v, so the speed that was built up changes with η at once: v has to be "
    "rescaled to keep η v.")
change.misconception("ratio_upside_down", {"group['lr'] / lr": "lr / group['lr']"},
    "The ratio is upside down. The product η v is to stay as it was: a rate ten times "
    "smaller wants a buffer ten times larger, so multiply by η_old/η_new.")
change.misconception("from_rest", {"group['lr'] / lr": "0"},
    "The buffer is thrown away, so the run starts again from rest. The speed that was "
    "built up is to be carried over, not lost.")
change.misconception("ratio_of_first_group", {
    "optimizer.param_groups": "optimizer.param_groups[::-1]",
    "group['lr'] / lr": "optimizer.param_groups[0]['lr'] / lr"},
    "Every buffer is rescaled by the first group's ratio. A group may have had a rate "
    "of its own: read its old rate inside the loop, before you overwrite it.")
change.misconception("first_group_only", {
    "optimizer.param_groups": "optimizer.param_groups[:1]"},
    "Only the first group got the new rate: loop over all of optimizer.param_groups.")

# --------------------------------------------------------------------- read off a trace

def trace_cases(rng):
    """Heavy ball on parabolas of unknown curvature and lowest point."""
    def case(name, steps, momentum, steepness, kind="values", weight=1.0, *,
             moving=0.0):
        low, (mu, s) = rng.uniform(2, 5), uniform(rng, momentum, steepness)
        x, v = low + rng.uniform(1, 2), moving * rng.uniform(.5, 1)
        trace = [x]
        for _ in range(steps):
            v = mu * v - s * (x - low)
            x = x + v
            trace.append(x)
        return Case(name, (np.array(trace, precision(kind)),), None, weight, kind)

    return [case("a run that swings", 12, (.8, .95), (.5, 1.2), weight=2),
            case("light momentum", 10, (.3, .5), (.6, 1.2)),
            case("in full flight at the first position", 12, (.7, .9), (.5, 1.2),
                 moving=2.0),
            case("five positions are enough", 4, (.8, .95), (.8, 1.2), "edge"),
            case("a run that blows up", 8, (.8, .9), (4.1, 4.3), "edge"),
            case("float32 stays float32", 12, (.8, .95), (.8, 1.2), "dtype")]


trace = Exercise(reference.read_momentum, cases=trace_cases, points=3,
                 read="momentum.html#the-rate-of-an-eigenmode")
trace.misconception("shrinking_for_momentum", {"-b": "np.sqrt(np.abs(b))"},
    "You read off by how much the swing shrinks at each step. That is √μ, the modulus "
    "of a complex pair of roots: their product is μ, so square it.")
trace.misconception("lowest_point_at_zero", {"np.diff(trace)": "trace"},
    "Your fit takes 0 for the lowest point. It is not known here: work with the "
    "differences of the positions, which obey the same recursion and do not know "
    "where the lowest point lies.")
trace.misconception("mean_for_lowest_point", {
    "np.diff(trace)": "trace - np.mean(trace)"},
    "The mean of the positions is not the lowest point: the early, wide swings pull "
    "it away. Differences of the positions need no guess.")
trace.misconception("sign_of_product", {"-b": "b", "1 - b - a": "1 + b - a"},
    "The sign: in x_{t+1} = (1 + μ - ηλ) x_t - μ x_{t-1} the older position stands "
    "with -μ.")
trace.misconception("steepness_without_momentum", {"1 - b - a": "1 - a"},
    "μ is right, and the steepness lacks it: the newer position stands with 1 + μ - "
    "ηλ, not with 1 - ηλ.")
trace.misconception("ratio_of_steps", {
    "a, b = np.linalg.lstsq(pairs, d[2:])[0]": "a = d[1:] @ d[:-1] / (d[:-1] @ d[:-1])",
    "-b": "a", "1 - b - a": "1 - a"},
    "One step's ratio to the last is not the momentum: the gradient is in it too, and "
    "in a swing even its sign changes. The recursion has two unknowns, so fit two.")
trace.equivalent({"np.diff(trace)": "-np.diff(trace)"},
    "The recursion is linear: all its terms change their sign together.")
