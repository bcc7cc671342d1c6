"""What normalization's assignment asks: the cases, and the wrong answers it can name.
"""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.normalization import checks, pytorch, reference

# ----------------------------------------------------------------- batch norm, backward

def backward_cases(rng):
    """Gradients that are not orthogonal to the inputs, so that no term is zero."""
    def case(name, shape, kind="values", weight=1.0, *, scale=1.0, shift=0.0,
             alike=False, constant=False, eps=1e-5):
        dtype = precision(kind)
        X = (shift + scale * signed(rng, shape)).astype(dtype)
        grads = (signed(rng, shape) + .3 * X / scale).astype(dtype)
        if alike:
            grads[...] = grads[:1]
        if constant:
            X[:, 0] = X[0, 0]
        gamma = signed(rng, (shape[1],), dtype)
        return Case(name, (grads, X, gamma), None, weight, kind, {"eps": eps})

    return [case("a dense layer", (6, 3), weight=2),
            case("images", (3, 2, 2, 3), weight=2),
            case("sequences", (4, 3, 2)),
            case("deviations far from 1", (6, 3), scale=20.0),
            case("a large ε", (5, 3), eps=.5),
            case("one channel", (5, 1), "edge"),
            case("gradients that are alike for all examples", (5, 3), "edge",
                 alike=True),
            case("a channel that is constant", (5, 3), "edge", constant=True),
            case("inputs far from zero", (6, 3), "edge", shift=100.0),
            case("a batch of one", (1, 3), "edge"),
            case("float32 stays float32", (6, 3), "dtype")]


backward = Exercise(reference.batch_norm_backward, cases=backward_cases, points=5,
                    given=(reference.normalize, reference.by_channel),
                    read="normalization.html#the-gradient")
REST = "grads - by_channel(d_beta / m, X) - x_hat * by_channel(d_gamma / m, X)"
backward.misconception("statistics_held_fixed", {REST: "grads"},
    "Mean and variance are treated as constants, as they are after training. In "
    "training each input moves them too, and so all outputs of its channel: two terms "
    "are missing from ∂E/∂X.")
backward.misconception("variance_held_fixed", {
    REST: "grads - by_channel(d_beta / m, X)"},
    "The mean moves with X in your answer, and the variance does not. What comes "
    "through the variance is -x̂ times the mean of g x̂.")
backward.misconception("mean_held_fixed", {
    REST: "grads - x_hat * by_channel(d_gamma / m, X)"},
    "The variance moves with X in your answer, and the mean does not. What comes "
    "through the mean is minus the mean of g.")
backward.misconception("sums_for_means", {
    "d_beta / m": "d_beta", "d_gamma / m": "d_gamma"},
    "Sums stand where means belong: of the m numbers of a channel each has the share "
    "1/m in its mean and its variance.")
backward.misconception("examples_counted_alone", {"X.size // X.shape[1]": "len(X)"},
    "You divide by the number of examples. With images a channel's statistics go over "
    "the positions as well: m = N H W.")
backward.misconception("gamma_forgotten", {
    "by_channel(gamma, X) * inv_std * rest": "inv_std * rest"},
    "γ is missing from ∂E/∂X: y = γ x̂ + β, so ∂E/∂x̂ is γ times the gradient that "
    "arrives.")
backward.misconception("not_divided_by_deviation", {
    "by_channel(gamma, X) * inv_std * rest": "by_channel(gamma, X) * rest"},
    "1/√(σ²+ε) is missing from ∂E/∂X. It is what makes the gradient small where the "
    "inputs are large.")
backward.misconception("gamma_by_the_inputs", {
    "(grads * x_hat).sum(axis=axes)": "(grads * X).sum(axis=axes)"},
    "∂E/∂γ is taken with the inputs X. γ multiplies the normalized x̂, so its "
    "gradient is Σ g x̂.")
