"""What augmentation's assignment asks: the cases, and the wrong answers it can name."""
import numpy as np
import torch

from autograder.authoring.exercise import Case, Exercise
from solutions.augmentation import checks, pytorch, reference
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform

# -------------------------------------------------------------------------- worst of k

def worst_cases(rng):
    """Losses of which the largest is well above the next."""
    def case(name, shape, K, kind="values", weight=1.0, *, one_number=False,
             **options):
        dtype = precision(kind)
        while True:
            X = np.array(signed(rng, shape, dtype))
            y = np.array(signed(rng, shape[:1], dtype))
            thetas = np.array(signed(rng, (K, *(shape[:1] if one_number else shape)),
                                     dtype))
            given = (X, y, thetas)
            if clear_choice(given, K):
                break
        return Case(name, (X, y, thetas), None, weight, kind, options)

    return [case("three candidates for each of five examples", (5, 3), 3, weight=2),
            case("as many candidates as examples", (3, 2), 3),
            case("pictures", (3, 1, 2, 3), 4),
            case("a θ that is one number for each example", (4, 3), 3, one_number=True),
            case("losses that are all below 0", (4, 2), 3, below=1e4),
            case("one candidate", (3, 2), 1, "edge"),
            case("one example", (1, 3), 4, "edge"),
            case("candidates that change nothing", (4, 3), 3, "edge", still=True),
            case("float32 stays float32", (4, 3), 3, "dtype")]


def clear_choice(given, K):
    """Whether no example's choice is a close call, and they do not all agree."""
    X, y, thetas = given
    losses = []

    def remembered(function):
        def loss(copy, y):
            losses.append(function(copy, y))
            return losses[-1]
        return loss

    def watched(X, y, thetas, *, transform, loss):
        return reference.worst_of_k(X, y, thetas, transform=transform,
                                    loss=remembered(loss))

    _, worst = checks.run_worst(watched, X, y, thetas)
    if K == 1:
        return True
    ordered = np.sort(np.stack(losses), axis=0)
    # from the first to the second, and from the last but one to the last
    gaps = ordered[[1, -1]] - ordered[[0, -2]]
    far = np.stack([((theta - 1) * X.sum(axis=1) if theta.ndim < X.ndim else theta)**2
                    for theta in thetas]).reshape(K, len(X), -1).sum(axis=2)
    return ((gaps > .1).all() and (far.argmax(axis=0) != worst).any()
            and (len(y) == 1 or len(set(worst.tolist())) > 1))


worst = Exercise(reference.worst_of_k, cases=worst_cases, points=3,
                 drive=checks.run_worst, read="augmentation.html#three-ways-to-choose")
COPIES = "copies = np.stack([transform(X, theta) for theta in thetas])"
CHOICE = "losses.argmax(axis=0)"
LOSSES = "np.stack([loss(each, y) for each in copies])"
worst.misconception("one_theta_for_the_batch", {
    CHOICE: "np.full(len(X), losses.mean(axis=1).argmax())"},
    "You look for the candidate that is worst for the batch as a whole. Each example "
    "has its own loss and its own candidates: choose for each one by itself.")
worst.misconception("easiest", {CHOICE: "losses.argmin(axis=0)"},
    "These are the copies with the smallest losses. Worst of k trains on the largest.")
worst.misconception("farthest", {
    LOSSES: "np.stack([((c - X)**2).reshape(len(X), -1).sum(axis=1) for c in copies])"},
    "You take the copy that is farthest from the example. The worst one is that whose "
    "loss is largest, however far it lies.")
worst.misconception("mean_of_copies", {"copies[worst, np.arange(len(X))]":
                                       "copies.mean(axis=0)"},
    "Your answer is the mean of the copies, which is blurred and none of them. Pick, "
    "for each example, the one with the largest loss.")
worst.misconception("examples_themselves", {"copies[worst, np.arange(len(X))]": "X"},
    "The examples come back as they were. Return the transformed copies.")
worst.misconception("losses_without_sign", {CHOICE: "np.abs(losses).argmax(axis=0)"},
    "You compare the sizes of the losses. A loss may be below 0, and the largest is "
    "then the one nearest to it.")


@worst.misconception(
    "Each of your copies is made from the copy before it. Every candidate is tried on "
    "the example itself: τ_θ(x), not τ_θ of what another θ has done.")
