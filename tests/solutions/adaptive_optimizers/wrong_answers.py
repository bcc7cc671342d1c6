"""Wrong answers to the adaptive optimizers' exercises that the catalogue does not hold: each loses points."""
from autograder.authoring.change import changed_each
from solutions.adaptive_optimizers import pytorch, reference

MEAN = "m = beta1 * state.m + (1 - beta1) * grads"
IN_PLACE = "m = state.m\nm *= beta1\nm += (1 - beta1) * grads"
ADAM_MOVE = "params - lr * m_hat / (np.sqrt(v_hat) + eps)"
ADAM = changed_each(reference.adam_step, {
    "rounded": {ADAM_MOVE: f"np.round({ADAM_MOVE}, 4)"},
    "moments_changed_in_place": {MEAN: IN_PLACE},
    "gradients_squared_in_place": {"grads**2": "np.multiply(grads, grads, out=grads)"},
    "one_bias_for_both": {"beta2**t": "beta1**t"},
    "size_for_square": {"grads**2": "np.abs(grads)"},
    "variance_for_square": {"grads**2": "(grads - m)**2"},
    "eps_of_the_default": {"eps": "1e-8"},
    "momentum_of_the_default": {"beta1 * state.m + (1 - beta1) * grads": "0.9 * state.m + (1 - 0.9) * grads"},
    "waits_where_the_gradient_is_zero": {ADAM_MOVE: f"np.where(grads == 0, params, {ADAM_MOVE})"},
    "moments_in_double_precision": {"AdamState(m, v, t)": "AdamState(np.asarray(m, float), v, t)"},
    "one_v_for_all": {"grads**2": "np.mean(grads**2)"},
})

ADAMAX = changed_each(reference.adamax_step, {
    "rounded": {"params - lr * m_hat / u": "np.round(params - lr * m_hat / u, 4)"},
    "moments_changed_in_place": {MEAN: IN_PLACE},
    "maximum_of_squares": {"np.abs(grads) + eps": "grads**2 + eps"},
    "maximum_over_all": {"np.maximum(beta2 * state.u, np.abs(grads) + eps)":
                         "np.maximum(beta2 * state.u, np.max(np.abs(grads)) + eps)"},
    "sum_for_maximum": {"np.maximum(beta2 * state.u, np.abs(grads) + eps)": "beta2 * state.u + np.abs(grads) + eps"},
    "minimum": {"np.maximum": "np.minimum"},
    "faded_with_the_mean": {"beta2 * state.u": "beta1 * state.u"},
    "count_stands_still": {"AdamaxState(m, u, t)": "AdamaxState(m, u, state.t)"},
    "size_of_the_mean": {"np.abs(grads)": "np.abs(m)"},
    "waits_where_the_gradient_is_zero": {"params - lr * m_hat / u":
                                         "np.where(grads == 0, params, params - lr * m_hat / u)"},
})

NADAM_MOVE = "params - lr * (ahead + here) / (np.sqrt(v_hat) + eps)"
NADAM = changed_each(reference.nadam_step, {
    "rounded": {NADAM_MOVE: f"np.round({NADAM_MOVE}, 4)"},
    "moments_changed_in_place": {MEAN: IN_PLACE},
    "product_stands_still": {"NAdamState(m, v, t, product)": "NAdamState(m, v, t, state.product)"},
    "product_has_the_next": {"NAdamState(m, v, t, product)": "NAdamState(m, v, t, product * mu_next)"},
    "decay_of_the_default": {"0.96**(t * momentum_decay)": "0.96**(t * 4e-3)",
                             "0.96**((t + 1) * momentum_decay)": "0.96**((t + 1) * 4e-3)"},
    "warm_up_from_zero": {"0.96**(t * momentum_decay)": "0.96**(state.t * momentum_decay)",
                          "0.96**((t + 1) * momentum_decay)": "0.96**(t * momentum_decay)"},
    "v_not_corrected": {"v / (1 - beta2**t)": "v"},
    "shares_of_beta1": {"(1 - mu) / (1 - product)": "(1 - beta1) / (1 - product)"},
    "gradient_not_corrected": {"(1 - mu) / (1 - product)": "(1 - mu)"},
    "waits_where_the_gradient_is_zero": {NADAM_MOVE: f"np.where(grads == 0, params, {NADAM_MOVE})"},
})

