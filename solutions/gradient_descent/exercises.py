"""What gradient descent's assignment asks: the cases, and the wrong answers that it knows by name."""
from itertools import pairwise

import numpy as np

from autograder.exercise import Case, Exercise
from solutions.common.draws import signed, uniform
from solutions.gradient_descent import pytorch, reference
from solutions.gradient_descent.checks import (
    run_accumulation,
    run_descent,
    run_weighted,
    same_entropies,
)
from solutions.gradient_descent.reference import Layer, minibatches, softmax

# ----------------------------------------------------------------------------------------------------- find the wrong δ


def backward_cases(rng):
    """Networks with weights of size 1, so that no slope is small enough to be forgotten."""
    def case(name, sizes, n, kind="values", weight=1.0, *, dtype=np.float64, above=0, classes=None):
        layers = [Layer(signed(rng, (D, M), dtype), signed(rng, (M,), dtype))
                  for D, M in pairwise(sizes)]
        layers[-1] = layers[-1]._replace(b=layers[-1].b + dtype(above))
        zs = reference.mlp_forward(layers, signed(rng, (n, sizes[0]), dtype))
        return Case(name, (layers, zs, labels(rng, n, classes or sizes[-1])), None, weight, kind)

    return [case("no hidden layer", [3, 4], 6),
            case("one hidden layer", [2, 3, 3], 4, weight=2),
            case("two hidden layers of unequal sizes", [3, 4, 2, 3], 5, weight=2),
            case("three hidden layers of one size", [3, 3, 3, 3, 3], 4),
            case("a class that no example has", [2, 3, 4], 5, classes=3),
            case("logits above 1000", [2, 3, 3], 4, "edge", above=2000),
            case("one example", [2, 3, 2], 1, "edge", classes=1),
            case("one unit in each hidden layer", [2, 1, 1, 3], 3, "edge"),
            case("float32 stays float32", [2, 3, 2], 4, "dtype", dtype=np.float32)]


def faulty_backward(layers, zs, y):
    """What the student is given to mend: the sum's gradient, the rise's sign, and slopes that are not there."""
    r = np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]
    delta = r - softmax(zs[-1])                                     # δ_L
    grads = []
    for (W, _), z in zip(reversed(layers), reversed(zs[:-1]), strict=True):
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))         # ∂E/∂W_l and ∂E/∂b_l
        delta = delta @ W.T                                         # δ_{l-1}
    return grads[::-1]


backward = Exercise(reference.mlp_backward, cases=backward_cases, points=5, starter=faulty_backward,
                    given=(reference.Layer, reference.softmax), read="gradient_descent.html#back-propagation")


@backward.misconception("Every gradient has the wrong sign: δ_L = r - y is the slope of the log-likelihood, which "
                        "should rise. E should fall, so δ_L = y - r, and the step subtracts it.")
def slope_of_likelihood(layers, zs, y):
    return _backward(layers, zs, -_top(zs, y) / len(y))


@backward.misconception("These are the gradients of the sum over the batch. E is the mean: everything is to be "
                        "divided by N, once.")
def gradient_of_sum(layers, zs, y):
    return _backward(layers, zs, _top(zs, y))


@backward.misconception("You divide by N twice: δ_L = (y - r)/N carries the mean already, and passes it down to "
                        "every layer. z_{l-1}ᵀ δ_l and the column sums of δ_l are then to be left as they are.")
def mean_twice(layers, zs, y):
    return _backward(layers, zs, _top(zs, y) / len(y)**2)


@backward.misconception("The slope of the sigmoid is missing: on its way down through layer l - 1, δ is multiplied "
                        "by z_{l-1} (1 - z_{l-1}).")
def slope_forgotten(layers, zs, y):
    return _backward(layers, zs, _top(zs, y) / len(y), slope=np.ones_like)


@backward.misconception("You take the slope as σ(z) (1 - σ(z)), but z has been through the sigmoid already: with z = "
                        "σ(s) the slope at s is z (1 - z).")