def one_after_the_other(X, y, thetas, *, transform, loss):
    copies = np.empty((len(thetas), *X.shape), X.dtype)
    for k, theta in enumerate(thetas):
        X = copies[k] = transform(X, theta)
    index = np.stack([loss(copy, y) for copy in copies]).argmax(axis=0)
    return copies[index, np.arange(len(X))], index


worst.equivalent({COPIES: f"y = y.astype('float64')\n{COPIES}"},
    "Losses are compared, and not returned.")

# -------------------------------------------------------------- an ℓ2 adversarial step

def step_cases(rng):
    """Steps that end in the ball, on it, and outside the pixels' range."""
    lr, radius = uniform(rng, (.07, .09), (.2, .3))

    def case(name, shape, kind="values", weight=1.0, *, apart=.0, at=(.4, .6), size=1.0,
             still=False, **changed):
        dtype = precision(kind)
        center = rng.uniform(*at, shape).round(4)
        X = np.clip(center + apart * np.array(signed(rng, shape)), 0, 1)
        longer = np.arange(1, shape[0] + 1).reshape(-1, *[1] * (len(shape) - 1))
        grads = size * np.array(signed(rng, shape)) * longer
        if still:
            grads[0] = 0
        arguments = tuple(np.asarray(a, dtype) for a in (X, grads, center))
        return Case(name, arguments, None, weight, kind,
                    {"lr": lr, "radius": radius} | changed)

    return [case("the first step, within the ball", (3, 4)),
            case("a step that leaves the ball", (3, 4), lr=2 * radius, weight=2),
            case("under way", (4, 3), apart=.05, weight=2),
            case("pictures", (2, 2, 2, 3), apart=.03, radius=round(radius / 2, 5)),
            case("pixels near 0", (3, 4), at=(0, .02), lr=2 * radius),
            case("pixels near 1", (3, 4), at=(.98, 1), lr=2 * radius),
            case("an example with no gradient", (3, 4), "edge", apart=.02, still=True),
            case("gradients of 1e-9", (3, 4), "edge", apart=.02, size=1e-9),
            case("one example", (1, 5), "edge", apart=.02),
            case("one number for each example", (3, 1), "edge"),
            case("float32 stays float32", (3, 4), "dtype", apart=.05)]


step = Exercise(reference.l2_step, cases=step_cases, points=4,
                read="augmentation.html#adversarial-examples")
UPHILL = "lr * grads / np.where(size > 0, size, 1)"
SHRUNK = "move * (radius / np.maximum(length(move), radius))"
CLIPPED = "np.clip(center + move, 0, 1)"
step.misconception("sign", {UPHILL: "lr * np.sign(grads)"},
    "You step by the sign of the gradient, which is the longest step under ℓ∞. Under "
    "ℓ2 it is along the gradient itself, divided by its length.")
step.misconception("gradient_as_it_is", {UPHILL: "lr * grads"},
    "Your step is as long as the gradient. Near a well-classified example that is "
    "almost nothing: divide by the example's gradient norm, so that η is the length.")
step.misconception("downhill", {f"X + {UPHILL}": f"X - {UPHILL}"},
    "Your step makes the loss smaller. An attack goes uphill.")
step.misconception("one_length_for_the_batch", {"tuple(range(1, X.ndim))":
                                                "tuple(range(X.ndim))"},
    "The length is taken over the whole batch. Each example has a gradient, a step and "
    "a ball of its own.")
step.misconception("length_of_each_row", {"tuple(range(1, X.ndim))": "(-1,)"},
    "The length is taken along the last axis only. An example's length is that of all "
    "its numbers: channels, rows and columns.")
step.misconception("ball_around_last_place", {
    f"X + {UPHILL} - center": UPHILL, CLIPPED: "np.clip(X + move, 0, 1)"},
    "Your ball lies around the place that the attack has reached, so it wanders off "
    "with each step. It lies around the example that the attack began with.")
step.misconception("cube", {SHRUNK: "np.clip(move, -radius, radius)"},
    "You clip each pixel's change at the radius, which is the ball of ℓ∞. In the ℓ2 "
    "ball the length of the whole change is at most ε.")
step.misconception("always_on_the_sphere", {SHRUNK: "move * (radius / length(move))"},
    "You scale every change to the length ε, those too that were shorter. Inside the "
    "ball nothing is to be done.")
step.misconception("no_ball", {SHRUNK: "move"},
    "Nothing keeps the attack within the radius. Shorten x - center to ε where it is "
    "longer.")
