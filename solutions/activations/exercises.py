"""What the activations' assignment asks: the cases, and the wrong answers."""
from itertools import pairwise

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.activations import checks, pytorch, reference
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.gradient_descent.reference import Layer

# ------------------------------------------------------------------- log of the sigmoid

def log_sigmoid_cases(rng):
    """Sums of ordinary size, and among them some where naive forms fail."""
    def case(name, s, kind="values", weight=1.0):
        return Case(name, (np.array(s, precision(kind)),), None, weight, kind)

    def among(*bounds):
        return [*signed(rng, (2,)), *rng.uniform(*bounds, 3).round(3)]

    return [case("sums of ordinary size", signed(rng, (4,)), weight=2),
            case("sums far below 0, where σ is 0", among(-1200, -800), weight=2),
            case("sums far above 0", among(800, 1200)),
            case("where σ is almost 1", among(37, 45), weight=2),
            case("where σ is almost 0", among(-45, -37)),
            case("both signs in a matrix", signed(rng, (2, 3)) * 20),
            case("zero", [0.0, 0.0], "edge"),
            case("one number, 0-d", signed(rng, ()), "edge"),
            case("no numbers at all", np.zeros((0,)), "edge"),
            case("float32 stays float32", [*among(50, 60), -60, 1000, -1000], "dtype")]


log_sigmoid = Exercise(reference.log_sigmoid, cases=log_sigmoid_cases, points=3,
                       judge=checks.same_numbers,
                       read="activations.html#sums-of-any-size")
WHOLE = "np.minimum(s, 0) - np.log1p(np.exp(-np.abs(s)))"
log_sigmoid.misconception("logarithm_of_sigmoid", {
    WHOLE: "np.log(1 / (1 + np.exp(-s)))"},
    "You take the logarithm of σ(s). Where e⁻ˢ overflows, σ(s) is 0 and its logarithm "
    "-inf; where σ(s) rounds to 1, it is 0. Write the logarithm out before you "
    "compute: log σ(s) = -log(1+e⁻ˢ).")
log_sigmoid.misconception("overflows_below_zero", {WHOLE: "-np.log1p(np.exp(-s))"},
    "e⁻ˢ overflows where s is far below 0. There log σ(s) is nearly s: take the s out "
    "of the logarithm, so that only e to a negative number is left.")
log_sigmoid.misconception("overflows_above_zero", {WHOLE: "s - np.log1p(np.exp(s))"},
    "eˢ overflows where s is far above 0. This form is for negative sums; the other, "
    "-log(1+e⁻ˢ), is for positive ones.")
log_sigmoid.misconception("small_numbers_lost", {
    "np.log1p(np.exp(-np.abs(s)))": "np.log(1 + np.exp(-np.abs(s)))"},
    "Nothing overflows, but 1 + e⁻ˢ rounds to 1 from s = 37 on, and the logarithm to "
    "0: a loss that is small is not none. np.log1p(x) is log(1+x) without that sum.")
log_sigmoid.misconception("clipped", {
    WHOLE: "np.log(np.maximum(1 / (1 + np.exp(-s)), 1e-12))"},
    "A small number under the logarithm hides the -inf and puts a wrong value in its "
    "place: log σ(-1000) is -1000, not log 1e-12.")
log_sigmoid.misconception("softplus", {
    WHOLE: "np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s)))"},
    "This is softplus, log(1+eˢ). The logarithm of the sigmoid is -softplus(-s), and "
    "never positive.")

# -------------------------------------------------------------------- the gain of leaky

def leaky_gain_cases(rng):
    """Slopes of a leaky layer, and shares of negative sums."""
    def case(name, slope, negative=0.5, kind="values", weight=1.0):
        return Case(name, (slope,), None, weight, kind, {"negative": negative})

    small, large, steep = uniform(rng, (.1, .25), (.4, .7), (1.5, 3.0))
    few, most = uniform(rng, (.1, .3), (.7, .9))
    slopes = rng.uniform(.1, .9, 3).round(4)
    shares = rng.uniform(.6, .9, 3).round(4)
    return [case("half of the sums are negative", large, weight=2),
            case("few sums are negative", small, few, weight=2),
            case("most sums are negative", large, most, weight=2),
            case("a slope above 1", steep, most),
            case("an array of slopes", slopes, few),
            case("an array of shares", large, shares),
            case("ReLU", 0.0, kind="edge"),
            case("the identity", 1.0, few, "edge"),
            case("a slope below 0", -large, most, "edge"),
            case("no sum is negative", small, 0.0, "edge"),
            case("all sums are negative", small, 1.0, "edge"),
            case("float32 stays float32", slopes.astype(np.float32), few, "dtype")]


