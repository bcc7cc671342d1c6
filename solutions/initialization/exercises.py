"""What initialization's assignment asks: the cases, and the wrong answers."""
from itertools import pairwise

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.initialization import checks, pytorch, reference

# ------------------------------------------------------------------- which number is a

def spread_cases(rng):
    """Fans that differ, and a gain that is neither 1 nor its own square."""
    gain, small = uniform(rng, (1.3, 1.9), (.2, .6))

    def case(name, kind="values", weight=1.0, *, fans=None, **hyper):
        if fans is None:
            first = int(rng.integers(20, 60))
            fans = (first, first + int(rng.integers(30, 300)))
        return Case(name, fans, None, weight, kind, hyper)

    return [case("He: fan-in, normal", gain=gain, mode="fan_in", weight=2),
            case("fan-out, normal", gain=gain, mode="fan_out"),
            case("Xavier, normal", gain=gain, mode="fan_avg"),
            case("Xavier, uniform", gain=gain, mode="fan_avg", distribution="uniform",
                 weight=2),
            case("He: fan-in, uniform", gain=gain, mode="fan_in",
                 distribution="uniform"),
            case("the defaults: Xavier, normal, gain 1"),
            case("a gain below 1", gain=small, mode="fan_out", distribution="uniform"),
            case("one input, many outputs", "edge", gain=gain, mode="fan_in",
                 fans=(1, int(rng.integers(20, 90)))),
            case("as many inputs as outputs", "edge", gain=gain,
                 distribution="uniform", fans=(int(rng.integers(20, 90)),) * 2)]


spread = Exercise(reference.spread, cases=spread_cases, points=3,
                  read="initialization.html#xavier-s-start")
STD = "gain / math.sqrt(n)"
BOUND = "math.sqrt(3) * std"
FANS = "{'fan_in': fan_in, 'fan_out': fan_out, 'fan_avg': (fan_in + fan_out) / 2}"
spread.misconception("variance_for_deviation", {STD: "gain**2 / n"},
    "This is the variance, g²/n. N(0, a) on a slide may mean either; `normal` takes "
    "the deviation, its root, and with the variance in its place a layer of 400 inputs "
    "would start twenty times too small.")
spread.misconception("bound_is_deviation", {BOUND: "std"},
    "You give the uniform distribution its deviation as the bound. U(-a, a) has the "
    "variance a²/3, so a is √3 deviations: with a = σ the variance is a third of what "
    "it should be, as in PyTorch's default.")
spread.misconception("width_for_bound", {BOUND: "math.sqrt(12) * std"},
    "√12 deviations are the whole width of a uniform distribution. From -a to a the "
    "width is 2a, so a is half of it, √3 deviations.")
spread.misconception("sum_of_fans", {"(fan_in + fan_out) / 2": "fan_in + fan_out"},
    "You divide by the sum of the fans. Xavier's n is their mean: Var w = 2g²/(D + M).")
spread.misconception("gain_under_root", {STD: "math.sqrt(gain / n)"},
    "The gain multiplies the deviation and so enters the variance squared, g²/n. Under "
    "the root it counts only half.")
spread.misconception("gain_forgotten", {STD: "1 / math.sqrt(n)"},
    "The gain is not in your answer: it multiplies the deviation.")
spread.misconception("fans_exchanged", {
    FANS: FANS.replace("fan_in, 'fan_out': fan_out", "fan_out, 'fan_out': fan_in")},
    "Fan-in and fan-out have changed places. What a unit sums over are its inputs: "
    "fan-in keeps the signal, fan-out the gradient.")

# ---------------------------------------------------------- orthogonal, also rectangles

def orthogonal_cases(rng):
    """Matrices far from singular, for which no library's own signs are right."""
    def case(name, shape, kind="values", weight=1.0, *, size=1.0, **hyper):
        dtype = precision(kind)
        while True:
            A = signed(rng, shape) * size
            values = np.linalg.svd(A, compute_uv=False)
            tall = A if shape[0] >= shape[1] else A.T
            signs = np.sign(np.diag(np.linalg.qr(tall)[1]))
            mixed = len(set(signs)) == 2 if len(signs) > 1 else signs[0] < 0
            if values[-1] > values[0] / 12 and mixed:
                return Case(name, (A.astype(dtype),), None, weight, kind, hyper)

    return [case("a square by QR", (3, 3), method="qr"),
            case("a tall matrix by QR", (5, 3), method="qr", weight=2),
            case("a wide matrix by QR", (2, 5), method="qr", weight=2),
            case("a square by SVD", (4, 4), method="svd"),
            case("a tall matrix by SVD", (4, 2), method="svd"),
            case("a wide matrix by SVD", (3, 4), method="svd"),
            case("QR where no method is named", (4, 3)),
            case("large numbers", (3, 2), "edge", size=1e5, method="qr"),
            case("one column", (4, 1), "edge", method="qr"),
            case("one row", (1, 3), "edge", method="svd"),
            case("float32 stays float32, by QR", (4, 3), "dtype", method="qr"),
            case("float32 stays float32, by SVD", (2, 4), "dtype", method="svd")]


