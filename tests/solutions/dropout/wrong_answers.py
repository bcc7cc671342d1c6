"""Wrong answers to dropout's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.dropout import pytorch, reference

FACTOR = "x * (1 + deviation * torch.randn_like(x))"
GAUSSIAN = changed_each(pytorch.GaussianDropout, {
    "uniform_noise": {"torch.randn_like(x)": "(torch.rand_like(x) - 0.5) * 12 ** 0.5"},
    "clamped": {FACTOR: "x * (1 + deviation * torch.randn_like(x)).clamp(min=0)"},
    "noise_of_the_first_call": {"torch.randn_like(x)": "vars(self).setdefault('noise', torch.randn_like(x))"},
    "gradient_without_the_noise": {FACTOR: "x + (x * deviation * torch.randn_like(x)).detach()"},
    "in_place": {FACTOR: "x.data.mul_(1 + deviation * torch.randn_like(x)).add(0 * x)"},
    "in_double_precision": {FACTOR: "x.double() * (1 + deviation * torch.randn_like(x))"},
    "p_of_one_half": {"(self.p / (1 - self.p)) ** 0.5": "1.0"},
    "rounded_noise": {"torch.randn_like(x)": "torch.randn_like(x).round()"},
    "dropped_besides": {FACTOR: "x * (1 + deviation * torch.randn_like(x)) * (torch.rand_like(x) > self.p)"},
})
SHAPED = "mask.reshape(*mask.shape, *[1] * (x.ndim - 2))"
SPATIAL = changed_each(reference.spatial_dropout, {
    "images_only": {SHAPED: "mask[:, :, None, None]"},
    "in_double_precision": {"1 - p": "np.float64(1 - p)"},
    "examples_for_channels": {SHAPED: "np.resize(mask.T, mask.shape).reshape(*mask.shape, *[1] * (x.ndim - 2))"},
    "scaled_twice": {"1 - p": "(1 - p) ** 2"},
    "rounded": {"1 - p": "round(1 - p, 1)"},
    "p_of_one_half": {"1 - p": "0.5"},
    "changed_in_place": {"return x * mask.reshape(*mask.shape, *[1] * (x.ndim - 2)) / (1 - p)":
                         f"x *= {SHAPED} / (1 - p)\nreturn x"},
})
MEAN, VARIANCE = "(1 - p) * (x @ W) + b", "p * (1 - p) * (x ** 2 @ W ** 2)"
MOMENTS = changed_each(reference.dropconnect_moments, {
    "swapped": {"(mean, variance)": "(variance, mean)"},
    "mean_alone": {"(mean, variance)": "mean"},
    "dropouts_variance_over_examples": {VARIANCE: "p * (1 - p) * np.var(x @ W, axis=0) + 0 * mean"},
    "inputs_not_squared": {"x ** 2": "np.abs(x)"},
    "variance_of_a_fair_coin": {VARIANCE: "0.25 * (x ** 2 @ W ** 2)"},
    "negative_bias": {MEAN: "(1 - p) * (x @ W) - b"},
    "in_double_precision": {"x ** 2": "x.astype(float) ** 2"},
    "mean_of_inverted": {MEAN: "x @ W + b"},
})
ARITHMETIC, GEOMETRIC = "top + np.log((w * np.exp(log_p - top)).sum(axis=0))", "log_softmax((w * log_p).sum(axis=0))"
AVERAGE = changed_each(reference.average_predictions, {
    "softmax_over_the_networks": {"log_softmax(logits)": "log_softmax(logits.T).T"},
    "arithmetic_for_both": {GEOMETRIC: "(lambda top: top + np.log((w * np.exp(log_p - top)).sum(axis=0)))"
                                       "(log_p.max(axis=0))"},
    "mean_over_examples": {ARITHMETIC: "(w * log_p).mean(axis=0)"},
    "weights_on_the_logits": {"log_softmax(logits)": "log_softmax(logits * w * len(w))"},
    "weights_of_their_largest": {"w / w.sum()": "w / w.max()"},
    "clipped": {ARITHMETIC: "np.log((w * np.exp(log_p)).sum(axis=0).clip(1e-12))"},
    "in_double_precision": {"log_softmax(logits)": "log_softmax(logits.astype(float))"},
    "first_network": {ARITHMETIC: "log_p[0]"},
})
REPAIR = "w - w[q] / diagonal[q] * inverse[:, q]"
SURGEON = changed_each(reference.surgeon_step, {
    "half_a_step": {REPAIR: "w - w[q] / (2 * diagonal[q]) * inverse[:, q]"},
    "price_without_a_square": {"w ** 2 / diagonal": "np.abs(w) / diagonal"},
    "multiplied_price": {"w ** 2 / diagonal": "w ** 2 * diagonal"},
    "weights_changed_in_place": {"weights.copy()": "weights"},
    "kept_changed_in_place": {"kept.copy()": "kept"},
    "kept_turned": {"return (new, left)": "return (new, ~left)"},
    "index_among_the_kept": {"(new[live[q]], left[live[q]])": "(new[q], left[q])"},
    "almost_removed": {"(0, False)": "(1e-6, False)"},
    "diagonal_inverse": {"np.linalg.inv(hessian[np.ix_(live, live)])":
                         "np.diag(1 / np.diag(hessian[np.ix_(live, live)]))"},
})
MONTE_CARLO = changed_each(pytorch.monte_carlo_dropout, {
    "one_sample": {"range(samples)": "range(1)"},
    "one_more": {"range(samples)": "range(samples + 1)"},
    "variance": {"p.std(dim=0, correction=0)": "p.var(dim=0, correction=0)"},
    "over_classes": {"p.std(dim=0, correction=0)": "p.std(dim=1, correction=0)"},
    "gradients_recorded": {"torch.no_grad()": "torch.enable_grad()"},
    "gradients_off_for_good": {"with torch.no_grad():\n    p = torch.stack([model(X).softmax(dim=-1) "
                               "for _ in range(samples)])":
                               "model.requires_grad_(False)\np = torch.stack([model(X).softmax(dim=-1) "
                               "for _ in range(samples)])"},
    "direct_children_only": {"for module, mode in modes.items():\n    module.training = mode":
                             "for module in model:\n    module.training = modes[module]"},
    "standard_error": {"p.std(dim=0, correction=0)": "p.std(dim=0, correction=0) / samples ** 0.5"},
    "swapped": {"(p.mean(dim=0), p.std(dim=0, correction=0))": "(p.std(dim=0, correction=0), p.mean(dim=0))"},
})

WRONG = {"GaussianDropout": GAUSSIAN, "spatial_dropout": SPATIAL, "dropconnect_moments": MOMENTS,
         "average_predictions": AVERAGE, "surgeon_step": SURGEON, "monte_carlo_dropout": MONTE_CARLO}
UNTELLABLE: dict = {}