step.misconception("no_range", {CLIPPED: "center + move"},
    "Some of your pixels are below 0 or above 1: that is no picture any more. Clip "
    "after the projection.")
step.misconception("root_of_mean", {"(v ** 2).sum(axis=axes, keepdims=True)":
                                    "(v ** 2).mean(axis=axes, keepdims=True)"},
    "Your length is the root of the mean square. ‖v‖₂ is the root of the sum.")

step.equivalent({"np.where(size > 0, size, 1)": "np.where(size > 0, size, 2)"},
    "A gradient of 0 stays 0, whatever it is divided by.")

# ----------------------------------------------------------------------- mixup's labels

def label_cases(rng):
    """Orders that are not their own inverse, and shares on both sides of one half."""
    def case(name, n, K, kind="values", weight=1.0, *, used=None, alone=False,
             whole=False):
        y = np.resize(np.arange(used or K), n)
        order = np.arange(n)
        while n > 1 and not telling(y, order, K, alone):
            y = rng.permutation(y)
            order = order if alone else rng.permutation(n)
        lam = rng.permutation(np.where(np.arange(n) % 2, rng.uniform(.6, .9, n),
                                       rng.uniform(.1, .4, n)).round(4))
        lam = np.arange(n) % 2 if whole else lam
        arguments = (y, order, lam.astype(precision(kind)))
        return Case(name, arguments, None, weight, kind, {"classes": K})

    return [case("seven examples of three classes", 7, 3, weight=2),
            case("two classes: many partners of one's own class", 9, 2, weight=2),
            case("classes that no example has", 6, 7, used=3),
            case("shares of 0 and 1", 6, 3, "edge", whole=True),
            case("all of one class", 5, 3, "edge", used=1),
            case("each with itself", 4, 3, "edge", alone=True),
            case("one example", 1, 3, "edge", used=1),
            case("no examples", 0, 3, "edge"),
            case("float32 stays float32", 7, 3, "dtype")]


def telling(y, order, K, alone):
    """Whether an order is not its own inverse, nor gives the classes by itself."""
    one_class = len(set(y.tolist())) == 1
    if (y[order] == order % K).all() or (alone and not one_class):
        return alone and not (y[order] == order % K).all()
    there_and_back = (order[order] == np.arange(len(order))).all()
    same = y == y[order]
    return not there_and_back and (one_class or (same[1::2].any() and same.mean() < .7))


labels = Exercise(reference.mixup_labels, cases=label_cases, points=3,
                  read="augmentation.html#mixup")
MIXED = "share * r[y] + (1 - share) * r[y[order]]"
labels.misconception("shares_swapped", {
    MIXED: "(1 - share) * r[y] + share * r[y[order]]"},
    "The shares have changed places: λ is the example's own share, 1-λ its partner's.")
labels.misconception("one_share_for_all", {"lam[:, None]":
                                           "np.resize(lam[:1], lam.shape)[:, None]"},
    "All rows have the first example's λ. Each example has a share of its own.")
labels.misconception("larger_share_wins", {
    MIXED: "np.where(share >= 0.5, r[y], r[y[order]])"},
    "You keep the label with the larger share. Mixup asks for both: the target is as "
    "much a mixture as the picture.")
labels.misconception("own_share_is_larger", {"lam[:, None]":
                                             "np.maximum(lam, 1 - lam)[:, None]"},
    "You take the larger of λ and 1-λ for the example itself. Then labels and pictures "
    "no longer belong together where λ is below one half.")
labels.misconception("label_smoothing", {MIXED: "share * r[y] + (1 - share) / classes"},
    "You spread the rest evenly over all classes. That is label smoothing; in mixup "
    "the rest is the partner's.")
labels.misconception("own_label_only", {MIXED: "r[y]"},
    "Your targets are the examples' own labels. The picture is a mixture, and so is "
    "what it shows.")
labels.misconception("inverse_order", {"y[order]": "y[np.argsort(order)]"},
    "You look the partner up the wrong way round. Example n is mixed with example "
    "order[n], so its partner's label is y[order[n]].")
labels.misconception("order_as_classes", {"r[y[order]]": "r[order % classes]"},
    "order has places of examples, not classes. The partner's class is y[order].")


@labels.misconception(
    "Where both examples have one class, your row holds a single share and does not "
    "add "
    "up to 1: the second was written over the first. Add them.")