orthogonal = Exercise(reference.orthogonalize, cases=orthogonal_cases, points=4,
                      read="initialization.html#orthogonal-starts")
SIGNED = "Q * np.copysign(1, np.diag(R))"
TURNED = "orthogonalize(A.T, method=method).T"
orthogonal.misconception("signs_left", {SIGNED: "Q"},
    "The columns' signs are those that the library happened to choose. Multiply each "
    "column of Q by the sign of R's number on the diagonal; without that the random "
    "rotations are not equally likely.")
orthogonal.misconception("signs_on_rows", {
    SIGNED: "np.resize(np.copysign(1, np.diag(R)), len(Q))[:, None] * Q"},
    "You turn the signs of Q's rows. A = QR stays true when *column* i of Q and row i "
    "of R change their sign together.")
orthogonal.misconception("left_vectors_alone", {"U @ Vt": "U"},
    "U alone has signs that the library chose, and is not near A. Each singular "
    "vector's sign occurs in U and in V, so that in U Vᵀ they cancel.")
orthogonal.misconception("singular_values_kept", {
    "return U @ Vt": "return A"},
    "This is A itself: with Σ between U and Vᵀ nothing has changed. Leave Σ out, so "
    "that every singular value becomes 1.")
orthogonal.misconception("wide_not_turned", {TURNED: "np.linalg.qr(A)[0]"},
    "For a wide matrix your answer is a small square. There the rows are to be "
    "orthonormal: turn A, which makes it tall, and turn the result back.")
orthogonal.misconception("not_turned_back", {
    TURNED: "orthogonalize(A.T, method=method)"},
    "A wide matrix comes back tall: turn the result back.")
orthogonal.misconception("columns_scaled_only", {
    "Q, R = np.linalg.qr(A)": "Q, R = A / np.linalg.norm(A, axis=0), A"},
    "Your columns have the length 1, but they are not perpendicular to each other.")
orthogonal.equivalent({SIGNED: "Q / np.copysign(1, np.diag(R))"},
                      "One over a sign is the sign.")

# --------------------------------------------------------------------------------- LSUV

def lsuv_cases(rng):
    """Layers of unequal widths; sums with a mean, so that its part is seen."""
    std, = uniform(rng, (.6, .9))

    def case(name, sizes, kind="values", weight=1.0, *, activation="tanh", dead=None,
             n=6, size=1.0, **changed):
        dtype = precision(kind)
        weights = [signed(rng, shape, dtype)
                   for shape in pairwise(sizes)]
        if dead is not None:
            weights[dead][:] = 0
        X = (signed(rng, (n, sizes[0]), dtype) + dtype(.5)) * dtype(size)
        return Case(name, (weights, X), None, weight, kind,
                    {"activation": activation} | changed)

    return [case("one layer", [3, 4]),
            case("two layers, tanh", [3, 4, 2], weight=2),
            case("three layers, ReLU", [3, 4, 5, 3], activation="relu", weight=2),
            case("another deviation", [3, 4, 2], std=std),
            case("an activation with a mean of its own", [2, 3, 3],
                 activation="softplus"),
            case("layers of one width", [3, 3, 3], activation="none", std=std),
            case("faint inputs", [3, 4, 2], size=.01),
            case("no layer", [3], "edge"),
            case("a layer whose weights are all 0", [3, 4, 4], "edge", dead=1),
            case("one example", [4, 5, 3], "edge", n=1),
            case("the weights given stay as they were", [3, 4, 2], "edge",
                 watched=True),
            case("float32 stays float32", [3, 4, 2], "dtype", std=std)]


lsuv = Exercise(reference.lsuv, cases=lsuv_cases, points=4, drive=checks.run_lsuv,
                read="initialization.html#let-the-data-decide")
SIZE = "(z @ W).std()"
FACTOR = "W * (std / size) if size > 0 else W"
NEXT = "z = activation(z @ W)"
lsuv.misconception("divided_by_variance", {"std / size": "std / size**2"},
    "You divide by the variance. Sums that are divided by c have a variance divided by "
    "c², so the divisor is the deviation.")
