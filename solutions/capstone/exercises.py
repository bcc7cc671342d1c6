"""What the capstone's assignment asks: the cases, and the wrong answers it can name."""
from functools import lru_cache

import numpy as np
from sklearn.datasets import load_digits

from autograder.authoring.exercise import Case, Exercise
from solutions.capstone import checks, pytorch, reference
from solutions.learning_rates.reference import cosine
from solutions.momentum.reference import MomentumState, momentum_init, momentum_step
from solutions.normalization.reference import standardize

# ----------------------------------------------- images whose labels only the judge has


@lru_cache
def digits():
    """The digits of scikit-learn: images with pixels from 0 to 16, and labels."""
    return load_digits(return_X_y=True)


def blurred_digits(rng, n, noise=.5):
    """Digits with noise and new names for the classes: no table of labels fits them."""
    images, labels = digits()
    rows = rng.permutation(len(labels))[:n]
    X = images[rows] + noise * rng.normal(size=(n, 64)) * (images.std(axis=0) > 0)
    return X, rng.permutation(10)[labels[rows]]


def clusters(rng, n, *, D, K):
    """Classes of two clusters each, drawn here: nobody has seen them before."""
    centres, y = rng.normal(size=(K, 2, D)), rng.permutation(np.resize(range(K), n))
    return centres[y, rng.integers(2, size=n)] + .8 * rng.normal(size=(n, D)), y


# ------------------------------------------------------------- one run, within a budget

def run_cases(rng):
    """Problems of several kinds, each with a bar that a plain training clears."""
    def case(name, data, n, budget, bar, kind="values", weight=1.0, *, ordered=False,
             **options):
        X, y = data
        X_new, private = X[n:], {"labels": y[n:], "bar": bar, "budget": budget}
        rows = np.argsort(y[:n], kind="stable") if ordered else np.arange(n)
        keywords = {"budget": budget, "seed": int(rng.integers(10000))} | options
        return Case(name, (X[rows], y[rows], X_new), private, weight, kind, keywords)

    def paper(n):                           # dark ink on white, as a scanner counts
        X, y = blurred_digits(rng, n)
        return 4095 - 16 * X, y

    X, y = blurred_digits(rng, 540)
    X[:, digits()[0].std(axis=0) == 0] = rng.normal(size=(540, 1))
    units = 10 ** rng.uniform(-3, 3, 64)
    pixels = (X + rng.uniform(-9, 9, 64)) * units
    return [case("scanned digits", paper(540), 240, 2987, .7, weight=2),
            case("every pixel in a unit of its own", (pixels, y), 240, 2987, .7,
                 twice=True),
            case("a long list, sorted by class", clusters(rng, 4300, D=16, K=5), 4000,
                 2387, .8, ordered=True),
            case("clusters that are drawn for this case", clusters(rng, 540, D=30, K=6),
                 240, 1987, .8, weight=2),
            case("two classes", clusters(rng, 300, D=9, K=2), 100, 983, .7, "edge"),
            case("one new image", paper(241), 240, 487, 0, "edge"),
            case("a budget for no step", clusters(rng, 60, D=5, K=3), 30, 3, 0, "edge")]


run = Exercise(reference.train_within, cases=run_cases, points=5,
               drive=checks.run_training, judge=checks.judge_training, pure=False,
               given=(standardize, cosine, MomentumState, momentum_init, momentum_step),
               read="capstone.html#what-to-try-first")
BATCH = "rng.integers(len(y), size=20)"
SCALED = "standardize(images, X)"
run.misconception("not_standardized", {"standardize(X)": "X", SCALED: "images"},
    "The images go in as they are. Where each column has a unit of its own, no rate "
    "fits "
    "all of them: centre and scale the columns first.")
run.misconception("new_images_not_standardized", {SCALED: "images"},
    "The network is trained on standardized images and used on raw ones. New images "
    "get "
    "the same treatment, with the training's means and deviations.")
run.misconception("scaled_by_the_new_images", {SCALED: "standardize(images)"},
    "New images are standardized by their own means and deviations, so a label depends "
    "on the images that come with it, and one image alone becomes all zeros. Keep the "
    "training's.")
run.misconception("divides_by_zero", {
    "standardize(X)": "(X - X.mean(axis=0)) / X.std(axis=0)",
    SCALED: "(images - X.mean(axis=0)) / X.std(axis=0)"},
    "Some pixels are the same in every image. Their deviation is 0, and 0/0 is NaN, "
    "which spreads to every parameter. Only centre such a column.")