def overwritten(y, order, lam, *, classes):
    targets = np.zeros((len(y), classes), lam.dtype)
    targets[np.arange(len(y)), y] = lam
    targets[np.arange(len(y)), y[order]] = 1 - lam
    return targets


# -------------------------------------------------------------------- multi-class Dice

def dice_cases(rng):
    """Classes of unequal size, and examples of which some are called wrong."""
    smooth, = uniform(rng, (.5, .9))

    def case(name, n, K, kind="values", weight=1.0, *, used=None, above=0.0, sure=1.0,
             right=False, **changed):
        s = sure * np.array(signed(rng, (n, K))) + above * np.arange(n)[:, None]
        y = rng.permutation(np.resize(np.repeat(np.arange(used or K),
                                                np.arange(1, (used or K) + 1)), n))
        if right:
            s[np.arange(n), y] = np.abs(s).max(axis=1) * 2
        return Case(name, (s.astype(precision(kind)), y), None, weight, kind,
                    {"smooth": smooth} | changed)

    return [case("three classes of unequal size", 7, 3, weight=2),
            case("two classes", 5, 2),
            case("as many examples as classes", 4, 4),
            case("a class that no example has", 6, 4, used=3),
            case("with a little smoothing", 7, 3, smooth=round(smooth / 50, 5)),
            case("with much of it", 6, 3, smooth=round(9 * smooth, 5)),
            case("logits above 1000", 5, 3, above=2000.0),
            case("logits far apart, all right", 5, 3, "edge", sure=900.0, right=True),
            case("one example", 1, 3, "edge", used=1),
            case("float32 stays float32", 6, 3, "dtype")]


multi = Exercise(reference.multiclass_dice_loss, cases=dice_cases, points=5,
                 read="augmentation.html#a-loss-for-rare-classes")
SUMS = "(p ** 2 + r ** 2).sum(axis=0) + smooth"
COEFFICIENT = "(2 * (p * r).sum(axis=0) + smooth) / S"
SLOPE = "2 * (p * D - r) / S / K"
LOSS = "1 - D.mean()"
BACK = "p * (p_bar - (p_bar * p).sum(axis=1, keepdims=True))"
multi.misconception("coefficient_for_loss", {LOSS: "D.mean()",
                                             SLOPE: "2 * (r - p * D) / S / K"},
    "This is the mean of the coefficients, which is 1 for perfect answers. A loss is "
    "to be minimized: it is 1 less that, as in the paper; a slide calls D itself the "
    "Dice loss.")
multi.misconception("uphill", {SLOPE: "2 * (r - p * D) / S / K"},
    "The loss is right, and its gradient has the sign of D's. As loss = 1 - D, the two "
    "slopes are opposite.")
multi.misconception("without_squares", {
    SUMS: "(p + r).sum(axis=0) + smooth", SLOPE: "(D - 2 * r) / S / K"},
    "You sum p and r below instead of their squares. That is a Dice loss too, of other "
    "papers; the contract has the squares.")
multi.misconception("all_classes_together", {
    SUMS: "(p ** 2 + r ** 2).sum() + smooth",
    COEFFICIENT: "(2 * (p * r).sum() + smooth) / S", SLOPE: "2 * (p * D - r) / S"},
    "You take one coefficient over all classes, in which large classes outweigh small "
    "ones. Compute D for each class and take the mean: every class counts the same.")
multi.misconception("example_by_example", {
    SUMS: "(p ** 2 + r ** 2).sum(axis=1, keepdims=True) + smooth",
    COEFFICIENT: "(2 * (p * r).sum(axis=1, keepdims=True) + smooth) / S",
    SLOPE: "2 * (p * D - r) / S / len(y)"},
    "You compute a coefficient for each example. It is one for each class, over all "
    "examples of the batch.")
multi.misconception("sum_of_classes", {LOSS: "K - D.sum()",
                                         SLOPE: "2 * (p * D - r) / S"},
    "You add the classes' losses up. The mean over the classes is asked for.")
multi.misconception("slope_by_probabilities", {BACK: "p_bar"},
    "Your gradient is by the probabilities. It has to go on through the softmax, to "
    "the logits.")
multi.misconception("sigmoid_slope", {BACK: "p_bar * p * (1 - p)"},
    "You go back as through a sigmoid for each class. A softmax ties the classes "
    "together: a logit moves all probabilities of its example.")
