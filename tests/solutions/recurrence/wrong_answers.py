"""Wrong answers to recurrence's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.recurrence import pytorch, reference

STATE = "(1 - z) * n + z * h"
CANDIDATE = "np.tanh(n_x + r * (n_h + params.c))"
GRU = changed_each(reference.gru_cell, {
    "rounded": {STATE: f"({STATE}).round(4)"},
    "in_double_precision": {STATE: f"np.asarray({STATE}, float)"},
    "the_candidate_alone": {STATE: "n"},
    "a_plain_mean": {STATE: "(n + h) / 2"},
    "no_bias": {"params.b + x @ params.U": "x @ params.U"},
    "no_inner_bias": {CANDIDATE: "np.tanh(n_x + r * n_h)"},
    "reset_of_the_input": {CANDIDATE: "np.tanh(r * n_x + n_h + params.c)"},
    "gates_of_the_input_alone": {"sigmoid(r_x + r_h)": "sigmoid(r_x)", "sigmoid(z_x + z_h)": "sigmoid(z_x)"},
    "one_gate_for_both": {"sigmoid(z_x + z_h)": "sigmoid(r_x + r_h)"},
    "transposed": {"h @ params.W": "h @ params.W.T.reshape(params.W.shape)"},
    "the_state_changed_in_place": {STATE: f"np.copyto(h, {STATE}) or h"},
    "one_sequence_alone": {STATE: f"({STATE})[:1]"},
})

SET = "p[M:2 * M] = value"
ZERO = "p[M:2 * M] = 0"
FORGET = changed_each(pytorch.set_forget_bias, {
    "a_quarter_of_the_input_s_matrix": {"name.startswith('bias_ih')": "name.startswith('weight_ih')"},
    "the_first_unit_alone": {SET: "p[M] = value", ZERO: "p[M] = 0"},
    "one_at_least": {SET: "p[M:2 * M] = max(value, 1.0)"},
    "the_gate_and_not_its_bias": {SET: "p[M:2 * M] = 1 / (1 + 2.718281828459045**-value)"},
    "the_candidate": {SET: "p[2 * M:3 * M] = value", ZERO: "p[2 * M:3 * M] = 0"},
    "frozen": {SET: f"{SET}\np.requires_grad_(False)"},
    "the_last_layer_alone": {"name.startswith('bias_ih')": "name.startswith(f'bias_ih_l{lstm.num_layers - 1}')",
                             "name.startswith('bias_hh')": "name.startswith(f'bias_hh_l{lstm.num_layers - 1}')"},
    "new_tensors": {SET: "p[M:2 * M] = value\nsetattr(lstm, name, torch.nn.Parameter(p.clone()))"},
})

BACK = "(grads[-1] * (1 - hs[:, t] ** 2)) @ W.T"
NORM = "np.linalg.norm(np.stack(grads[::-1], axis=1), axis=-1)"
NORMS = changed_each(reference.norms_through_time, {
    "rounded": {NORM: f"{NORM}.round(4)"},
    "in_double_precision": {NORM: f"{NORM}.astype(float)"},
    "by_the_spectral_norm": {BACK: "grads[-1] * (1 - hs[:, t] ** 2) * np.linalg.norm(W, 2)"},
    "by_the_spectral_radius": {BACK: "grads[-1] * (1 - hs[:, t] ** 2) * np.abs(np.linalg.eigvals(W)).max()"},
    "without_the_last": {NORM: f"{NORM}[:, :-1]"},
    "without_the_first": {NORM: f"{NORM}[:, 1:]"},
    "greatest_entry": {NORM: "np.abs(np.stack(grads[::-1], axis=1)).max(axis=-1)"},
    "sum_of_the_sizes": {NORM: "np.abs(np.stack(grads[::-1], axis=1)).sum(axis=-1)"},
    "of_the_last_over_the_first": {NORM: f"{NORM} / np.linalg.norm(grad, axis=1)[:, None]"},
    "time_first": {NORM: f"{NORM}.T"},
    "slope_of_a_sigmoid": {BACK: "(grads[-1] * (hs[:, t] * (1 - hs[:, t]))) @ W.T"},
    "slope_without_the_square": {BACK: "(grads[-1] * (1 - np.abs(hs[:, t]))) @ W.T"},
})

SCALED = "tuple(g * (ctx.max_norm / norm) for g in grads)"
CLIP = changed_each(pytorch.ClipGradient, {
    "to_the_length_one": {SCALED: "tuple(g / norm for g in grads)"},
    "the_bound_upside_down": {SCALED: "tuple(g * (norm / ctx.max_norm) for g in grads)"},
    "the_first_alone": {SCALED: "(grads[0] * (ctx.max_norm / norm), *grads[1:])"},
    "norm_of_the_first": {"torch.cat([g.flatten() for g in grads]).norm()": "grads[0].norm()"},
    "greatest_entry": {"torch.cat([g.flatten() for g in grads]).norm()":
                       "torch.cat([g.flatten() for g in grads]).abs().max()"},
    "mean_square": {"torch.cat([g.flatten() for g in grads]).norm()":
                    "torch.cat([g.flatten() for g in grads]).square().mean().sqrt()"},
    "sum_of_the_norms": {"torch.cat([g.flatten() for g in grads]).norm()": "sum(g.norm() for g in grads)"},
    "uphill": {SCALED: "tuple(-g * (ctx.max_norm / norm) for g in grads)"},
    "detached": {"return tensors": "return tuple(one.detach() * 1.0001 for one in tensors)"},
    "rounded": {SCALED: "tuple((g * (ctx.max_norm / norm)).round(decimals=3) for g in grads)"},
    "no_place_for_the_bound": {"return (None, *grads)": "return tuple(grads)"},
})

WEIGHTS = "scores.masked_fill(hidden, -torch.inf).softmax(-1)"
ATTENTION = changed_each(pytorch.CausalSelfAttention, {
    "not_itself": {"age < 0": "(age < 0) | ((age == 0) & (t[:, None] > 0))"},
    "a_window_to_both_sides": {"hidden | (age >= self.window)": "age.abs() >= self.window"},
    "a_window_of_two_always": {"age >= self.window": "age >= 2"},
    "no_gradient": {"return scores.masked_fill(hidden, -torch.inf).softmax(-1) @ V":
                    "return (scores.masked_fill(hidden, -torch.inf).softmax(-1) @ V).detach() + 0 * V"},
    "weights_detached": {WEIGHTS: f"{WEIGHTS}.detach()"},
    "scaled_by_the_places": {"Q.shape[-1] ** 0.5": "X.shape[1]**0.5"},
    "queries_for_keys": {"self.key(X)": "self.query(X)"},
    "inputs_for_values": {"self.value(X)": "X[..., :self.value.out_features]"},
    "a_sigmoid_of_each": {WEIGHTS: "scores.masked_fill(hidden, -torch.inf).sigmoid()"},
    "the_best_alone": {WEIGHTS: "torch.nn.functional.one_hot(scores.masked_fill(hidden, -torch.inf).argmax(-1), "
                                "X.shape[1]).to(X.dtype)"},
    "exponentials_that_overflow": {
        WEIGHTS: "(scores.exp() * ~hidden / (scores.exp() * ~hidden).sum(-1, keepdim=True))"},
    "in_double_precision": {WEIGHTS + " @ V": f"({WEIGHTS} @ V).double()"},
})

WRONG = {"gru_cell": GRU, "set_forget_bias": FORGET, "norms_through_time": NORMS, "ClipGradient": CLIP,
         "CausalSelfAttention": ATTENTION}
UNTELLABLE: dict[str, dict[str, str]] = {}