leaky_gain = Exercise(reference.leaky_gain, cases=leaky_gain_cases, points=3,
                      read="activations.html#random-layers")
MEAN = "negative * negative_slope ** 2 + 1 - negative"
leaky_gain.misconception("gain_of_relu", {MEAN: "1 - negative + 0 * negative_slope"},
    "This is the gain of ReLU: the negative side has the slope a, not 0, and adds a² "
    "times its share to the mean square of the slope.")
leaky_gain.misconception("slope_of_the_default", {
    "negative_slope ** 2": "(0 * negative_slope + 0.01) ** 2"},
    "Your gain has a slope of its own, .01. That is the usual one of Leaky ReLU, but "
    "the function is asked for any: use `negative_slope`.")
leaky_gain.misconception("slope_of_the_slide", {
    "negative_slope ** 2": "(0 * negative_slope + 0.1) ** 2"},
    "Your gain has the slope .1 in it, which one of the lectures gives Leaky ReLU. Its "
    "usual slope is .01, and this function is asked for any: use `negative_slope`.")
leaky_gain.misconception("mean_for_mean_square", {
    "negative_slope ** 2": "negative_slope", "-0.5": "-1"},
    "You take the mean of the slopes. Many paths add up with random signs, so it is "
    "squares that add: take the mean of f'², and its root at the end.")
leaky_gain.misconception("slope_not_squared", {"negative_slope ** 2": "negative_slope"},
    "The slope is not squared: the size of a gradient goes by E[f'²], to which the "
    "negative side adds a² times its share.")
leaky_gain.misconception("root_forgotten", {"-0.5": "-1"},
    "This is gain², by which the weights' variance is multiplied. The gain multiplies "
    "their deviation: take the root.")
leaky_gain.misconception("factor_for_gain", {"-0.5": "0.5"},
    "This is the factor √E[f'²] by which the layer shrinks a gradient. The gain makes "
    "up for it: it is one over that.")
leaky_gain.misconception("half_always", {
    MEAN: "0.5 * negative_slope ** 2 + 0.5 + 0 * negative"},
    "You count on half of the sums being negative. That holds for sums that are "
    "symmetric about 0; here the share is `negative`.")
leaky_gain.misconception("shares_swapped", {
    MEAN: "(1 - negative) * negative_slope ** 2 + negative"},
    "The shares have changed places: `negative` is the share of the sums that get the "
    "slope a.")

# ------------------------------------------------------------------- PReLU's gradients

def prelu_cases(rng):
    """Sums of both signs, with one slope for all units or one for each."""
    def case(name, shape, units, kind="values", weight=1.0, *, slope=None, zeros=0,
             negative=False):
        dtype = precision(kind)
        z_bar, s = signed(rng, shape, dtype), signed(rng, shape, dtype)
        s = -np.abs(s) if negative else s
        s.reshape(-1)[:zeros] = 0
        a = np.full(units, slope) if slope is not None else rng.uniform(.2, .6, units)
        return Case(name, (z_bar, s, np.array(a.round(4), dtype)), None, weight, kind)

    return [case("one slope for each unit", (4, 3), (3,), weight=2),
            case("one slope for all units", (4, 3), (), weight=2),
            case("sequences: two axes before the units'", (2, 3, 4), (4,)),
            case("one slope, and sequences", (2, 3, 2), ()),
            case("slopes below 0", (5, 2), (2,), slope=-.3),
            case("one example without an axis", (3,), (3,), "edge"),
            case("one unit", (4, 1), (1,), "edge"),
            case("sums that are 0 have the slope a", (4, 2), (2,), "edge", zeros=3),
            case("every sum is negative", (3, 2), (2,), "edge", negative=True),
            case("a slope of 0 can still learn", (4, 3), (3,), "edge", slope=0.0),
            case("float32 stays float32", (4, 3), (3,), "dtype")]


prelu = Exercise(reference.prelu_backward, cases=prelu_cases, points=4,
                 given=(reference.prelu,), read="activations.html#relu-and-its-leaks")
S_BAR, EACH = "np.where(s > 0, z_bar, a * z_bar)", "z_bar * np.minimum(s, 0)"
SUM = "each.sum(axis=shared)"
prelu.misconception("slope_not_learned", {SUM: f"0 * {SUM}"},
    "Your slope gets no gradient, as if it were Leaky ReLU's, which is fixed. PReLU's "
    "is a parameter: where s is negative the output is a·s, and ∂z/∂a is s.")