lsuv.misconception("old_signal_passed_on", {
    NEXT: "z = activation(z @ weights[len(found) - 1])"},
    "The next layer was measured on the signal of the unscaled weights. LSUV goes "
    "layer by layer: scale, feed forward through what you scaled, then measure.")
lsuv.misconception("activation_forgotten", {NEXT: "z = z @ W"},
    "The activation is missing between the layers: the next layer sees f(s), and not "
    "s.")
lsuv.misconception("measured_after_activation", {SIZE: "activation(z @ W).std()"},
    "You measure the layer's outputs, after the activation. What gets the deviation "
    "asked for are the sums, before it.")
lsuv.misconception("mean_square", {SIZE: "np.sqrt(((z @ W)**2).mean())"},
    "You divide by the root of the mean square. Where the sums have a mean that is not "
    "their deviation: take the mean away first.")
lsuv.misconception("unit_by_unit", {
    SIZE: "(z @ W).std(axis=0)",
    FACTOR: "W * (std / np.where(size > 0, size, std))"},
    "You scale each unit by itself. LSUV measures one deviation a layer, over examples "
    "and units together, so that an orthogonal matrix stays orthogonal up to a factor.")
lsuv.misconception("weights_measured", {SIZE: "W.std()"},
    "You give the *weights* the deviation asked for. It is the sums of a batch that "
    "should have it, and those depend on the data and on the number of inputs.")
lsuv.misconception("target_forgotten", {"std / size": "1 / size"},
    "The sums have the deviation 1, whatever `std` says.")

# ------------------------------------------------------------------- gains, as measured

def gain_cases(rng):
    """Sums and what some activation made of them; the outputs have a mean."""
    def case(name, shape, kind="values", weight=1.0, *, mean=0.0, size=1.0, floor=None):
        dtype = precision(kind)
        sums = signed(rng, shape) * size + mean
        outputs = np.tanh(sums) if floor is None else np.maximum(sums, floor * sums)
        slopes = 1 - outputs**2 if floor is None else np.where(sums > 0, 1.0, floor)
        arrays = (np.array(part, dtype) for part in (sums, outputs, slopes))
        return Case(name, tuple(arrays), None, weight, kind)

    leak, = uniform(rng, (.1, .4))
    return [case("tanh", (12,), size=.7),
            case("ReLU", (4, 5), floor=0.0, weight=2),
            case("a leaky ReLU", (3, 6), floor=leak),
            case("sums with a mean", (5, 3), floor=leak, mean=1.5, weight=2),
            case("small sums", (4, 4), size=.01),
            case("large sums", (4, 4), size=40.0, floor=leak),
            case("a batch of images", (2, 3, 2, 2), "edge", floor=leak),
            case("one number", (), "edge", size=.5),
            case("float32 stays float32", (4, 3), "dtype", floor=leak, mean=.5)]


gains = Exercise(reference.measured_gains, cases=gain_cases, points=3,
                 read="initialization.html#the-gain-of-any-activation")
OUT = "(outputs**2).mean()"
BACK = "1 / np.sqrt((slopes**2).mean())"
gains.misconception("variance_of_outputs", {OUT: "outputs.var()"},
    "You divide by the outputs' variance. The next layer's weights have the mean 0, so "
    "its sums have the variance g²E[z²]: the mean square counts, with the outputs' "
    "mean in it. For ReLU the two are far apart.")
gains.misconception("variance_of_sums", {"(sums**2).mean()": "sums.var()"},
    "It is the mean square of the sums that is to be kept, and not their variance: the "
    "two differ where the sums have a mean.")
gains.misconception("sums_taken_as_standard", {
    "(sums**2).mean() / (outputs**2).mean()": "1 / (outputs**2).mean()"},
    "You take the sums to have the mean square 1. Measure it: the gain is what the "
    "activation took, E[s²]/E[z²] under the root.")
gains.misconception("upside_down", {
    "(sums**2).mean() / (outputs**2).mean()": "(outputs**2).mean() / (sums**2).mean()"},
    "This is the share that the activation lets through. The gain gives back what it "
    "took: one over that.")
gains.misconception("root_forgotten", {
    "np.sqrt((sums**2).mean() / (outputs**2).mean())":
        "(sums**2).mean() / (outputs**2).mean()", BACK: "1 / (slopes**2).mean()"},
    "These are g². The variance of a weight is g²/n, so the gain is the root.")
