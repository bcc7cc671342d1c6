"""What model selection's assignment asks: the cases, and the wrong answers."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.model_selection import checks, pytorch, reference

# -------------------------------------------------------------------- log-uniform draws

def log_uniform_cases(rng):
    """Draws over decades, and whole numbers that are not near a border."""
    low, high = uniform(rng, (.002, .02), (3., 30.))

    def case(name, shape, kind="values", weight=1.0, **changed):
        options = {"low": low, "high": high} | changed
        while True:
            u = np.asarray(rng.uniform(.02, .98, shape).round(4), precision(kind))
            x = reference.log_uniform(u.astype(float), low=options["low"],
                                      high=options["high"] + ("integer" in changed))
            if "integer" not in changed or (abs(x % 1 - .5) < .45).all():
                return Case(name, (u,), None, weight, kind, options)

    few, many = int(rng.integers(2, 5)), int(rng.integers(200, 400))
    top = Case("whole numbers, the greatest among them",
               (np.array([.99, .999, .9999]),), None, 1.0, "edge",
               {"low": 1, "high": 3, "integer": True})
    return [case("over decades", (6,), weight=2),
            case("whole numbers", (9,), weight=2, low=few, high=many, integer=True),
            case("whole numbers from 1 to 4", (8,), low=1, high=4, integer=True),
            case("bounds above 1", (2, 3), low=7.5, high=640.0),
            case("bounds below 1", (5,), low=3e-6, high=2e-3),
            top,
            Case("the lower bound", (np.zeros(2),), None, 1.0, "edge",
                 {"low": low, "high": high}),
            case("one number", (), "edge"),
            case("no numbers", (0,), "edge"),
            case("float32 stays float32", (4,), "dtype"),
            case("whole numbers in float32", (4,), "dtype", low=few, high=many,
                 integer=True)]


drawn = Exercise(reference.log_uniform, cases=log_uniform_cases, points=3,
                 read="model_selection.html#grid-and-random")
SPREAD = "low * ((high + integer) / low) ** u"
drawn.misconception("uniform_in_value", {SPREAD: "low + (high + integer - low) * u"},
    "Your draws are uniform between the bounds, so nine in ten lie in the highest "
    "tenth's decade. It is ln x that has to be uniform.")
drawn.misconception("exponent_between_the_bounds", {
    SPREAD: "np.exp(low + (high + integer - low) * u)"},
    "You draw an exponent between the bounds themselves. The bounds are of x: take "
    "their logarithms first.")
drawn.misconception("two_bases", {
    SPREAD: "np.exp(np.log10(low) + np.log10((high + integer) / low) * u)"},
    "You take logarithms to the base 10 and then exp. One base for both: 10**… "
    "belongs to log10.")
drawn.misconception("logarithm_returned", {
    SPREAD: "np.log(low) + np.log((high + integer) / low) * u"},
    "You return ln x, which is uniform. Take its exponential: x is asked for.")
drawn.misconception("from_the_top", {SPREAD: "(high + integer) * (low / (high + "
                                             "integer)) ** u"},
    "u = 0 gives your upper bound. It has to give the lower one.")
drawn.misconception("rounded", {"np.floor(x)": "np.round(x)",
                                "(high + integer)": "high"},
    "You round to the nearest whole number. Each bound then gets only the half of its "
    "interval, on one side. Draw up to high + 1 and round down.")
drawn.misconception("last_one_never", {"(high + integer)": "high"},
    "`high` itself is hardly ever drawn: you round down what is below it. The draws "
    "have to reach up to high + 1.")
drawn.misconception("not_whole", {"np.floor(x) if integer else x": "x"},
    "With integer=True whole numbers are wanted: round down.")

# ------------------------------------------------------------- nested cross-validation

def nested_cases(rng):
    """Ridge on noise and a little signal; folds that do not all choose the same."""
    def case(name, n, kind="values", weight=1.0, *, outer=3, inner=2,
             strengths=(.05, 3.0, 60.0), plain=False):
        while True:
            X = rng.normal(size=(n, 3)).round(4)
            y = (X[:, 0] * .7 + rng.normal(size=n)).round(4)
            order = np.arange(n) if plain else rng.permutation(n)
            arguments = X, y, list(strengths), order
            if clear_choices(*arguments, outer, inner):
                return Case(name, arguments, None, weight, kind,
                            {"outer": outer, "inner": inner})

    return [case("three folds and two", 15, weight=2),
            case("four folds and three, of 18", 18, outer=4, inner=3, weight=2),
            case("two folds and four, five strengths", 17, outer=2, inner=4,
                 strengths=(.01, .5, 5.0, 30.0, 200.0)),
            case("examples in their order", 13, plain=True),
            case("one configuration", 9, "edge", strengths=(2.0,)),
            case("configurations that are level", 9, "edge", strengths=(2.0,) * 3),
            case("each outer fold is one example", 6, "edge", outer=6, inner=5)]


def clear_choices(X, y, strengths, order, outer, inner):
    """Whether no choice is close, and looking at the test folds would choose others."""
    if len(set(strengths)) == 1:
        return True

    def loss(*asked):
        return checks.ridge_loss(X, y, *asked)

    peeked = []
    for train, test in reference.k_fold(order, k=outer):
        inside = np.sort([reference.cross_validate(loss, s, train, k=inner)
                          for s in strengths])
        outside = np.sort([loss(s, train, test) for s in strengths])
        if inside[1] < 1.01 * inside[0] or outside[1] < 1.01 * outside[0]:
            return False
        peeked.append(np.argmin([loss(s, train, test) for s in strengths]))
    chosen = reference.nested_cv(loss, strengths, order, outer=outer, inner=inner)[1]
    flat = [reference.cross_validate(loss, s, order, k=outer) for s in strengths]
    return len(set(chosen)) > 1 and (chosen != peeked).any() and (
        chosen != np.argmin(flat)).any()


nested = Exercise(reference.nested_cv, cases=nested_cases, points=4,
                  drive=checks.run_nested,
                  given=(reference.k_fold, reference.cross_validate),
                  read="model_selection.html#folds-within-folds")
INSIDE = "[cross_validate(loss, config, train, k=inner) for config in configs]"
JUDGED = "loss(configs[chosen[i]], train, test)"
nested.misconception("chosen_on_the_test_fold", {
    INSIDE: "[loss(config, train, test) for config in configs]"},
    "Each outer fold chooses the configuration that is best on it, and then judges it "
    "by the same numbers. Choose by cross-validation on the other examples.")
nested.misconception("flat", {
    INSIDE: "[cross_validate(loss, config, order, k=outer) for config in configs]"},
    "You choose once, by cross-validation over all examples. The test folds are among "
    "them, so they have taken part in the choice.")
nested.misconception("inner_loss_returned", {JUDGED: "np.min(inside)"},
    "You return the inner loss of what was chosen. It is the smallest of several, so "
    "it is too low: measure on the outer fold.")
nested.misconception("trained_on_an_inner_fold", {
    JUDGED: "loss(configs[chosen[i]], k_fold(train, k=inner)[0][0], test)"},
    "What is measured was trained on an inner fold's examples. After the choice, train "
    "on all outer training examples.")
nested.misconception("largest_loss", {"np.argmin(inside)": "np.argmax(inside)"},
    "You choose the largest loss. The smallest is wanted.")
nested.misconception("folds_exchanged", {
    "k=outer": "k=inner", "k=inner": "k=outer", "np.zeros(outer)": "np.zeros(inner)",
    "np.zeros(outer, int)": "np.zeros(inner, int)"},
    "`outer` and `inner` have changed places.")
nested.misconception("configuration_for_its_number", {
    "return (losses, chosen)":
        "return losses, np.array([configs[j] for j in chosen])"},
    "You return the configurations. Their numbers are asked for.")

# ------------------------------------------------------------------ guided random draws

def guided_cases(rng):
    """Boxes with sides of different lengths; the bottom is off the middle."""
    shrink, = uniform(rng, (.4, .5))

    def case(name, T, k, D, kind="values", weight=1.0, *, corner=False, later=True,
             **changed):
        low = signed(rng, (D,))
        high = low + rng.uniform(1, 5, D).round(4)
        options = {"shrink": shrink} | changed
        while True:
            where = rng.uniform(.4, .6, D)
            if corner:
                where = abs(np.array([0, 1]) - rng.uniform(-.2, .03, D))
            u = rng.uniform(0, 1, (T, k, D)).round(4)
            arguments = u, low, high, (low + (high - low) * where).round(4)
            if clear_search(arguments, options["shrink"], corner, later and T > 2):
                return Case(name, arguments, None, weight, kind, options)

    return [case("two trials", 2, 5, 2, weight=2),
            case("four trials", 4, 4, 2, weight=2),
            case("a bottom in a corner", 4, 4, 2, corner=True, weight=2),
            case("how often the loss is asked", 3, 3, 2, counted=True),
            case("three numbers", 3, 3, 3),
            case("one draw a trial", 3, 1, 2, "edge"),
            case("one number", 3, 3, 1, "edge"),
            case("one trial", 1, 4, 2, "edge"),
            case("boxes that do not shrink", 3, 3, 2, "edge", shrink=1.0, later=False)]


def clear_search(arguments, shrink, corner, later):
    """Whether no two losses are close, and what the case is for comes up.

    corner : boxes stand out at the first number's low end and at the second's high
    end, and a draw in them would; else no box does. later : a trial's best is worse
    than one before it.
    """
    u, low, high = arguments[:3]
    points, losses = checks.run_guided(reference.guided_random_search, *arguments,
                                       shrink=shrink)
    k, below, above, outside = u.shape[1], [], [], []
    for t in range(1, len(u) if shrink < 1 else 0):
        best, half = points[np.argmin(losses[:k * t])], (high - low) * shrink**t / 2
        below.append(best - half < low - 1e-3)
        above.append(best + half > high + 1e-3)
        asked = best - half + 2 * half * u[t]
        outside.append(((asked < low - 1e-3) | (asked > high + 1e-3)).any())
    best = losses.reshape(u.shape[:2]).min(axis=1)
    worse = (best[1:-1] > np.minimum.accumulate(best)[:-2]).any()
    if corner:
        as_wanted = any(outside) and any(b[0] for b in below) and any(
            a[1] for a in above)
    else:
        as_wanted = not np.any(below) and not np.any(above)
    clear = (np.diff(np.sort(losses)) > 1e-6).all() and (worse or not later)
    return clear and as_wanted


guided = Exercise(reference.guided_random_search, cases=guided_cases, points=4,
                  drive=checks.run_guided,
                  read="model_selection.html#guided-draws")
FIRST = "points, losses, best = (np.empty((0, len(low))), np.empty(0), low)"
CORNER = "np.clip(best - side / 2, low, high - side)"
BEST = "points[np.argmin(losses)]"
guided.misconception("best_of_the_last_trial", {
    BEST: "asked[np.argmin(losses[-len(asked):])]"},
    "The next box is round the best point of the last trial. A trial may have been "
    "worse than one before: take the best of all so far.")
guided.misconception("box_cut_off", {
    CORNER: "np.maximum(best - side / 2, low)",
    "asked = corner + side * draws":
        "asked = corner + (np.minimum(best + side / 2, high) - corner) * draws "
        "if t else low + side * draws"},
    "A box that stands out is cut off in your search, so it becomes smaller. It is to "
    "keep its size and to be moved inside.")
guided.misconception("points_moved_inside", {
    CORNER: "best - side / 2 if t else low",
    "corner + side * draws": "np.clip(corner + side * draws, low, high)"},
    "You move each point that is outside to the border. Move the box instead: else "
    "many points lie on the border.")
guided.misconception("out_of_bounds", {CORNER: "best - side / 2 if t else low"},
    "Your boxes stand out of the whole one. Where a box would, it is moved inside.")
guided.misconception("corner_at_the_best", {CORNER: "np.clip(best, low, high - side)"},
    "The best point is in your box's lower corner. It should be in its middle: half a "
    "side less.")
guided.misconception("shrunk_once", {"shrink ** t": "shrink ** min(t, 1)"},
    "Your box shrinks after the first trial and then stays. Each trial's sides are "
    "`shrink` times those of the trial before.")
guided.misconception("shrunk_at_once", {"shrink ** t": "shrink ** (t + 1)"},
    "Your first box is smaller than the whole. The first trial looks everywhere.")
guided.misconception("never_shrinks", {"shrink ** t": "1"},
    "Your boxes do not shrink, which is random search. Trial t's sides are shrinkᵗ "
    "times the whole ones, counted from t = 0.")
guided.misconception("largest_loss", {BEST: "points[np.argmax(losses)]"},
    "You follow the largest loss. The smallest is the best.")
guided.misconception("asked_twice", {BEST: "min(points, key=loss)"},
    "You ask for losses that you know already. Each question is a whole training: "
    "remember the answers.")
for name in ("u", "low", "high"):
    guided.equivalent({FIRST: f"{name} = {name}.astype('float64')\n{FIRST}"},
        "Points are float64, whatever their draws and bounds are.")

# ------------------------------------------------------------------------------ explore

def explore_cases(rng):
    """Populations with some copies; every branch is met, and so are the bounds."""
    def case(name, P, H, kind="values", weight=1.0, *, copied=None, border=False,
             **options):
        dtype = precision(kind)
        low = rng.uniform(.001, .1, H).round(5)
        high = (low * rng.uniform(100, 400, H)).round(4)
        share = rng.uniform(.3, .7, (P, H))
        hypers = low * (high / low)**share
        if border:                  # next to the bounds, so that a factor leaves them
            hypers = np.where(np.arange(P)[:, None] % 2, .95 * high, 1.05 * low)
        copies = rng.permutation(P) % 3 != 0 if copied is None else np.array(copied)
        resample = options.get("resample", .25)
        while True:
            u = clear_draws(rng, (P, H), resample)
            if border:
                u[..., 0], u[::2, :, 1], u[1::2, :, 1] = .9, .48, .52
            if border or every_branch(u, copies, resample):
                break
        arguments = hypers, copies, u, low, high
        made = [np.asarray(a, dtype) if a.dtype.kind == "f" else a for a in arguments]
        return Case(name, tuple(made), None, weight, kind, options)

    return [case("six members, two numbers each", 6, 2, weight=2),
            case("five members, three numbers each", 5, 3, weight=2),
            case("other factors", 6, 2, factors=(.5, 3.0), resample=.4),
            case("numbers near their bounds", 4, 2, border=True, copied=[True] * 4),
            case("nothing is drawn anew", 4, 2, "edge", resample=0.0),
            case("everything is drawn anew", 4, 2, "edge", resample=1.0),
            case("nobody has copied", 3, 2, "edge", copied=[False] * 3),
            case("one member, one number", 1, 1, "edge", copied=[True]),
            case("float32 stays float32", 6, 2, "dtype")]


def clear_draws(rng, shape, resample):
    """Draws that are not near ½, nor near `resample` where that is inside (0, 1)."""
    u = np.stack([rng.uniform(.1, .9, shape), rng.uniform(.05, .45, shape)], axis=-1)
    u[..., 1] += np.where(rng.random(shape) < .5, .5, 0)
    if 0 < resample < 1:
        anew = rng.random(shape) < .4
        u[..., 0] = np.where(anew, u[..., 0] * resample,
                             resample + (1 - resample) * u[..., 0])
    return u.round(4)


def every_branch(u, copied, resample):
    """Whether a copy's numbers differ in what becomes of them."""
    P, H, _ = u.shape
    if P < 4 or H < 2:
        return True
    anew, first = u[copied, :, 0] < resample, u[copied, :, 1] < .5
    factors = (~anew & (first != first[:, :1])).any() or resample == 1
    decisions = (anew != anew[:, :1]).any() or resample in (0, 1)
    return factors and decisions