prelu.misconception("slope_of_leaky", {"a * z_bar": "0.01 * z_bar"},
    "On the negative side you have the slope .01, which is Leaky ReLU's fixed one. "
    "Here it is `a`, whatever it has become.")
prelu.misconception("gradient_of_relu", {S_BAR: "np.where(s > 0, z_bar, 0 * z_bar)"},
    "Nothing comes through on the negative side, as in ReLU. The slope there is a: "
    "that is what keeps the unit from dying.")
prelu.misconception("positive_sums_counted", {EACH: "z_bar * s"},
    "All sums are in the gradient of a. Where s is positive the output is s, which "
    "does not depend on a.")
prelu.misconception("wrong_side", {EACH: "z_bar * np.maximum(s, 0)"},
    "You gathered the positive sums. The slope a stands on the negative side: ∂z/∂a is "
    "min(s, 0).")
prelu.misconception("z_bar_left_out", {EACH: "np.minimum(s, 0)"},
    "∂z/∂a is there, and the chain rule is not finished: each term is multiplied by "
    "z̄ = ∂E/∂z before they are added up.")
prelu.misconception("slope_in_its_gradient", {EACH: "z_bar * np.minimum(a * s, 0)"},
    "Your gradient of a has the factor a in it: that is z̄ times the output a·s. Its "
    "derivative by a is s alone.")
prelu.misconception("averaged", {
    SUM: "each.mean(axis=shared) if shared else each"},
    "You took a mean over the places where the slope is used. One parameter that is "
    "used in many places gets the sum of their gradients; a mean over the batch is in "
    "z̄ already.")
prelu.misconception("not_added_up", {
    SUM: f"np.broadcast_to({SUM}, s.shape) + 0 * s"},
    "The gradient of a must have the shape of a: one slope serves every example, so "
    "what they ask for is added up over all axes on which it is shared.")

# ------------------------------------------------------------------- the highway's bias

def highway_cases(rng):
    """Depths and shares for which no two readings of the question agree."""
    def case(name, depth, carried, kind="values", weight=1.0):
        return Case(name, (depth, carried), None, weight, kind)

    low, middle, high = uniform(rng, (.05, .2), (.4, .6), (.8, .95))
    shares = rng.uniform(.1, .9, 3).round(4)
    depths = [int(rng.integers(*bounds)) for bounds in ((8, 15), (40, 60), (90, 120))]
    return [case("a few blocks", depths[0], middle, weight=2),
            case("many blocks", depths[1], low, weight=2),
            case("nearly all is carried", depths[2], high, weight=2),
            case("little is carried over a few blocks", 3, low),
            case("several shares at once", depths[1], shares),
            case("one block", 1, middle, "edge"),
            case("a million blocks", 10**6, middle, "edge"),
            case("float32 stays float32", depths[0], shares.astype(np.float32),
                 "dtype")]


highway = Exercise(reference.highway_bias, cases=highway_cases, points=3,
                   read="activations.html#highways")
BIAS = "np.log(np.expm1(-np.log(carried) / depth))"
ROOT = "-np.log(carried) / depth"
highway.misconception("sign_turned", {BIAS: f"-{BIAS}"},
    "Your bias opens the gates: it is the one for T, not for what is carried. T must "
    "be small, so its bias is negative when the stack is deep.")
highway.misconception("gate_for_bias", {BIAS: "-np.expm1(np.log(carried) / depth)"},
    "This is T, the gate's value. The bias goes through a sigmoid to become T: take "
    "σ's inverse, b = log(T/(1-T)).")
highway.misconception("logarithm_for_inverse", {
    BIAS: "np.log(-np.expm1(np.log(carried) / depth))"},
    "You took the logarithm of T alone. The inverse of the sigmoid is log(T/(1-T)); "
    "the two agree only where T is close to 0.")
highway.misconception("depth_left_out", {ROOT: "-np.log(carried)"},
    "Your bias is for one block. What is carried is multiplied by 1 - T in each of L "
    "blocks: (1-T)ᴸ = c.")
highway.misconception("depth_multiplied", {ROOT: "-np.log(carried) * depth"},
    "You raised the share to the L-th power. It is the result of L factors: one of "
    "them is its L-th root.")
highway.misconception("losses_added", {
    BIAS: "np.log((1 - carried) / (depth - 1 + carried))"},
    "You divided the loss 1 - c evenly, T = (1-c)/L. Factors multiply: 1 - T is the "
    "L-th root of c.")
