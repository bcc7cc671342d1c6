"""Wrong answers to convolution's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.convolution import pytorch, reference

INSIDE = "if 0 <= y < H and 0 <= x < W:\n    A[i, j, y, x] = kernel[m, n]"
TOEPLITZ = changed_each(reference.toeplitz2d, {
    "nothing_in_the_first_row": {"0 <= y < H": "0 < y < H"},
    "square": {"A.reshape(rows * cols, H * W)": "A.reshape(rows * cols, H * W)[:H * W, :rows * cols]"},
    "not_flattened": {"A.reshape(rows * cols, H * W)": "A"},
    "counts_for_weights": {INSIDE: "if 0 <= y < H and 0 <= x < W:\n    A[i, j, y, x] += 1"},
    "stride_along_one_axis": {"stride * j + n - padding": "j + n - padding"},
    "padding_along_one_axis": {"stride * j + n - padding": "stride * j + n"},
    "rounded": {"kernel[m, n]": "kernel[m, n].round(2)"},
    "in_double_precision": {"np.zeros((rows, cols, H, W), kernel.dtype)": "np.zeros((rows, cols, H, W))"},
})

MOVED = "Z[m:m + H, n:n + W] += kernel[m, n] * image"
CONVOLVE = changed_each(reference.convolve2d, {
    "turned_along_the_other_axis": {"kernel[m, n]": "kernel[::-1][m, n]"},
    "written_over": {MOVED: "Z[m:m + H, n:n + W] = kernel[m, n] * image"},
    "a_row_too_far": {"return Z": "return np.pad(Z, ((0, 1), (0, 0)))"},
    "image_turned_over": {"kernel[m, n] * image": "kernel[m, n] * image[::-1, ::-1]"},
    "normalised": {"return Z": "return Z / kernel.size"},
    "in_double_precision": {"np.zeros((H + kh - 1, W + kw - 1), np.result_type(image, kernel))":
                            "np.zeros((H + kh - 1, W + kw - 1))"},
})

CAUSAL = changed_each(reference.causal_conv1d, {
    "bias_forgotten": {"Z.reshape(N, M, T) + b[:, None]": "Z.reshape(N, M, T)"},
    "bias_for_each_tap": {"b[:, None]": "k * b[:, None]"},
    "zeros_at_the_end": {"(reach, 0)": "(0, reach)"},
    "first_input_repeated": {"np.pad(X, ((0, 0), (0, 0), (reach, 0)))":
                             "np.pad(X, ((0, 0), (0, 0), (reach, 0)), mode='edge')"},
    "channels_added_up": {"w[..., i]": "w[..., :1, i] + 0 * w[..., i]"},
    "in_double_precision": {"np.zeros((N, G, M // G, T), np.result_type(X, W))": "np.zeros((N, G, M // G, T))"},
})

SHARE = "share = highest / highest.sum(axis=(2, 3), keepdims=True)"
TIED = changed_each(reference.tied_max_pool_backward, {
    "minimum": {"X[place].max(axis=(2, 3), keepdims=True)": "X[place].min(axis=(2, 3), keepdims=True)"},
    "anything_nearly_as_high": {"X[place] == X[place].max(axis=(2, 3), keepdims=True)":
                                "X[place] >= X[place].max(axis=(2, 3), keepdims=True) - 1"},
    "one_place_for_all_images": {"X[place].max(axis=(2, 3), keepdims=True)":
                                 "X[place].max(axis=(0, 2, 3), keepdims=True)",
                                 "highest.sum(axis=(2, 3), keepdims=True)":
                                 "highest.sum(axis=(2, 3), keepdims=True).clip(1)"},
    "halved": {SHARE: "share = highest / np.where(highest.sum(axis=(2, 3), keepdims=True) > 1, 2, 1)"},
    "root_of_the_number": {SHARE: "share = highest / np.sqrt(highest.sum(axis=(2, 3), keepdims=True))"},
    "in_double_precision": {"np.zeros(X.shape, delta.dtype)": "np.zeros(X.shape)"},
})

SHAPES = changed_each(reference.alexnet_shapes, {
    "of_the_input": {"rows.append((shape, parameters))": "rows.insert(0, (shape, parameters))"},
    "with_the_batch": {"rows.append((shape, parameters))": "rows.append(((1, *shape), parameters))"},
    "parameters_added_up": {"rows.append((shape, parameters))":
                            "rows.append((shape, parameters + sum(row[1] for row in rows)))"},
    "dense_layers_keep_places": {"shape = (layer.units,)": "shape = (layer.units, 1, 1)"},
    "a_pooling_with_weights": {"M, parameters = (shape[0], 0)": "M, parameters = (shape[0], layer.kernel**2)"},
    "square_pictures": {"(M, *((n + 2 * p - k) // s + 1 for n in shape[1:]))":
                        "(M, *[(shape[1] + 2 * p - k) // s + 1] * 2)"},
    "one_side_of_the_kernel": {"shape[0] // layer.groups * k * k": "shape[0] // layer.groups * k"},
})

FEATURES = changed_each(pytorch.InvariantFeatures, {
    "a_place_of_its_own_kept": {"self.conv(x).relu().mean((2, 3))": "self.conv(x).relu().mean((2, 3), keepdim=True)"},
    "over_channels": {"self.conv(x).relu().mean((2, 3))": "self.conv(x).relu().mean((1, 2))"},
    "absolute_value": {"self.conv(x).relu().mean((2, 3))": "self.conv(x).abs().mean((2, 3))"},
    "smooth": {"self.conv(x).relu().mean((2, 3))": "F.gelu(self.conv(x)).mean((2, 3))"},
    "no_gradient": {"return self.conv(x).relu().mean((2, 3))":
                    "with torch.no_grad():\n    return self.conv(x).relu().mean((2, 3)) + 0 * X.sum()"},
    "bias_forgotten": {"self.conv(x)": "F.conv2d(x, self.conv.weight)"},
    "a_mean_over_the_batch": {"self.conv(x).relu().mean((2, 3))":
                              "self.conv(x).relu().mean((0, 2, 3)).expand(len(X), -1)"},
})

WRONG = {"toeplitz2d": TOEPLITZ, "convolve2d": CONVOLVE, "causal_conv1d": CAUSAL, "tied_max_pool_backward": TIED,
         "alexnet_shapes": SHAPES, "InvariantFeatures": FEATURES}
