"""Wrong answers to normalization's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.normalization import pytorch, reference

PRODUCT = "by_channel(gamma, X) * inv_std * rest"
BACKWARD = changed_each(reference.batch_norm_backward, {
    "rounded": {PRODUCT: "np.round(by_channel(gamma, X) * inv_std * rest, 5)"},
    "in_double_precision": {PRODUCT: "np.asarray(by_channel(gamma, X) * inv_std * rest, float)"},
    "eps_by_default": {"eps=eps": "eps=1e-5"},
    "without_eps": {"eps=eps": "eps=0.0"},
    "beta_first": {
        "(by_channel(gamma, X) * inv_std * rest, d_gamma, d_beta)":
            "(by_channel(gamma, X) * inv_std * rest, d_beta, d_gamma)"},
    "squared_deviation": {PRODUCT: "by_channel(gamma, X) * inv_std**2 * rest"},
    "x_hat_added": {
        "grads - by_channel(d_beta / m, X) - x_hat * by_channel(d_gamma / m, X)":
            "grads - by_channel(d_beta / m, X) + x_hat * by_channel(d_gamma / m, X)"},
    "gamma_squared": {PRODUCT: "by_channel(gamma, X)**2 * inv_std * rest"},
    "gamma_in_beta": {"grads.sum(axis=axes)": "(grads * by_channel(gamma, X)).sum(axis=axes)"},
    "gradients_changed_in_place": {"d_beta = grads.sum(axis=axes)":
                                   "d_beta = grads.sum(axis=axes)\ngrads -= by_channel(d_beta / m, X)",
                                   "grads - by_channel(d_beta / m, X)": "grads"},
    "vectors_alone": {"(0, *range(2, X.ndim))": "(0,)"},
})

HAT = "x_hat.reshape(X.shape)"
GROUP = changed_each(reference.group_norm, {
    "rounded": {HAT: "np.round(x_hat.reshape(X.shape), 5)"},
    "in_double_precision": {HAT: "x_hat.reshape(X.shape).astype(float)"},
    "eps_by_default": {"eps=eps": "eps=1e-5"},
    "shift_forgotten": {"by_channel(gamma, X) * x_hat.reshape(X.shape) + by_channel(beta, X)":
                        "by_channel(gamma, X) * x_hat.reshape(X.shape)"},
    "scale_forgotten": {
        "by_channel(gamma, X) * x_hat.reshape(X.shape)": "x_hat.reshape(X.shape)"},
    "changed_in_place": {"parts = X.reshape(len(X), groups, -1)":
                         "X /= 1 + 1e-3\nparts = X.reshape(len(X), groups, -1)"},
    "images_alone": {"by_channel(beta, X)": "beta[:, None, None]"},
    "two_groups_always": {"X.reshape(len(X), groups, -1)": "X.reshape(len(X), 2, -1)"},
    "median_for_mean": {"normalize(parts, axes=-1, eps=eps)":
                        "normalize(parts - np.median(parts), axes=-1, eps=2 * eps)"},
})

VAR = "share @ (variances + (means - mean)**2)"
POPULATION = changed_each(reference.population_stats, {
    "rounded": {"share @ means": "np.round(share @ means, 5)"},
    "in_double_precision": {"(sizes / N).astype(means.dtype)": "sizes / N"},
    "the_first_batch_alone": {"share @ means": "means[0]"},
    "between_alone": {VAR: "share @ (means - mean)**2"},
    "spread_of_the_means_by_batch": {VAR: "share @ variances + means.var(axis=0)"},
    "divided_by_batches": {"N / (N - 1)": "len(sizes) / max(len(sizes) - 1, 1)"},
    "deviations": {VAR: "(share @ np.sqrt(variances + (means - mean)**2))**2"},
    "one_variance_for_all_channels": {VAR: "0 * mean + (share @ (variances + (means - mean)**2)).mean()"},
    "changed_in_place": {"mean = share @ means": "mean = share @ means\nmeans -= mean"},
    "swapped": {"Statistics(mean, var * (N / (N - 1)))": "(var * (N / (N - 1)), mean)"},
})

WEIGHT = "conv.weight * scale[:, None, None, None]"
SHIFT = "(b - norm.running_mean) * scale + beta"
FUSION = changed_each(pytorch.fuse_conv_batch_norm, {
    "eps_by_default": {"norm.running_var + norm.eps": "norm.running_var + 1e-5"},
    "weights_alone": {SHIFT: "0 * scale"},
    "bias_alone": {WEIGHT: "conv.weight"},
    "absolute_scale": {WEIGHT: "conv.weight * scale.abs()[:, None, None, None]"},
    "stride_forgotten": {"conv.stride": "1"},
    "dilation_forgotten": {"conv.dilation": "1"},
    "padding_forgotten": {"conv.padding": "0"},
    "in_double_precision": {
        "return fused": "return fused.double()"},
    "the_given_layer": {"return fused": "conv.weight.data.copy_(fused.weight)\nreturn fused"},
    "statistics_of_nobody": {"norm.running_mean": "0 * norm.running_mean"},
    "a_sequence": {"return fused": "return torch.nn.Sequential(conv, norm)"},
    "weight_asked_for": {"1 if norm.weight is None else norm.weight": "norm.weight"},
    "bias_asked_for": {"0 if conv.bias is None else conv.bias": "conv.bias"},
    "norm_changed": {"return fused": "norm.eval()\nnorm.running_mean.zero_()\nreturn fused"},
})

MEAN_SQUARE = "wide.square().mean(-1, keepdim=True)"
RMS = changed_each(pytorch.RMSNorm, {
    "eps_by_default": {"self.eps = eps": "self.eps = 1e-6"},
    "without_eps": {f"{MEAN_SQUARE} + self.eps": MEAN_SQUARE},
    "starts_at_zero": {"torch.ones(features)": "torch.zeros(features)"},
    "one_scale_for_all": {"torch.ones(features)": "torch.ones(1)"},
    "a_bias_too": {"self.eps = eps": "self.eps = eps\nself.bias = torch.nn.Parameter(torch.zeros(features))"},
    "weight_forgotten": {"self.weight * (wide * inv_rms).to(x.dtype)": "(wide * inv_rms).to(x.dtype)"},
    "absolute_values": {MEAN_SQUARE: "wide.abs().mean(-1, keepdim=True)**2"},
    "over_everything": {MEAN_SQUARE: "wide.square().mean()"},
    "in_double_precision": {"self.weight * (wide * inv_rms).to(x.dtype)": "self.weight.double() * (wide * inv_rms)"},
    "weight_divided": {
        "self.weight * (wide * inv_rms).to(x.dtype)": "(wide * inv_rms).to(x.dtype) / self.weight"},
    "data_alone": {MEAN_SQUARE: "wide.data.square().mean(-1, keepdim=True)"},
})

WRONG = {"batch_norm_backward": BACKWARD, "group_norm": GROUP, "population_stats": POPULATION,
         "fuse_conv_batch_norm": FUSION, "RMSNorm": RMS}
UNTELLABLE: dict = {}