explored = Exercise(reference.explore, cases=explore_cases, points=4,
                    read="model_selection.html#a-population")
BOTH = "which, draw = (u[..., 0], u[..., 1])"
MOVED = "np.clip(hypers * np.where(draw < 0.5, *factors), low, high)"
ANEW = "np.exp(np.log(low) + draw * np.log(high / low))"
explored.misconception("all_members_explore", {
    "np.where(copied[:, None], changed, hypers)": "changed"},
    "Members that have copied nobody lose their hyper-parameters too. They go on as "
    "they are.")
explored.misconception("only_the_others", {"copied[:, None]": "~copied[:, None]"},
    "You change those that have copied nobody. It is the copies that explore.")
explored.misconception("one_factor_a_member", {
    "np.where(draw < 0.5, *factors)": "np.where(draw[:, :1] < 0.5, *factors)"},
    "All hyper-parameters of a member get the same factor. Each is changed for itself.")
explored.misconception("one_decision_a_member", {
    "which < resample": "which[:, :1] < resample"},
    "A member's hyper-parameters are all drawn anew, or none. Each decides for itself.")
explored.misconception("drawn_uniformly", {ANEW: "low + (high - low) * draw"},
    "What is drawn anew is uniform between the bounds. Log-uniform is asked for.")
explored.misconception("never_anew", {"which < resample": "which < 0"},
    "Nothing is drawn anew. With the probability `resample` a number is, so that the "
    "population does not only look near where it is.")