multi.misconception("denominator_constant", {SLOPE: "-2 * r / S / K"},
    "Your slope is that of the numerator alone. The p² below the line depends on p, "
    "too: use the quotient rule.")
multi.misconception("smoothed_below_only", {
    COEFFICIENT: "2 * (p * r).sum(axis=0) / S"},
    "The smoothing stands below the line only, so even a perfect answer has a D below "
    "1, and a missing class counts as an error. It stands above as well.")
multi.misconception("not_smoothed", {SUMS: "(p ** 2 + r ** 2).sum(axis=0)",
                                     COEFFICIENT: "2 * (p * r).sum(axis=0) / S"},
    "The smoothing is missing, above and below.")
multi.misconception("factor_two_missing", {
    COEFFICIENT: "((p * r).sum(axis=0) + smooth) / S",
    SLOPE: "(2 * p * D - r) / S / K"},
    "The overlap has no factor 2. With it, p = r gives D = 1.")
multi.misconception("overflow", {"np.exp(logits - logits.max(axis=1, keepdims=True))":
                                 "np.exp(logits)"},
    "exp of a large logit overflows. Subtract each row's largest logit first: the "
    "softmax does not change.")

multi.equivalent({"np.exp(logits - logits.max(axis=1, keepdims=True))":
                  "-np.exp(logits - logits.max(axis=1, keepdims=True))"},
    "It is divided by its sum.")
for power in (1, 3):
    multi.equivalent({"r ** 2": f"r ** {power}"}, "0 and 1 are their own powers.")

# ------------------------------------------------- sampling with a gradient, in PyTorch

def sampler_cases(rng):
    """Places well between pixels, except where whole numbers are asked for."""
    def case(name, shape, P, kind="values", weight=1.0, *, low=(0, 0), whole=False,
             outside=False):
        N, _, H, W = shape
        dtype = precision(kind)
        corner = np.stack([rng.integers(low[0], max(W - 1, low[0] + 1), (N, P)),
                           rng.integers(low[1], max(H - 1, low[1] + 1), (N, P))],
                          axis=2)
        part = rng.uniform(.15, .85, (N, P, 2)).round(4)
        points = corner + part
        if outside:                             # before the first pixel, after the last
            points[:, ::2, 0] -= W
            points[:, 1::3, 1] = H - 1 + rng.uniform(.15, .85, points[:, 1::3, 1].shape)
        arrays = (signed(rng, shape), points, signed(rng, (N, shape[1], P)))
        return Case(name, tuple(np.array(a, dtype) for a in arrays), None, weight, kind,
                    {"whole": whole})

    return [case("three points between pixels", (2, 1, 4, 4), 3, weight=2),
            case("two channels", (2, 2, 3, 4), 3, weight=2),
            case("higher than wide", (1, 1, 5, 3), 4),
            case("many points on few pixels", (1, 2, 2, 2), 6),
            case("across the edge", (2, 1, 3, 3), 4, low=(-1, -1)),
            case("outside", (1, 1, 3, 3), 6, outside=True),
            case("on the pixels", (1, 2, 3, 3), 4, whole=True),
            case("a picture of one pixel", (2, 1, 1, 1), 3, "edge", low=(-1, -1)),
            case("no points", (1, 1, 2, 2), 0, "edge"),
            case("float32 stays float32", (2, 1, 3, 3), 3, "dtype")]


sampler = Exercise(pytorch.BilinearSample, cases=sampler_cases, points=5,
                   drive=checks.run_sampler, methods=("forward", "backward"),
                    pure=False,
                   torch=True, read="augmentation.html#pictures-that-move")
PLACES = "x, y = (points[..., :1], points[..., 1:])"
TO_X = "torch.einsum('nphw,nph,npw->np', by_pixel, near_y, slope_x)"
TO_Y = "torch.einsum('nphw,nph,npw->np', by_pixel, slope_y, near_x)"
TO_IMAGES = "torch.einsum('ncp,nph,npw->nchw', grads, near_y, near_x)"
sampler.misconception("row_and_column_swapped", {
    PLACES: "y, x = (points[..., :1], points[..., 1:])"},
    "You take the first number of a point for its row. It is the column x; the row y "
    "comes second, although pictures are indexed [row, column].")
sampler.misconception("edge_repeated", {
    PLACES: "x, y = (points[..., :1].clamp(0, W - 1), "
            "points[..., 1:].clamp(0, H - 1))"},
    "Beyond the edge you repeat the last pixel. Every pixel there is 0, so a picture "
    "that moves out leaves black behind.")
