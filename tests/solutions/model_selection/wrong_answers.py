"""Wrong answers to model selection's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.model_selection import pytorch, reference

SPREAD = "low * ((high + integer) / low) ** u"
LOG_UNIFORM = changed_each(reference.log_uniform, {
    "squared": {SPREAD: "low + (high + integer - low) * u ** 2"},
    "one_over": {SPREAD: "1 / (1 / low + (1 / (high + integer) - 1 / low) * u)"},
    "ceiling": {"np.floor(x)": "np.ceil(x)"},
    "ints": {"np.floor(x)": "np.floor(x).astype(int) + 0.5"},
    "in_double_precision": {SPREAD: f"{SPREAD}.astype(float)"},
    "clipped_whole": {"(high + integer)": "(high + 2 * integer)"},
    "decades_only": {SPREAD: "10 ** np.round(np.log10(low) + np.log10((high + integer) / low) * u)"},
})
INSIDE, JUDGED = "[cross_validate(loss, config, train, k=inner) for config in configs]", \
    "loss(configs[chosen[i]], train, test)"
NESTED = changed_each(reference.nested_cv, {
    "inner_folds_of_everything": {INSIDE: INSIDE.replace("train", "order")},
    "trained_on_everything": {JUDGED: "loss(configs[chosen[i]], order, test)"},
    "tested_in_training": {JUDGED: "loss(configs[chosen[i]], train, train)"},
    "train_and_test_exchanged": {JUDGED: "loss(configs[chosen[i]], test, train)"},
    "first_inner_fold_alone": {INSIDE: "[loss(config, *k_fold(train, k=inner)[0]) for config in configs]"},
    "sorted_examples": {INSIDE: "[cross_validate(loss, config, np.sort(train), k=inner) for config in configs]"},
    "one_choice_for_all": {"return (losses, chosen)": "return (losses, np.full(outer, chosen[0]))"},
    "mean_returned": {"return (losses, chosen)": "return (losses.mean(), chosen)"},
    "training_loss": {INSIDE: "[loss(config, train, train) for config in configs]"},
    "last_of_the_level": {"np.argmin(inside)": "len(inside) - 1 - np.argmin(inside[::-1])"},
})
CORNER = "np.clip(best - side / 2, low, high - side)"
GUIDED = changed_each(reference.guided_random_search, {
    "low_bound_only": {CORNER: "np.maximum(best - side / 2, low)"},
    "high_bound_only": {CORNER: "np.minimum(best - side / 2, high - side) if t else low"},
    "mean_of_the_points": {"points[np.argmin(losses)]": "points.mean(axis=0)"},
    "linear_shrinking": {"shrink ** t": "(1 - t * shrink / 4)"},
    "first_point": {"points[np.argmin(losses)]": "points[0]"},
    "cube_of_the_first_side": {"(high - low)": "(high - low)[0]"},
    "draws_from_the_top": {"side * draws": "side * (1 - draws)"},
    "half_the_shrinking": {"shrink ** t": "shrink ** (t / 2)"},
})
MOVED = "np.clip(hypers * np.where(draw < 0.5, *factors), low, high)"
EXPLORE = changed_each(reference.explore, {
    "bounded_by_the_first": {MOVED: MOVED.replace("low, high", "low[0], high[0]")},
    "between_linear_and_log": {"np.log(high / low)": "np.log((high + low) / low)"},
    "changed_whole_population": {"which < resample": "(which < resample).any()"},
    "factor_twice": {"np.where(draw < 0.5, *factors)": "np.where(draw < 0.5, *factors) ** 2"},
    "same_draw_for_both": {"which < resample": "draw < resample"},
    "always_down": {"np.where(draw < 0.5, *factors)": "factors[0]"},
    "fixed_factors": {"np.where(draw < 0.5, *factors)": "np.where(draw < 0.5, 0.8, 1.25)"},
    "fixed_resample": {"which < resample": "which < 0.25"},
    "in_double_precision": {"hypers.dtype": "float"},
})
SCORE = "kappa * deviation - mean"
BATCH = changed_each(pytorch.ucb_batch, {
    "mean_alone": {SCORE: "-mean"},
    "deviation_alone": {SCORE: "kappa * deviation"},
    "kappa_of_one": {SCORE: "deviation - mean"},
    "sorted_choices": {"return (chosen, scores)": "return (chosen.sort().values, scores)"},
    "worst_first": {"score.max(dim=0)": "score.min(dim=0)"},
    "first_score": {"return (chosen, scores)": "return (chosen, scores[:1].expand(count))"},
    "doubled_measurements": {"torch.cat([X, candidates[chosen[:j + 1]]])":
                             "torch.cat([X, X, candidates[chosen[:j + 1]]])"},
    "lower_case_of_the_means": {"return (chosen, scores)": "return (chosen, mean[chosen])"},
    "chosen_without_noise": {"gp_posterior(known, unknown, candidates, width=width, noise=noise)":
                              "gp_posterior(known, unknown, candidates, width=width, noise=0.5 * noise)"},
})
RACE = changed_each(pytorch.fair_race, {
    "last_wins": {"min(runs, key=lambda run: (math.isnan(run[1]), run[1]))": "runs[-1]"},
    "first_wins": {"min(runs, key=lambda run: (math.isnan(run[1]), run[1]))": "runs[0]"},
    "batches_from_the_second": {"t % len(batches)": "(t + 1) % len(batches)"},
    "last_batch_repeated": {"t % len(batches)": "min(t, len(batches) - 1)"},
    "optimizer_of_the_model": {"make(runner.parameters())": "make(model.parameters())"},
    "new_optimizer_each_step": {"optimizer.zero_grad()":
                                "optimizer = make(runner.parameters())\noptimizer.zero_grad()"},
    "budget_over_contestants": {"budget // len(settings)": "budget // len(contestants)"},
    "one_step_less": {"range(budget // len(settings))": "range(budget // len(settings) - 1)"},
    "losses_exchanged": {"loss(runner, validation).item(), loss(runner, test).item()":
                         "loss(runner, test).item(), loss(runner, validation).item()"},
})

WRONG = {"log_uniform": LOG_UNIFORM, "nested_cv": NESTED, "guided_random_search": GUIDED, "explore": EXPLORE,
         "ucb_batch": BATCH, "fair_race": RACE}
