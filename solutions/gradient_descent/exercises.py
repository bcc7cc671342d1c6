"""What gradient descent's assignment asks: the cases, and the wrong answers."""
from itertools import pairwise

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.gradient_descent import checks, pytorch, reference
from solutions.gradient_descent.reference import Layer, softmax

# --------------------------------------------------------------------- find the wrong δ

def backward_cases(rng):
    """Networks with weights of size 1: no slope is small enough to be forgotten."""
    def case(name, sizes, n, kind="values", weight=1.0, *, above=0, classes=None):
        dtype = precision(kind)
        layers = [Layer(signed(rng, (D, M), dtype), signed(rng, (M,), dtype))
                  for D, M in pairwise(sizes)]
        layers[-1] = layers[-1]._replace(b=layers[-1].b + dtype(above))
        zs = reference.mlp_forward(layers, signed(rng, (n, sizes[0]), dtype))
        y = labels(rng, n, classes or sizes[-1])
        return Case(name, (layers, zs, y), None, weight, kind)

    return [case("no hidden layer", [3, 4], 6),
            case("one hidden layer", [2, 3, 3], 4, weight=2),
            case("two hidden layers of unequal sizes", [3, 4, 2, 3], 5, weight=2),
            case("three hidden layers of one size", [3, 3, 3, 3, 3], 4),
            case("a class that no example has", [2, 3, 4], 5, classes=3),
            case("logits above 1000", [2, 3, 3], 4, "edge", above=2000),
            case("one example", [2, 3, 2], 1, "edge", classes=1),
            case("one unit in each hidden layer", [2, 1, 1, 3], 3, "edge"),
            case("float32 stays float32", [2, 3, 2], 4, "dtype")]


def faulty_backward(layers, zs, y):
    """To be mended: the sum's gradient, the rise's sign, slopes that are not there."""
    r = np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]
    delta = r - softmax(zs[-1])                           # δ_J
    grads = []
    for (W, _), z in zip(reversed(layers), reversed(zs[:-1]), strict=True):
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))         # ∂E/∂W_l, ∂E/∂b_l
        delta = delta @ W.T                                         # δ_{l-1}
    return grads[::-1]


backward = Exercise(reference.mlp_backward, cases=backward_cases, points=5,
                    starter=faulty_backward, given=(Layer, softmax),
                    read="gradient_descent.html#back-propagation")
DELTA = "(softmax(zs[-1]) - r) / len(y)"
BELOW = "delta @ W.T * z * (1 - z)"
backward.misconception("gradient_of_likelihood", {
    "softmax(zs[-1]) - r": "r - softmax(zs[-1])"},
    "Every gradient has the wrong sign: δ_J = r - p is the slope of the "
    "log-likelihood, which should rise. E should fall, so δ_J = p - r, and the step "
    "subtracts it.")
backward.misconception("gradient_of_sum", {DELTA: "softmax(zs[-1]) - r"},
    "These are the gradients of the sum over the batch. E is the mean: everything is "
    "to be divided by N, once.")
backward.misconception("mean_twice", {"len(y)": "len(y)**2"},
    "You divide by N twice: δ_J = (p - r)/N carries the mean already, and passes it "
    "down to every layer. z_{l-1}ᵀ δ_l and the column sums of δ_l are then to be left "
    "as they are.")
backward.misconception("slope_forgotten", {BELOW: "delta @ W.T"},
    "The slope of the sigmoid is missing: on its way down through layer l - 1, δ is "
    "multiplied by z_{l-1} (1 - z_{l-1}).")
backward.misconception("sigmoid_of_output", {
    BELOW: "delta @ W.T * sigmoid(z) * (1 - sigmoid(z))"},
    "You take the slope as σ(z) (1 - σ(z)), but z has been through the sigmoid "
    "already: with z = σ(s) the slope at s is z (1 - z).")
