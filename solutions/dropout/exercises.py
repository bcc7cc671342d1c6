"""What dropout's assignment asks: the cases, and the wrong answers it can name."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.dropout import checks, pytorch, reference

# ---------------------------------------------------------------------- spatial dropout

def spatial_cases(rng):
    """Masks of which some, but not all, channels of each example are dropped."""
    p, = uniform(rng, (.2, .4))

    def case(name, shape, kind="values", weight=1.0, *, mask=None, **changed):
        x = signed(rng, shape, precision(kind))
        if mask is None:
            mask = two_kinds(rng, shape[:2])
        return Case(name, (x, mask), None, weight, kind, {"p": p} | changed)

    return [case("images", (3, 4, 2, 3), weight=2),
            case("sequences", (3, 2, 4)),
            case("as many channels as examples", (3, 3, 3, 3)),
            case("in training, and when testing", (2, 3, 2, 2), tested=True),
            case("when testing, without spatial axes", (3, 2), "edge", training=False),
            case("no spatial axes", (3, 4), "edge"),
            case("three spatial axes", (2, 3, 2, 1, 2), "edge"),
            case("one example", (1, 4, 2, 2), "edge"),
            case("p = 0", (2, 2, 2), "edge", p=0.0, mask=np.ones((2, 2), bool)),
            case("every channel dropped", (2, 2, 3), "edge",
                 mask=np.zeros((2, 2), bool)),
            case("no examples", (0, 2, 3), "edge", mask=np.ones((0, 2), bool)),
            case("float32 stays float32", (2, 3, 2, 2), "dtype")]


def two_kinds(rng, shape):
    """A mask whose examples differ, as do its channels, and whose kept are no half."""
    while True:
        mask = rng.random(shape) < .6
        rows, columns = (len(np.unique(m, axis=0)) for m in (mask, mask.T))
        if (2 * mask.sum() != mask.size and 0 < mask.sum() < mask.size
                and rows >= min(shape[0], 2) and columns >= min(shape[1], 2)
                and not (shape[0] == shape[1] and (mask == mask.T).all())):
            return mask


spatial = Exercise(reference.spatial_dropout, cases=spatial_cases, points=3,
                   drive=checks.run_spatial,
                   read="dropout.html#whole-channels-and-single-weights")
SHAPED = "mask.reshape(*mask.shape, *[1] * (x.ndim - 2))"
SCALED = f"x * {SHAPED} / (1 - p)"
spatial.misconception("multiplied_by_p", {SCALED: f"x * {SHAPED} * p"},
    "What is kept is multiplied by p. It has to be divided by the probability 1-p of "
    "being kept, so that the mean over the masks is x.")
spatial.misconception("divided_by_p", {SCALED: f"x * {SHAPED} / p"},
    "You divide by p, the probability of being dropped. What is kept makes up for what "
    "is missing: divide by the probability of being kept.")
spatial.misconception("not_scaled", {SCALED: f"x * {SHAPED}"},
    "The kept channels come back as they were, so on average the layer puts out "
    "(1-p) x. Inverted dropout divides by 1-p in training.")
spatial.misconception("share_that_was_kept", {SCALED: f"x * {SHAPED} / mask.mean()"},
    "You divide by the share that this mask happens to keep. The factor goes by the "
    "probability, 1/(1-p), whatever the draw: a share that varies would bias the "
    "mean, and an all-dropped mask would be 0/0.")
spatial.misconception("mask_of_first_example", {
    SHAPED: "np.broadcast_to(mask[:1], mask.shape)"
            ".reshape(*mask.shape, *[1] * (x.ndim - 2))"},
    "Every example gets the first one's mask. Each has its own row.")
spatial.misconception("kept_for_dropped", {
    SHAPED: "(~mask).reshape(*mask.shape, *[1] * (x.ndim - 2))"},
    "You keep the channels that are to be dropped: True means that a channel stays.")
spatial.misconception("scaled_when_tested", {
    "if not training:\n    return x": "if not training:\n    return x * (1 - p)"},
    "When testing you multiply by 1-p. The factor of the inverted form is in training "
    "already; at test time x comes back as it is.")
spatial.misconception("dropped_when_tested", {"if not training:\n    return x": ""},
    "Channels are dropped when testing too. With training=False nothing is dropped.")

# ----------------------------------------------------------- Gaussian dropout, a module

def gaussian_cases(rng):
    """Many copies of a few numbers: moments tell one noise from another."""
    small, large = uniform(rng, (.25, .35), (.75, .85))

    def case(name, p, kind="values", weight=1.0, *, count=50_000, **options):
        values = np.array(signed(rng, (2,), precision(kind)))
        keywords = {"p": p, "count": count, "seed": int(rng.integers(2**31))} | options
        return Case(name, (values,), None, weight, kind, keywords)

    return [case("a small p", small, weight=2),
            case("a large p, and then evaluation mode", large, weight=2, tested=True),
            case("one row, in evaluation mode", large, "edge", count=0, shape=(2,),
                 training=False),
            case("p = 0 changes nothing", 0.0, "edge", count=0, shape=(2, 1)),
            case("inputs of four axes, in evaluation mode", small, "edge", count=0,
                 shape=(1, 2, 1, 1), training=False),
            case("float32 stays float32", small, "dtype")]


gaussian = Exercise(pytorch.GaussianDropout, cases=gaussian_cases, points=4,
                    drive=checks.run_gaussian, tolerance=(.05, .06),
                    methods=("forward",), pure=False, torch=True,
                    read="dropout.html#noise-that-is-not-zero-or-one")
DEVIATION = "(self.p / (1 - self.p)) ** 0.5"
FACTOR = "x * (1 + deviation * torch.randn_like(x))"
SILENT = "if not self.training:\n    return x"
gaussian.misconception("rate_for_deviation", {DEVIATION: "self.p"},
    "The deviation of your noise is p. It is to be that of inverted dropout's factor, "
    "which is 0 with the probability p and 1/(1-p) otherwise: work out its variance.")
gaussian.misconception("variance_for_deviation", {DEVIATION: "self.p / (1 - self.p)"},
    "You multiply N(0, 1) by the variance p/(1-p). A standard normal number is scaled "
    "by the deviation, the root of that.")
gaussian.misconception("variance_of_the_mask", {
    DEVIATION: "(self.p * (1 - self.p)) ** 0.5"},
    "p(1-p) is the variance of the mask of 0 and 1. Inverted dropout's factor is the "
    "mask over 1-p, so its variance is p(1-p)/(1-p)².")
gaussian.misconception("keep_for_drop", {DEVIATION: "((1 - self.p) / self.p) ** 0.5"},
    "Your noise grows as p falls: the two probabilities have changed places. p is that "
    "of being dropped, and p = 0 must mean no noise.")
gaussian.misconception("noise_added", {FACTOR: "x + deviation * torch.randn_like(x)"},
    "You add the noise to x. Dropout's noise multiplies: a unit that puts out twice as "
    "much is disturbed twice as much, and the gradient is multiplied by the noise too.")
gaussian.misconception("mean_of_zero", {
    FACTOR: "x * (deviation * torch.randn_like(x))"},
    "Your factor is 0 on average, so nothing of x is left. It is to be 1 on average: "
    "that is why no factor is needed at test time.")
gaussian.misconception("zeros_and_ones", {
    FACTOR: "x * (torch.rand_like(x) >= self.p) / (1 - self.p)"},
    "This is inverted dropout itself. It has the right mean and variance, but the "
    "noise asked for is Gaussian.")
gaussian.misconception("one_draw_an_example", {
    "torch.randn_like(x)": "torch.randn_like(x[..., :1])"},
    "All numbers of an example get the same noise. Each is to have its own.")
gaussian.misconception("one_draw_a_column", {
    "torch.randn_like(x)": "torch.randn_like(x[:1])"},
    "All examples get the same noise. Each number of each example is to have its own.")
gaussian.misconception("noise_when_tested", {SILENT: ""},
    "Your layer makes noise in evaluation mode too. self.training says which mode it "
    "is in; when it is False, x comes back as it is.")
gaussian.misconception("scaled_when_tested", {
    SILENT: "if not self.training:\n    return x * (1 - self.p)"},
    "In evaluation mode you multiply by 1-p. That belongs to dropout without a factor "
    "in training; this noise is 1 on average, so x comes back as it is.")
gaussian.equivalent({"1 + deviation * torch.randn_like(x)":
                     "1 - deviation * torch.randn_like(x)"},
    "The noise is symmetric.")
gaussian.equivalent({DEVIATION: f"-{DEVIATION}"}, "The noise is symmetric.")

# ---------------------------------------------------------------- DropConnect's moments

def moment_cases(rng):
    """Sums of a few terms of both signs."""
    p, = uniform(rng, (.2, .4))

    def case(name, n, D, M, kind="values", weight=1.0, **changed):
        dtype = precision(kind)
        arguments = tuple(signed(rng, shape, dtype) for shape in ((n, D), (D, M), (M,)))
        return Case(name, arguments, None, weight, kind, {"p": p} | changed)

    return [case("three inputs, two sums", 4, 3, 2, weight=2),
            case("as many inputs as sums", 3, 3, 3),
            case("a large p", 2, 4, 3, p=uniform(rng, (.7, .9))[0]),
            case("one input, one sum", 1, 1, 1, "edge"),
            case("p = 0: nothing is random", 2, 3, 2, "edge", p=0.0),
            case("no examples", 0, 3, 2, "edge"),
            case("float32 stays float32", 3, 3, 2, "dtype")]


moments = Exercise(reference.dropconnect_moments, cases=moment_cases, points=3,
                   read="dropout.html#whole-channels-and-single-weights")
MEAN, VARIANCE = "(1 - p) * (x @ W) + b", "p * (1 - p) * (x ** 2 @ W ** 2)"
moments.misconception("multiplied_by_p", {MEAN: "p * (x @ W) + b"},
    "Your mean is multiplied by p, the probability of being dropped. A weight is there "
    "with the probability 1-p, so that is its mean's factor; the two agree at p = 1/2 "
    "only.")
moments.misconception("inverted", {MEAN: "x @ W + b",
                                   VARIANCE: "p / (1 - p) * (x ** 2 @ W ** 2)"},
    "These are the moments with the factor 1/(1-p) in the sums. Here the masks alone "
    "are put on.")
moments.misconception("bias_dropped_too", {MEAN: "(1 - p) * (x @ W + b)"},
    "The bias is scaled in your mean. It has no mask and is always there.")
moments.misconception("mask_for_all_inputs", {VARIANCE: "p * (1 - p) * (x @ W) ** 2"},
    "Your variance is that of one mask on the whole sum. Every weight has a mask of "
    "its own, so the variances of the terms add up: square each term, then sum.")
moments.misconception("deviation", {VARIANCE: f"np.sqrt({VARIANCE})"},
    "The second value is the deviation. The variance is asked for, without the root.")
moments.misconception("second_moment", {VARIANCE: "(1 - p) * (x ** 2 @ W ** 2)"},
    "You return the terms' mean squares: (1-p) x² W² is E[m²] x² W². A variance is "
    "that less the squared mean, which leaves p(1-p).")
moments.misconception("weights_not_squared", {"W ** 2": "np.abs(W)"},
    "The weights are not squared in the variance. Each term is m x W, and Var(cm) = c² "
    "Var(m).")
moments.misconception("noise_of_the_bias", {
    VARIANCE: f"{VARIANCE} + p * (1 - p) * b ** 2"},
    "You give the bias a mask. It is always there and adds no variance.")

# ------------------------------------------------------ averages of several predictions

def average_cases(rng):
    """Networks that disagree, so that one average is far from another."""
    def case(name, M, N, K, kind="values", weight=1.0, *, weights=False, height=1.0,
             apart=0.0, **options):
        dtype = precision(kind)
        while True:
            logits = (height * rng.normal(size=(M, N, K))).round(3)
            best = reference.log_softmax(logits).max(axis=0)
            if height < 1000 or best.min() < -900:      # no float is that improbable
                break
        logits += apart * rng.permutation(np.resize([-1, 1], (M, N, 1)))
        if weights:
            w = rng.permutation(rng.uniform(.5, 1, M) * np.arange(1, M + 1)).round(3)
            options["weights"] = w.astype(dtype)
        return Case(name, (logits.astype(dtype),), None, weight, kind, options)

    return [case("probabilities of three networks", 3, 4, 3, weight=2, height=2.0),
            case("logits of three networks", 3, 4, 3, weight=2, height=2.0, by="logit"),
            case("weighted probabilities", 4, 3, 3, weights=True, height=2.0),
            case("weighted logits", 4, 3, 3, weights=True, height=2.0, by="logit"),
            case("probabilities, some networks' logits all higher", 4, 3, 3, apart=3.0),
            case("probabilities, logits of thousands", 3, 3, 3, height=3000.0),
            case("logits of thousands, averaged", 3, 3, 3, "edge", height=3000.0,
                 by="logit"),
            case("one network", 1, 3, 4, "edge", weights=True),
            case("one class", 3, 2, 1, "edge", by="logit"),
            case("one example", 3, 1, 4, "edge"),
            case("no examples", 2, 0, 3, "edge"),
            case("float32 stays float32", 3, 3, 3, "dtype", weights=True),
            case("float32 stays float32, by logits", 3, 3, 3, "dtype", weights=True,
                 by="logit")]


average = Exercise(reference.average_predictions, cases=average_cases, points=4,
                   given=(reference.log_softmax,),
                   read="dropout.html#averages-of-networks")
ARITHMETIC = "top + np.log((w * np.exp(log_p - top)).sum(axis=0))"
GEOMETRIC = "log_softmax((w * log_p).sum(axis=0))"
average.misconception("logits_for_both", {ARITHMETIC: GEOMETRIC},
    "By probability you average logits as well. The arithmetic mean is of the "
    "probabilities: take the softmax of each network first.")
average.misconception("not_normalised", {GEOMETRIC: "(w * log_p).sum(axis=0)"},
    "The mean of the log-probabilities is not yet a distribution: geometric means add "
    "up to less than 1. Normalize once more.")
average.misconception("probabilities_returned", {
    ARITHMETIC: f"np.exp({ARITHMETIC})", GEOMETRIC: f"np.exp({GEOMETRIC})"},
    "You return probabilities. Their logarithms are asked for: of a class that is all "
    "but ruled out they still say how far.")
average.misconception("logarithm_of_zero", {
    ARITHMETIC: "np.log((w * np.exp(log_p)).sum(axis=0))"},
    "A probability that is too small for a float is 0, and its logarithm -inf. Take "
    "the largest log-probability out of the sum first: log Σ wᵢpᵢ = c + log Σ wᵢ "
    "exp(log pᵢ - c).")
average.misconception("weights_as_they_are", {"w / w.sum()": "w * 1.0"},
    "Your weights do not add up to 1, so neither do the probabilities. Divide them by "
    "their sum.")
average.misconception("weights_not_used", {
    "np.ones(len(logits)) if weights is None else weights": "np.ones(len(logits))"},
    "The weights are not used: all networks count alike in your average.")
average.misconception("votes", {
    ARITHMETIC: "np.log((w * (log_p == log_p.max(axis=-1, keepdims=True))).sum(axis=0)"
                " + 1e-12)"},
    "You count votes: each network's likeliest class. The average of probabilities "
    "keeps how sure each network is.")
average.misconception("maximum", {
    ARITHMETIC: "log_softmax((log_p + np.log(w)).max(axis=0))"},
    "You take the surest network for each class. The mean is asked for, in which every "
    "network has its share.")
average.equivalent({"by == 'probability'": "True"},
    "What is done with another name is not judged.")

# ------------------------------------------------------------------- the surgeon's step

def surgeon_cases(rng):
    """Coupled weights, of which the smallest is not the one that is missed least."""
    def case(name, D, kind="values", weight=1.0, *, gone=(), steps=1, mixed=True):
        while True:
            A = rng.normal(size=(2 * D, D)) + 1.5 * rng.normal(size=(2 * D, 1)) * mixed
            H = (A * rng.uniform(.3, 3, D)).T @ (A * rng.uniform(.3, 3, D)) / D
            H = ((H + H.T) / 2 + .3 * np.eye(D)).astype(precision(kind))
            w, kept = np.array(signed(rng, (D,), H.dtype)), np.ones(D, bool)
            kept[list(gone)] = False
            w = w * kept
            if clear(w, H, kept, steps):
                return Case(name, (w, H, kept), None, weight, kind, {"steps": steps})

    return [case("four weights", 4, weight=2),
            case("six weights, two of them gone", 6, weight=2, gone=(1, 4)),
            case("three steps", 6, steps=3),
            case("three steps, the first weight gone", 5, gone=(0,), steps=3),
            case("the last one", 4, "edge", gone=(0, 1, 3)),
            case("one weight", 1, "edge"),
            case("float32 stays float32", 4, "dtype", gone=(2,))]


def clear(weights, hessian, kept, steps):
    """Whether no choice is a close call, and the first is no other rule's."""
    for step in range(steps):
        live = np.flatnonzero(kept)
        if len(live) > 2:
            w, H = weights[live], hessian[np.ix_(live, live)]
            rise = w**2 / np.diag(np.linalg.inv(H))
            low, next_lowest = np.sort(rise)[:2]
            others = [abs(w), w**2 * np.diag(H), rise / abs(w)]
            taken = [np.argmin(other) for other in others]
            if next_lowest < 1.05 * low or (step == 0 and np.argmin(rise) in taken):
                return False
        weights, kept = reference.surgeon_step(weights, hessian, kept)
    return True