run.misconception("not_shuffled", {BATCH: "np.arange(20 * t, 20 * t + 20) % len(y)"},
    "Your batches take the examples in the order in which they came. In a list sorted "
    "by class, a budget below one pass never sees the last classes. Draw the batches "
    "at "
    "random.")
run.misconception("one_batch", {BATCH: "np.arange(20)"},
    "Every step has the same few examples, which are soon learned by heart. Draw a new "
    "batch for each step, from all examples.")
run.misconception("rate_too_large", {"lr=0.05": "lr=1e6"},
    "The training does not settle: the loss of the last batches is that of guessing, "
    "or "
    "much worse. The first thing to try is a rate ten times smaller.")
run.misconception("uphill", {"lr=0.05": "lr=-0.05"},
    "The loss grows from batch to batch: your steps go along the gradient. They must "
    "go "
    "against it.")
run.misconception("one_pass", {"budget // 20": "min(budget, len(y)) // 20"},
    "You stop after one pass over the examples, long before the budget is spent. The "
    "budget is for as many passes as it allows.")
run.misconception("counts_steps", {"budget // 20": "budget"},
    "You make as many steps as there are gradient evaluations in the budget. A step "
    "with a batch of B costs B of them.")
run.misconception("rounded_up", {"budget // 20": "-(-budget // 20)"},
    "Your last batch is more than what was left of the budget. Round down: what is "
    "left "
    "over for no whole batch is lost.")
run.misconception("seed_not_used", {"np.random.default_rng(seed)":
                                    "np.random.default_rng()"},
    "Two runs with one seed differ. Everything that is drawn must come from a "
    "generator "
    "that the seed starts, or no comparison can be repeated.")
run.misconception("logits_for_labels", {
    "network.logits(params, standardize(images, X)).argmax(axis=1)":
        "network.logits(params, standardize(images, X))"},
    "predict returns the logits. The label is the class with the largest one.")
TAKEN = "X = X.astype('float64')"
PAIR = "rng, Z = (np.random.default_rng(seed), standardize(X))"
SAME = "A batch, or a rate, that differs a little trains as well."
run.equivalent({"budget // 20": "budget // 21"}, SAME)
run.equivalent({"size=20": "size=19"}, SAME)
run.equivalent({"lr=0.05": f"lr={0.05 * 1.1}"}, SAME)
run.equivalent({BATCH: f"-{BATCH}"},
    "Row -i is the i-th from the end: a random row is a random row. All but one can be "
    "drawn.")
run.equivalent({PAIR: f"{TAKEN}\n{PAIR}"}, "The images are float64.")

# ----------------------------------------------------------------- the ablation's table

def ablation_cases(rng):
    """Techniques that help, that hurt, and that another one makes superfluous."""
    def case(name, K, S, kind="values", weight=1.0, *, pairs=True, noise=.05,
             **options):
        effects = (rng.uniform(.05, .2, K) * np.resize([1, 1, -1], K)).round(4)
        together = rng.uniform(-.12, .12, (K, K)).round(4) * pairs
        rows = (noise * rng.normal(size=(S, K + 1))).round(4)
        seeds = tuple(int(seed) for seed in rng.choice(1000, S, replace=False))
        return Case(name, (effects, together, rows, seeds), None, weight, kind, options)

    return [case("three techniques, three seeds", 3, 3, weight=2, counted=True),
            case("five techniques, four seeds", 5, 4, weight=2),
            case("techniques that do not meet", 4, 3, pairs=False),
            case("two techniques, two seeds", 2, 2, "edge"),
            case("seeds that change nothing", 3, 2, "edge", noise=0)]


table = Exercise(reference.ablation, cases=ablation_cases, points=4, pure=False,
                 drive=checks.run_ablation, given=(reference.Ablation,),
                 read="capstone.html#alone-and-removed")
ALONE = "scores({name}) - none"
REMOVED = "full - scores(names - {name})"
DEVIATIONS = ("gains.std(axis=1, ddof=1)", "losses.std(axis=1, ddof=1)")
table.misconception("one_after_the_other", {
    "names = set(techniques)": "names, order = set(techniques), list(techniques)",
    "scores({name})": "scores(order[:order.index(name) + 1])",
    "scores(names - {name})": "scores(order[order.index(name) + 1:])"},
    "You switch the techniques on one after the other, so what one brings depends on "
    "its "
    "place in the list. Each is tried alone, and each is taken away from all the "
    "others.")