backward.misconception("slope_of_tanh", {BELOW: "delta @ W.T * (1 - z**2)"},
    "The slope is 1 - z² here, which is the one of tanh. For the sigmoid it is z (1 - "
    "z).")
backward.misconception("slope_at_the_top", {
    DELTA: f"{DELTA} * softmax(zs[-1]) * (1 - softmax(zs[-1]))"},
    "δ_J has a factor p (1 - p) too many. That slope belongs to squared error on "
    "sigmoid outputs; with the cross-entropy of a softmax it cancels, and δ_J is p - r "
    "alone (over N).")
backward.misconception("biases_averaged", {"delta.sum(axis=0)": "delta.mean(axis=0)"},
    "The biases' gradients are means over the batch, but δ has been divided by N "
    "already: add its rows up.")
backward.misconception("last_layer_first", {"grads[::-1]": "grads"},
    "The gradients come in the order in which you found them, from the last layer to "
    "the first. Return them in the order of `layers`.")
for entry in ("1", "-2", "-0"):
    backward.equivalent({"dtype=zs[-1].dtype": f"dtype=zs[{entry}].dtype"},
                        "All of zs have one dtype.")

# ------------------------------------------------------------------------- mini-batches

def minibatch_cases(rng):
    """Epochs on least squares, each of which starts with another batch."""
    lr, = uniform(rng, (.05, .12))

    def case(name, n, batch_size, epochs, kind="values", weight=1.0, *, shape=(2,)):
        dtype, orders = precision(kind), epochs_of(rng, n, batch_size, epochs)
        X, y = signed(rng, (n, *shape[:1]), dtype), signed(rng, (n, *shape[1:]), dtype)
        arguments = (np.array(signed(rng, shape, dtype)), X, y, orders)
        return Case(name, arguments, None, weight, kind,
                    {"lr": lr, "batch_size": batch_size})

    return [case("two epochs of three batches", 6, 2, 2, weight=2),
            case("a smaller batch at the end", 7, 3, 2, weight=2),
            case("three epochs", 6, 3, 3),
            case("a matrix of parameters", 8, 3, 2, shape=(3, 2)),
            case("one parameter, 0-d", 6, 2, 2, "edge", shape=()),
            case("B = 1: a step for each example", 4, 1, 2, "edge"),
            case("B = N: batch gradient descent", 4, 4, 3, "edge"),
            case("B larger than N", 4, 9, 2, "edge"),
            case("float32 stays float32", 5, 2, 2, "dtype")]


descent = Exercise(reference.minibatch_sgd, cases=minibatch_cases, points=4,
                   drive=checks.run_descent, given=(reference.minibatches,),
                   read="gradient_descent.html#some-mini-batches")
BATCHES = "minibatches(order, batch_size)"
STEPS = f"""for m in {BATCHES}:
    path.append(path[-1] - lr * gradient(path[-1], X[m], y[m]))"""
descent.misconception("uphill", {"lr": "-lr"},
    "Your steps go uphill, as W ← W + η δ z would with δ the gradient of the loss. The "
    "gradient shows where E grows: subtract it.")
descent.misconception("gradient_of_sum", {"lr": "lr * len(m)"},
    "Your step is the sum of the batch's gradients, B times too long. `gradient` "
    "returns a mean already, and the rate multiplies that.")
descent.misconception("mean_twice", {"lr": "lr / len(m)"},
    "You divide by the size of the batch once more. `gradient` returns the mean "
    "already.")
descent.misconception("one_order_for_all", {"orders": "[orders[0]] * len(orders)"},
    "Every epoch takes the examples in the first epoch's order. orders[e] is the one "
    "for epoch e.")
descent.misconception("not_shuffled", {"orders": "[np.arange(len(y))] * len(orders)"},
    "You cut the data as it stands into batches and leave `orders` unused. A batch is "
    "what its part of the order points at, X[m] and y[m].")