backward.misconception("gradients_averaged", {
    "(grads * x_hat).sum(axis=axes)": "(grads * x_hat).mean(axis=axes)",
    "grads.sum(axis=axes)": "grads.mean(axis=axes)",
    "d_beta / m": "d_beta", "d_gamma / m": "d_gamma"},
    "∂E/∂γ and ∂E/∂β are means over the batch. The gradients that arrive carry the "
    "loss's 1/N already: add them up.")

backward.equivalent({"X.size // X.shape[1]": "X.size / X.shape[1]"},
    "It divides without a remainder.")

# --------------------------------------------------------------------------- group norm

def group_cases(rng):
    """Channels of different means and deviations: which are averaged together shows."""
    def case(name, shape, groups, kind="values", weight=1.0, *, eps=1e-5,
             constant=False):
        dtype = precision(kind)
        levels, sizes = (signed(rng, (shape[1], *[1] * (len(shape) - 2)))
                         for _ in range(2))
        X = (3 * levels + sizes * signed(rng, shape)).astype(dtype)
        if constant:
            X[0] = 1.5
        gamma, beta = (signed(rng, (shape[1],), dtype) for _ in range(2))
        return Case(name, (X, gamma, beta), None, weight, kind,
                    {"groups": groups, "eps": eps})

    return [case("two groups of three channels", (2, 6, 2, 3), 2, weight=2),
            case("four groups of two channels", (3, 8, 3, 2), 4, weight=2),
            case("one group: layer norm", (2, 4, 2, 2), 1),
            case("as many groups as channels: instance norm", (2, 4, 3, 2), 4),
            case("a large ε", (2, 6, 2, 2), 2, eps=.5),
            case("without space", (3, 6), 2, "edge"),
            case("sequences", (2, 6, 5), 3, "edge"),
            case("volumes", (2, 4, 2, 2, 2), 2, "edge"),
            case("one example", (1, 6, 2, 2), 2, "edge"),
            case("an example that is constant", (2, 6, 2, 2), 2, "edge", constant=True),
            case("float32 stays float32", (2, 6, 2, 2), 2, "dtype")]


group = Exercise(reference.group_norm, cases=group_cases, points=4,
                 given=(reference.normalize, reference.by_channel),
                 read="normalization.html#which-axes-are-averaged")
PARTS = "X.reshape(len(X), groups, -1)"
HAT = "normalize(parts, axes=-1, eps=eps)"
BACK = "x_hat.reshape(X.shape)"
group.misconception("channels_interleaved", {
    PARTS: "X.reshape(len(X), -1, groups, *X.shape[2:]).swapaxes(1, 2)"
           ".reshape(len(X), groups, -1)",
    BACK: "x_hat.reshape(len(X), groups, -1, *X.shape[2:]).swapaxes(1, 2)"
          ".reshape(X.shape)"},
    "Your groups are interleaved: every G-th channel. A group is made of neighbours, "
    "the first C/G channels, then the next.")
group.misconception("over_the_batch", {HAT: "normalize(parts, axes=(0, -1), eps=eps)"},
    "Your statistics go over the examples too. Group norm looks at each example by "
    "itself: that is why it works for a batch of one.")
group.misconception("channels_in_a_group", {
    PARTS: "X.reshape(len(X), X.shape[1] // groups, -1)"},
    "You read `groups` as the number of channels in a group. It is the number of "
    "groups; each has C/G channels.")
group.misconception("layer_norm_always", {PARTS: "X.reshape(len(X), 1, -1)"},
    "All channels of an example are normalized together, whatever `groups` says. That "
    "is layer norm, the limit G = 1.")
group.misconception("instance_norm_always", {
    PARTS: "X.reshape(len(X), X.shape[1], -1)"},
    "Each channel is normalized by itself, whatever `groups` says. That is instance "
    "norm, the limit G = C.")
group.misconception("each_place_by_itself", {
    PARTS: "X.reshape(len(X), groups, X.shape[1] // groups, -1)",
    HAT: "normalize(parts, axes=2, eps=eps)"},
    "Your statistics go over the group's channels at one place. They go over the "
    "places as well: C/G · H · W numbers.")