explored.misconception("not_bounded", {
    MOVED: "hypers * np.where(draw < 0.5, *factors)"},
    "A factor may lead over a bound. What leaves the bounds is set to the bound.")
explored.misconception("factors_exchanged", {"draw < 0.5": "draw >= 0.5"},
    "The two factors have changed places: the first one where the draw is below ½.")
explored.misconception("a_random_factor_between", {
    "np.where(draw < 0.5, *factors)":
        "(factors[0] + (factors[1] - factors[0]) * draw)"},
    "Your factor lies anywhere between the two. One of the two is to be taken.")
explored.misconception("factor_added", {
    MOVED: "np.clip(hypers + np.where(draw < 0.5, *factors), low, high)"},
    "You add the factor. A rate is changed by a share of itself: multiply.")
explored.misconception("resample_turned", {"which < resample": "which >= resample"},
    "You draw anew where the first number is not below `resample`, that is, mostly. "
    "It has to be below.")
for name in ("u", "low", "high"):
    explored.equivalent({BOTH: f"{name} = {name}.astype('float64')\n{BOTH}"},
        "The numbers come back in the dtype that they had.")
explored.equivalent({"draw < 0.5": "draw <= 0.5"}, "No draw of the cases is just ½.")
explored.equivalent({"which < resample": "which <= resample"},
    "No draw of the cases is just `resample`.")