surgeon = Exercise(reference.surgeon_step, cases=surgeon_cases, points=4,
                   drive=checks.run_prune, read="dropout.html#weights-removed-for-good")
CHOICE = "np.argmin(w ** 2 / diagonal)"
REPAIR = "w - w[q] / diagonal[q] * inverse[:, q]"
BLOCK = "np.linalg.inv(hessian[np.ix_(live, live)])"
surgeon.misconception("smallest_weight", {CHOICE: "np.argmin(np.abs(w))"},
    "You remove the smallest weight. How much a weight is missed depends on the "
    "curvature too: the surgeon's rise is θ²/(2[H⁻¹]_qq).")
surgeon.misconception("choice_of_brain_damage", {
    CHOICE: "np.argmin(w ** 2 * np.diag(hessian)[live])"},
    "You choose as optimal brain damage does, with ½ h θ², as if the other weights "
    "stayed where they are. They adjust, and then the rise is θ²/(2[H⁻¹]_qq).")
surgeon.misconception("nobody_adjusts", {REPAIR: "w"},
    "The right weight is removed, and the others stay where they are. They are to "
    "adjust by -θ_q/[H⁻¹]_qq times the q-th column of H⁻¹.")
surgeon.misconception("wrong_way", {REPAIR: "w + w[q] / diagonal[q] * inverse[:, q]"},
    "The others adjust the wrong way. The step has to bring θ_q to 0, so it is "
    "-θ_q/[H⁻¹]_qq times the column.")