table.misconception("gain_for_loss", {REMOVED: "scores(names - {name}) - full"},
    "The sign of the losses is turned: what is lost without the technique is the score "
    "of all less the score without it.")
table.misconception("removed_from_nothing", {REMOVED: "scores(names - {name}) - none"},
    "You compare “all but one” with the run that has no technique. What the one is "
    "worth "
    "beside the others is all, less all but one.")
table.misconception("scores_for_gains", {ALONE: "scores({name})",
                                         REMOVED: "scores(names - {name})"},
    "These are the scores. The table is to say what a technique changes: subtract, "
    "seed "
    "by seed, the run that differs in this technique alone.")
table.misconception("seeds_not_paired", {
    DEVIATIONS[0]: "np.sqrt(np.stack([scores({name}) for name in techniques])"
                   ".var(axis=1, ddof=1) + none.var(ddof=1))",
    DEVIATIONS[1]: "np.sqrt(np.stack([scores(names - {name}) for name in techniques])"
                   ".var(axis=1, ddof=1) + full.var(ddof=1))"},
    "Your deviations are those of two scores that know nothing of each other. The seed "
    "is the same in both, so take the difference seed by seed, then its deviation.")
table.misconception("divided_by_n", {part: part.replace(", ddof=1", "")
                                     for part in DEVIATIONS},
    "The squares are divided by the number of seeds. The mean was estimated from the "
    "same numbers, so divide by S - 1.")
table.misconception("standard_errors", {
    part: f"{part} / len(seeds) ** 0.5" for part in DEVIATIONS},
    "You give the standard error of the mean. The deviation over the seeds is asked "
    "for.")
table.misconception("best_seed", {
    "none.mean()": "none.max()", "full.mean()": "full.max()",
    "gains.mean(axis=1)": "gains.max(axis=1)",
    "losses.mean(axis=1)": "losses.max(axis=1)"},
    "You report the best seed. Somebody who trains once gets an ordinary one: report "
    "the "
    "mean over all.")
table.misconception("none_run_again", {ALONE: "scores({name}) - scores(())",
                                       REMOVED: "scores(names)"
                                                " - scores(names - {name})"},
    "You run the two settings that all rows share again for each row. Keep their "
    "scores: "
    "a run costs the whole budget.")

# ------------------------------------------------------------ a comparison that is fair

def comparison_cases(rng):
    """Scores in which every unfair choice finds another rate or another difference."""
    def case(name, L, T, S, kind="values", weight=1.0, *, costs=(20, 20), budget=2011,
             diverged=(), **options):
        while True:
            lrs = (rng.permutation(10. ** np.arange(-3, L - 3))
                   * rng.uniform(1, 3)).round(6)
            tuned, tested = rng.uniform(.3, .8, (2, 2, L, T + S)).round(4)
            shift = rng.uniform(-.3, .3, (2, L, 1))
            tuned[:, :, T:] = (tuned[:, :, T:] + shift).round(4)
            for method, rate in diverged:
                tuned[method, rate, 0] = np.nan
            if L == 1 or telling(tuned, tested, T):
                break
        seeds = [int(seed) for seed in rng.choice(1000, T + S, replace=False)]
        keywords = {"budget": budget} | options
        arguments = (costs, tuple(map(float, lrs)), tuned, tested, tuple(seeds[:T]),
                     tuple(seeds[T:]))
        return Case(name, arguments, None, weight, kind, keywords)

    return [case("methods whose steps cost the same", 3, 2, 4, weight=2, counted=True),
            case("a step of the second costs more", 3, 2, 3, weight=2, costs=(20, 50)),
            case("rates that diverge", 4, 2, 3, costs=(10, 20),
                 diverged=((0, 1), (0, 2), (1, 0), (1, 3))),
            case("one tuning seed", 3, 1, 2, "edge"),
            case("one rate: nothing to choose", 1, 2, 3, "edge", costs=(30, 20))]


def telling(tuned, tested, T):
    """Whether no choice of a rate is close, and each unfair one takes another rate."""
    means = tuned[:, :, :T].mean(axis=2)
    for method, (mean, row) in enumerate(zip(means, tested, strict=True)):
        best = np.nanargmax(mean)
        rest = np.delete(mean, best)
        others = [tuned[method, :, T:].mean(axis=1), row[:, :T].mean(axis=1)]
        if np.isnan(mean).any():            # the seeds that are left choose yet another
            others += [mean, np.nanmean(tuned[method, :, :T], axis=1)]
            if np.argmax(others[-2]) == np.argmax(others[-1]):
                return False
        if not np.nanmax(rest) < mean[best] - .01 or best in map(np.argmax, others):
            return False
    return np.nanargmax(means[0]) != np.nanargmax(means[1])