# ----------------------------------------------------------------- a batch of guesses

OPTIONS = {"kappa": 2.0, "width": .35, "noise": .1}


def batch_cases(rng):
    """Choices that are clear, and that no simpler rule would make."""
    def case(name, n, M, D, count, kind="values", weight=1.0, *, again=False,
             **changed):
        options = {"count": count} | OPTIONS | changed
        shown = {key: value for key, value in options.items() if key != "watched"}
        while True:
            X, candidates = rng.random((n, D)).round(4), rng.random((M, D)).round(4)
            y = signed(rng, (n,))
            made = [np.asarray(part, precision(kind)) for part in (X, y, candidates)]
            if clear_batch(made, again, **shown):
                return Case(name, tuple(made), None, weight, kind, options)

    return [case("three of twelve", 3, 12, 2, 3, weight=2),
            case("four of fifteen", 4, 15, 2, 4, weight=2),
            case("much hope", 3, 12, 2, 3, kappa=6.0),
            case("a candidate that would be chosen again", 3, 6, 2, 3, again=True,
                 kappa=.5, noise=.9),
            case("what was given stays", 3, 8, 1, 2, watched=True),
            case("one of ten", 3, 10, 2, 1, "edge"),
            case("one measurement", 1, 9, 2, 3, "edge", width=.6),
            case("all of them", 2, 3, 1, 3, "edge"),
            case("float32 stays float32", 3, 10, 2, 2, "dtype", noise=.4)]