group.misconception("scaled_before", {
    PARTS: "(by_channel(gamma, X) * X + by_channel(beta, X))"
           ".reshape(len(X), groups, -1)",
    f"by_channel(gamma, X) * {BACK} + by_channel(beta, X)": BACK},
    "γ and β are applied before the normalization, which takes part of them away "
    "again. They come after it: y = γ x̂ + β.")
group.misconception("unbiased_variance", {
    HAT: "((parts - parts.mean(axis=-1, keepdims=True)) / np.sqrt(parts.var(axis=-1, "
         "ddof=1, keepdims=True) + eps), None)"},
    "You divide the variance by m - 1. In the forward pass every normalization here "
    "divides by m: the numbers are normalized by their own variance, and no "
    "population is estimated.")

group.equivalent({PARTS: "X.reshape(len(X), groups, -2)"},
    "NumPy's reshape works out the length of any axis that is negative.")

# ---------------------------------------------------------------- population statistics

def population_cases(rng):
    """Batches whose means differ as much as their examples do."""
    def case(name, sizes, channels, kind="values", weight=1.0, *, level=0.0, spread=1.0,
             **options):
        dtype, shape = precision(kind), (len(sizes), channels)
        means = (level + spread * signed(rng, shape)).astype(dtype)
        variances = (rng.uniform(.3, 2, shape).round(4)
                     * (np.array(sizes) > 1)[:, None]).astype(dtype)
        return Case(name, (means, variances, np.array(sizes)), None, weight, kind,
                    options)

    return [case("batches of one size", [4, 4, 4], 2, weight=2),
            case("batches of unequal sizes", [8, 3, 5], 3, weight=2),
            case("a small batch at the end", [16, 16, 16, 2], 2),
            case("many batches", [4] * 30, 2),
            case("batches of one example", [1, 1, 1, 1, 1], 2, "edge"),
            case("one batch", [6], 3, "edge"),
            case("two examples in all", [1, 1], 2, "edge"),
            case("batches that have one mean", [4, 7], 2, "edge", level=1.25,
                 spread=0.0),
            case("means far from zero", [5, 8, 3], 2, level=20000.0),
            case("the arguments stay as they were", [3, 5], 2, "edge", after=True),
            case("float32 stays float32", [5, 3, 8], 2, "dtype")]


population = Exercise(reference.population_stats, cases=population_cases, points=3,
                      drive=checks.run_population, given=(reference.Statistics,),
                      read="normalization.html#after-training")
WITHIN = "share @ (variances + (means - mean)**2)"
population.misconception("variances_averaged", {WITHIN: "share @ variances"},
    "You average the batches' variances. Each of them is about its own batch's mean: "
    "what is missing is how far those means lie from the common one.")
population.misconception("biased", {"var * (N / (N - 1))": "var"},
    "This is the variance divided by N. The one asked for estimates the population's, "
    "unbiased: divided by N - 1, as PyTorch does for `running_var`.")
population.misconception("batches_count_alike", {
    "(sizes / N).astype(means.dtype)":
        "np.full(len(sizes), 1 / len(sizes), means.dtype)"},
    "Every batch counts alike in your answer. A batch of n examples has the share n/N, "
    "so a small one at the end counts for little.")
population.misconception("corrected_in_each_batch", {
    WITHIN: "share @ (variances * (sizes / np.maximum(sizes - 1, 1))[:, None])"
            ".astype(means.dtype)",
    "var * (N / (N - 1))": "var"},
    "You correct each batch's variance by m/(m-1) and average them, as the paper's "
    "Algorithm 2 does. That is unbiased for batches drawn at random, and an estimate: "
    "the variance of these N examples has the spread of the batches' means in it.")
population.misconception("square_of_the_mean_taken_away", {
    WITHIN: "share @ (variances + means**2) - mean**2"},
    "The mean of the squares minus the square of the mean is right on paper. In "
    "floating point two large numbers cancel, and the digits of the variance are "
    "lost. Add up squares of differences.")


@population.misconception(
    "This is a running average, in which the last batches count most. The statistics "
    "of the population weigh every example alike, whichever batch it came in.")