highway.misconception("share_of_the_layers", {
    BIAS: "np.log(np.expm1(-np.log(1 - carried) / depth))"},
    "You made 1 - c come through. `carried` is the share of the input that is still "
    "there at the end.")

# ----------------------------------------------------------------------------- the dead

def dead_cases(rng):
    """Networks in which some units are dead, and others look it in part of the data."""
    def case(name, sizes, batches, kind="values", weight=1.0, *, last=0.0, **options):
        while True:
            X = [signed(rng, (n, sizes[0])) for n in batches]
            layers = _network(rng, sizes, np.concatenate(X), **options)
            if len(sizes) < 4 or _relu_matters(layers, X):
                break
        layers[-1] = layers[-1]._replace(b=layers[-1].b + last)
        return Case(name, (layers, X), None, weight, kind)

    return [case("one hidden layer, one batch", [3, 6, 2], [8], below=2, weight=2),
            case("alive in one batch only", [2, 5, 2], [1, 6, 3], below=2, weight=2),
            case("two hidden layers", [3, 6, 5, 2], [5, 4], below=2, weight=2),
            case("three hidden layers of unequal sizes", [2, 5, 4, 6, 3], [4, 1, 3],
                 below=1),
            case("the outputs are all negative", [3, 5, 4], [5, 4], below=2, last=-1e3),
            case("sums that are exactly 0", [3, 5, 2], [4, 3], "edge", zero=2),
            case("no unit is dead", [2, 4, 3], [6, 5], "edge"),
            case("no hidden layer", [3, 2], [4], "edge"),
            case("one example in each batch", [3, 5, 2], [1, 1, 1, 1], "edge", below=2),
            case("one unit in each layer", [2, 1, 1, 2], [3, 2], "edge", below=1)]


def _network(rng, sizes, z, *, below=0, zero=0):
    """Layers of which each hidden one has so many dead units for the inputs z."""
    layers = []
    for number, (D, M) in enumerate(pairwise(sizes)):
        W = signed(rng, (D, M))
        b = _biases(rng, z @ W, below)
        if number == 0:
            W[:, :zero], b[:zero] = 0, 0
        layers.append(Layer(W, b))
        z = np.maximum(z @ W + b, 0)
    return layers


def _relu_matters(layers, X):
    """Whether another count comes out where the layers are linear."""
    z = np.concatenate(X)
    counts = []
    for W, b in layers[:-1]:
        z = z @ W + b
        counts.append(int((z <= 0).all(axis=0).sum()))
    return counts != reference.count_dead(layers, X)


def _biases(rng, sums, below):
    """With them so many units are never positive, the others at one example alone."""
    order = np.sort(sums, axis=0)
    gap = np.ones(sums.shape[1]) if len(sums) == 1 else order[-1] - order[-2]
    above = -order[-1] + gap * rng.uniform(.3, .7, sums.shape[1])
    dead = rng.permutation(sums.shape[1]) < below
    return np.where(dead, -order[-1] - rng.uniform(.1, .5, sums.shape[1]), above)


dead = Exercise(reference.count_dead, cases=dead_cases, points=4, given=(Layer,),
                read="activations.html#dead-units")
dead.misconception("dead_in_some_batch", {
    "np.zeros(len(b), bool)": "np.ones(len(b), bool)",
    "alive[l] | (s > 0).any(axis=0)": "alive[l] & (s > 0).any(axis=0)"},
    "You count a unit as soon as it rests for one batch. It may wake in another, and "
    "learn: dead is one that has the slope 0 in all of them.")
dead.misconception("last_batch_only", {
    "alive[l] | (s > 0).any(axis=0)": "(s > 0).any(axis=0)"},
    "Only the last batch counts in your answer: gather over the batches.")
dead.misconception("negative_on_the_mean", {
    "(s > 0).any(axis=0)": "(s.mean(axis=0) > 0)"},
    "You look at the mean of the sums. One positive sum is enough for a unit to learn, "
    "however negative the others are.")
dead.misconception("resting_somewhere", {
    "np.zeros(len(b), bool)": "np.ones(len(b), bool)",
    "alive[l] | (s > 0).any(axis=0)": "alive[l] & (s > 0).all(axis=0)"},
    "You count every unit that rests at some example. That is what ReLU is for; dead "
    "is a unit that rests at all of them.")
dead.misconception("living_counted", {"~units": "units"},
    "You counted the living.")