def sigmoid_of_output(layers, zs, y):
    return _backward(layers, zs, _top(zs, y) / len(y), slope=_slope_of_sigmoid)


@backward.misconception("The slope is 1 - z² here, which is the one of tanh. For the sigmoid it is z (1 - z).")
def slope_of_tanh(layers, zs, y):
    return _backward(layers, zs, _top(zs, y) / len(y), slope=lambda z: 1 - z**2)


@backward.misconception("δ_L has a factor y (1 - y) too many. That slope belongs to squared error on sigmoid "
                        "outputs; with the cross-entropy of a softmax it cancels, and δ_L is y - r alone (over N).")
def slope_at_the_top(layers, zs, y):
    p = softmax(zs[-1])
    return _backward(layers, zs, _top(zs, y) * p * (1 - p) / len(y))


@backward.misconception("The biases' gradients are means over the batch, but δ has been divided by N already: add "
                        "its rows up.")
def biases_averaged(layers, zs, y):
    return [Layer(W, b / len(y)) for W, b in _backward(layers, zs, _top(zs, y) / len(y))]


@backward.misconception("The gradients come in the order in which you found them, from the last layer to the first. "
                        "Return them in the order of `layers`.")
def last_layer_first(layers, zs, y):
    return _backward(layers, zs, _top(zs, y) / len(y))[::-1]


def _top(zs, y):
    """N δ_L = y - r."""
    return softmax(zs[-1]) - np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]


def _backward(layers, zs, delta, slope=lambda z: z * (1 - z)):
    grads = []
    for (W, _), z in zip(reversed(layers), reversed(zs[:-1]), strict=True):
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))
        delta = delta @ W.T * slope(z)
    return grads[::-1]


def _slope_of_sigmoid(z):
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s)


for entry in ("1", "-2", "-0"):
    backward.equivalent({"dtype=zs[-1].dtype": f"dtype=zs[{entry}].dtype"}, "All of zs have one dtype.")

# --------------------------------------------------------------------------------------------------------- mini-batches


def minibatch_cases(rng):
    """Epochs on least squares; every batch holds other examples than in the data's order or another epoch's."""
    lr, = uniform(rng, (.05, .12))

    def case(name, n, batch_size, epochs, kind="values", weight=1.0, *, dtype=np.float64, shape=(2,)):
        orders = epochs_of(rng, n, batch_size, epochs)
        X, y = signed(rng, (n, *shape[:1]), dtype), signed(rng, (n, *shape[1:]), dtype)
        arguments = (np.array(signed(rng, shape, dtype)), X, y, orders)
        return Case(name, arguments, None, weight, kind, {"lr": lr, "batch_size": batch_size})

    return [case("two epochs of three batches", 6, 2, 2, weight=2),
            case("a smaller batch at the end", 7, 3, 2, weight=2),
            case("three epochs", 6, 3, 3),
            case("a matrix of parameters", 8, 3, 2, shape=(3, 2)),
            case("one parameter, 0-d", 6, 2, 2, "edge", shape=()),
            case("B = 1: a step for each example", 4, 1, 2, "edge"),
            case("B = N: batch gradient descent", 4, 4, 3, "edge"),
            case("B larger than N", 4, 9, 2, "edge"),
            case("float32 stays float32", 5, 2, 2, "dtype", dtype=np.float32)]


descent = Exercise(reference.minibatch_sgd, cases=minibatch_cases, points=4, drive=run_descent,
                   given=(reference.minibatches,), read="gradient_descent.html#some-mini-batches")


@descent.misconception("Your steps go uphill, as W ← W + η δ z would with δ the gradient of the loss. The gradient "
                       "shows where E grows: subtract it.")
def ascent(params, gradient, X, y, orders, *, lr, batch_size):
    return _descend(lambda p, m: p + lr * gradient(p, X[m], y[m]), params, orders, batch_size)


