"""What momentum's assignment asks: the cases, and the wrong answers that it knows by name."""
import numpy as np

from autograder.exercise import Case, Exercise
from solutions.common.checks import run_change, run_optimizer, run_steps
from solutions.common.draws import signed, uniform
from solutions.common.wrong_optimizer import Coasting, Forgetful, WrongOptimizer
from solutions.momentum import pytorch, reference
from solutions.momentum.reference import MomentumState

# ------------------------------------------------------------------------------------------------------------------ QHM


def qhm_cases(rng):
    """Paths of a few steps; a start in motion shows in which units the buffer is kept."""
    lr, momentum, nu = uniform(rng, (.05, .2), (.8, .95), (.6, .75))

    def case(name, shape, steps, kind="values", weight=1.0, *, dtype=np.float64, moving=True, **changed):
        params = signed(rng, shape, dtype)
        v = signed(rng, shape, dtype) if moving else np.zeros(shape, dtype)
        hyper = {"lr": lr, "momentum": momentum, "nu": nu} | changed
        return Case(name, (params, signed(rng, (steps, *shape), dtype), MomentumState(v)), None, weight, kind, hyper)

    return [case("one step from rest", (3,), 1, moving=False),
            case("four steps from rest", (2,), 4, moving=False, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, weight=2),
            case("ν = 0 is gradient descent", (3,), 3, "edge", nu=0.0),
            case("ν = 1 is averaged momentum", (3,), 3, "edge", nu=1.0),
            case("without momentum", (3,), 3, "edge", momentum=0.0),
            case("a parameter that is one number", (), 3, "edge"),
            case("no parameters at all", (0,), 2, "edge"),
            case("float32 stays float32", (3,), 3, "dtype", dtype=np.float32)]


qhm = Exercise(reference.qhm_step, cases=qhm_cases, points=4, drive=run_steps,
               given=(reference.MomentumState, reference.momentum_init), read="momentum.html#quasi-hyperbolic-momentum")


@qhm.misconception("The two shares have changed places: ν belongs to the average v_t, and 1 - ν to the fresh "
                   "gradient. With ν = 0 nothing of v may be left in the step.")
