"""The drivers and judges of the capstone's checks.

The drivers run beside the student's code, and on the reference outside. The labels of new images are the judge's alone.
"""
from contextlib import suppress

import numpy as np

UNITS = 24          # of the hidden layer
ONE_BY_ONE = 12     # so many new images are labelled one at a time too
REPEATED = 5        # so many batches of a second run are looked at


class Enough(Exception):
    """Ends a run that need not go on."""


# ------------------------------------------------------------------------------------------------------ NumPy's run


class Counted:
    """A network with one hidden layer of ReLU units, which counts and remembers what is asked of it.

    used : gradient evaluations
    losses : of each batch
    marks : a number for each example that was trained on, of its own
    spreads : of each batch, the usual deviation of a column
    """

    def __init__(self, D, K, budget, batches=None):
        self.shapes, self.budget, self.batches = [(D + 1, UNITS), (UNITS + 1, K)], budget, batches
        self.used, self.losses, self.marks, self.spreads = 0, [], [], []

    def start(self, rng):
        """He's weights; the last row of each matrix are the biases, 0."""
        parts = [rng.normal(scale=(2 / (D - 1))**.5, size=(D, M)) for D, M in self.shapes]
        for part in parts:
            part[-1] = 0
        return np.concatenate([part.ravel() for part in parts])

    def _sums(self, params, X):
        first, last = (part.reshape(shape) for part, shape in
                       zip(np.split(params, [np.prod(self.shapes[0])]), self.shapes, strict=True))
        inputs = np.c_[X, np.ones(len(X))]
        hidden = np.c_[np.maximum(inputs @ first, 0), np.ones(len(X))]
        return inputs, hidden, last, hidden @ last

    def logits(self, params, X):
        return self._sums(params, X)[-1]

    def gradient(self, params, X, y):
        inputs, hidden, last, logits = self._sums(params, X)
        rows = np.arange(len(X))
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        self.used += len(X)
        self.losses.append(-np.log(np.maximum(share[rows, y], 1e-30)).mean())
        self.marks.append(X @ np.sqrt(np.arange(1, X.shape[1] + 1)))
        self.spreads.append(np.median(np.std(X, axis=0)))
        if self.used > 2 * self.budget or len(self.losses) == self.batches:
            raise Enough
        share[rows, y] -= 1
        share /= len(X)
        back = (share @ last[:-1].T) * (hidden[:, :-1] > 0)
        return np.concatenate([(inputs.T @ back).ravel(), (hidden.T @ share).ravel()])

    def traces(self):
        """What was asked for, roughly: how wrong answers that fail alike are told apart."""
        if not self.losses:
            return {"steps": 0}
        return {"steps": len(self.losses), "examples seen": len(np.unique(np.concatenate(self.marks))),
                "spread of inputs": float(np.mean(self.spreads)),
                "first loss": float(self.losses[0]), "last loss": float(np.mean(self.losses[-5:]))}


def run_training(train_within, X, y, X_new, *, budget, seed, twice=False):
    """What a training run did, and what its network says of new images.

    Parameters
    ----------
    X_new : ndarray
        Images whose labels are not here.
    twice : whether there is a second run with the same seed

    Returns
    -------
    dict
        The labels given to all new images at once, and to the first few one at a time; the gradient evaluations;
        whether a second run met the same losses; whether X and y are as they were; traces of the run.
    """
    from types import SimpleNamespace

    def once(batches=None):
        network = Counted(X.shape[1], int(y.max()) + 1, budget, batches)
        ask = SimpleNamespace(start=network.start, gradient=network.gradient, logits=network.logits)
        with np.errstate(all="ignore"):         # a rate may be so large that the run overflows
            try:
                predict = train_within(X, y, ask, budget=budget, seed=seed)
            except Enough:
                return network, None
        return network, predict

    before = X.copy(), y.copy()
    network, predict = once()
    used, traces = network.used, network.traces()
    labels: dict = {"labels": "", "labels one by one": ""}
    if predict is not None:
        few = range(min(ONE_BY_ONE, len(X_new)))
        with np.errstate(all="ignore"):
            labels = {"labels": np.asarray(predict(X_new)),
                      "labels one by one": np.concatenate([np.atleast_1d(predict(X_new[i:i + 1])) for i in few])}
    changed = any((now != then).any() for now, then in zip((X, y), before, strict=True))
    again = once(REPEATED)[0].losses if twice else []
    same = bool(np.allclose(again, network.losses[:len(again)], rtol=1e-6))
    return {**labels, "gradient evaluations": int(used), "the same again": same,
            "changed its arguments": changed, "traces": traces}