surgeon.misconception("by_the_hessian", {
    REPAIR: "w - w[q] / hessian[live, live][q] * hessian[live, live[q]]"},
    "You adjust along a column of H. It is the column of its inverse that leads to the "
    "new minimum.")
surgeon.misconception("inverse_of_everything", {
    BLOCK: "np.linalg.inv(hessian)[np.ix_(live, live)]"},
    "You invert the whole Hessian and then take the block of the kept weights, as if "
    "the removed ones could still adjust. Take the block first, then invert it.")
surgeon.misconception("removed_return", {"live = np.flatnonzero(kept)":
                                         "live = np.arange(len(kept))"},
    "Weights that were removed before take part again. Only the kept ones are "
    "candidates, and only they adjust.")
surgeon.misconception("largest_rise", {CHOICE: "np.argmax(w ** 2 / diagonal)"},
    "You remove the weight that is missed most. The smallest rise is wanted.")
surgeon.equivalent({"live = np.flatnonzero(kept)":
                    "hessian = hessian.astype('float64')\nlive = np.flatnonzero(kept)"},
    "The weights keep their dtype, whatever the inverse was computed in.")

# ---------------------------------------------------------- dropout left on, in PyTorch

def monte_carlo_cases(rng):
    """A network with batch normalization between two dropout layers."""
    p, = uniform(rng, (.2, .4))

    def case(name, samples, kind="values", weight=1.0, *, n=3, **options):
        D, H, K = 2, 4, 3
        arrays = [signed(rng, shape, precision(kind))
                  for shape in ((n, D), (D, H), (H,), (H, K), (K,))]
        masks = np.stack([two_kinds(rng, (n * 2, H)).reshape(2, n, H)
                          for _ in range(samples + 2)])
        keywords = {"samples": samples, "p": p} | options
        return Case(name, (*arrays, masks), None, weight, kind, keywords)

    mixed = (False, True, False, True, False, True)
    return [case("four samples", 4, weight=2),
            case("eight samples of a network in evaluation mode", 8,
                 modes=(False,) * 6),
            case("two samples", 2),
            case("what is left behind", 3, watched=True),
            case("modes that differ from layer to layer", 3, modes=mixed, watched=True),
            case("one sample", 1, "edge"),
            case("one example", 3, "edge", n=1),
            case("float32 stays float32", 3, "dtype")]