descent.misconception("gradient_of_everything", {"X[m]": "X", "y[m]": "y"},
    "Each batch takes a step along the gradient of all the data. The saving is in "
    "asking for the batch's alone, gradient(params, X[m], y[m]).")
descent.misconception("gradients_of_yesterday", {
    STEPS: f"start = path[-1]\n{STEPS}".replace("(path[-1], X", "(start, X")},
    "All gradients of an epoch are taken where the epoch began. That is batch gradient "
    "descent in slices: the next batch's gradient is taken where the last step led.")
descent.misconception("start_missing", {"np.stack(path)": "np.stack(path[1:])"},
    "The start is missing from your path: its first row is θ_0, and the row after it "
    "the first step.")
descent.misconception("one_row_an_epoch", {
    "np.stack(path)": f"np.stack(path[::len({BATCHES})])"},
    "Your path has one row an epoch. Keep the parameters after every step.")
descent.misconception("remainder_dropped", {
    BATCHES: f"{BATCHES}[:len(order) // batch_size or 1]"},
    "The smaller batch at the end of an epoch is dropped. Its examples count as well: "
    "it makes a step with the mean over those that it has.")
descent.equivalent({"np.stack(path)": "path"}, "A list of the rows is a path too.")

# --------------------------------------------------------------------- weighted samples

def weighted_cases(rng):
    """Weights far from adding up to 1 or N; logits that overflow in each usual way."""
    def case(name, n, classes, kind="values", weight=1.0, *, weights=(.5, 3.0), zero=0,
             drawn=None, height=0.0, **options):
        y, dtype = labels(rng, n, drawn or classes), precision(kind)
        logits = rng.normal(size=(n, classes)).round(2)
        logits[0, y[0]] = logits[0].min() - .5    # its right class is not the likeliest
        logits += np.multiply.outer(height * np.resize([1, -1], n), np.ones(classes))
        w = rng.uniform(*weights, n).round(3)
        w[:zero] = 0
        arguments = (logits.astype(dtype), y, w.astype(dtype))
        return Case(name, arguments, None, weight, kind, options)

    def ruled_out(name):
        """Right classes a thousand below another: their probabilities are 0."""
        y, w = labels(rng, 4, 3), rng.uniform(.5, 3, 4).round(3)
        logits = rng.normal(size=(4, 3)).round(2)
        logits[range(4), (y + 1) % 3] += rng.uniform(900, 1500, 4).round(1)
        return Case(name, (logits, y, w))

    def twice(name):
        logits, y = rng.normal(size=(4, 3)).round(2), labels(rng, 4, 3)
        return Case(name, (logits, y, np.array([2, 1, 3, 1])), kind="edge")

    return [case("five examples, three classes", 5, 3, weight=2),
            case("eight examples, two classes", 8, 2, weight=2),
            case("small weights", 4, 3, weights=(.01, .2)),
            case("logits above 1000 and below -1000", 4, 3, height=1200.0),
            ruled_out("right classes that are all but ruled out"),
            case("a class that no example has", 4, 4, "edge", drawn=3),
            case("equal weights are the plain mean", 4, 3, "edge", weights=(2.0, 2.0)),
            twice("a weight of 2 is two examples"),
            case("an example that does not count", 4, 3, "edge", zero=1),
            case("one example", 1, 3, "edge"),
            case("weights and logits stay as they were", 4, 3, "edge", after=True),
            case("float32 stays float32", 5, 3, "dtype")]


weighted = Exercise(reference.weighted_cross_entropy, cases=weighted_cases, points=3,
                    drive=checks.run_weighted, read="gradient_descent.html#sum-or-mean")
SHIFT = "shifted = logits - logits.max(axis=1, keepdims=True)"
LOG_P = "shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
LOG_OF_RIGHT = "(r * log_p).sum(axis=1)"
weighted.misconception("divided_by_n", {"weights.sum()": "len(y)"},
    "You divide by N. A weighted mean is divided by the sum of the weights: doubling "
    "every weight must change nothing.")