def shares_swapped(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + (1 - momentum) * grads
    return params - lr * (nu * grads + (1 - nu) * v), MomentumState(v)


@qhm.misconception("Your buffer is a sum of gradients. QHM's is an average: the new gradient enters it with the "
                   "weight 1 - β, so that v has the size of one gradient and not of 1/(1-β) of them.")
def buffer_summed(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + grads
    return params - lr * ((1 - nu) * grads + nu * v), MomentumState(v)


@qhm.misconception("The step is made with the average of the step before. Update v first, then step with the new one: "
                   "v_t has g_t in it already.")
def average_of_yesterday(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + (1 - momentum) * grads
    return params - lr * ((1 - nu) * grads + nu * state.v), MomentumState(v)


@qhm.misconception("You store the mixed step as the buffer, so the fresh gradient's share is counted again at every "
                   "later step. Only v_t is remembered; the mixture is used once.")
def step_kept_as_buffer(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    step = (1 - nu) * grads + nu * (momentum * state.v + (1 - momentum) * grads)
    return params - lr * step, MomentumState(step)


@qhm.misconception("The buffer remembers one gradient only, as in Δw = α g_{t-1} + g_t. Momentum is recursive: "
                   "v_{t-1} itself is multiplied by β and kept, so that every earlier gradient is still in it, weaker "
                   "each step.")
def not_recursive(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + (1 - momentum) * grads
    return params - lr * ((1 - nu) * grads + nu * v), MomentumState(grads)


@qhm.misconception("The learning rate has got into the buffer. From rest and at one constant rate that makes no "
                   "difference, but v is an average of gradients here: the rate multiplies the whole step, once, at "
                   "the end.")
def rate_in_buffer(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + (1 - momentum) * lr * grads
    return params - lr * (1 - nu) * grads - nu * v, MomentumState(v)


@qhm.misconception("Your step goes uphill: g is the direction in which the loss grows, so the step is subtracted.")
def uphill(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    v = momentum * state.v + (1 - momentum) * grads
    return params + lr * ((1 - nu) * grads + nu * v), MomentumState(v)


# ---------------------------------------------------------------------------------------------------------------- AggMo


def aggmo_cases(rng):
    """Paths of an optimizer over two parameters, each in a group with a rate of its own."""
    first, second, low, high = uniform(rng, (.05, .1), (.2, .4), (.5, .7), (.85, .97))
    shapes = [(3,), (2, 2)]

    def case(name, steps, kind="values", weight=1.0, *, shapes=shapes, dtype=np.float64, missing=(), **changed):
        grads = [[None if (t, i) in missing else signed(rng, shape, dtype) for i, shape in enumerate(shapes)]
                 for t in range(steps)]
        options = {"lrs": [first, second][:len(shapes)], "betas": (0.0, low, high)} | changed
        return Case(name, ([signed(rng, shape, dtype) for shape in shapes], grads), None, weight, kind, options)

    return [case("one step", 1, shapes=[(3,)]),
            case("four steps, two groups", 4, weight=2),
            case("the rate drops half way", 4, drop=(2, .1)),
            case("a parameter without a gradient for a while", 4, missing={(0, 1), (2, 0)}),
            case("saved and loaded half way", 4, reload_at=2),
            case("a closure makes the gradients", 3, "edge", closure=True),
            case("one β, of 0: gradient descent", 3, "edge", betas=(0.0,)),
            case("a parameter that is one number", 3, "edge", shapes=[()]),
            case("float32 stays float32", 3, "dtype", dtype=np.float32)]


aggmo = Exercise(pytorch.AggMo, cases=aggmo_cases, points=5, drive=run_optimizer, methods=("step",), pure=False,
                 torch=True, read="momentum.html#aggregated-momentum")


class _WrongAggMo(WrongOptimizer, pytorch.AggMo):
    """An AggMo of which the wrong ones change one thing each."""

    def move(self, p, group):
        if p.grad is not None:
            v = self.memory(p).setdefault("v", [p.grad * 0 for _ in group["betas"]])
            v[:] = [self.velocity(old, beta, p.grad, group) for old, beta in zip(v, group["betas"], strict=True)]
            p.data -= self.rate(group) * self.mixed(v)

    def velocity(self, old, beta, grad, group):
        return beta * old + grad

    def mixed(self, v):
        return sum(v) / len(v)

    def rate(self, group):
        return group["lr"]


@aggmo.misconception("The velocities are added up, which makes the step K times too long. The step is their mean: η/K "
                     "Σ v.")
class VelocitiesSummed(_WrongAggMo):
    def mixed(self, v):
        return sum(v)


@aggmo.misconception("Each of your velocities is an average, with the gradient weighted by 1 - β. AggMo's are sums, v "
                     "= β v + g, as in PyTorch's momentum: the larger β is, the longer that velocity grows.")
class VelocitiesAveraged(_WrongAggMo):
    def velocity(self, old, beta, grad, group):
        return beta * old + (1 - beta) * grad


@aggmo.misconception("You keep one velocity with the mean of the βs. The mean is taken of the velocities, not of the "
                     "βs: only then can a slow one damp what a fast one does.")
class BetasAveraged(_WrongAggMo):
    def velocity(self, old, beta, grad, group):
        return sum(group["betas"]) / len(group["betas"]) * old + grad


@aggmo.misconception("The rate stands inside your velocities, so a scheduler's drop is felt only slowly. Here v holds "
                     "gradients alone, and the rate of this moment multiplies their mean.")
class RateInVelocity(_WrongAggMo):
    def velocity(self, old, beta, grad, group):
        return beta * old + group["lr"] * grad

    def rate(self, group):
        return 1.0


@aggmo.misconception("Every group moves at the rate of the first one. A parameter's options stand in its own group: "
                     "read group['lr'] inside the loop over self.param_groups.")
class RateOfFirstGroup(_WrongAggMo):
    def rate(self, group):
        return self.param_groups[0]["lr"]


@aggmo.misconception("A parameter whose .grad is None is not taking part in this step: it stays where it is and its "
                     "velocities wait. Yours coasts on as if its gradient were zero.")
class CoastsWithoutGradient(Coasting, _WrongAggMo):
    pass


@aggmo.misconception("After saving and loading, your velocities start again from zero: keep them in self.state[p], "
                     "which state_dict() saves, and not in an attribute of your own.")
class MemoryNotSaved(Forgetful, _WrongAggMo):
    pass


# ---------------------------------------------------------------------------------------------- the largest stable rate


def stable_cases(rng):
    """Hessians with known curvatures, turned so that no axis is an eigenvector."""
    momentum, = uniform(rng, (.6, .95))

    def case(name, curvatures, kind="values", weight=1.0, *, dtype=np.float64, **changed):
        turn, _ = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))
        scale = rng.uniform(.5, 2)
        hessian = (turn * scale * np.array(curvatures)) @ turn.T
        options = {"momentum": momentum, "nesterov": False} | changed
        return Case(name, (((hessian + hessian.T) / 2).astype(dtype),), None, weight, kind, options)

    return [case("heavy ball, two directions", [1.0, 10.0]),
            case("heavy ball, three directions", [.5, 3.0, 20.0]),
            case("Nesterov, two directions", [1.0, 10.0], nesterov=True),
            case("Nesterov, three directions", [.5, 3.0, 20.0], nesterov=True),
            case("without momentum", [1.0, 5.0], "edge", momentum=0.0),
            case("Nesterov without momentum", [1.0, 5.0], "edge", momentum=0.0, nesterov=True),
            case("one direction", [4.0], "edge"),
            case("a direction that is flat", [0.0, 4.0], "edge"),
            case("float32 stays float32", [1.0, 4.0], "dtype", dtype=np.float32)]


stable = Exercise(reference.largest_stable_lr, cases=stable_cases, points=3,
                  read="momentum.html#the-rate-of-an-eigenmode")


@stable.misconception("2/L is gradient descent's limit. Momentum moves it: the root that leaves the unit circle first "
                      "does so at r = -1, so put r = -1 into the characteristic equation and solve for η.")
def limit_of_gradient_descent(hessian, *, momentum=0.9, nesterov=False):
    return 2 / np.linalg.eigvalsh(hessian)[-1]


@stable.misconception("Momentum does lengthen the steps 1/(1-μ) times where the slope stays the same, but along the "
                      "steepest direction it changes sign at every step and the old gradients cancel: the limit "
                      "rises.")
def as_if_steps_grew(hessian, *, momentum=0.9, nesterov=False):
    return 2 * (1 - momentum) / np.linalg.eigvalsh(hessian)[-1]


@stable.misconception("You took the smallest curvature. Every direction must be stable, and the steepest one is the "
                      "first that is not: the limit comes from the largest eigenvalue.")
def limit_of_flattest(hessian, *, momentum=0.9, nesterov=False):
    return _limit(momentum, nesterov) / np.linalg.eigvalsh(hessian)[0].clip(1e-9)


@stable.misconception("The diagonal holds the curvatures only where the axes are the eigenvectors. Here the "
                      "directions are coupled: take the eigenvalues.")
def diagonal_for_eigenvalues(hessian, *, momentum=0.9, nesterov=False):
    return _limit(momentum, nesterov) / np.diag(hessian).max()


@stable.misconception("Nesterov's steps take the gradient at the look-ahead point, which puts another factor 1 - ηλ "
                      "into the characteristic equation: heavy ball's limit is too large for them.")
def one_limit_for_both(hessian, *, momentum=0.9, nesterov=False):
    return _limit(momentum, False) / np.linalg.eigvalsh(hessian)[-1]


@stable.misconception("This is the limit for the averaged form, whose gradients are weighted by 1 - μ. The question "
                      "is about PyTorch's form, v = μ v + g: its limit is 1 - μ times that.")
def limit_of_averaged_form(hessian, *, momentum=0.9, nesterov=False):
    return _limit(momentum, nesterov) / (1 - momentum) / np.linalg.eigvalsh(hessian)[-1]


def _limit(momentum, nesterov):
    return 2 * (1 + momentum) / (1 + 2 * momentum * nesterov)


# ------------------------------------------------------------------------------------------------- a change of the rate


def change_cases(rng):
    """`torch.optim.SGD` with two parameters, before and after a change of the rate."""
    slow, fast, momentum = uniform(rng, (.05, .1), (.2, .4), (.8, .95))
    shapes = [(2,), (3,)]

    def case(name, before, after, kind="values", weight=1.0, *, dtype=np.float64, missing=False, **changed):
        steps = [[None if missing and i == 1 and t <= before else signed(rng, shape, dtype)
                  for i, shape in enumerate(shapes)] for t in range(before + after)]
        options = {"lrs": [fast, fast], "new_lr": fast / 10, "momentum": momentum} | changed
        starts = [signed(rng, shape, dtype) for shape in shapes]
        return Case(name, (starts, steps[:before], steps[before:]), None, weight, kind, options)

    return [case("the rate is divided by ten", 3, 3, weight=2),
            case("the rate is raised", 3, 3, lrs=[slow, slow], new_lr=fast),
            case("two groups with rates of their own", 3, 3, lrs=[fast, slow]),
            case("with Nesterov's momentum", 3, 3, nesterov=True),
            case("before the first step", 0, 3, "edge"),
            case("without momentum", 2, 2, "edge", momentum=0.0),
            case("a parameter that had no gradient yet", 2, 3, "edge", missing=True),
            case("float32 stays float32", 3, 3, "dtype", dtype=np.float32)]


change = Exercise(pytorch.change_lr, cases=change_cases, points=4, drive=run_change, pure=False, torch=True,
                  read="momentum.html#when-the-rate-drops")


@change.misconception("The rate is changed and the buffer is not, as a scheduler does it. PyTorch's step is η v, so "
                      "the speed that was built up changes with η at once: v has to be rescaled to keep η v.")
def rate_only(optimizer, lr):
    for group in optimizer.param_groups:
        group["lr"] = lr


@change.misconception("The ratio is upside down. The product η v is to stay as it was: a rate ten times smaller wants "
                      "a buffer ten times larger, so multiply by η_old/η_new.")
def ratio_upside_down(optimizer, lr):
    _change(optimizer, lr, lambda old: lr / old)


@change.misconception("The buffer is thrown away, so the run starts again from rest. The speed that was built up is "
                      "to be carried over, not lost.")
def from_rest(optimizer, lr):
    _change(optimizer, lr, lambda old: 0.0)


@change.misconception("Every buffer is rescaled by the first group's ratio. A group may have had a rate of its own: "
                      "read its old rate inside the loop, before you overwrite it.")
def ratio_of_first_group(optimizer, lr):
    first = optimizer.param_groups[0]["lr"]
    _change(optimizer, lr, lambda old: first / lr)


@change.misconception("Only the first group got the new rate: loop over all of optimizer.param_groups.")
def first_group_only(optimizer, lr):
    _change(optimizer, lr, lambda old: old / lr, groups=1)


def _change(optimizer, lr, ratio, groups=None):
    for group in optimizer.param_groups[:groups]:
        for p in group["params"]:
            if optimizer.state[p].get("momentum_buffer") is not None:
                optimizer.state[p]["momentum_buffer"] *= ratio(group["lr"])
        group["lr"] = lr


# ----------------------------------------------------------------------------------------------------- read off a trace


def trace_cases(rng):
    """Heavy ball on parabolas of which neither the curvature nor the lowest point is known."""
    def case(name, steps, momentum, steepness, kind="values", weight=1.0, *, dtype=np.float64, moving=0.0):
        low, (mu, s) = rng.uniform(2, 5), uniform(rng, momentum, steepness)
        x, v = low + rng.uniform(1, 2), moving * rng.uniform(.5, 1)
        trace = [x]
        for _ in range(steps):
            v = mu * v - s * (x - low)
            x = x + v
            trace.append(x)
        return Case(name, (np.array(trace, dtype),), None, weight, kind)

    return [case("a run that swings", 12, (.8, .95), (.5, 1.2), weight=2),
            case("light momentum", 10, (.3, .5), (.6, 1.2)),
            case("in full flight at the first position", 12, (.7, .9), (.5, 1.2), moving=2.0),
            case("five positions are enough", 4, (.8, .95), (.8, 1.2), "edge"),
            case("a run that blows up", 8, (.8, .9), (4.1, 4.3), "edge"),
            case("float32 stays float32", 12, (.8, .95), (.8, 1.2), "dtype", dtype=np.float32)]


trace = Exercise(reference.read_momentum, cases=trace_cases, points=3, read="momentum.html#the-rate-of-an-eigenmode")


@trace.misconception("You read off by how much the swing shrinks at each step. That is √μ, the modulus of a complex "
                     "pair of roots: their product is μ, so square it.")
def shrinking_for_momentum(trace):
    a, b = _fit(np.diff(trace))
    return np.sqrt(np.abs(b)), 1 - b - a


@trace.misconception("Your fit takes 0 for the lowest point. It is not known here: work with the differences of the "
                     "positions, which obey the same recursion and do not know where the lowest point lies.")
def lowest_point_at_zero(trace):
    a, b = _fit(np.asarray(trace))
    return -b, 1 - b - a


@trace.misconception("The mean of the positions is not the lowest point: the early, wide swings pull it away. "
                     "Differences of the positions need no guess.")
def mean_for_lowest_point(trace):
    a, b = _fit(trace - np.mean(trace))
    return -b, 1 - b - a


@trace.misconception("The sign: in x_{t+1} = (1 + μ - ηλ) x_t - μ x_{t-1} the older position stands with -μ.")
def sign_of_product(trace):
    a, b = _fit(np.diff(trace))
    return b, 1 + b - a


@trace.misconception("μ is right, and the steepness lacks it: the newer position stands with 1 + μ - ηλ, not with 1 - "
                     "ηλ.")
def steepness_without_momentum(trace):
    a, b = _fit(np.diff(trace))
    return -b, 1 - a


@trace.misconception("One step's ratio to the last is not the momentum: the gradient is in it too, and in a swing "
                     "even its sign changes. The recursion has two unknowns, so fit two.")
def ratio_of_steps(trace):
    d = np.diff(trace)
    ratio = (d[1:] @ d[:-1]) / (d[:-1] @ d[:-1])
    return ratio, 1 - ratio


def _fit(x):
    return np.linalg.lstsq(np.stack([x[1:-1], x[:-2]], axis=1), x[2:])[0]