comparison = Exercise(reference.fair_comparison, cases=comparison_cases, points=4,
                      pure=False, drive=checks.run_comparison,
                      given=(reference.Comparison,),
                      read="capstone.html#a-fair-comparison")
STEPS = "budget // cost"
VALIDATED = "run(method, lr, seed, steps)[0]"
MEAN = f"np.mean([{VALIDATED} for seed in tuning_seeds])"
BEST = "lrs[np.nanargmax(validation)]"
ERROR = "gaps.std(ddof=1) / len(gaps) ** 0.5"
comparison.misconception("equal_steps", {STEPS: "budget // costs[0]"},
    "Both methods make the same number of steps, although a step of one costs more. "
    "The "
    "budget counts gradient evaluations: divide it by each method's own cost.")
comparison.misconception("chosen_by_the_test", {
    VALIDATED: "run(method, lr, seed, steps)[1]"},
    "You choose the rate by its test score, and then report a test score. What chose "
    "may "
    "not judge: choose by the validation score.")
comparison.misconception("rate_of_the_first", {
    "best = lrs[np.nanargmax(validation)]":
        "best = chosen[0] if chosen else lrs[np.nanargmax(validation)]"},
    "The second method runs at the rate that is best for the first. Each gets the same "
    "search, and its own best rate.")
comparison.misconception("tuned_on_the_same_seeds", {
    MEAN: MEAN.replace("tuning_seeds", "seeds")},
    "You choose the rates with the seeds that are compared afterwards. Use the tuning "
    "seeds, so that no method is picked for its luck with these.")
comparison.misconception("nan_wins", {BEST: "lrs[np.argmax(validation)]"},
    "np.argmax takes NaN for the largest number, so a rate whose runs diverged is "
    "chosen. "
    "Such a rate is out.")
comparison.misconception("nan_left_out_of_the_mean", {
    MEAN: MEAN.replace("np.mean", "np.nanmean")},
    "The mean leaves the seeds out with which the run diverged. A rate that diverges "
    "with "
    "one seed in two is not as good as its better half.")
comparison.misconception("not_paired", {
    ERROR: "np.sqrt((np.var(tested[0], ddof=1) + np.var(tested[1], ddof=1))"
           " / len(gaps))"},
    "This is the error of two independent means. The methods ran with the same seeds: "
    "take the difference seed by seed, then its standard error.")
comparison.misconception("deviation_for_error", {ERROR: "gaps.std(ddof=1)"},
    "This is the deviation of one difference. The error of the mean of S differences "
    "is "
    "√S times smaller.")
comparison.misconception("divided_by_n", {ERROR: "gaps.std() / len(gaps) ** 0.5"},
    "The squared distances are divided by S. The mean was estimated from the same "
    "numbers: divide by S - 1.")
comparison.misconception("first_less_second", {
    "np.subtract(tested[1], tested[0])": "np.subtract(tested[0], tested[1])"},
    "The sign is turned: the second method's score less the first's is asked for.")
comparison.misconception("best_run", {"gaps.mean()": "max(tested[1]) - max(tested[0])"},
    "You compare the best run of each. The maximum grows with the number of runs and "
    "with "
    "their spread; compare the means.")

# ----------------------------------------------------------------- one run, in PyTorch

def fit_cases(rng):
    """Small problems, with bars that a plain training clears."""
    def case(name, n, budget, kind="values", weight=1.0, *, bar=0.0, loss=np.inf,
             wrong=0, ordered=False, **options):
        X, y = blurred_digits(rng, n + 380)
        X = standardize(X).astype(np.float32)
        train, labels, given = slice(n), y[n + 80:], y[:n].copy()
        lost = rng.permutation(n)[:int(wrong * n)]
        given[lost] = (given[lost] + rng.integers(1, 10, len(lost))) % 10
        rows = np.argsort(given, kind="stable") if ordered else np.arange(n)
        private = {"labels": labels, "bar": bar, "loss": loss, "budget": budget}
        data = X[train][rows], given[rows], X[n:n + 80], y[n:n + 80], X[n + 80:]
        keywords = {"budget": budget, "seed": int(rng.integers(10000))} | options
        return Case(name, data, private, weight, kind, keywords)

    return [case("digits", 160, 1187, bar=.65, weight=2,
                 twice=True),
            case("labels of which four in ten are wrong", 120, 5987, loss=2.0,
                 wrong=.4),
            case("sorted by class", 300, 1187, bar=.65, ordered=True),
            case("a module that comes in evaluation mode", 120, 787, "edge",
                 training=False),
            case("a budget for no step", 30, 3, "edge")]