def running_average(means, variances, sizes):
    mean, var = 0 * means[0], 0 * variances[0] + 1
    for m, v, n in zip(means, variances, sizes, strict=True):
        mean = .9 * mean + .1 * m
        var = .9 * var + .1 * v * (float(n) / max(float(n) - 1, 1.0))
    return mean, var

# ------------------------------------------------------------- fused into a convolution

def fusion_cases(rng):
    """Convolutions and batch norms after training, with statistics far from 0 and 1."""
    def case(name, shape, kind="values", weight=1.0, *, groups=1, bias=True,
             affine=True, small=1.0, **options):
        dtype, channels = precision(kind), shape[0]
        norm = {"running_mean": signed(rng, (channels,), dtype),
                "running_var": (small * rng.uniform(2, 6, channels)).astype(dtype)}
        if affine:
            norm |= {"weight": signed(rng, (channels,), dtype),
                     "bias": signed(rng, (channels,), dtype)}
        arguments = (signed(rng, shape, dtype),
                     signed(rng, (channels,), dtype) if bias else None, norm,
                     signed(rng, (2, groups * shape[1], 5, 6), dtype))
        return Case(name, arguments, None, weight, kind, {"groups": groups} | options)

    eps, = uniform(rng, (.05, .2))
    return [case("with a bias", (3, 2, 2, 2), weight=2),
            case("without a bias", (4, 2, 3, 2), weight=2, bias=False),
            case("as many channels out as in", (3, 3, 2, 2)),
            case("stride, padding and dilation", (3, 2, 2, 2), stride=2, padding=(1, 2),
                 dilation=2),
            case("two groups", (4, 2, 2, 2), groups=2),
            case("a large ε", (3, 2, 2, 2), eps=eps),
            case("variances as small as ε", (3, 2, 2, 2), small=1e-5),
            case("a norm without scale and shift", (3, 2, 2, 2), "edge", affine=False),
            case("a kernel of one number", (2, 3, 1, 1), "edge"),
            case("a norm that is in training mode", (3, 2, 2, 2), "edge",
                 training=True),
            case("the given layers stay, and a new one comes back", (3, 2, 2, 2),
                 "edge", kept=True),
            case("float32 stays float32", (3, 2, 2, 2), "dtype")]


fusion = Exercise(pytorch.fuse_conv_batch_norm, cases=fusion_cases, points=5,
                  drive=checks.run_fusion, pure=False, torch=True,
                  read="normalization.html#fused-into-the-layer-before")
SCALE = "gamma / torch.sqrt(norm.running_var + norm.eps)"
SHIFT = "(b - norm.running_mean) * scale + beta"
fusion.misconception("scale_without_eps", {
    SCALE: "gamma / torch.sqrt(norm.running_var)"},
    "ε is missing. The norm divides by √(σ²+ε), not by σ; for the same reason γ = σ "
    "does not make batch norm the identity, and γ = √(σ²+ε) does.")
fusion.misconception("eps_beside_the_root", {
    SCALE: "gamma / (torch.sqrt(norm.running_var) + norm.eps)"},
    "ε stands under the root: √(σ²+ε), not σ + ε.")
fusion.misconception("divided_by_variance", {
    SCALE: "gamma / (norm.running_var + norm.eps)"},
    "`running_var` is a variance. What the norm divides by is its square root.")
fusion.misconception("bias_not_scaled", {SHIFT: "b - norm.running_mean * scale + beta"},
    "The convolution's own bias goes through the norm as well, so it is multiplied by "
    "the scale too.")
fusion.misconception("mean_forgotten", {SHIFT: "b * scale + beta"},
    "The running mean is missing from the bias: the norm takes it away before it "
    "scales, so the bias is a (b - μ) + β.")
fusion.misconception("mean_not_scaled", {SHIFT: "b * scale - norm.running_mean + beta"},
    "The running mean is taken away before the scaling, so it is multiplied by the "
    "scale: a (b - μ) + β.")
