"""Wrong answers to momentum's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.momentum import pytorch, reference

AVERAGE = "v = momentum * state.v + (1 - momentum) * grads"
QHM = changed_each(reference.qhm_step, {
    "rounded": {"params - lr * step": "(params - lr * step).round(4)"},
    "buffer_in_double_precision": {"MomentumState(v)": "MomentumState(np.asarray(v, float))"},
    "buffer_changed_in_place": {AVERAGE: "v = state.v\nv *= momentum\nv += (1 - momentum) * grads"},
    "gradients_changed_in_place": {AVERAGE: f"{AVERAGE}\ngrads *= 1 - nu",
                                   "(1 - nu) * grads + nu * v": "grads + nu * v"},
    "momentum_by_default": {"momentum * state.v": "0.999 * state.v"},
    "share_by_default": {"nu * v": "0.7 * v", "(1 - nu) * grads": "(1 - 0.7) * grads"},
    "bias_taken_out": {"nu * v": "nu * v / (1 - momentum)"},
    "waits_where_the_gradient_is_zero": {"params - lr * step": "np.where(grads == 0, params, params - lr * step)"},
    "vectors_alone": {"params - lr * step": "np.ravel(params - lr * step)"},
    "parameters_in_the_state": {"MomentumState(v)": "MomentumState(params)"},
})

VELOCITY = "beta * self.state[p].get('v', 0) + p.grad"
MOVE = "p -= group['lr'] * v.mean(0)"
CLOSURE = "with torch.enable_grad():\n    loss = closure()"
AGGMO = changed_each(pytorch.AggMo, {
    "the_first_of_each_group": {"group['params']": "group['params'][:1]"},
    "the_last_group_alone": {"self.param_groups": "self.param_groups[-1:]"},
    "memory_of_a_group": {"self.state[p].get('v', 0)": "group.get('v', 0)", "self.state[p]['v']": "group['v']"},
    "betas_of_the_first_group": {"group['betas']": "self.param_groups[0]['betas']"},
    "betas_of_the_constructor": {"group['betas']": "self.defaults['betas']"},
    "a_buffer_that_is_the_gradient": {VELOCITY: "beta * self.state[p]['v'] + p.grad if 'v' in self.state[p] else "
                                                "p.grad.expand(len(beta), *p.shape)"},
    "gradients_cleared": {MOVE: f"{MOVE}\np.grad.zero_()"},
    "gradients_taken_away": {MOVE: f"{MOVE}\np.grad = None"},
    "gradients_summed_up_in_place": {VELOCITY: "beta * self.state[p].get('v', 0) + p.grad.mul_(1 + 1e-3)"},
    "zero_for_none": {"loss = None": "loss = 0.0"},
    "a_number_for_the_loss": {"return loss": "return None if loss is None else loss.item()"},
    "no_loss": {"return loss": "return None"},
    "closure_called_twice": {"loss = closure()": "loss = (closure(), closure())[1]"},
    "no_gradients_in_the_closure": {CLOSURE: "loss = closure()"},
    "tensors_replaced": {MOVE: "p = p - group['lr'] * v.mean(0)"},
    "in_double_precision": {MOVE: "p.data = p.double() - group['lr'] * v.double().mean(0)"},
    "never_at_rest": {"self.state[p].get('v', 0)": "self.state[p].get('v', p.grad)"},
})

LARGEST = "np.linalg.eigvalsh(hessian)[-1]"
STABLE = changed_each(reference.largest_stable_lr, {
    "the_trace": {LARGEST: "np.trace(hessian)"},
    "the_mean_curvature": {LARGEST: "np.linalg.eigvalsh(hessian).mean()"},
    "gershgorins_bound": {LARGEST: "np.abs(hessian).sum(axis=1).max()"},
    "frobeniuss_norm": {LARGEST: "np.linalg.norm(hessian)"},
    "the_second_curvature": {LARGEST: "np.linalg.eigvalsh(hessian)[-2:][0]"},
    "rounded": {"2 * (1 + momentum) / steepest": "np.round(2 * (1 + momentum) / steepest, 3)"},
    "in_a_vector": {LARGEST: "np.linalg.eigvalsh(hessian)[-1:]"},
    "nesterov_always": {"if nesterov:\n    return 2 * (1 + momentum) / ((1 + 2 * momentum) * steepest)": "",
                        "2 * (1 + momentum) / steepest": "2 * (1 + momentum) / ((1 + 2 * momentum) * steepest)"},
    "nesterovs_limit_halved": {"2 * (1 + momentum) / ((1 + 2 * momentum) * steepest)":
                               "(1 + momentum) / ((1 + 2 * momentum) * steepest)"},
    "in_double_precision": {LARGEST: "np.linalg.eigvalsh(hessian.astype(float))[-1]"},
})

SCALE = "buffer *= group['lr'] / lr"
CHANGE = changed_each(pytorch.change_lr, {
    "the_first_of_each_group": {"group['params']": "group['params'][:1]"},
    "rate_set_first": {"for p in group['params']:\n    buffer = optimizer.state[p].get('momentum_buffer')\n"
                       f"    if buffer is not None:\n        {SCALE}": f"old, group['lr'] = group['lr'], lr\n"
                       "for p in group['params']:\n    buffer = optimizer.state[p].get('momentum_buffer')\n"
                       f"    if buffer is not None:\n        {SCALE}"},
    "a_new_buffer_that_nobody_keeps": {SCALE: "buffer = buffer * (group['lr'] / lr)"},
    "the_root_of_the_ratio": {"group['lr'] / lr": "(group['lr'] / lr)**0.5"},
    "a_buffer_asked_for": {"optimizer.state[p].get('momentum_buffer')": "optimizer.state[p]['momentum_buffer']"},
    "the_constructors_rate": {"group['lr'] / lr": "optimizer.defaults['lr'] / lr"},
    "nesterovs_buffer_left": {"buffer is not None": "buffer is not None and not group['nesterov']"},
    "parameters_scaled_too": {SCALE: f"{SCALE}\np.data *= group['lr'] / lr"},
    "lowered_only": {"group['lr'] / lr": "max(group['lr'] / lr, 1.0)"},
    "buffers_kept_beside": {SCALE: f"{SCALE}\noptimizer.state[p]['old'] = buffer.clone()"},
    "the_rate_of_nobody": {"group['lr'] = lr": "optimizer.defaults['lr'] = lr"},
})

FIT = "a, b = np.linalg.lstsq(pairs, d[2:])[0]"
TRACE = changed_each(reference.read_momentum, {
    "rounded": {"-b": "np.round(-b, 3)"},
    "swapped": {"(-b, 1 - b - a)": "(1 - b - a, -b)"},
    "momentum_alone": {"(-b, 1 - b - a)": "-b"},
    "at_most_a_third": {"-b": "np.minimum(-b, b.dtype.type(1 / 3))"},
    "in_double_precision": {"np.diff(trace)": "np.diff(trace.astype(float))"},
    "the_first_positions_alone": {"np.diff(trace)": "np.diff(trace[:5])"},
    "the_first_step_left_out": {"np.diff(trace)": "np.diff(trace)[1:]"},
    "second_differences": {"d = np.diff(trace)": "d = np.diff(trace, 2)"},
    "a_line_through_the_steps": {FIT: "b, a = np.polyfit(d[:-1], d[1:], 1)"},
    "steepness_with_its_sign_turned": {"1 - b - a": "a + b - 1"},
    "the_pairs_changed_over": {FIT: "b, a = np.linalg.lstsq(pairs, d[2:])[0]"},
})

WRONG = {"qhm_step": QHM, "AggMo": AGGMO, "largest_stable_lr": STABLE, "change_lr": CHANGE, "read_momentum": TRACE}
UNTELLABLE = {
    "AggMo": {"closure_called_twice": "A closure clears the gradients, so a second call gives the same ones."},
    "change_lr": {"buffers_kept_beside": "What stands in the state beside the buffer no step of PyTorch's reads."},
    "read_momentum": {"the_first_positions_alone": "Without noise any five positions tell the momentum."},
}