def clear_batch(arguments, again, *, count, **options):
    """Whether no choice is a close call; `again`: and one would be repeated."""
    import torch

    X, y, candidates = (torch.tensor(np.asarray(part, float)) for part in arguments)
    kernel = {key: options[key] for key in ("width", "noise")}
    chosen, scores = pytorch.ucb_batch(X, y, candidates, count=count, **options)
    mean, first = pytorch.gp_posterior(X, y, candidates, **kernel)
    alone = (options["kappa"] * first - mean).topk(count).indices
    if count > 1 and len(candidates) > count and (alone == chosen).all():
        return False
    repeated, known = False, X
    for j in range(count):
        deviation = pytorch.gp_posterior(known, known[:, 0], candidates, **kernel)[1]
        score = options["kappa"] * deviation - mean
        repeated |= int(score.argmax()) in chosen[:j].tolist()
        score[chosen[:j]] = -np.inf
        if (score > scores[j] - .01).sum() != 1:
            return False
        known = torch.cat([known, candidates[chosen[j]][None]])
    return repeated == again


batch = Exercise(pytorch.ucb_batch, cases=batch_cases, points=4, pure=False, torch=True,
                 drive=checks.run_batch, given=(pytorch.rbf, pytorch.gp_posterior),
                 read="model_selection.html#a-model-of-the-losses")