gains.misconception("mean_slope", {BACK: "1 / abs(slopes).mean()"},
    "You take one over the mean slope. A gradient's variance is multiplied by the mean "
    "of the *squared* slope.")
gains.misconception("one_gain_for_both", {
    BACK: "np.sqrt((sums**2).mean() / (outputs**2).mean())"},
    "The gradient does not pass through f but through its slope: the gain that keeps "
    "it is 1/√E[f'²]. For ReLU on symmetric sums the two agree, for others they don't.")

# -------------------------------------------------------------------- a residual stack

def residual_cases(rng):
    """Stacks of a few blocks, each branch with a gain of its own."""
    std, skip, scale = uniform(rng, (1.2, 1.8), (.7, .9), (.3, .6))

    def case(name, depth, kind="values", weight=1.0, *, std=std, **hyper):
        gains = rng.uniform(.6, 1.6, depth).round(4).astype(precision(kind))
        return Case(name, (std, gains), None, weight, kind, hyper)

    return [case("one block", 1),
            case("four blocks", 4, weight=2),
            case("a scaled branch", 3, scale=scale),
            case("a scaled skip", 3, skip=skip, scale=scale, weight=2),
            case("branches that begin with a normalization", 4, normalized=True,
                 weight=2),
            case("normalized, with both scales", 3, skip=skip, scale=scale,
                 normalized=True),
            case("no block", 0, "edge"),
            case("branches that give nothing", 3, "edge", scale=0.0, skip=skip),
            case("a start of 0, normalized", 3, "edge", std=0.0, normalized=True),
            case("float32 stays float32", 3, "dtype", skip=skip, scale=scale)]


residual = Exercise(reference.residual_deviations, cases=residual_cases, points=4,
                    read="initialization.html#the-variance-of-a-signal")
GROWN = "skip**2 * variances[-1] + (scale * g)**2 * into"
residual.misconception("deviations_added", {
    GROWN: "(skip * np.sqrt(variances[-1]) + scale * g * np.sqrt(into))**2"},
    "You add deviations. Of two numbers that are not correlated it is the variances "
    "that add up.")
residual.misconception("variances_returned", {
    "np.sqrt(np.array(variances, gains.dtype))": "np.array(variances, gains.dtype)"},
    "These are the variances; the deviations are their roots.")
residual.misconception("scale_not_squared", {"(scale * g)**2": "scale * g**2"},
    "The scale multiplies the branch, so its variance is multiplied by the square.")
residual.misconception("skip_not_squared", {
    "skip**2 * variances[-1]": "skip * variances[-1]"},
    "The weight of the skip multiplies the signal, so its variance is multiplied by "
    "the square.")
residual.misconception("gain_not_squared", {"(scale * g)**2": "scale**2 * g"},
    "A branch's gain is a ratio of deviations; for variances it has to be squared.")
residual.misconception("skip_forgotten", {
    "skip**2 * variances[-1] + (scale * g)**2 * into": "(scale * g)**2 * into"},
    "This is a plain stack: what the skip carries past each block is missing.")
residual.misconception("normalization_forgotten", {
    "1 if normalized else variances[-1]": "variances[-1]"},
    "With a normalization at its beginning, a branch sees the deviation 1 however "
    "large x has become, so that each block adds a variance that does not grow.")
residual.misconception("normalized_after_the_sum", {
    "variances.append(skip**2 * variances[-1] + (scale * g)**2 * into)":
        f"variances.append(1 if normalized else {GROWN})"},
    "You normalize the sum of skip and branch. Here only what goes into the branch is "
    "normalized; the skip carries x as it is.")
residual.misconception("start_missing", {
    "np.array(variances, gains.dtype)": "np.array(variances[1:], gains.dtype)"},
    "The deviation of x_0 is missing: L blocks give L + 1 numbers.")

# ------------------------------------------------------ PyTorch's default, to be mended