fit = Exercise(pytorch.fit_within, cases=fit_cases, points=5, pure=False, torch=True,
               drive=checks.run_fit, judge=checks.judge_fit,
               read="capstone.html#the-same-in-pytorch")
DRAWN = "torch.randint(len(y), (20,), device=X.device)"
BACK = "model.load_state_dict(best)"
LOSS = "F.cross_entropy(model.train()(X[batch]), y[batch])"
fit.misconception("last_kept", {BACK: ""},
    "The module ends as the last step left it, when it had learned the wrong labels by "
    "heart. Keep a copy of the best state and load it at the end. A copy: state_dict() "
    "returns the tensors that go on being trained.")
fit.misconception("gradients_add_up", {"optimizer.zero_grad()": ""},
    "The gradients of all steps add up, because nothing sets them to zero. Call "
    "optimizer.zero_grad() before each backward pass.")
fit.misconception("not_shuffled", {DRAWN: "torch.arange(20 * t, 20 * t + 20) % len(y)"},
    "The batches take the examples in the order in which they came. Sorted by class, "
    "each batch has one class or two. Draw them at random.")
fit.misconception("trained_in_evaluation_mode", {LOSS: LOSS.replace(".train()", "")},
    "The module makes steps in evaluation mode: dropout is off, and batch "
    "normalization "
    "uses running statistics that never run. Call model.train() before each step, "
    "since "
    "looking at the validation loss switches it off.")
fit.misconception("looked_at_in_training_mode", {"model.eval()(X_val)": "model(X_val)"},
    "The validation loss is computed in training mode: dropout makes it random, and "
    "the "
    "running statistics take in the validation images. Call model.eval() first.")
fit.misconception("left_in_training_mode", {"model.train(False)": "model.train()"},
    "The module is left in training mode. Whoever uses it next gets dropout's noise.")
fit.misconception("trained_on_validation", {LOSS:
    "F.cross_entropy(model.train()(torch.cat([X[batch[:10]], X_val[batch[:10] % "
    "len(y_val)]])), torch.cat([y[batch[:10]], y_val[batch[:10] % len(y_val)]]))"},
    "Gradients are taken of validation images. A loss that was trained on cannot say "
    "which state generalizes best.")
fit.misconception("counts_steps", {"budget // 20": "budget"},
    "You make as many steps as there are gradient evaluations in the budget. A "
    "backward "
    "pass over B examples costs B of them.")
fit.misconception("rounded_up", {"budget // 20": "-(-budget // 20)"},
    "Your last batch is more than what was left of the budget. Round down.")
fit.misconception("seed_not_used", {"torch.random.manual_seed(seed)": ""},
    "Two runs with one seed differ. The seed has to start every generator that is "
    "drawn "
    "from: the batches' and dropout's.")
NEAR = "A rate, a batch or a momentum that differs a little trains as well."
OFTEN = "How often the validation loss is looked at is left open."
MADE = "torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)"
fit.equivalent({MADE: MADE.replace(", momentum=0.9", "")}, NEAR)
fit.equivalent({"lr=0.05": f"lr={0.05 * 1.1}"}, NEAR)
fit.equivalent({"momentum=0.9": f"momentum={0.9 * 1.1}"}, NEAR)
fit.equivalent({"budget // 20": "budget // 21"}, NEAR)
fit.equivalent({DRAWN: DRAWN.replace("20", "19")}, NEAR)
fit.equivalent({DRAWN: f"-{DRAWN}"}, "Row -i is the i-th from the end, as random as i.")
fit.equivalent({DRAWN: DRAWN.replace(", device=X.device", "")}, "Tests are on the CPU.")
fit.equivalent({"t % 10 == 9": "True"}, OFTEN)
fit.equivalent({"t % 10 == 9": "t % 10 != 9"}, OFTEN)
fit.equivalent({"t % 10 == 9": "t % 11 == 9"}, OFTEN)
fit.equivalent({"t % 10 == 9": "t % 10 == 8"}, OFTEN)
fit.equivalent({"F.cross_entropy(model.eval()(X_val), y_val).item()":
                "F.cross_entropy(model.eval()(X_val), y_val)"},
    "A tensor of one number compares as the number does.")
fit.equivalent({"loss < lowest": "loss <= lowest"},
    "Of two states with one loss either may be kept.")