def judge_training(answer, expected, arguments, private):
    """None where the run shows what it should: nothing wrong, or what the wrong answer `expected` shows."""
    _, y, X_new = arguments
    shown = {name: _faults(one, y, X_new, private) for name, one in (("answer", answer), ("expected", expected))}
    faults, theirs = shown["answer"], shown["expected"]
    if not theirs:
        return next(iter(faults.values()), None)
    same = list(faults) == list(theirs) and _kind(answer, len(y)) == _kind(expected, len(y))
    return None if same else "it does not show the same"


def _faults(run, y, X_new, private):
    """What is wrong with a run, each with a sentence; empty where nothing is."""
    found, labels = {}, np.asarray(run["labels"])
    used, budget = run["gradient evaluations"], private["budget"]
    if used > 2 * budget:
        return {"budget, far": f"the run was ended after {used:,} gradient evaluations; the budget is {budget:,}"}
    if labels.shape != (len(X_new),) or labels.dtype.kind not in "iu":
        return {"labels": f"predict gives {labels.dtype} of shape {labels.shape} for {len(X_new)} images, not as many "
                          "whole numbers"}
    if used > budget:
        found["budget"] = f"{used:,} gradient evaluations were used, and the budget is {budget:,}"
    alone = np.asarray(run["labels one by one"])
    if alone.shape != (min(ONE_BY_ONE, len(X_new)),) or (alone != labels[:len(alone)]).any():
        found["alone"] = "an image gets another label when it comes alone than when it comes with others"
    if not run["the same again"]:
        found["seed"] = "a second run with the same seed is another run"
    if run["changed its arguments"]:
        found["arguments"] = "the training's images or labels are not what they were"
    right = float((labels == private["labels"]).mean())
    if right < private["bar"]:
        found["accuracy"] = f"the accuracy on new images is {right:.2f}; {private['bar']:.2f} is asked for"
    return found


def _kind(run, n):
    """The traces, so roughly that two runs with the same mistake have the same."""
    traces = run["traces"]
    if not traces["steps"]:
        return ("no steps",)
    rise = traces["last loss"] / max(traces["first loss"], 1e-9)
    return (traces["examples seen"] < n / 2, .8 < traces["spread of inputs"] < 1.2, rise > 8)


# -------------------------------------------------------------------------------------------------- many runs' tables


def run_ablation(ablation, effects, pairs, noise, seeds, *, counted=False):
    """An ablation of made-up techniques, whose score is known.

    Parameters
    ----------
    effects : ndarray, (K,)
        What each technique adds by itself.
    pairs : ndarray, (K, K)
        What two of them add together; only the upper triangle is used.
    noise : ndarray, (S, K + 1)
        What each seed adds: to every score, and to each technique's effect.
    counted : whether the runs are counted

    Returns
    -------
    dict
        The table; the number of runs, where they are counted.
    """
    names = [f"technique {k}" for k in range(len(effects))]
    runs = []

    def score(active, seed):
        runs.append((frozenset(active), seed))
        on = np.array([name in active for name in names])
        row = noise[list(seeds).index(seed)]
        return float(.5 + on @ (effects + row[1:]) + on @ np.triu(pairs, 1) @ on + row[0])

    table = ablation(score, names, list(seeds))
    found: dict = {part: np.asarray(getattr(table, part)) for part in
             ("none", "full", "gains", "gain_spreads", "losses", "loss_spreads")}
    if counted:
        found |= {"runs": len(runs), "different runs": len(set(runs))}
    return found


def run_comparison(fair_comparison, costs, lrs, tuned, tested, tuning_seeds, seeds, *, budget, counted=False):
    """A comparison of two made-up methods, whose scores are known.

    Parameters
    ----------
    tuned : ndarray, (2, L, seeds of both kinds)
        The validation score of each method, rate and seed after 100 steps; more steps make it higher.
    tested : ndarray, of the same shape
        The test score.
    counted : whether the runs are counted

    Returns
    -------
    dict
        The comparison; the number of runs and of different ones, where they are counted.
    """
    known, runs = [*tuning_seeds, *seeds], []

    def run(method, lr, seed, steps):
        runs.append((method, lr, seed, steps))
        at = method, list(lrs).index(lr), known.index(seed)
        more = .3 * (steps - 100) / (steps + 100) * (1 + method)
        return float(tuned[at] + more), float(tested[at] + more)

    with np.errstate(all="ignore"):
        found = fair_comparison(run, tuple(costs), list(lrs), tuning_seeds=list(tuning_seeds), seeds=list(seeds),
                                budget=budget)
    result = {"lrs": [float(lr) for lr in found.lrs], "mean": found.mean, "error": found.error}
    return result | ({"runs": len(runs), "different runs": len(set(runs))} if counted else {})


