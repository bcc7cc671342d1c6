"""Wrong answers to regularization's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.regularization import pytorch, reference

Z, SHRUNK = "z = params - lr * grads", "np.maximum(np.abs(z) - lr * strength * mixing, 0)"
STEP = changed_each(reference.elastic_net_step, {
    "rounded": {"np.sign(z)": "np.sign(z).round(4)", SHRUNK: f"{SHRUNK}.round(3)"},
    "uphill": {Z: "z = params + lr * grads"},
    "shrunk_before_the_step": {Z: "z = params", "np.sign(z) * shrunk": "(np.sign(z) * shrunk - lr * grads)"},
    "mixing_swapped": {SHRUNK: "np.maximum(np.abs(z) - lr * strength * (1 - mixing), 0)",
                       "(1 - mixing)": "mixing"},
    "l1_alone": {"np.sign(z) * shrunk / (1 + lr * strength * (1 - mixing))": "np.sign(z) * shrunk"},
    "gradients_changed_in_place": {Z: "grads *= lr\nz = params - grads"},
    "in_double_precision": {Z: "z = np.asarray(params - lr * grads, float)"},
    "positive_weights_alone": {"np.sign(z) * shrunk": "np.maximum(z - lr * strength * mixing, 0)"},
    "sign_of_the_old_weight": {"np.sign(z)": "np.sign(params)"},
    "divided_without_the_rate": {"(1 + lr * strength * (1 - mixing))": "(1 + strength * (1 - mixing))"},
})

SOFT = "np.sign(z) * np.maximum(np.abs(z) - lr / scale, 0)"
LAPLACE = changed_each(reference.laplace_map, {
    "least_squares": {SOFT: "z"},
    "never_quite_zero": {SOFT: f"{SOFT} + 1e-7"},
    "rounded": {SOFT: f"({SOFT}).round(2)"},
    "hard_threshold": {SOFT: "z * (np.abs(z) > lr / scale)"},
    "noise_of_the_prior": {"X / noise[:, None]": "X * noise[:, None]", "y / noise": "y * noise"},
    "targets_as_they_are": {"y / noise": "y"},
    "a_flat_prior_for_an_infinite_one_forgotten": {"lr / scale": "lr / np.minimum(scale, 1.0)"},
    "threshold_without_the_rate": {"lr / scale": "1 / scale"},
    "targets_changed_in_place": {"A, b = X / noise[:, None], y / noise": "A, b = X / noise[:, None], y\nb /= noise"},
    "in_double_precision": {"np.zeros_like(scale)": "np.zeros(len(scale))"},
})

EXACT = "h * np.exp(log_left) / -np.expm1(log_left)"
STRENGTH = changed_each(reference.strength_of_stopping, {
    "rounded": {EXACT: f"({EXACT}).round(3)"},
    "zero_where_flat": {"1 / (lr * steps)": "0"},
    "infinite_where_flat": {"1 / (lr * steps)": "np.inf"},
    "one_number_for_all": {"h = curvature[curvature > 0]": "h = curvature[curvature > 0].mean()"},
    "the_rate_forgotten": {"np.log1p(-lr * h)": "np.log1p(-h / (1 + h))"},
    "a_strength_without_the_half": {EXACT: f"{EXACT} / 2"},
    "in_double_precision": {"np.full_like(curvature, 1 / (lr * steps))":
                            "np.full_like(curvature, 1 / (lr * steps), dtype=float)"},
    "in_a_list": {"return strength": "return strength.ravel()"},
})

SAVED = "copy.deepcopy(self.model.state_dict())"
STOPPING = changed_each(pytorch.EarlyStopping, {
    "epochs_from_zero": {"self.epoch += 1": "", "return self.epoch >= self.deadline":
                         "self.epoch += 1\nreturn self.epoch - 1 >= self.deadline"},
    "a_deadline_that_must_be_passed": {"self.epoch >= self.deadline": "self.epoch > self.deadline"},
    "never_stops": {"self.epoch >= self.deadline": "False"},
    "not_lower_but_as_low": {"loss < self.lowest": "loss <= self.lowest"},
    "a_margin_of_the_first_loss": {"(1 - self.margin) * self.lowest": "self.lowest - self.margin"},
    "whole_deadlines": {"self.epoch * self.factor": "int(self.epoch * self.factor)"},
    "nothing_restored": {"self.model.load_state_dict(self.saved)": "pass"},
    "restored_once": {"self.model.load_state_dict(self.saved)":
                      "if self.saved:\n    self.model.load_state_dict(self.saved)\nself.saved = None"},
    "weights_alone": {SAVED: "{'0.weight': self.model.state_dict()['0.weight'].clone()}",
                      "self.model.load_state_dict(self.saved)":
                      "self.model.load_state_dict(self.saved, strict=False)"},
    "highest_kept": {"loss < self.lowest": "loss > self.lowest or self.saved is None"},
})

DECAY = "p *= 1 - lr * group['weight_decay']"
ADAMW = changed_each(pytorch.AdamW, {
    "no_decay": {DECAY: ""},
    "decay_of_the_constructor": {DECAY: "p *= 1 - lr * self.defaults['weight_decay']"},
    "decay_twice": {DECAY: f"{DECAY}\n{DECAY}"},
    "decay_of_matrices_alone": {DECAY: f"if p.ndim > 1:\n    {DECAY}"},
    "grows": {DECAY: "p *= 1 + lr * group['weight_decay']"},
    "exponential": {DECAY: "p *= 2.718281828459045 ** (-lr * group['weight_decay'])"},
    "gradients_cleared": {DECAY: f"{DECAY}\np.grad = None"},
    "eps_in_the_root": {"(v / (1 - beta2**t)).sqrt() + group['eps']": "(v / (1 - beta2**t) + group['eps']).sqrt()"},
    "no_loss": {"return loss": "return None"},
    "tensors_replaced": {DECAY: "p = p * (1 - lr * group['weight_decay'])"},
})

SQUARE = "slopes.square().sum() / len(y)"
SLOPE = changed_each(pytorch.double_backprop_loss, {
    "no_penalty": {"each.mean() + strength / 2 * square": "each.mean()"},
    "penalty_alone": {"each.mean() + strength / 2 * square": "strength / 2 * square"},
    "losses_summed": {"each.mean()": "each.sum()"},
    "absolute_slopes": {SQUARE: "slopes.abs().sum() / len(y)"},
    "norm_of_the_batch": {SQUARE: "slopes.norm() / len(y)"},
    "a_number": {"return each.mean() + strength / 2 * square": "return (each.mean() + strength / 2 * square).detach()"},
    "backward_called": {"square = slopes.square().sum() / len(y)":
                        "square = slopes.square().sum() / len(y)\neach.sum().backward(retain_graph=True)"},
    "x_asked_for_gradients": {"x.detach().requires_grad_()": "x.requires_grad_()"},
})

WRONG = {"elastic_net_step": STEP, "laplace_map": LAPLACE, "strength_of_stopping": STRENGTH, "EarlyStopping": STOPPING,
         "AdamW": ADAMW, "double_backprop_loss": SLOPE}