fusion.misconception("inputs_scaled", {
    "scale[:, None, None, None]":
        "scale.repeat(conv.in_channels)[:conv.weight.shape[1], None, None]"},
    "The scale multiplies the second axis of the weights, the channels that come in. "
    "The norm works on those that go out, the first axis of `conv.weight`.")
fusion.misconception("options_forgotten", {
    "conv.stride": "1", "conv.padding": "0", "conv.dilation": "1"},
    "Your convolution has the default stride, padding and dilation. The fused one "
    "needs those of the given one.")

# ------------------------------------------------------------------ RMSNorm as a Module

def rms_cases(rng):
    """Rows whose mean is far from zero: a norm that takes it away shows."""
    eps, large = uniform(rng, (.2, .5), (200, 300))

    def case(name, shape, kind="values", weight=1.0, *, scale=1.0, zeros=False,
             dtype=None, given=True, **options):
        dtype = dtype or precision(kind)
        x = (scale * (1 + signed(rng, shape))).astype(dtype)
        if zeros:
            x[0] = 0
        own = {"weight": signed(rng, shape[-1:], dtype)} if given else {}
        return Case(name, (x, signed(rng, shape, dtype)), None, weight, kind,
                    own | options)

    return [case("as it starts", (4, 3), given=False),
            case("with a scale of its own", (5, 4), weight=2),
            case("sequences", (2, 3, 4), weight=2),
            case("a large ε", (4, 3), eps=eps),
            case("after a step of gradient descent", (4, 3), given=False, moved=True),
            case("one vector", (5,), "edge"),
            case("one example", (1, 4), "edge"),
            case("a row of zeros", (3, 4), "edge", zeros=True),
            case("small numbers", (3, 4), "edge", scale=1e-3),
            case("a float16 whose squares overflow", (3, 4), scale=large,
                 dtype=np.float16),
            case("float32 stays float32", (4, 3), "dtype")]


rms = Exercise(pytorch.RMSNorm, cases=rms_cases, points=4, drive=checks.run_rms_norm,
               methods=("__init__", "forward"), pure=False, torch=True,
               read="normalization.html#which-axes-are-averaged")
MEAN_SQUARE = "wide.square().mean(-1, keepdim=True)"
rms.misconception("mean_taken_away", {
    "wide = x.float() if x.dtype == torch.float16 else x":
        "wide = x.float() if x.dtype == torch.float16 else x\n"
        "wide = wide - wide.mean(-1, keepdim=True)"},
    "You take the mean away first, which makes it layer norm. RMS norm only divides: "
    "it leaves the mean where it is.")
rms.misconception("divided_by_the_norm", {
    MEAN_SQUARE: "wide.square().sum(-1, keepdim=True)"},
    "You divide by the length of the vector, the root of the sum of squares. The mean "
    "of the squares is meant, so that the result has size 1 in each feature.")
rms.misconception("over_the_batch", {
    MEAN_SQUARE: "wide.square().mean(0, keepdim=True)"},
    "The mean is taken over the first axis, so examples depend on each other. It goes "
    "over the last axis, the features.")
rms.misconception("eps_beside_the_root", {
    f"torch.rsqrt({MEAN_SQUARE} + self.eps)": f"1 / ({MEAN_SQUARE}.sqrt() + self.eps)"},
    "ε stands under the root, beside the mean square.")
rms.misconception("statistics_detached", {
    MEAN_SQUARE: "wide.detach().square().mean(-1, keepdim=True)"},
    "The output is right and its gradient is not: the mean square is detached, so "
    "autograd takes it for a constant. It moves with x.")
rms.misconception("weight_is_no_parameter", {
    "self.weight = torch.nn.Parameter(torch.ones(features))":
        "self.register_buffer('weight', torch.ones(features))"},
    "Your weight is not a parameter of the module, so no optimizer will ever move it. "
    "Wrap it in torch.nn.Parameter.")
rms.misconception("half_precision_overflows", {
    "x.float() if x.dtype == torch.float16 else x": "x"},
    "The squares are taken in float16, whose largest number is 65504: 300² is "
    "infinite there, and the output 0. Convert to float32 first, and back at the end.")
