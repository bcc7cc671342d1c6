"""Wrong answers to initialization's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.initialization import pytorch, reference

STD = "gain / math.sqrt(n)"
SPREAD = changed_each(reference.spread, {
    "geometric_mean_of_fans": {"(fan_in + fan_out) / 2": "math.sqrt(fan_in * fan_out)"},
    "harmonic_mean_of_fans": {"(fan_in + fan_out) / 2": "2 / (1 / fan_in + 1 / fan_out)"},
    "half_rounded_down": {"(fan_in + fan_out) / 2": "(fan_in + fan_out) // 2"},
    "he_always": {STD: "math.sqrt(2 / n)"},
    "rounded": {STD: "round(gain / math.sqrt(n), 4)"},
    "uniform_gain_squared": {"math.sqrt(3) * std": "math.sqrt(3) * gain * std"},
    "mode_by_default": {"{'fan_in': fan_in, 'fan_out': fan_out, 'fan_avg': (fan_in + fan_out) / 2}[mode]":
                        "(fan_in + fan_out) / 2"},
})

SIGNED = "Q * np.copysign(1, np.diag(R))"
ORTHOGONAL = changed_each(reference.orthogonalize, {
    "all_signs_turned": {SIGNED: "-Q"},
    "signs_of_the_first_row": {SIGNED: "Q * np.copysign(1, Q[0])"},
    "signs_of_a": {SIGNED: "Q * np.copysign(1, np.diag(A))"},
    "scaled_by_r": {SIGNED: "Q * np.diag(R)"},
    "positive_numbers": {SIGNED: "abs(Q)"},
    "svd_for_qr": {"method == 'svd'": "True"},
    "qr_for_svd": {"method == 'svd'": "False"},
    "right_vectors_twice": {"U @ Vt": "U @ Vt.T"},
    "in_double_precision": {"return U @ Vt": "return (U @ Vt).astype(float)", SIGNED: "(Q * np.copysign(1, np.diag(R)))"
                                                                                      ".astype(float)"},
    "squares_only": {"A.shape[0] < A.shape[1]": "False"},
    "rounded": {SIGNED: "(Q * np.copysign(1, np.diag(R))).round(4)"},
})

SIZE, FACTOR = "(z @ W).std()", "W * (std / size) if size > 0 else W"
LSUV = changed_each(reference.lsuv, {
    "one_less_in_the_variance": {SIZE: "(z @ W).std(ddof=1)"},
    "the_first_layer_alone": {FACTOR: "W * (std / size) if size > 0 and (not found) else W"},
    "the_last_layer_not": {FACTOR: "W * (std / size) if size > 0 and len(found) < len(weights) - 1 else W"},
    "example_by_example": {SIZE: "(z @ W).std(axis=1).mean()"},
    "mean_of_units": {SIZE: "(z @ W).std(axis=0).mean()"},
    "close_enough": {FACTOR: "W * (std / size) if abs(size - std) > 0.3 else W"},
    "weights_changed": {FACTOR: "np.multiply(W, std / size if size > 0 else 1, out=W)"},
    "zeros_divided": {FACTOR: "W * (std / size)"},
    "in_double_precision": {"found.append(W)": "found.append(W.astype(float))"},
    "tanh_always": {"activation(z @ W)": "np.tanh(z @ W)"},
    "backwards": {"return found": "return found[::-1]"},
})

OUT = "(outputs**2).mean()"
GAINS = changed_each(reference.measured_gains, {
    "halves_the_slopes": {"1 / np.sqrt((slopes**2).mean())": "1 / np.sqrt((slopes > 0).mean())"},
    "mean_of_ratios": {"np.sqrt((sums**2).mean() / (outputs**2).mean())": "abs(sums).mean() / abs(outputs).mean()"},
    "medians": {OUT: "np.median(outputs**2)"},
    "along_one_axis": {OUT: "(outputs**2).mean(axis=0)"},
    "he_s_gain": {"np.sqrt((sums**2).mean() / (outputs**2).mean())": "np.sqrt(2) + 0 * sums.mean()"},
    "one_less": {OUT: "(outputs**2).sum() / max(outputs.size - 1, 1)"},
    "exchanged": {"(forward, 1 / np.sqrt((slopes**2).mean()))": "(1 / np.sqrt((slopes**2).mean()), forward)"},
    "in_double_precision": {"(sums**2).mean()": "(sums.astype(float)**2).mean()"},
})

GROWN = "skip**2 * variances[-1] + (scale * g)**2 * into"
RESIDUAL = changed_each(reference.residual_deviations, {
    "to_the_largest_branch": {"variances = [std**2]": "gains, variances = np.sort(gains), [std**2]"},
    "a_mean_gain": {"variances = [std**2]":
                    "gains = gains * 0 + (gains.mean() if gains.size else 0)\nvariances = [std**2]"},
    "correlated": {GROWN: "skip**2 * variances[-1] + (scale * g)**2 * into + 2 * skip * scale * g * into"},
    "scales_of_one_sum": {GROWN: "(1 - scale) * variances[-1] + scale * g**2 * into"},
    "start_as_variance": {"std**2": "std"},
    "normalized_by_the_start": {"1 if normalized else variances[-1]": "variances[0] if normalized else variances[-1]"},
    "the_end_alone": {"np.sqrt(np.array(variances, gains.dtype))": "np.sqrt(np.array(variances, gains.dtype))[-1]"},
    "in_double_precision": {"np.array(variances, gains.dtype)": "np.array(variances, float)"},
})

GAIN = "1.0 if layer is layers[-1] else math.sqrt(2)"
DRAW = "layer.weight.normal_(0, g / math.sqrt(n), generator=generator)"
BIAS = "if layer.bias is not None:\n    layer.bias.zero_()"
INIT = changed_each(pytorch.init_weights, {
    "gain_for_none": {GAIN: "1.0"},
    "gain_for_last_alone": {GAIN: "math.sqrt(2) if layer is layers[-1] else 1.0"},
    "the_children_alone": {"model.modules()": "model.children()"},
    "zeros": {DRAW: "layer.weight.zero_()"},
    "a_mean": {DRAW: DRAW.replace("(0,", "(0.01,")},
    "drawn_biases": {BIAS: "if layer.bias is not None:\n    layer.bias.normal_(0, 0.01, generator=generator)"},
    "the_first_layer_alone": {
        "for layer in layers:\n    n = layer.weight[0].numel()\n"
        f"    g = {GAIN}\n    {DRAW}\n    if layer.bias is not None:\n        layer.bias.zero_()":
        f"for layer in layers[:1]:\n    n = layer.weight[0].numel()\n    g = {GAIN}\n    {DRAW}\n"
        "    if layer.bias is not None:\n        layer.bias.zero_()"},
    "one_draw_for_all": {DRAW: "layer.weight.normal_(0, g / math.sqrt(n), generator=generator.manual_seed(1))"},
    "orthogonal": {DRAW: "torch.nn.init.orthogonal_(layer.weight, gain=g, generator=generator)"},
    "everything_else_too": {"with torch.no_grad():\n    for layer in layers:\n        n = layer.weight[0].numel()\n"
                            f"        g = {GAIN}\n        {DRAW}\n        if layer.bias is not None:\n"
                            "            layer.bias.zero_()":
                            "with torch.no_grad():\n    for p in model.parameters():\n        if p.ndim == 1:\n"
                            "            p.zero_()\n    for layer in layers:\n        n = layer.weight[0].numel()\n"
                            f"        g = {GAIN}\n        {DRAW}"},
    "frozen": {DRAW: f"{DRAW}\nlayer.weight.requires_grad_(False)"},
})

WRONG = {"spread": SPREAD, "orthogonalize": ORTHOGONAL, "lsuv": LSUV, "measured_gains": GAINS,
         "residual_deviations": RESIDUAL, "init_weights": INIT}