sampler.misconception("nearest_pixel", {
    "(1 - (x - col).abs()).relu()": "((x - col).abs() < 0.5).to(x)",
    "(1 - (y - row).abs()).relu()": "((y - row).abs() < 0.5).to(x)"},
    "Your value is that of the nearest pixel. Bilinear: the four around the point, "
    "each with the weight (1-|x-j|)(1-|y-i|).")
sampler.misconception("half_a_pixel", {
    PLACES: "x, y = (points[..., :1] - 0.5, points[..., 1:] - 0.5)"},
    "You have (0, 0) in the corner of the first pixel. Here it is the pixel's centre.")
sampler.misconception("incoming_gradient_forgotten", {
    TO_IMAGES: "torch.einsum('ncp,nph,npw->nchw', "
               "torch.ones_like(grads), near_y, near_x)"},
    "The picture's gradient does not depend on what comes in. Chain rule: each weight "
    "is multiplied by the gradient of its value.")
sampler.misconception("points_without_gradient", {
    "torch.stack([x_bar, y_bar], dim=-1)": "0 * torch.stack([x_bar, y_bar], dim=-1)"},
    "The points get no gradient. Where the weight of a pixel changes with x and y, the "
    "value does too, and so θ can be found by gradient steps.")
sampler.misconception("slopes_turned", {
    TO_X: "-torch.einsum('nphw,nph,npw->np', by_pixel, near_y, slope_x)",
    TO_Y: "-torch.einsum('nphw,nph,npw->np', by_pixel, slope_y, near_x)"},
    "The points' gradient has the wrong sign. To the right of x the weight of the "
    "right "
    "pixel grows: ∂/∂x is right less left.")
sampler.misconception("other_axis_forgotten", {
    TO_X: "torch.einsum('nphw,npw->np', by_pixel, slope_x)",
    TO_Y: "torch.einsum('nphw,nph->np', by_pixel, slope_y)"},
    "In the slope by x the weights of the rows are missing. ∂/∂x of (1-|x-j|)(1-|y-i|) "
    "keeps the second factor.")
sampler.misconception("gradients_of_points_swapped", {
    "[x_bar, y_bar]": "[y_bar, x_bar]"},
    "The two numbers of each point's gradient have changed places: first x, then y.")
sampler.misconception("slope_from_the_left", {
    "((x >= col - 1) & (x < col)).to(x) - ((x >= col) & (x < col + 1)).to(x)":
    "((x > col - 1) & (x <= col)).to(x) - ((x > col) & (x <= col + 1)).to(x)",
    "((y >= row - 1) & (y < row)).to(x) - ((y >= row) & (y < row + 1)).to(x)":
    "((y > row - 1) & (y <= row)).to(x) - ((y > row) & (y <= row + 1)).to(x)"},
    "On a pixel you take the slope from the left. The contract takes the one to the "
    "right, and below, as floor(x) does.")

# --------------------------------------------- an attack that leaves no trace, PyTorch

def attack_cases(rng):
    """Networks on whose attacked inputs no slope is near 0: its sign is sure."""
    lr, radius = uniform(rng, (.11, .14), (.25, .3))

    def case(name, n, steps, kind="values", weight=1.0, *, shape=(3,), at=(.3, .7),
             **options):
        D, H, K = int(np.prod(shape)), 4, 3
        keywords = {"lr": lr, "radius": radius, "steps": steps} | options
        while True:
            X = rng.uniform(*at, (n, *shape)).round(4)
            start = np.clip(X + .2 * radius * np.array(signed(rng, X.shape)), 0, 1)
            arrays = [X, start, *(np.array(signed(rng, s)) for s in
                                  ((D, H), (H,), (H, K), (K,)))]
            X, start, *params = (np.asarray(a, precision(kind)) for a in arrays)
            y = rng.permutation(np.resize(np.arange(K), n))
            if steep(X, y, start, params, keywords):
                return Case(name, (X, y, start, *params), None, weight, kind, keywords)

    return [case("one step", 4, 1),
            case("four steps", 4, 4, weight=2),
            case("pixels near 0", 4, 3, at=(.0, .05)),
            case("pixels near 1", 4, 3, at=(.95, 1.0)),
            case("a pixel that does not matter", 4, 2, "edge", blind=True),
            case("pictures", 3, 3, shape=(1, 2, 2)),
            case("what is left behind", 4, 3, watched=True),
            case("modules in different modes", 4, 2, modes=(False, True, False),
                 watched=True),
            case("a model in evaluation mode", 4, 3, "edge", modes=(False,) * 3),
            case("one example", 1, 3, "edge"),
            case("float32 stays float32", 4, 3, "dtype")]


