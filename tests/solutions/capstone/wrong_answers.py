"""Wrong answers to the capstone's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.capstone import pytorch, reference

RUN = changed_each(reference.train_within, {
    "labels_from_the_start": {"network.logits(params, standardize(images, X))":
                              "network.logits(0 * params, standardize(images, X))"},
    "classes_counted_from_one": {"network.logits(params, standardize(images, X)).argmax(axis=1)":
                                 "network.logits(params, standardize(images, X)).argmax(axis=1) + 1"},
    "rate_too_small": {"lr=0.05": "lr=1e-5"},
    "labels_drawn_apart": {"y[batch]": "y[rng.permutation(batch)]"},
    "images_changed_in_place": {"rng, Z = (np.random.default_rng(seed), standardize(X))":
                                "rng, Z = (np.random.default_rng(seed), standardize(X))\nX -= X.mean(axis=0)"},
})
TABLE = changed_each(reference.ablation, {
    "medians": {"gains.mean(axis=1)": "np.median(gains, axis=1)"},
    "averaged_over_techniques": {"gains.mean(axis=1)": "gains.mean(axis=0)[:len(techniques)]"},
    "swapped": {"none.mean()": "full.mean()", "full.mean()": "none.mean()"},
    "first_seed": {"gains.mean(axis=1)": "gains[:, 0]"},
})
COMPARED = changed_each(reference.fair_comparison, {
    "last_of_the_rates": {"np.nanargmax(validation)": "len(lrs) - 1"},
    "worst_rate": {"np.nanargmax": "np.nanargmin"},
    "rounded_up": {"budget // cost": "-(-budget // cost)"},
    "validation_compared": {"run(method, best, seed, steps)[1]": "run(method, best, seed, steps)[0]"},
    "first_tuning_seed": {"np.mean([run(method, lr, seed, steps)[0] for seed in tuning_seeds])":
                          "run(method, lr, tuning_seeds[0], steps)[0]"},
})
FIT = changed_each(pytorch.fit_within, {
    "never_a_step": {"optimizer.step()": ""},
    "worst_kept": {"loss < lowest": "loss > lowest or lowest == float('inf')"},
    "parameters_drawn_again": {"model.load_state_dict(best)":
                               "model.load_state_dict({k: v + torch.randn(v.shape) if v.is_floating_point() else v "
                               "for k, v in best.items()})"},
})

WRONG = {"train_within": RUN, "ablation": TABLE, "fair_comparison": COMPARED, "fit_within": FIT}
UNTELLABLE: dict = {}