monte_carlo = Exercise(pytorch.monte_carlo_dropout, cases=monte_carlo_cases, points=4,
                       drive=checks.run_monte_carlo, pure=False, torch=True,
                       read="dropout.html#averages-of-networks")
EACH = "module.training = isinstance(module, torch.nn.Dropout)"
BACK = """for module, mode in modes.items():
    module.training = mode"""
PROBABILITIES = "model(X).softmax(dim=-1)"
monte_carlo.misconception("everything_in_training", {EACH: "module.training = True"},
    "The whole model is in training mode, so batch normalization uses this batch and "
    "changes its running statistics. Only the dropout layers are to be switched on.")
monte_carlo.misconception("dropout_off", {EACH: "module.training = False"},
    "In evaluation mode dropout does nothing: all your samples are the same. Switch "
    "the dropout layers on again.")
monte_carlo.misconception("logits_averaged", {
    PROBABILITIES: "model(X)", "p.mean(dim=0)": "p.mean(dim=0).softmax(dim=-1)",
    "p.std(dim=0, correction=0)": "p.softmax(dim=-1).std(dim=0, correction=0)"},
    "You average the logits and take the softmax then, which is the geometric mean. "
    "The mean of the samples' probabilities is asked for.")
monte_carlo.misconception("logits_returned", {PROBABILITIES: "model(X)"},
    "These are means of logits. Take the softmax of each sample first.")