def steep(X, y, start, params, keywords):
    """Whether all slopes are well away from 0, and what else is to matter does."""
    model = checks.network(*params, blind=keywords.get("blind", False)).eval()
    slopes = []

    def gradient(x):
        x = x.clone().requires_grad_()
        loss = torch.nn.functional.cross_entropy(model(x), torch.tensor(y))
        slopes.append(torch.autograd.grad(loss, x)[0])
        return slopes[-1]

    given = {key: keywords[key] for key in ("lr", "radius", "steps")}
    end, from_x, free = [
        pytorch.pgd(torch.tensor(X), torch.tensor(a), gradient=gradient,
                    **given | other)
        for a, other in ((start, {}), (X, {}), (start, {"radius": 9}))]
    g = torch.stack(slopes[:given["steps"]])
    turned = len(g) == 1 or ((g.sign() != g[0].sign()).any() and apart(end, free))
    turned = turned and apart(end, from_x)
    return bool(((g.abs() > 1e-3) | (g == 0)).all() and turned)


def apart(a, b):
    """Whether two attacks end in different places."""
    return (a - b).abs().max() > 1e-3


attacked = Exercise(pytorch.attack, cases=attack_cases, points=4,
                    drive=checks.run_attack, pure=False, torch=True,
                    read="augmentation.html#adversarial-examples")
STEPPED = "found.detach() + lr * grads.sign()"
BOX = "torch.clamp(found, X.detach() - radius, X.detach() + radius).clamp(0, 1)"
GRADIENT = "grads, = torch.autograd.grad(loss, found)"
BACK_AGAIN = "for module, mode in modes.items():\n    module.training = mode"
attacked.misconception("downhill", {STEPPED: "found.detach() - lr * grads.sign()"},
    "Your steps make the loss smaller. An attack goes uphill.")
attacked.misconception("gradient_for_sign", {STEPPED: "found.detach() + lr * grads"},
    "You step along the gradient itself, whose size fades as the model gets surer. "
    "Under ℓ∞ every pixel moves by η: take the sign.")
attacked.misconception("no_radius", {BOX: "found.clamp(0, 1)"},
    "Nothing keeps your pixels within ε of X: after some steps they are farther away.")
attacked.misconception("no_range", {
    BOX: "torch.clamp(found, X.detach() - radius, X.detach() + radius)"},
    "Some of your pixels are below 0 or above 1: that is no picture any more.")
attacked.misconception("radius_around_start", {
    BOX: "torch.clamp(found, start.detach() - radius, start.detach() + radius)"
         ".clamp(0, 1)"},
    "You keep the attack near the place where it began. What counts is the distance "
    "from the example X.")
attacked.misconception("start_ignored", {"start.detach()": "X.detach()"},
    "You begin at X. The attack is to begin at `start`, which is often drawn at random "
    "near X.")
attacked.misconception("one_long_step", {"range(steps)": "range(1)",
                                         STEPPED:
                                         "found.detach() + steps * lr * grads.sign()"},
    "You take one long step. The gradient is to be asked for anew after each of them.")
attacked.misconception("model_in_training", {"model.train(False)": ""},
    "The model is attacked in the mode that it was in. In training mode batch "
    "normalization mixes the examples, and its running statistics change.")
attacked.misconception("left_in_evaluation", {BACK_AGAIN: ""},
    "The model stays in evaluation mode, and the training that goes on is another. Put "
    "each module's mode back.")
attacked.misconception("all_to_training", {BACK_AGAIN: "model.train()"},
    "At the end everything is in training mode. Some modules may have been in "
    "evaluation mode before: put each one's own mode back.")
attacked.misconception("gradients_left_behind", {
    GRADIENT: "loss.backward()\ngrads = found.grad"},
    "backward() leaves gradients in the parameters, and the next step of training adds "
    "to them. torch.autograd.grad(loss, x) computes that of x alone.")
attacked.misconception("graph_kept", {"return found":
                                      "return found + 0 * model(X.clone()).sum()"},
    "What you return still hangs on the model's graph. Detach it.")