weighted.misconception("weighted_sum", {"weights / weights.sum()": "weights"},
    "This is the weighted sum. Divide by the sum of the weights, so that the rate need "
    "not change when a batch has more examples or heavier ones.")
weighted.misconception("weights_in_loss_only", {"share[:, None]": "1 / len(y)"},
    "The weights are in the loss and not in the gradient. Row n of the gradient is "
    "w_n/Σw (y_n - r_n): an example that counts double pulls twice as hard.")
weighted.misconception("weights_in_gradient_only", {
    "share * (r * log_p).sum(axis=1)": "(r * log_p).sum(axis=1) / len(y)"},
    "The loss is not weighted, only its gradient is: the two must belong together, or "
    "a gradient check fails.")
weighted.misconception("gradient_of_likelihood", {
    "np.exp(log_p) - r": "r - np.exp(log_p)"},
    "The gradient has the wrong sign: r - p is where the likelihood rises. The loss's "
    "gradient has p - r.")
weighted.misconception("logits_weighted", {
    SHIFT: f"logits = logits * weights[:, None]\n{SHIFT}",
    "weights / weights.sum()": "np.ones_like(weights) / len(y)"},
    "The weights multiply the logits in your answer. They multiply each example's "
    "loss; what the network believes of an example does not depend on how much it "
    "counts.")
weighted.misconception("overflows", {
    LOG_P: "np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))",
    LOG_OF_RIGHT: "log_p[np.arange(len(y)), y]"},
    "Large logits overflow: e^1000 is inf, and inf/inf is NaN. Take the largest logit "
    "of a row away from the row first, which changes no probability.")
weighted.misconception("logarithm_of_zero", {
    LOG_P: "np.log(softmax(logits))", LOG_OF_RIGHT: "log_p[np.arange(len(y)), y]"},
    "Your probabilities are right, but one that is too small for a float is 0, and log "
    "0 is -inf. Do not take the logarithm of a probability: with the largest logit "
    "taken away, log softmax(s)_k = s_k - log Σ_j e^{s_j}.")

# ------------------------------------------------------------------------- accumulation

def accumulation_cases(rng):
    """A large batch in pieces, for a network with one hidden layer."""
    lr, = uniform(rng, (.1, .5))

    def case(name, rows, kind="values", weight=1.0, **options):
        dtype, squared = precision(kind), options.get("loss") == "mse_loss"
        shapes = [(3, 4), (4,), (4, 3), (3,)]
        network = [signed(rng, shape, dtype) for shape in shapes]
        pieces = [(signed(rng, (n, 3), dtype),
                   signed(rng, (n, 3), dtype) if squared else rng.integers(3, size=n))
                  for n in rows]
        return Case(name, (*network, pieces), None, weight, kind, {"lr": lr} | options)

    return [case("three pieces of one size", [4, 4, 4]),
            case("pieces of unequal sizes", [5, 1, 3], weight=2),
            case("gradients left over from earlier", [3, 2, 3], left_over=.5),
            case("three steps with momentum and decay", [2, 4], steps=3, momentum=.9,
                 weight_decay=.1),
            case("another loss", [1, 3, 2], loss="mse_loss"),
            case("a piece is done with before the next", [3, 1, 2], weight=2,
                 freed=True),
            case("one piece", [5], "edge"),
            case("pieces of one example", [1, 1, 1], "edge"),
            case("a Python number comes back", [2, 1], "edge", plain=True),
            case("float32 stays float32", [3, 2], "dtype")]


accumulation = Exercise(pytorch.accumulated_step, cases=accumulation_cases, points=4,
                        drive=checks.run_accumulation, pure=False, torch=True,
                        read="gradient_descent.html#what-a-step-costs")