SCORE = "kappa * deviation - mean"
KNOWN = "torch.cat([X, candidates[chosen[:j + 1]]])"
batch.misconception("the_best_few", {KNOWN: "X"},
    "You take the candidates with the highest scores at once. They lie next to each "
    "other. After each choice the deviation near it is smaller: compute it again, as "
    "if the chosen points had been measured.")
batch.misconception("last_choice_alone", {
    KNOWN: "torch.cat([X, candidates[chosen[j:j + 1]]])"},
    "Only the last choice is taken as measured. All points chosen so far are.")
batch.misconception("measurements_forgotten", {KNOWN: "candidates[chosen[:j + 1]]"},
    "The measured points are gone from your deviation. It is that of a process which "
    "knows them and the chosen ones.")
batch.misconception("chosen_again", {"score[chosen[:j]] = -torch.inf": ""},
    "A candidate can be chosen twice. Leave out those that are chosen.")
batch.misconception("upper_of_a_loss", {SCORE: "kappa * deviation + mean"},
    "You add the mean, so high losses are preferred. A loss is to be low: -mean + κ "
    "deviation.")
batch.misconception("lower_bound_maximised", {SCORE: "-mean - kappa * deviation"},
    "You subtract the deviation, so places that are known well are preferred. The "
    "bound is hopeful: what is uncertain may be good.")
batch.misconception("variance", {SCORE: "kappa * deviation ** 2 - mean"},
    "You took the variance. The bound has κ deviations.")
batch.misconception("invented_losses", {
    "_, deviation = gp_posterior(known, unknown, candidates, width=width, noise=noise)":
    "mean, deviation = gp_posterior(known, torch.cat([y, unknown[len(y):]]), "
    "candidates, width=width, noise=noise)"},
    "Your mean changes, as if the chosen points had been measured and had the loss 0. "
    "Their losses are not known: the mean stays, the deviation alone is new.")
batch.equivalent({"score.max(dim=0)": "score.max(dim=-1)"}, "There is one axis.")
batch.equivalent({"known.new_zeros(len(known))": "-known.new_zeros(len(known))"},
    "The deviation does not depend on what was measured.")

# -------------------------------------------------------------------------- a fair race

def race_cases(rng):
    """Linear models; the best setting is clear, and training longer would change it."""
    slow, fast = [round(float(value), 3) for value in rng.uniform((.01, .1), (.03, .2))]

    def case(name, budget, contestants, kind="values", weight=1.0, *, count=3,
             **options):
        while True:
            W, b = signed(rng, (2,)), signed(rng, (1,))
            true = signed(rng, (3,))
            parts = []
            for n in (*[3] * count, 8, 6):
                X = rng.normal(size=(n, 2)).round(3)
                y = X @ true[:2] + true[2] + .5 * rng.normal(size=n).round(3)
                parts.append(np.column_stack([X, y]))
            arguments = W, b, parts[:-2], parts[-2], parts[-1]
            keywords = {"budget": budget, "contestants": contestants} | options
            if clear_race(arguments, budget, contestants):
                return Case(name, arguments, None, weight, kind, keywords)

    plain, heavy = [(slow, .0), (fast, .0)], [(slow, .9), (fast, .5), (slow, .5)]
    wild = [(1e200, .0), (slow, .0), (fast, .0)]
    return [case("two contestants", 12, {"plain": plain, "heavy": heavy}, weight=2),
            case("three contestants", 8, {"one": plain[:1], "two": plain,
                                          "three": heavy}, weight=2),
            case("a budget that does not divide evenly", 11,
                 {"two": plain, "three": heavy}),
            case("more batches than steps", 4, {"two": plain, "one": heavy[:1]},
                 count=6),
            case("a setting that diverges", 9, {"wild": wild, "plain": plain}),
            case("the model, and what was seen", 10, {"plain": plain, "heavy": heavy},
                 watched=True),
            case("every setting diverges", 8, {"wild": wild[:1] * 2}, "edge"),
            case("less budget than settings", 2, {"three": heavy}, "edge"),
            case("one batch", 6, {"plain": plain}, "edge", count=1)]