UNITS = changed_each(reference.adadelta_rescaled_step, {
    "rounded": {"params - lr * delta": "np.round(params - lr * delta, 4)"},
    "one_scale_for_all": {"state.u + eps * scale**2": "state.u + eps * np.max(scale**2)"},
    "means_in_the_old_units": {"AdadeltaState(v, u)": "AdadeltaState(v * scale**2, u / scale**2)"},
    "gradient_rescaled": {"rms_delta / rms_g * grads": "rms_delta / rms_g * grads * scale"},
    "parameters_rescaled": {"params - lr * delta": "params / scale - lr * delta"},
    "the_new_step_in_its_own_root": {"np.sqrt(state.u + eps * scale**2)":
                                     "np.sqrt(rho * state.u + (1 - rho) * grads**2 + eps * scale**2)"},
    "eps_outside_the_roots": {"np.sqrt(v + eps / scale**2)": "np.sqrt(v) + eps**0.5 / np.abs(scale)"},
    "a_scale_above_zero": {"np.sqrt(v + eps / scale**2)": "np.sqrt(v + eps / np.maximum(scale, 0.05)**2)"},
    "eps_of_the_default": {"eps / scale**2": "1e-6 / scale**2", "eps * scale**2": "1e-6 * scale**2"},
    "means_changed_in_place": {"v = rho * state.v + (1 - rho) * grads**2":
                               "v = state.v\nv *= rho\nv += (1 - rho) * grads**2"},
})

MOVE = "p -= group['lr'] * above / (below.sqrt() + group['eps'])"
LOOP = "(p for p in group['params'] if p.grad is not None)"
FIRST = "beta1 * old.get('m', 0) + (1 - beta1) * g"
QHADAM = changed_each(pytorch.QHAdam, {
    "the_first_of_each_group": {"group['params']": "group['params'][:1]"},
    "the_last_group_alone": {"self.param_groups": "self.param_groups[-1:]"},
    "memory_of_a_group": {"self.state[p]": "group.setdefault('memory', {})"},
    "options_of_the_first_group": {"group['betas']": "self.param_groups[0]['betas']",
                                   "group['nus']": "self.param_groups[0]['nus']"},
    "eps_of_the_first_group": {"group['eps']": "self.param_groups[0]['eps']"},
    "options_of_the_constructor": {"group['betas']": "self.defaults['betas']", "group['nus']": "self.defaults['nus']"},
    "a_mean_that_is_the_gradient": {FIRST: "g.mul_(1 - beta1).add_(old.get('m', 0), alpha=beta1) if 'm' in old else g"},
    "gradients_changed": {FIRST: "beta1 * old.get('m', 0) + g.mul_(1 - beta1)"},
    "gradients_cleared": {MOVE: f"{MOVE}\np.grad.zero_()"},
    "gradients_taken_away": {MOVE: f"{MOVE}\np.grad = None"},
    "zero_for_none": {"loss = None": "loss = 0.0"},
    "a_number_for_the_loss": {"return loss": "return None if loss is None else loss.item()"},
    "no_loss": {"return loss": "return None"},
    "no_gradients_in_the_closure": {"with torch.enable_grad():\n    loss = closure()": "loss = closure()"},
    "tensors_replaced": {MOVE: MOVE.replace("p -=", "p = p -")},
    "count_from_the_group": {"old.get('t', 0) + 1": "group.get('t', 0) + 1", "old.update(t=t, m=m, v=v)":
                             "old.update(m=m, v=v)\ngroup['t'] = t"},
})

STEP = "old + step * (max_norm / norm).clamp(max=1)"
NORM = "torch.cat([p.grad.flatten() for p in params]).norm()"
CLIP = changed_each(pytorch.clipped_step, {
    "the_first_of_each_group": {"group['params']": "group['params'][:1]"},
    "the_first_group_alone": {"optimizer.param_groups": "optimizer.param_groups[:1]"},
    "the_largest_entry": {NORM: "torch.cat([p.grad.flatten() for p in params]).abs().max()"},
    "the_sum_of_sizes": {NORM: "torch.cat([p.grad.flatten() for p in params]).abs().sum()"},
    "the_sum_of_norms": {NORM: "sum(p.grad.norm() for p in params)"},
    "the_longest_parameter": {NORM: "max(p.grad.norm() for p in params)"},
    "a_gradient_for_everybody": {"p.grad is not None": "True"},
    "the_step_turned": {STEP: STEP.replace("+", "-")},
    "the_place_of_the_step_shortened": {STEP: "(old + step) * (max_norm / norm).clamp(max=1)"},
    "before_is_no_copy": {"p.detach().clone()": "p.detach()"},
    "stepped_twice": {"optimizer.step()": "optimizer.step(); optimizer.step()"},
    "the_rate_shortened_for_good": {"p.grad *= (max_norm / norm).clamp(max=1)":
                                    "[group.update(lr=group['lr'] * float((max_norm / norm).clamp(max=1))) "
                                    "for group in optimizer.param_groups]"},
})

WRONG = {"adam_step": ADAM, "adamax_step": ADAMAX, "nadam_step": NADAM, "adadelta_rescaled_step": UNITS,
         "QHAdam": QHADAM, "clipped_step": CLIP}