accumulation.misconception("mean_of_means", {
    "part.backward()": "(part * n / len(targets) / len(batches)).backward()"},
    "Each piece's mean is divided by the number of pieces. That is right only where "
    "all are of one size: a piece of m examples has the share m/N of the mean over all "
    "N.")
accumulation.misconception("sum_of_means", {
    "part.backward()": "(part * n / len(targets)).backward()"},
    "The pieces' means are added up, so the step is as many times too long as there "
    "are pieces. Give each the share m/N before it is propagated back.")
accumulation.misconception("gradient_of_sum", {
    "part.backward()": "(part * n).backward()"},
    "This is the gradient of the sum over all examples. The large batch's loss is a "
    "mean: divide by N.")
accumulation.misconception("never_zeroed", {"optimizer.zero_grad()": ""},
    "Gradients that stood in .grad before the call were added to yours. Call "
    "optimizer.zero_grad() before the first piece.")
accumulation.misconception("zeroed_each_time", {
    "part.backward()": "optimizer.zero_grad()\npart.backward()"},
    "The gradients are set to zero before each piece, so only the last one's is left "
    "when the step is made. Set them to zero once, and let backward() add up.")
accumulation.misconception("step_for_each_piece", {
    "part.backward()":
        "optimizer.zero_grad()\n(part * n / len(targets)).backward()\noptimizer.step()",
    "optimizer.step()": ""},
    "You step after each piece, so the later pieces see parameters that have moved "
    "already. One large batch makes one step, after the last piece.")
accumulation.misconception("one_backward", {
    "part.backward()": "", "part.item()": "part",
    "optimizer.step()": "total.backward()\noptimizer.step()",
    "return total": "return total.item()"},
    "The step is right, but every piece's graph waits in memory for one backward() at "
    "the end, which is what the pieces are there to avoid. Call backward() for each "
    "piece before the next one is fed forward: it adds to .grad and frees the graph.")
accumulation.misconception("all_at_once", {
    "total = 0.0":
        "total, batches = 0.0, [map(torch.cat, zip(*batches, strict=True))]"},
    "The step is right, but the model had to hold all examples at once, which is what "
    "the pieces are there to avoid. Feed them one after another: backward() adds to "
    ".grad.")

# --------------------------------------------------- the rate when a sum becomes a mean

def rates_cases(rng):
    """Epochs of several batches, most with a smaller one at the end."""
    lr, decay = uniform(rng, (.01, .09), (.1, .9))

    def case(name, batches, sizes, last, kind="values", weight=1.0, *, lr=lr,
             decay=decay):
        """So many steps of one of `sizes`, and in the last so many, within bounds."""
        size = int(rng.choice(sizes))
        n = int(rng.integers(*last, endpoint=True)) if last else size
        arguments = (lr, decay, (batches - 1) * size + n, size)
        return Case(name, arguments, None, weight, kind)

    return [case("the last batch is smaller", 4, range(28, 37), (3, 20), weight=2),
            case("the last batch is a single example", 5, range(6, 13), (1, 1)),
            case("batches of one size", 3, range(28, 37), None),
            case("a batch larger than the epoch", 1, range(28, 37), (15, 25)),
            case("B = 1", 5, [1], None, "edge"),
            case("no penalty", 3, range(18, 25), (2, 12), "edge", decay=0.0),
            case("η and λ are whole numbers", 3, [7, 11, 13], (2, 5), "edge", lr=1,
                 decay=3)]


rates = Exercise(reference.rates_for_mean, cases=rates_cases, points=3,
                 read="gradient_descent.html#sum-or-mean")
rates.misconception("rate_divided", {
    "lr * sizes": "lr / sizes", "weight_decay / sizes": "weight_decay * sizes"},
    "You divide the rate by the batch's size. The mean's gradient is the smaller one, "
    "by that factor, so its rate has to be the larger one.")