@descent.misconception("Your step is the sum of the batch's gradients, B times too long. `gradient` returns a mean "
                       "already, and the rate multiplies that.")
def steps_on_sums(params, gradient, X, y, orders, *, lr, batch_size):
    return _descend(lambda p, m: p - lr * len(m) * gradient(p, X[m], y[m]), params, orders, batch_size)


@descent.misconception("You divide by the size of the batch once more. `gradient` returns the mean already.")
def mean_of_mean(params, gradient, X, y, orders, *, lr, batch_size):
    return _descend(lambda p, m: p - lr / len(m) * gradient(p, X[m], y[m]), params, orders, batch_size)


@descent.misconception("Every epoch takes the examples in the first epoch's order. orders[e] is the one for epoch e.")
def one_order_for_all(params, gradient, X, y, orders, *, lr, batch_size):
    orders = [orders[0]] * len(orders)
    return _descend(lambda p, m: p - lr * gradient(p, X[m], y[m]), params, orders, batch_size)


@descent.misconception("You cut the data as it stands into batches and leave `orders` unused. A batch is what its "
                       "part of the order points at, X[m] and y[m].")
def not_shuffled(params, gradient, X, y, orders, *, lr, batch_size):
    orders = [np.arange(len(y))] * len(orders)
    return _descend(lambda p, m: p - lr * gradient(p, X[m], y[m]), params, orders, batch_size)


@descent.misconception("Each batch takes a step along the gradient of all the data. The saving is in asking for the "
                       "batch's alone, gradient(params, X[m], y[m]).")
def gradient_of_everything(params, gradient, X, y, orders, *, lr, batch_size):
    return _descend(lambda p, m: p - lr * gradient(p, X, y), params, orders, batch_size)


@descent.misconception("All gradients of an epoch are taken where the epoch began. That is batch gradient descent in "
                       "slices: the next batch's gradient is taken where the last step led.")
def gradients_of_yesterday(params, gradient, X, y, orders, *, lr, batch_size):
    path = [params]
    for order in orders:
        start = path[-1]
        for m in minibatches(order, batch_size):
            path.append(path[-1] - lr * gradient(start, X[m], y[m]))
    return np.stack(path)


@descent.misconception("The start is missing from your path: its first row is θ_0, and the row after it the first "
                       "step.")
def start_missing(params, gradient, X, y, orders, *, lr, batch_size):
    return _descend(lambda p, m: p - lr * gradient(p, X[m], y[m]), params, orders, batch_size)[1:]


@descent.misconception("Your path has one row an epoch. Keep the parameters after every step.")
def one_row_an_epoch(params, gradient, X, y, orders, *, lr, batch_size):
    path = _descend(lambda p, m: p - lr * gradient(p, X[m], y[m]), params, orders, batch_size)
    return path[::len(minibatches(orders[0], batch_size))]


@descent.misconception("The smaller batch at the end of an epoch is dropped. Its examples count as well: it makes a "
                       "step with the mean over those that it has.")