def clear_race(arguments, budget, contestants):
    """Whether no choice is close, and none is the one that the test set would make."""
    for settings in contestants.values():
        if len(set(settings)) == 1 or budget < len(settings):
            continue
        each = {str(i): [setting] for i, setting in enumerate(settings)}
        share = budget // len(settings)
        runs = checks.run_race(pytorch.fair_race, *arguments, budget=share,
                               contestants=each)
        found = np.nan_to_num([runs[str(i)][1:] for i in range(len(settings))], nan=1e9)
        val, test = np.sort(found, axis=0)[:2].T
        if val[1] < 1.02 * val[0] or test[1] < 1.02 * test[0]:
            return False
        if len(settings) == 2 and np.argmin(found, axis=0).std() == 0:
            return False
    return True


raced = Exercise(pytorch.fair_race, cases=race_cases, points=5, pure=False, torch=True,
                 drive=checks.run_race,
                 read="model_selection.html#a-race-at-one-budget")
LONG = "budget // len(settings)"
CHOICE = "min(runs, key=lambda run: (math.isnan(run[1]), run[1]))"
raced.misconception("budget_for_each_setting", {LONG: "budget"},
    "Every setting gets the whole budget. Then a contestant with three settings trains "
    "three times as long as one with a single setting: share it between them.")
raced.misconception("chosen_on_the_test_set", {
    CHOICE: "min(runs, key=lambda run: (math.isnan(run[2]), run[2]))"},
    "The setting is chosen by its test loss, which is then reported. Choose by the "
    "validation loss.")
raced.misconception("one_model_for_all", {"copy.deepcopy(model)": "model"},
    "All runs train the same model, one after the other. Each starts from a copy.")
raced.misconception("gradients_add_up", {"optimizer.zero_grad()": ""},
    "The gradients of all steps add up. Set them to zero before each.")
raced.misconception("nan_first", {CHOICE: "min(runs, key=lambda run: run[1])"},
    "A setting that diverged can win: no comparison with NaN is true, so min() keeps "
    "it where it comes first.")
raced.misconception("first_batch_alone", {"batches[t % len(batches)]": "batches[0]"},
    "Every step sees the first batch. After it come the others, in their order.")
raced.misconception("largest_loss", {CHOICE: CHOICE.replace("min", "max")},
    "You choose the largest validation loss.")
raced.misconception("validation_loss_twice", {"loss(runner, test).item()":
                                              "loss(runner, validation).item()"},
    "What is reported as test loss is the validation loss of what was chosen by it: it "
    "is too low. Measure on the test data.")
raced.misconception("one_step_more", {f"range({LONG})": f"range({LONG} + 1)"},
    "Your runs are one step too long.")
raced.misconception("rest_spent", {LONG: "-(-budget // len(settings))"},
    "A budget that does not divide evenly is rounded up in yours, so it is exceeded. "
    "What is left stays unused.")
raced.equivalent({"loss(runner, validation).item()": "loss(runner, validation)"},
    "A tensor with one number is read as that number.")
raced.equivalent({"loss(runner, test).item()": "loss(runner, test)"},
    "A tensor with one number is read as that number.")
raced.equivalent({"math.isnan(run[1])": "math.isnan(run[2])"},
    "Weights that are NaN make both losses NaN.")
for name in ("validation", "test"):
    raced.equivalent({"results = {}": f"{name} = {name}.double()\nresults = {{}}"},
        "The data are float64. What the loss takes is the caller's concern.")