rates.misconception("penalty_unchanged", {
    "weight_decay / sizes": "weight_decay + 0 * sizes"},
    "The rates are right, and the penalty is not: with λ left as it was, η' λ is |m| "
    "times too strong. The product η λ has to stay.")
rates.misconception("penalty_multiplied", {
    "weight_decay / sizes": "weight_decay * sizes"},
    "The rates are right, and the penalty grows with them. It has to shrink as they "
    "grow, so that η' λ' = η λ.")
rates.misconception("remainder_as_full", {
    "np.minimum(batch_size, n - starts)": "np.full(len(starts), batch_size)"},
    "The last batch gets B's rate, but it holds fewer examples, and its sum was "
    "shorter: its factor is the number of examples that it has.")
rates.misconception("epoch_for_batch", {
    "np.minimum(batch_size, n - starts)": "np.full(len(starts), n)"},
    "You convert with N, the examples of the whole epoch. A step saw the sum over its "
    "batch, so the factor is the batch's size.")
rates.misconception("remainder_without_rate", {
    "np.arange(0, n, batch_size)": "np.arange(0, n - batch_size + 1, batch_size)"},
    "There is a step missing: what is left over at the end of an epoch makes a batch "
    "as well, ⌈N/B⌉ in all.")

# ------------------------------------------------------------------------------ queries

def query_cases(rng):
    """Beliefs among which entropy and what is taken for it choose differently."""
    def case(name, k, kind="values", weight=1.0, *, classes=4, certain=0, spare=6,
             dtype=np.float64, private=None, others=(), designed=_designed):
        while True:
            drawn = rng.dirichlet(np.full(classes, .6), spare)
            drawn = .996 * drawn + .004 / classes                           # none is 0
            p = np.concatenate([designed(rng, classes), drawn, *others])
            p[:, 1:] = p[:, 1:].round(4)
            p[:, 0] = 1 - p[:, 1:].sum(axis=1)
            sure = np.eye(classes)[rng.integers(classes, size=certain)]
            p = np.concatenate([p, sure])
            p = p[rng.permutation(len(p))].clip(0, 1).astype(dtype)
            if k == 0 or _tells(p, k):
                return Case(name, (p, k), private, weight, kind)

    halves = np.array([[.5, .5, 0, 0, 0, 0]])
    fifths = np.array([[1, 1, 1, 1, 1, 0]]) / 5
    mirrored = _designed(rng, 4)[:3, ::-1]
    return [case("the three least known", 3, weight=2),
            case("six classes", 4, classes=6),
            case("classes that are ruled out", 3, classes=6, certain=3, weight=2,
                 others=(halves, fifths)),
            case("half of six hundred, in order", 300, classes=3, spare=596),
            case("beliefs that occur twice", 10, "edge", spare=0,
                 others=[mirrored] * 2),
            case("the single least known", 1, "edge", spare=2, designed=_single),
            case("all of them, in order", 14, "edge", spare=10, classes=6),
            case("none", 0, "edge"),
            case("float32 probabilities", 3, "edge", dtype=np.float32),
            case("the indices can index", 2, "edge", private="integers")]


def _tells(p, k):
    """Whether other measures of doubt, and the data's order, lead to other examples."""
    top, logs = np.sort(p, axis=1), np.log(np.where(p > 0, p, 1))
    entropy = -(p * logs).sum(axis=1)
    others = [top[:, -2] - top[:, -1], -top[:, -1], -(p**2).sum(axis=1),
              -np.ptp(p, axis=1), (p > .1).sum(axis=1),
              entropy * (p > 0).all(axis=1) if (p == 0).any() else -entropy]
    if p.shape == (k, 6):
        others.append(-(p * np.log(np.maximum(p, .01))).sum(axis=1))
    right = np.sort(entropy)[::-1][:k]
    chosen = [np.argsort(-other, kind="stable")[:k] for other in others]
    return (all(np.abs(entropy[other] - right).max() > 1e-3 for other in chosen)
            and (k == 1 or (np.diff(np.argsort(-entropy)[:k]) < 0).any()))


