"""Wrong answers to the activations' exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.activations import pytorch, reference

WHOLE = "np.minimum(s, 0) - np.log1p(np.exp(-np.abs(s)))"
LOG_SIGMOID = changed_each(reference.log_sigmoid, {
    "rounded": {WHOLE: f"np.round({WHOLE}, 6)"},
    "base_two": {"np.log1p": "1 / np.log(2) * np.log1p"},
    "even": {"np.minimum(s, 0)": "0 * s"},
    "sum_of_all": {WHOLE: f"np.sum({WHOLE})"},
    "in_double_precision": {"np.minimum(s, 0)": "np.minimum(s.astype(float), 0)"},
    "changed_in_place": {"np.minimum(s, 0)": "np.minimum(s, 0, out=s)"},
    "cut_off": {"np.abs(s)": "np.minimum(np.abs(s), 30)"},
    "tanh_for_sigmoid": {"np.exp(-np.abs(s))": "np.exp(-2 * np.abs(s))"},
})
MEAN = "negative * negative_slope ** 2 + 1 - negative"
GAIN = changed_each(reference.leaky_gain, {
    "rounded": {f"({MEAN}) ** (-0.5)": f"np.round(({MEAN}) ** (-0.5), 3)"},
    "variance_of_the_slope": {MEAN: "negative * (1 - negative) * (1 - negative_slope) ** 2"},
    "slopes_added": {MEAN: "negative * (1 + negative_slope) ** 2"},
    "absolute_slope_alone": {"negative_slope ** 2": "abs(negative_slope)"},
    "xaviers_gain": {MEAN: "1 + 0 * negative_slope"},
    "in_double_precision": {"negative_slope ** 2": "np.asarray(negative_slope, float) ** 2"},
})
EACH, SUM = "z_bar * np.minimum(s, 0)", "each.sum(axis=shared)"
PRELU = changed_each(reference.prelu_backward, {
    "swapped": {f"(s_bar, {SUM})": f"({SUM}, s_bar)"},
    "one_slope_always": {SUM: "each.sum()"},
    "a_slope_for_each_unit_always": {SUM: "each.reshape(-1, s.shape[-1]).sum(axis=0)"},
    "first_axis_alone": {SUM: "each.sum(axis=0)"},
    "sign_turned": {EACH: "-z_bar * np.minimum(s, 0)"},
    "absolute_sums": {EACH: "z_bar * np.maximum(-s, 0)"},
    "slope_one_at_zero": {"s > 0": "s >= 0"},
    "slope_above_zero": {"a * z_bar": "np.abs(a) * z_bar"},
    "z_bar_changed_in_place": {EACH: "np.multiply(z_bar, np.minimum(s, 0), out=z_bar)"},
    "in_double_precision": {EACH: "z_bar * np.minimum(s.astype(float), 0)"},
})
BIAS = "np.log(np.expm1(-np.log(carried) / depth))"
HIGHWAY = changed_each(reference.highway_bias, {
    "rounded": {BIAS: f"np.round({BIAS}, 2)"},
    "always_minus_two": {BIAS: "-2.0 + 0 * carried"},
    "by_rule_of_thumb": {BIAS: "-np.log(depth) + 0 * carried"},
    "for_tanh_gates": {BIAS: f"{BIAS} / 2"},
    "one_block_more": {"-np.log(carried) / depth": "-np.log(carried) / (depth + 1)"},
    "in_double_precision": {"np.log(carried)": "np.log(np.asarray(carried, float))"},
    "small_gates_alone": {BIAS: "np.log(-np.log(carried) / depth)"},
})
DEAD = changed_each(reference.count_dead, {
    "outputs_counted_too": {"[int((~units).sum()) for units in alive]":
                            "[int((~units).sum()) for units in alive] + [0]"},
    "the_shares": {"int((~units).sum())": "float((~units).mean())"},
    "the_first_batch_alone": {"batches": "batches[:1]"},
    "the_first_layer_alone": {"[int((~units).sum()) for units in alive]":
                              "[int((~units).sum()) for units in alive[:1]]"},
    "biases_left_out": {"z @ W + b": "z @ W"},
    "the_first_layer_again": {"z = np.maximum(s, 0)": ""},
    "examples_that_rest": {"(s > 0).any(axis=0)": "(s > 0).any(axis=1)[:1]"},
})
ENTRY, SUM_OF = "self.first(torch.relu(x))", "self.shortcut(x) + self.second(torch.relu(h))"
BLOCK = changed_each(pytorch.ResidualBlock, {
    "no_relu_between": {"torch.relu(h)": "h"},
    "tanh_between": {"torch.relu(h)": "torch.tanh(h)"},
    "subtracted": {SUM_OF: "self.shortcut(x) - self.second(torch.relu(h))"},
    "averaged": {SUM_OF: f"({SUM_OF}) / 2"},
    "added_before_the_second_layer": {SUM_OF: "self.second(torch.relu(h)) + self.second(x) if 0 else "
                                              "self.shortcut(x) + self.second(h)"},
    "detached": {"self.shortcut(x)": "self.shortcut(x.detach())"},
    "bias_left_as_it_was": {"torch.nn.init.zeros_(self.second.bias)": ""},
    "other_names": {"self.shortcut = torch.nn.Linear(inputs, outputs, bias=False)":
                    "self.shortcut = torch.nn.Sequential(torch.nn.Linear(inputs, outputs, bias=False))"},
    "only_in_training": {SUM_OF: f"{SUM_OF} if self.training else self.shortcut(x)"},
    "padded": {"self.shortcut(x)": "torch.nn.functional.pad(x, (0, self.second.out_features - x.shape[-1]))"},
})

WRONG = {"log_sigmoid": LOG_SIGMOID, "leaky_gain": GAIN, "prelu_backward": PRELU, "highway_bias": HIGHWAY,
         "count_dead": DEAD, "ResidualBlock": BLOCK}