def remainder_dropped(params, gradient, X, y, orders, *, lr, batch_size):
    orders = [order[:max(len(order) // batch_size, 1) * batch_size] for order in orders]
    return _descend(lambda p, m: p - lr * gradient(p, X[m], y[m]), params, orders, batch_size)


def _descend(step, params, orders, batch_size):
    path = [params]
    for order in orders:
        for m in minibatches(order, batch_size):
            path.append(step(path[-1], m))
    return np.stack(path)


descent.equivalent({"np.stack(path)": "path"}, "A list of the rows is a path too.")

# ----------------------------------------------------------------------------------------------------- weighted samples


def weighted_cases(rng):
    """Weights far from adding up to 1 or to N, and logits that overflow in each of the usual ways."""
    def case(name, n, classes, kind="values", weight=1.0, *, dtype=np.float64, weights=(.5, 3.0), zero=0,
             drawn=None, height=0.0, **options):
        y = labels(rng, n, drawn or classes)
        logits = rng.normal(size=(n, classes)).round(2)
        logits[0, y[0]] = logits[0].min() - .5                      # its right class is not the likeliest
        logits += np.multiply.outer(height * np.resize([1, -1], n), np.ones(classes))
        w = rng.uniform(*weights, n).round(3)
        w[:zero] = 0
        return Case(name, (logits.astype(dtype), y, w.astype(dtype)), None, weight, kind, options)

    def ruled_out(name):
        """Each right class is a thousand below another: its probability is 0 to the last bit."""
        y, w = labels(rng, 4, 3), rng.uniform(.5, 3, 4).round(3)
        logits = rng.normal(size=(4, 3)).round(2)
        logits[range(4), (y + 1) % 3] += rng.uniform(900, 1500, 4).round(1)
        return Case(name, (logits, y, w))

    return [case("five examples, three classes", 5, 3, weight=2),
            case("eight examples, two classes", 8, 2, weight=2),
            case("small weights", 4, 3, weights=(.01, .2)),
            case("logits above 1000 and below -1000", 4, 3, height=1200.0),
            ruled_out("right classes that are all but ruled out"),
            case("a class that no example has", 4, 4, "edge", drawn=3),
            case("equal weights are the plain mean", 4, 3, "edge", weights=(2.0, 2.0)),
            Case("a weight of 2 is two examples",
                 (rng.normal(size=(4, 3)).round(2), labels(rng, 4, 3), np.array([2, 1, 3, 1])), kind="edge"),
            case("an example that does not count", 4, 3, "edge", zero=1),
            case("one example", 1, 3, "edge"),
            case("weights and logits stay as they were", 4, 3, "edge", after=True),
            case("float32 stays float32", 5, 3, "dtype", dtype=np.float32)]


weighted = Exercise(reference.weighted_cross_entropy, cases=weighted_cases, points=3, drive=run_weighted,
                    read="gradient_descent.html#sum-or-mean")


@weighted.misconception("You divide by N. A weighted mean is divided by the sum of the weights: doubling every "
                        "weight must change nothing.")
def divided_by_n(logits, y, weights):
    loss, delta = _weighted(logits, y, weights / len(y))
    return loss, delta


@weighted.misconception("This is the weighted sum. Divide by the sum of the weights, so that the rate need not "
                        "change when a batch has more examples or heavier ones.")
def weighted_sum(logits, y, weights):
    return _weighted(logits, y, weights)


@weighted.misconception("The weights are in the loss and not in the gradient. Row n of the gradient is w_n/Σw (y_n - "
                        "r_n): an example that counts double pulls twice as hard.")
def weights_in_loss_only(logits, y, weights):
    plain = np.ones_like(weights) / len(y)
    return _weighted(logits, y, weights / weights.sum())[0], _weighted(logits, y, plain)[1]


@weighted.misconception("The loss is not weighted, only its gradient is: the two must belong together, or a gradient "
                        "check fails.")
def weights_in_gradient_only(logits, y, weights):
    plain = np.ones_like(weights) / len(y)
    return _weighted(logits, y, plain)[0], _weighted(logits, y, weights / weights.sum())[1]


@weighted.misconception("The gradient has the wrong sign: r - y is where the likelihood rises. The loss's gradient "
                        "has y - r.")
def gradient_of_likelihood(logits, y, weights):
    loss, delta = _weighted(logits, y, weights / weights.sum())
    return loss, -delta


@weighted.misconception("The weights multiply the logits in your answer. They multiply each example's loss; what the "
                        "network believes of an example does not depend on how much it counts.")
def logits_weighted(logits, y, weights):
    return _weighted(logits * weights[:, None], y, np.ones_like(weights) / len(y))


@weighted.misconception("Large logits overflow: e^1000 is inf, and inf/inf is NaN. Take the largest logit of a row "
                        "away from the row first, which changes no probability.")
def overflows(logits, y, weights):
    return _by_probabilities(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), y, weights)


@weighted.misconception("Your probabilities are right, but one that is too small for a float is 0, and log 0 is "
                        "-inf. Do not take the logarithm of a probability: with the largest logit taken away, "
                        "log softmax(s)_k = s_k - log Σ_j e^{s_j}.")
def logarithm_of_zero(logits, y, weights):
    return _by_probabilities(softmax(logits), y, weights)


def _by_probabilities(p, y, weights):
    share = weights / weights.sum()
    r = np.eye(p.shape[1], dtype=p.dtype)[y]
    return -(share * np.log(p[np.arange(len(y)), y])).sum(), share[:, None] * (p - r)


def _weighted(logits, y, share):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    r = np.eye(logits.shape[1], dtype=logits.dtype)[y]
    return -(share * (r * log_p).sum(axis=1)).sum(), share[:, None] * (np.exp(log_p) - r)


# --------------------------------------------------------------------------------------------------------- accumulation


def accumulation_cases(rng):
    """A large batch in pieces, for a network with one hidden layer."""
    lr, = uniform(rng, (.1, .5))

    def case(name, rows, kind="values", weight=1.0, *, dtype=np.float64, **options):
        network = [signed(rng, shape, dtype) for shape in [(3, 4), (4,), (4, 3), (3,)]]
        squared = options.get("loss") == "mse_loss"
        pieces = [(signed(rng, (n, 3), dtype), signed(rng, (n, 3), dtype) if squared else rng.integers(3, size=n))
                  for n in rows]
        return Case(name, (*network, pieces), None, weight, kind, {"lr": lr} | options)

    return [case("three pieces of one size", [4, 4, 4]),
            case("pieces of unequal sizes", [5, 1, 3], weight=2),
            case("gradients left over from earlier", [3, 2, 3], left_over=.5),
            case("three steps with momentum and decay", [2, 4], steps=3, momentum=.9, weight_decay=.1),
            case("another loss", [1, 3, 2], loss="mse_loss"),
            case("a piece is done with before the next", [3, 1, 2], weight=2, freed=True),
            case("one piece", [5], "edge"),
            case("pieces of one example", [1, 1, 1], "edge"),
            case("a Python number comes back", [2, 1], "edge", plain=True),
            case("float32 stays float32", [3, 2], "dtype", dtype=np.float32)]


accumulation = Exercise(pytorch.accumulated_step, cases=accumulation_cases, points=4, drive=run_accumulation,
                        pure=False, torch=True, read="gradient_descent.html#what-a-step-costs")


@accumulation.misconception("Each piece's mean is divided by the number of pieces. That is right only where all are "
                            "of one size: a piece of m examples has the share m/N of the mean over all N.")
def mean_of_means(model, loss, optimizer, batches):
    return _accumulated(model, loss, optimizer, batches, lambda m, n: 1 / len(batches))


@accumulation.misconception("The pieces' means are added up, so the step is as many times too long as there are "
                            "pieces. Give each the share m/N before it is propagated back.")
def sum_of_means(model, loss, optimizer, batches):
    return _accumulated(model, loss, optimizer, batches, lambda m, n: 1.0)


@accumulation.misconception("This is the gradient of the sum over all examples. The large batch's loss is a mean: "
                            "divide by N.")
def sum_of_examples(model, loss, optimizer, batches):
    return _accumulated(model, loss, optimizer, batches, lambda m, n: float(m))


@accumulation.misconception("Gradients that stood in .grad before the call were added to yours. Call "
                            "optimizer.zero_grad() before the first piece.")
def never_zeroed(model, loss, optimizer, batches):
    return _accumulated(model, loss, optimizer, batches, lambda m, n: m / n, zero=())


@accumulation.misconception("The gradients are set to zero before each piece, so only the last one's is left when "
                            "the step is made. Set them to zero once, and let backward() add up.")
def zeroed_each_time(model, loss, optimizer, batches):
    return _accumulated(model, loss, optimizer, batches, lambda m, n: m / n, zero=range(len(batches)))


@accumulation.misconception("You step after each piece, so the later pieces see parameters that have moved already. "
                            "One large batch makes one step, after the last piece.")
def step_for_each_piece(model, loss, optimizer, batches):
    total, n = 0.0, sum(len(targets) for _, targets in batches)
    for inputs, targets in batches:
        optimizer.zero_grad()
        part = loss(model(inputs), targets)
        part.backward()
        optimizer.step()
        total += part.item() * len(targets) / n
    return total


@accumulation.misconception("The step is right, but every piece's graph waits in memory for one backward() at the "
                            "end, which is what the pieces are there to avoid. Call backward() for each piece before "
                            "the next one is fed forward: it adds to .grad and frees the graph.")
def one_backward(model, loss, optimizer, batches):
    optimizer.zero_grad()
    n = sum(len(targets) for _, targets in batches)
    total = sum(loss(model(inputs), targets) * (len(targets) / n) for inputs, targets in batches)
    total.backward()
    optimizer.step()
    return total.item()


@accumulation.misconception("The step is right, but the model had to hold all examples at once, which is what the "
                            "pieces are there to avoid. Feed them one after another: backward() adds to .grad.")
def all_at_once(model, loss, optimizer, batches):
    import torch

    optimizer.zero_grad()
    inputs, targets = (torch.cat(column) for column in zip(*batches, strict=True))
    total = loss(model(inputs), targets)
    total.backward()
    optimizer.step()
    return total.item()


def _accumulated(model, loss, optimizer, batches, share, zero=(0,)):
    total, n = 0.0, sum(len(targets) for _, targets in batches)
    for i, (inputs, targets) in enumerate(batches):
        if i in zero:
            optimizer.zero_grad()
        part = loss(model(inputs), targets)
        (part * share(len(targets), n)).backward()
        total += part.item() * len(targets) / n
    optimizer.step()
    return total


# ----------------------------------------------------------------------------------- the rate when a sum becomes a mean


def rates_cases(rng):
    """Epochs of several batches, most with a smaller one at the end."""
    lr, decay = uniform(rng, (.01, .09), (.1, .9))

    def case(name, batches, sizes, last, kind="values", weight=1.0, **changed):
        """So many steps of one of `sizes`, and in the last so many examples, within bounds."""
        size = int(rng.choice(sizes))
        n = (batches - 1) * size + (size if last is None else int(rng.integers(*last, endpoint=True)))
        return Case(name, (changed.get("lr", lr), changed.get("decay", decay), n, size), None, weight, kind)

    return [case("the last batch is smaller", 4, range(28, 37), (3, 20), weight=2),
            case("the last batch is a single example", 5, range(6, 13), (1, 1)),
            case("batches of one size", 3, range(28, 37), None),
            case("a batch larger than the epoch", 1, range(28, 37), (15, 25)),
            case("B = 1", 5, [1], None, "edge"),
            case("no penalty", 3, range(18, 25), (2, 12), "edge", decay=0.0),
            case("η and λ are whole numbers", 3, [7, 11, 13], (2, 5), "edge", lr=1, decay=3)]


rates = Exercise(reference.rates_for_mean, cases=rates_cases, points=3, read="gradient_descent.html#sum-or-mean")


@rates.misconception("You divide the rate by the batch's size. The mean's gradient is the smaller one, by that "
                     "factor, so its rate has to be the larger one.")
def rate_divided(lr, weight_decay, n, batch_size):
    sizes = _batch_sizes(n, batch_size)
    return lr / sizes, weight_decay * sizes


@rates.misconception("The rates are right, and the penalty is not: with λ left as it was, η' λ is |m| times too "
                     "strong. The product η λ has to stay.")
def penalty_unchanged(lr, weight_decay, n, batch_size):
    sizes = _batch_sizes(n, batch_size)
    return lr * sizes, weight_decay + 0 * sizes


@rates.misconception("The rates are right, and the penalty grows with them. It has to shrink as they grow, so that "
                     "η' λ' = η λ.")
def penalty_multiplied(lr, weight_decay, n, batch_size):
    sizes = _batch_sizes(n, batch_size)
    return lr * sizes, weight_decay * sizes


@rates.misconception("The last batch gets B's rate, but it holds fewer examples, and its sum was shorter: its factor "
                     "is the number of examples that it has.")
def remainder_as_full(lr, weight_decay, n, batch_size):
    sizes = np.full_like(_batch_sizes(n, batch_size), batch_size)
    return lr * sizes, weight_decay / sizes


@rates.misconception("You convert with N, the examples of the whole epoch. A step saw the sum over its batch, so the "
                     "factor is the batch's size.")
def epoch_for_batch(lr, weight_decay, n, batch_size):
    sizes = np.full_like(_batch_sizes(n, batch_size), n)
    return lr * sizes, weight_decay / sizes


@rates.misconception("There is a step missing: what is left over at the end of an epoch makes a batch as well, ⌈N/B⌉ "
                     "in all.")
def remainder_without_rate(lr, weight_decay, n, batch_size):
    sizes = _batch_sizes(n, batch_size)[:max(n // batch_size, 0)]
    return lr * sizes, weight_decay / sizes


def _batch_sizes(n, batch_size):
    return np.array([min(batch_size, n - start) for start in range(0, n, batch_size)], float)


# -------------------------------------------------------------------------------------------------------------- queries


def query_cases(rng):
    """Beliefs among which entropy and everything that is taken for it choose differently."""
    def case(name, k, kind="values", weight=1.0, *, classes=4, certain=0, spare=6, dtype=np.float64,
             private=None, others=()):
        while True:
            drawn = .996 * rng.dirichlet(np.full(classes, .6), spare) + .004 / classes     # none is 0
            p = np.concatenate([_designed(rng, classes), drawn, *others])
            p[:, 1:] = p[:, 1:].round(4)
            p[:, 0] = 1 - p[:, 1:].sum(axis=1)
            p = np.concatenate([p, np.eye(classes)[rng.integers(classes, size=certain)]])
            p = p[rng.permutation(len(p))].clip(0, 1).astype(dtype)
            if k == 0 or _tells(p, k):
                return Case(name, (p, k), private, weight, kind)

    halves, fifths = np.array([[.5, .5, 0, 0, 0, 0]]), np.array([[1, 1, 1, 1, 1, 0]]) / 5
    return [case("the three least known", 3, weight=2),
            case("six classes", 4, classes=6),
            case("classes that are ruled out", 3, classes=6, certain=3, weight=2, others=(halves, fifths)),
            case("half of six hundred, in order", 300, classes=3, spare=596),
            case("beliefs that occur twice", 10, "edge", spare=0, others=[_designed(rng, 4)[:3, ::-1]] * 2),
            case("the single least known", 1, "edge"),
            case("all of them, in order", 14, "edge", spare=10, classes=6),
            case("none", 0, "edge"),
            case("float32 probabilities", 3, "edge", dtype=np.float32),
            case("the indices can index", 2, "edge", private="integers")]


def _tells(p, k):
    """Whether other measures of doubt, and the data's order, lead to other examples than entropy does."""
    top, entropy = np.sort(p, axis=1), _entropy(p)
    others = [top[:, -2] - top[:, -1], -top[:, -1], -(p**2).sum(axis=1), -np.ptp(p, axis=1), (p > .1).sum(axis=1),
              entropy * (p > 0).all(axis=1) if (p == 0).any() else -entropy]
    if p.shape == (k, 6):
        others.append(-(p * np.log(np.maximum(p, .01))).sum(axis=1))
    right = np.sort(entropy)[::-1][:k]
    return (all(np.abs(entropy[np.argsort(-other, kind="stable")[:k]] - right).max() > 1e-3 for other in others)
            and (k == 1 or (np.diff(np.argsort(-entropy)[:k]) < 0).any()))


def _designed(rng, classes):
    """Beliefs torn between two; with one favourite and the rest even; with a rival to the favourite; nearly even."""
    a, b, c, d = rng.uniform(-.01, .01, 4)
    rest = classes - 2
    return np.array([[.497 + a / 10, .493, *[(.01 - a / 10) / rest] * rest],
                     [.52 + b, *[(.48 - b) / (classes - 1)] * (classes - 1)],
                     [.47 + c, .30, *[(.23 - c) / rest] * rest],
                     [.36 + d, *[(.64 - d) / (classes - 1)] * (classes - 1)]])


query = Exercise(reference.entropy_query, cases=query_cases, points=2, judge=same_entropies,
                 read="gradient_descent.html#learning-with-queries")


@query.misconception("These are the examples that the network knows best. A label teaches most where the entropy is "
                     "large.")
def best_known(probabilities, k):
    return np.argsort(_entropy(probabilities), kind="stable")[:k]


@query.misconception("You chose by the margin between the two likeliest classes. Entropy looks at all classes: a "
                     "belief torn between two of ten is less uncertain than one spread over five.")
def by_margin(probabilities, k):
    top = np.sort(probabilities, axis=1)
    return np.argsort(top[:, -1] - top[:, -2], kind="stable")[:k]


@query.misconception("You chose by the likeliest class's probability alone. Two beliefs with the same favourite may "
                     "spread the rest over one class or over many; entropy tells them apart.")
def by_favourite(probabilities, k):
    return np.argsort(probabilities.max(axis=1), kind="stable")[:k]


@query.misconception("The examples are the right ones, in the wrong order: the most uncertain comes first.")
def least_uncertain_first(probabilities, k):
    return np.argsort(-_entropy(probabilities), kind="stable")[:k][::-1]


@query.misconception("0 · log 0 gives NaN, and NaN is sorted as if it were the largest or the smallest. Such a class "
                     "adds nothing to the entropy: count it as 0.")
def nan_for_certain(probabilities, k):
    with np.errstate(all="ignore"):
        entropy = -(probabilities * np.log(probabilities)).sum(axis=1)
    return np.argsort(entropy)[::-1][:k]


def _entropy(probabilities):
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return -(probabilities * logs).sum(axis=1)


CHOICE = "logs = np.log(np.where(probabilities > 0, probabilities, 1))"
query.equivalent({"np.where(probabilities > 0, probabilities, 1)": "np.where(probabilities > 0, probabilities, 2)"},
                 "The logarithm is multiplied by a probability of 0.")
query.equivalent({"np.argsort(-entropy, kind='stable')": "np.argsort(-entropy)"},
                 "Of equal entropies either order is right.")
query.equivalent({CHOICE: "probabilities = probabilities.astype('float64')\n" + CHOICE},
                 "The answer holds indices, whatever precision found them.")

# ---------------------------------------------------------------------------------------------------------------- draws


def labels(rng, n, classes):
    """Right classes: each of them occurs where n allows it."""
    return rng.permutation(np.resize(np.arange(classes), n))


def epochs_of(rng, n, batch_size, epochs):
    """An order for each epoch; its first batch holds other examples than that of the data's order or another epoch."""
    orders = [np.arange(n)]
    while len(orders) <= epochs:
        order = _shuffled(rng, n)
        if not any(_alike(order, other, batch_size) for other in orders):
            orders.append(order)
    return np.array(orders[1:])


def _alike(a, b, batch_size):
    """Whether a first batch holds the same examples; where one holds all, whether the orders are the same."""
    if batch_size >= len(a):
        return np.array_equal(a, b)
    return set(a[:batch_size]) == set(b[:batch_size])


def _shuffled(rng, n):
    """An order of n ≥ 2 that is not the sorted one."""
    order = rng.permutation(n)
    while np.array_equal(order, np.arange(n)):
        order = rng.permutation(n)
    return order