def _single(rng, classes):
    """Four classes: the largest entropy; even, two or three; the most above a tenth."""
    even = np.array([[.55, .18, .18, .09], [.4, .4, .19, .01], [.67, .11, .11, .11]])
    moved = rng.uniform(-.003, .003, (3, classes))
    return even + moved - moved.mean(axis=1, keepdims=True)


def _designed(rng, classes):
    """Beliefs torn between two; one favourite; a favourite and a rival; nearly even."""
    a, b, c, d = rng.uniform(-.01, .01, 4)
    rest = classes - 2
    return np.array([
        [.497 + a / 10, .493, *[(.01 - a / 10) / rest] * rest],
        [.52 + b, *[(.48 - b) / (classes - 1)] * (classes - 1)],
        [.47 + c, .30, *[(.23 - c) / rest] * rest],
        [.36 + d, *[(.64 - d) / (classes - 1)] * (classes - 1)]])


query = Exercise(reference.entropy_query, cases=query_cases, points=2,
                 judge=checks.same_entropies,
                 read="gradient_descent.html#learning-with-queries")
CHOSEN = "np.argsort(-entropy, kind='stable')[:k]"
query.misconception("best_known", {"-entropy": "entropy"},
    "These are the examples that the network knows best. A label teaches most where "
    "the entropy is large.")
query.misconception("by_margin", {
    "-entropy": "np.diff(np.sort(probabilities, axis=1))[:, -1]"},
    "You chose by the margin between the two likeliest classes. Entropy looks at all "
    "classes: a belief torn between two of ten is less uncertain than one spread over "
    "five.")
query.misconception("by_favourite", {"-entropy": "probabilities.max(axis=1)"},
    "You chose by the likeliest class's probability alone. Two beliefs with the same "
    "favourite may spread the rest over one class or over many; entropy tells them "
    "apart.")
query.misconception("least_uncertain_first", {CHOSEN: f"{CHOSEN}[::-1]"},
    "The examples are the right ones, in the wrong order: the most uncertain comes "
    "first.")
query.misconception("nan_for_certain", {
    "np.where(probabilities > 0, probabilities, 1)": "probabilities",
    "np.argsort(-entropy, kind='stable')": "np.argsort(entropy)[::-1]"},
    "0 · log 0 gives NaN, and NaN is sorted as if it were the largest or the smallest. "
    "Such a class adds nothing to the entropy: count it as 0.")
CHOICE = "logs = np.log(np.where(probabilities > 0, probabilities, 1))"
query.equivalent({
    "np.where(probabilities > 0, probabilities, 1)":
        "np.where(probabilities > 0, probabilities, 2)"},
    "The logarithm is multiplied by a probability of 0.")
query.equivalent({"np.argsort(-entropy, kind='stable')": "np.argsort(-entropy)"},
    "Of equal entropies either order is right.")
query.equivalent({CHOICE: f"probabilities = probabilities.astype('float64')\n{CHOICE}"},
    "The answer holds indices, whatever precision found them.")

# -------------------------------------------------------------------------------- draws

def labels(rng, n, classes):
    """Right classes: each of them occurs where n allows it."""
    return rng.permutation(np.resize(np.arange(classes), n))


def epochs_of(rng, n, batch_size, epochs):
    """An order for each epoch, none of which starts as another or the data's does."""
    orders = [np.arange(n)]
    while len(orders) <= epochs:
        order = rng.permutation(n)
        if not any(_alike(order, other, batch_size) for other in orders):
            orders.append(order)
    return np.array(orders[1:])


def _alike(a, b, batch_size):
    """Whether the first batches are one; where it holds all, whether the orders are."""
    if batch_size >= len(a):
        return np.array_equal(a, b)
    return set(a[:batch_size]) == set(b[:batch_size])