monte_carlo.misconception("modes_not_put_back", {BACK: ""},
    "The modules stay in the modes that you gave them. Remember each one's mode before "
    "and put it back.")
monte_carlo.misconception("all_to_training", {BACK: "model.train()"},
    "At the end everything is in training mode. Some modules may have been in "
    "evaluation mode before: put each one's own mode back.")
monte_carlo.misconception("all_to_evaluation", {BACK: "model.eval()"},
    "At the end everything is in evaluation mode. Some modules may have been in "
    "training mode before: put each one's own mode back.")
monte_carlo.misconception("of_a_sample_for_of_all", {"correction=0": "correction=1"},
    "Your squared distances are divided by the number of samples less one, as "
    "PyTorch's std does if it is not told otherwise. The contract wants their mean.")
monte_carlo.misconception("softmax_over_examples", {
    PROBABILITIES: "model(X).softmax(dim=0)"},
    "The softmax is taken over the examples. Classes stand on the last axis.")
monte_carlo.equivalent({"isinstance(module, torch.nn.Dropout)":
                        "-isinstance(module, torch.nn.Dropout)"},
    "-1 is as true as True, and the modes are put back.")
monte_carlo.equivalent({PROBABILITIES: "model(X).softmax(dim=1)"},
    "Logits have two axes.")