def init_cases(rng):
    """Networks of some 50,000 weights a layer, so that moments are sharp."""
    def case(name, *spec, kind="values", weight=1.0, **options):
        keywords = {"spec": [*spec], "seed": int(rng.integers(1, 10**6)), **options}
        return Case(name, (), None, weight, kind, keywords)

    linear = lambda D, M, **options: ("Linear", (D, M), options)        # noqa: E731
    conv = lambda C, M, k, **options: ("Conv2d", (C, M, k), options)    # noqa: E731
    plain: dict = {}
    relu, norm = ("ReLU", (), plain), ("BatchNorm2d", (80,), plain)
    return [case("three linear layers", linear(150, 400), relu, linear(400, 120), relu,
                 linear(120, 500), weight=2),
            case("two convolutions and a linear layer", conv(25, 80, 5), relu,
                 conv(80, 70, 3), relu, ("Flatten", (), plain), linear(280, 200),
                 weight=2),
            case("a network within a network", linear(200, 300),
                 [relu, [linear(300, 180), relu]], linear(180, 400)),
            case("layers without biases", linear(220, 250, bias=False), relu,
                 linear(250, 200, bias=False)),
            case("a single layer", linear(200, 300), kind="edge"),
            case("what else there is stays as it was", conv(25, 80, 5), norm, relu,
                 conv(80, 70, 3), whole=True),
            case("a convolution in groups", conv(64, 320, 5, groups=8), relu,
                 conv(320, 160, 1)),
            case("a network in float64", linear(200, 300), relu, linear(300, 200),
                 kind="edge", double=True)]


mended = Exercise(pytorch.init_weights, cases=init_cases, points=5,
                  drive=checks.run_init, tolerance=(.03, .03), pure=False, torch=True,
                  read="initialization.html#what-pytorch-does-by-itself")
DRAW = "layer.weight.normal_(0, g / math.sqrt(n), generator=generator)"
GAIN = "1.0 if layer is layers[-1] else math.sqrt(2)"
SUMMED = "layer.weight[0].numel()"
BIAS = "if layer.bias is not None:\n    layer.bias.zero_()"
mended.misconception("variance_for_deviation", {"g / math.sqrt(n)": "g**2 / n"},
    "`normal_` takes the deviation, and you gave it the variance g²/n. N(0, a) on a "
    "slide may mean either; in PyTorch a is the deviation, the root.")
mended.misconception("without_gain", {"math.sqrt(2)": "1.0"},
    "The weights have the variance 1/n. A ReLU sets half of the mean square to 0; the "
    "gain √2 gives it back.")
mended.misconception("gain_for_last", {GAIN: "math.sqrt(2)"},
    "The last layer got the gain √2 too. No ReLU comes after it, so there is nothing "
    "to be given back: its gain is 1.")
mended.misconception("fan_out", {SUMMED: "layer.weight[:, 0].numel()"},
    "You divided by the outputs. A unit sums over its inputs; in PyTorch a weight is "
    "(outputs, inputs, …), the transpose of ours.")
mended.misconception("kernel_forgotten", {SUMMED: "layer.weight.shape[1]"},
    "A convolution sums over the channels *and* over the pixels of its kernel: n is "
    "C k², and not C.")
mended.misconception("groups_forgotten", {
    SUMMED: "layer.weight[0].numel() * getattr(layer, 'groups', 1)"},
    "In a convolution with groups each output sees its own group of the input "
    "channels, and n counts these alone.")
mended.misconception("biases_left", {BIAS: ""},
    "The biases still have PyTorch's default, U(-1/√n, 1/√n). Set them to 0.")
mended.misconception("bound_is_deviation", {DRAW:
    "layer.weight.uniform_(-g / math.sqrt(n), g / math.sqrt(n), generator=generator)"},
    "You drew from U(-a, a) with a = g/√n, whose variance is a third of g²/n. Draw "
    "from a normal distribution, as is asked for here.")
mended.misconception("uniform_of_right_variance", {DRAW:
    "layer.weight.uniform_(-g * math.sqrt(3 / n), g * math.sqrt(3 / n), "
    "generator=generator)"},
    "The variance is right, but the weights are uniform. Asked for is a normal "
    "distribution.")
mended.misconception("generator_unused", {"generator=generator": "generator=None"},
    "Your draws come from PyTorch's own generator. With the one that you were given, "
    "the start can be drawn again, and nobody else's draws change.")
mended.misconception("new_parameters", {DRAW:
    "layer.weight = torch.nn.Parameter(torch.randn(layer.weight.shape, "
    "generator=generator, dtype=layer.weight.dtype) * (g / math.sqrt(n)))"},
    "You put new parameters in the place of the old ones. An optimizer that was made "
    "before holds the old ones: fill the tensors that are there.")
mended.misconception("convolutions_left", {
    "(torch.nn.Linear, torch.nn.Conv2d)": "torch.nn.Linear"},
    "The convolutions still have PyTorch's default.")
for entry in ("1", "-1"):
    mended.equivalent({SUMMED: f"layer.weight[{entry}].numel()"},
                      "Every output is a sum over as many numbers.")