# ---------------------------------------------------------------------------------------------------- PyTorch's run


def run_fit(fit_within, X, y, X_val, y_val, X_new, *, budget, seed, training=True, twice=False):
    """What the training of a module did, and what the module says of new images.

    Parameters
    ----------
    training : whether the module comes in training mode
    twice : whether there is a second run with the same seed

    Returns
    -------
    dict
        The logits of the new images, in the mode in which the module was left; gradient evaluations; modes; whether
        validation images were trained on; whether a second run gave the same.
    """
    import torch

    data = [torch.tensor(part) for part in (X, y, X_val, y_val)]
    rows = {row.tobytes() for row in X_val}

    def once(state):
        torch.manual_seed(seed + 1)
        model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], UNITS), torch.nn.BatchNorm1d(UNITS), torch.nn.ReLU(),
                                    torch.nn.Dropout(.1), torch.nn.Linear(UNITS, int(y.max()) + 1)).train(training)
        seen = {"gradient evaluations": 0, "trained in evaluation mode": False, "looked at in training mode": False,
                "validation images trained on": False}

        def count(grad):
            seen["gradient evaluations"] += len(grad)

        def look(module, inputs, outputs):
            if seen["gradient evaluations"] > 2 * budget:
                raise Enough
            if outputs.requires_grad:
                outputs.register_hook(count)
                seen["trained in evaluation mode"] |= not module.training
                images = inputs[0].detach().numpy()
                seen["validation images trained on"] |= any(row.tobytes() in rows for row in images)
            else:
                seen["looked at in training mode"] |= module.training

        hook = model.register_forward_hook(look)
        torch.manual_seed(state)
        with suppress(Enough):
            fit_within(model, *data, budget=budget, seed=seed)
        hook.remove()
        left = model.training
        with torch.no_grad():
            logits = model.eval()(torch.tensor(X_new)).numpy()
        return {"logits": logits, **seen, "left in training mode": left}

    found = once(1)
    same = not twice or bool(np.allclose(found["logits"], once(2)["logits"], rtol=1e-2, atol=1e-2))
    return found | {"the same again": same}


def judge_fit(answer, expected, arguments, private):
    """None where the module shows what it should: nothing wrong, or what the wrong answer `expected` shows."""
    faults, theirs = (_faults_of_fit(one, private) for one in (answer, expected))
    if not theirs:
        return next(iter(faults.values()), None)
    return None if list(faults) == list(theirs) else "it does not show the same"


def _faults_of_fit(run, private):
    """What is wrong with a run, each with a sentence; empty where nothing is."""
    found, logits, y = {}, np.asarray(run["logits"], float), private["labels"]
    used, budget = run["gradient evaluations"], private["budget"]
    if used > 2 * budget:
        return {"budget, far": f"the run was ended after {used:,} gradient evaluations; the budget is {budget:,}"}
    if used > budget:
        found["budget"] = f"{used:,} gradient evaluations were used, and the budget is {budget:,}"
    for fault in ("trained in evaluation mode", "looked at in training mode",
                  "validation images trained on", "left in training mode"):
        if run[fault]:
            found[fault] = f"it was seen: {fault}"
    if not run["the same again"]:
        found["seed"] = "a second run with the same seed gives another module"
    best = logits.max(axis=1, keepdims=True)
    log_p = logits - best - np.log(np.exp(logits - best).sum(axis=1, keepdims=True))
    right, loss = float((logits.argmax(axis=1) == y).mean()), float(-log_p[np.arange(len(y)), y].mean())
    if not right >= private["bar"]:
        found["accuracy"] = f"the accuracy on new images is {right:.2f}; {private['bar']:.2f} is asked for"
    if not loss <= private["loss"]:
        found["loss"] = f"the cross-entropy of new images is {loss:.2f}; at most {private['loss']:.2f} is asked for"
    return found