dead.misconception("relu_left_out", {"np.maximum(s, 0)": "s"},
    "The layers above the first see the sums of the layer below, not its outputs: pass "
    "them through ReLU.")
dead.misconception("one_number", {
    "[int((~units).sum()) for units in alive]":
        "sum(int((~units).sum()) for units in alive)"},
    "You added the layers up. The answer has one count for each hidden layer.")
dead.misconception("zero_is_alive", {"s > 0": "s >= 0"},
    "A sum of exactly 0 is alive in your count. The slope of ReLU is 1 only where the "
    "sum is above 0.")

# ------------------------------------------------------ a residual block as a Module

def block_cases(rng):
    """Blocks that keep the width, and blocks that change it."""
    def case(name, sizes, shape, kind="values", weight=1.0, **options):
        inputs, hidden, outputs = sizes
        dtype = precision(kind)
        shapes = {"first.weight": (hidden, inputs), "first.bias": (hidden,),
                  "second.weight": (outputs, hidden), "second.bias": (outputs,)}
        if inputs != outputs:
            shapes["shortcut.weight"] = (outputs, inputs)
        params = {key: signed(rng, one, dtype) for key, one in shapes.items()}
        x = signed(rng, (*shape, inputs), dtype)
        return Case(name, (sizes, params, x), None, weight, kind, options)

    return [case("as many numbers go out as come in", (3, 4, 3), (5,), weight=2),
            case("more go out than come in", (2, 3, 4), (4,), weight=2),
            case("fewer go out", (4, 5, 2), (3,)),
            case("how it starts", (3, 4, 3), (4,), fresh=True),
            case("how it starts where the width changes", (3, 4, 2), (4,), fresh=True),
            case("sequences", (3, 2, 3), (2, 4), "edge"),
            case("in training and out of it", (3, 3, 3), (4,), "edge",
                 modes=(True, False)),
            case("one example without an axis", (3, 4, 3), (), "edge"),
            case("float32 stays float32", (3, 4, 2), (4,), "dtype")]


block = Exercise(pytorch.ResidualBlock, cases=block_cases, points=5, pure=False,
                 torch=True, drive=checks.run_block, methods=("__init__", "forward"),
                 read="activations.html#residual-blocks")
ENTERS = "self.first(torch.relu(x))"
ADDS = "self.shortcut(x) + self.second(torch.relu(h))"
block.misconception("no_shortcut", {ADDS: "self.second(torch.relu(h))"},
    "The input is not added. Without the shortcut it is two plain layers, and the "
    "gradient has no way round them.")
block.misconception("relu_after_the_sum", {ADDS: f"torch.relu({ADDS})"},
    "There is a ReLU after the sum, as in the first paper on residual networks. It "
    "cuts the shortcut off wherever the sum is negative; here nothing stands on that "
    "way.")
block.misconception("relu_left_out_at_the_entrance", {ENTERS: "self.first(x)"},
    "The branch begins with a ReLU: the activation comes before each of the two "
    "layers.")
block.misconception("shortcut_of_relu", {
    "self.shortcut(x)": "self.shortcut(torch.relu(x))"},
    "Your shortcut carries relu(x), so negative inputs are lost, and their gradients. "
    "It carries x as it is.")
block.misconception("relu_in_place", {"torch.relu(x)": "x.relu_()"},
    "A ReLU in place changes the very x that the shortcut is to carry. Use torch.relu, "
    "which returns a new tensor.")
block.misconception("not_zero_at_the_start", {
    "torch.nn.init.zeros_(self.second.weight)": "",
    "torch.nn.init.zeros_(self.second.bias)": ""},
    "At the start your block is not its shortcut: the weight and the bias of `second` "
    "are to be zero.")
block.misconception("both_layers_zero", {
    "torch.nn.init.zeros_(self.second.weight)":
        "torch.nn.init.zeros_(self.second.weight)\n"
        "torch.nn.init.zeros_(self.first.weight)\n"
        "torch.nn.init.zeros_(self.first.bias)"},
    "Both layers of the branch are zero at the start, so neither gets a gradient "
    "beyond the last bias: it could never learn. Only `second` is zero.")
block.misconception("shortcut_always_learned", {"inputs != outputs": "True"},
    "Your shortcut has weights even where it could be the identity. Only where the "
    "width changes does it need a layer.")
block.misconception("shortcut_with_bias", {"bias=False": "bias=True"},
    "The shortcut's layer has a bias. It is to carry the input and nothing else: "
    "bias=False.")
