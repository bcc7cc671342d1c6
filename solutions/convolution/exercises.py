"""What convolution's assignment asks: the cases, and the wrong answers it can name."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed
from solutions.convolution import checks, pytorch, reference
from solutions.convolution.reference import Conv, Dense, Pool, output_size

# --------------------------------------------------------------------- a layer's matrix


def toeplitz_cases(rng):
    """Kernels and images of unequal sides, so that no axis passes for the other."""
    def case(name, kernel, size, kind="values", weight=1.0, **options):
        arguments = (signed(rng, kernel, precision(kind)), size)
        return Case(name, arguments, None, weight, kind,
                    {"stride": 1, "padding": 0} | options)

    return [case("a kernel of 2 × 3", (2, 3), (4, 5), weight=2),
            case("with padding", (3, 2), (4, 3), padding=1),
            case("with a stride", (2, 3), (5, 6), stride=2),
            case("padding and a stride that leaves a row over", (3, 2), (4, 5),
                 weight=2, stride=2, padding=1),
            case("more padding than half the kernel", (2, 2), (3, 4), padding=2),
            case("a kernel of one number", (1, 1), (2, 3), "edge"),
            case("a kernel as large as the image", (3, 4), (3, 4), "edge"),
            case("float32 stays float32", (2, 2), (3, 4), "dtype", padding=1)]


matrix = Exercise(reference.toeplitz2d, cases=toeplitz_cases, points=4,
                  given=(output_size,),
                  read="convolution.html#a-matrix-sparse-and-tied")
PLACES = "y, x = (stride * i + m - padding, stride * j + n - padding)"
matrix.misconception("kernel_turned_over", {
    "kernel[m, n]": "kernel[::-1, ::-1][m, n]"},
    "Your matrix convolves: the kernel is turned over. A layer correlates: entry (m, "
    "n) of the kernel meets the pixel m below and n to the right of the window's "
    "corner.")
matrix.misconception("axes_exchanged", {"kernel[m, n]": "kernel[m % kw, n % kh]",
                                        PLACES: f"{PLACES}\nm, n = n, m"},
    "Rows and columns of the kernel have changed places: its first index goes down "
    "the image, its second to the right.")
matrix.misconception("transposed", {
    "A.reshape(rows * cols, H * W)": "A.reshape(rows * cols, H * W).T"},
    "This is the transpose, the matrix of the way back. One row of A makes one pixel "
    "of the output: it has as many columns as the image has pixels.")
matrix.misconception("column_by_column", {
    "A.reshape(rows * cols, H * W)":
        "A.transpose(1, 0, 3, 2).reshape(rows * cols, H * W)"},
    "Your pixels are counted column by column. `image.ravel()` goes row by row, and "
    "so must the rows and columns of A.")
matrix.misconception("wraps_round", {
    "if 0 <= y < H and 0 <= x < W:\n    A[i, j, y, x] = kernel[m, n]":
        "A[i, j, y % H, x % W] += kernel[m, n]"},
    "A window that hangs over the edge comes in again on the other side in your "
    "matrix. What lies in the padding is zero: those entries of the kernel meet no "
    "column at all.")
matrix.misconception("window_runs_over_the_row", {
    "if 0 <= y < H and 0 <= x < W:\n    A[i, j, y, x] = kernel[m, n]":
        "if 0 <= y * W + x < H * W:\n"
        "    A[i, j, (y * W + x) // W, (y * W + x) % W] += kernel[m, n]"},
    "You look at the place in the flat image alone, so what hangs over the right edge "
    "lands at the left of the next row. Look at the row and at the column of each "
    "pixel.")
matrix.misconception("padding_at_the_start_forgotten", {
    PLACES: "y, x = (stride * i + m, stride * j + n)"},
    "The padding has made the output larger in your matrix, but did not move the "
    "windows: the first one begins `padding` rows above and left of the image.")
matrix.misconception("stride_in_the_kernel", {
    PLACES: "y, x = (i + stride * m - padding, j + stride * n - padding)"},
    "The stride stands with the kernel's index in your matrix, which is dilation. It "
    "is by how much the window moves from one output to the next: it belongs to i and "
    "j.")

matrix.equivalent({"np.zeros((rows, cols, H, W), kernel.dtype)":
                       "-np.zeros((rows, cols, H, W), kernel.dtype)"},
                  "A zero is the same with either sign.")

# ------------------------------------------------------- correlation and convolution


def convolve_cases(rng):
    """Kernels without symmetry; images larger and smaller than they."""
    def case(name, image, kernel, kind="values", weight=1.0):
        dtype = precision(kind)
        return Case(name, (signed(rng, image, dtype), signed(rng, kernel, dtype)),
                    None, weight, kind)

    return [case("a kernel of 2 × 3", (4, 5), (2, 3), weight=2),
            case("a kernel of 3 × 2", (5, 4), (3, 2), weight=2),
            case("a kernel larger than the image", (2, 3), (4, 4)),
            case("an image that is one pixel", (1, 1), (2, 3), "edge"),
            case("a kernel of one number", (3, 4), (1, 1), "edge"),
            case("a row and a column", (1, 4), (3, 1), "edge"),
            case("float32 stays float32", (3, 4), (2, 2), "dtype")]


convolution = Exercise(reference.convolve2d, cases=convolve_cases, points=3,
                       read="convolution.html#row-22")
convolution.misconception("correlation", {
    "kernel[m, n]": "kernel[::-1, ::-1][m, n]"},
    "This is the correlation, what a layer computes: I(i+m, j+n) K(m, n). In a "
    "convolution one index falls as the other rises, so the kernel meets the image "
    "turned over along both axes.")
convolution.misconception("turned_along_one_axis", {
    "kernel[m, n]": "kernel[:, ::-1][m, n]"},
    "The kernel is turned over along one axis only. Both of its axes are turned: "
    "half a turn, not a mirror.")
convolution.misconception("only_where_the_kernel_fits", {
    "return Z": "return Z[kh - 1:H, kw - 1:W]"},
    "These are the places at which the kernel lies wholly within the image. In full, "
    "every place counts at which the two overlap by a pixel: (H + kh - 1) × (W + kw - "
    "1) of them.")
convolution.misconception("as_large_as_the_image", {
    "return Z": "return Z[(kh - 1) // 2:(kh - 1) // 2 + H, "
                "(kw - 1) // 2:(kw - 1) // 2 + W]"},
    "Your answer is as large as the image, as a layer's with padding is. In full it "
    "is larger: (H + kh - 1) × (W + kw - 1).")
convolution.misconception("once_round", {
    "Z[m:m + H, n:n + W] += kernel[m, n] * image":
        "Z += kernel[m, n] * np.roll(np.pad(image, ((0, kh - 1), (0, kw - 1))), "
        "(-m, -n), (0, 1))"},
    "The image goes round the edges in your answer, against the kernel's index. "
    "Beyond its edges the image is zero, and entry (m, n) moves it down by m and right "
    "by n.")

ZEROS = "np.zeros((H + kh - 1, W + kw - 1), np.result_type(image, kernel))"
convolution.equivalent({ZEROS: f"-{ZEROS}"}, "A zero is the same with either sign.")

# ----------------------------------------------------------------- dilation and groups


def causal_cases(rng):
    """Each group's channels differ; more channels out than in, and fewer."""
    def case(name, shape, kernel, kind="values", weight=1.0, **options):
        dtype = precision(kind)
        arguments = (signed(rng, shape, dtype), signed(rng, kernel, dtype),
                     signed(rng, kernel[:1], dtype))
        return Case(name, arguments, None, weight, kind,
                    {"dilation": 1, "groups": 1} | options)

    return [case("one channel", (1, 1, 6), (1, 1, 3)),
            case("three channels in, two out", (2, 3, 6), (2, 3, 2)),
            case("dilation", (1, 2, 9), (3, 2, 3), weight=2, dilation=2),
            case("two groups", (2, 4, 6), (6, 2, 3), weight=2, groups=2),
            case("three groups and dilation", (1, 6, 11), (3, 2, 2), weight=2,
                 groups=3, dilation=4),
            case("every channel by itself", (2, 4, 6), (8, 1, 2), groups=4),
            case("a kernel of one number", (1, 2, 4), (3, 2, 1), "edge", dilation=3),
            case("a reach longer than the sequence", (1, 1, 3), (2, 1, 3), "edge",
                 dilation=2),
            case("float32 stays float32", (1, 2, 5), (2, 1, 2), "dtype", groups=2)]


causal = Exercise(reference.causal_conv1d, cases=causal_cases, points=4,
                  read="convolution.html#stride-padding-dilation-and-groups")
causal.misconception("sees_the_future", {
    "(reach, 0)": "(reach // 2, reach - reach // 2)"},
    "You pad at both ends, so an output sees inputs that come after it. All the zeros "
    "belong before the first input.")
causal.misconception("newest_input_left_out", {
    "(reach, 0)": "(reach + 1, 0)", "T + reach": "T + reach + 1"},
    "Your output at t sees inputs up to t - 1. It may see the input at t as well: the "
    "last entry of the kernel meets it.")
causal.misconception("kernel_turned_over", {"w[..., i]": "w[..., k - 1 - i]"},
    "The kernel is turned over: its last entry meets the newest input, as in PyTorch, "
    "and its first the oldest.")
causal.misconception("dilation_counts_gaps", {
    "dilation * (k - 1)": "(dilation + 1) * (k - 1)",
    "start = dilation * i": "start = (dilation + 1) * i"},
    "You leave out `dilation` inputs between two that the kernel meets. The dilation "
    "is the distance between them: with 1 they are neighbours.")
causal.misconception("not_dilated", {
    "start = dilation * i": "start = reach - k + 1 + i"},
    "Your kernel meets neighbouring inputs whatever the dilation is. Its entries meet "
    "inputs that lie `dilation` apart.")
causal.misconception("groups_by_turns", {
    "np.pad(X, ((0, 0), (0, 0), (reach, 0))).reshape(N, G, C // G, T + reach)":
        "np.pad(X, ((0, 0), (0, 0), (reach, 0)))"
        ".reshape(N, C // G, G, T + reach).swapaxes(1, 2)"},
    "You deal the channels out to the groups by turns. A group has neighbours: the "
    "first C/G channels are the first group's.")
causal.misconception("outputs_by_turns", {
    "Z.reshape(N, M, T)": "Z.swapaxes(1, 2).reshape(N, M, T)"},
    "The channels that come out are dealt by turns to the groups. The first M/G of "
    "them are the first group's.")
causal.misconception("first_group_for_all", {
    "np.einsum('gmc,ngct->ngmt', w[..., i], tap)":
        "np.einsum('gmc,nct->ngmt', w[..., i], tap[:, 0])"},
    "Every group looks at the first C/G channels. Each has channels of its own, one "
    "group's after the other.")

SUMS = "np.zeros((N, G, M // G, T), np.result_type(X, W))"
causal.equivalent({SUMS: f"-{SUMS}"}, "A zero is the same with either sign.")

# ----------------------------------------------------------- where two maxima are equal


def tied_cases(rng):
    """Few different pixels, so that maxima are equal; windows that overlap."""
    def case(name, shape, size, stride, kind="values", weight=1.0, *, levels=2,
             apart=1):
        dtype, (H, W) = precision(kind), shape[2:]
        out = [output_size(n, size, stride=stride) for n in (H, W)]
        while True:
            X = rng.integers(-40, 40) + apart * rng.integers(levels, size=shape)
            X[1:] -= 100                    # the second picture is a dark one
            count = _equal_maxima(X, size, stride)
            if levels == 1 or (count.max() > 1 and
                               (len(np.unique(count)) > 1 or count.size < 5)):
                break
        arguments = (X, signed(rng, (*shape[:2], *out), dtype))
        return Case(name, arguments, None, weight, kind,
                    {"size": size, "stride": stride})

    def without_ties(name, shape, size, stride):
        out = [output_size(n, size, stride=stride) for n in shape[2:]]
        X = rng.permutation(int(np.prod(shape))).reshape(shape) - 7
        arguments = (X, signed(rng, (*shape[:2], *out)))
        return Case(name, arguments, None, 1.0, "values",
                    {"size": size, "stride": stride})

    return [case("windows side by side", (1, 2, 4, 6), 2, 2, weight=2, levels=3,
                 apart=7),
            case("windows that overlap, of two pictures", (2, 1, 5, 4), 3, 1, weight=2),
            case("windows of 3 × 3 at a stride of 2", (1, 2, 7, 5), 3, 2, levels=3),
            case("pixels between the windows", (1, 2, 8, 5), 2, 3),
            without_ties("all pixels differ", (1, 2, 4, 6), 2, 2),
            case("a picture of one colour", (1, 1, 4, 4), 2, 1, "edge", levels=1),
            case("a window as large as the picture", (2, 2, 3, 3), 3, 3, "edge"),
            case("float32 stays float32", (1, 2, 4, 4), 2, 2, "dtype")]


def _equal_maxima(X, size, stride):
    """How many pixels of each window are its maximum."""
    N, C, H, W = X.shape
    windows = reference.im2col(X.reshape(N * C, 1, H, W), (size, size), stride=stride)
    return (windows == windows.max(axis=1, keepdims=True)).sum(axis=1)


tied = Exercise(reference.tied_max_pool_backward, cases=tied_cases, points=4,
                read="convolution.html#where-two-are-equal")
ADDED = "dX[place] += delta[:, :, i, j, None, None] * share"
tied.misconception("each_has_all", {
    "highest / highest.sum(axis=(2, 3), keepdims=True)": "highest"},
    "Each of the equal maxima has the whole of δ, so a window with two passes back "
    "twice what came. They share it: δ/q for each of q.")
tied.misconception("first_has_all", {
    "share = highest / highest.sum(axis=(2, 3), keepdims=True)":
        "flat = highest.reshape(*highest.shape[:2], -1)\n"
        "share = (flat & (flat.cumsum(axis=2) == 1)).reshape(highest.shape)"},
    "The first of the equal maxima has all of δ, as in PyTorch. Here they share it "
    "fairly: each of q has δ/q.")
tied.misconception("everyone_shares", {
    "highest / highest.sum(axis=(2, 3), keepdims=True)": "1 / size**2"},
    "Every pixel of the window has a share, which is average pooling's gradient. Only "
    "the maxima have one: to move another pixel a little moves nothing.")
tied.misconception("last_window_counts", {
    ADDED: "dX[place] = delta[:, :, i, j, None, None] * share"},
    "Where windows overlap, the later one writes over what the earlier ones had given "
    "to a pixel. It is added: the pixel's gradient is a sum over its windows.")
tied.misconception("one_maximum_for_all_channels", {
    "X[place].max(axis=(2, 3), keepdims=True)":
        "X[place].max(axis=(1, 2, 3), keepdims=True)",
    "highest.sum(axis=(2, 3), keepdims=True)":
        "highest.sum(axis=(1, 2, 3), keepdims=True).clip(1)"},
    "You look for one maximum over all channels of a window. Each channel is pooled "
    "by itself.")
tied.misconception("windows_side_by_side", {
    "top, left = (stride * i, stride * j)": "top, left = (size * i, size * j)"},
    "Your windows lie side by side whatever the stride is. The window of output (i, "
    "j) begins at row stride · i and column stride · j.")

tied.equivalent({"np.zeros(X.shape, delta.dtype)": "-np.zeros(X.shape, delta.dtype)"},
                "A zero is the same with either sign.")

# ------------------------------------------------------------------ shapes of a network


def shapes_cases(rng):
    """Networks with a stride, padding, groups, and poolings that leave rows over."""
    def number(*bounds):
        return int(rng.integers(*bounds, endpoint=True))

    def case(name, layers, shape, kind="values", weight=1.0):
        return Case(name, (list(layers), shape), None, weight, kind)

    wide, units = 12 * number(1, 4), number(20, 90)
    return [case("one convolution", [Conv(number(5, 9), 3, stride=2, padding=1)],
                 (3, 13, 18)),
            case("convolutions without padding",
                 [Conv(number(3, 7), 5), Conv(number(8, 9), 3, stride=3)], (2, 24, 17)),
            case("groups", [Conv(wide, 3, padding=1, groups=3),
                            Conv(2 * wide, 3, padding=1, groups=wide)],
                 (6, 7, 7), weight=2),
            case("poolings", [Pool(3, 2), Pool(2, 2)], (number(4, 9), 22, 15)),
            case("dense layers after a picture", [Pool(2, 2), Dense(units), Dense(10)],
                 (number(2, 5), 9, 6), weight=2),
            case("AlexNet", reference.alexnet(number(200, 900)),
                 (3, 224, 224), weight=2),
            case("AlexNet of 2012 on larger pictures", reference.alexnet_2012(),
                 (3, 224 + 8 * number(1, 5), 256)),
            case("no layer", [], (3, 8, 8), "edge"),
            case("a picture of one pixel", [Conv(4, 1), Dense(3)], (2, 1, 1), "edge")]


shapes = Exercise(reference.alexnet_shapes, cases=shapes_cases, points=4,
                  given=(Conv, Pool, Dense),
                  read="convolution.html#alexnet-layer-by-layer")
GEOMETRY = "(n + 2 * p - k) // s + 1"
COUNT = "M * (shape[0] // layer.groups * k * k + 1)"
shapes.misconception("without_biases", {
    COUNT: "M * (shape[0] // layer.groups * k * k)",
    "int(np.prod(shape)) + 1": "int(np.prod(shape))"},
    "The biases are missing from your counts: each channel out, and each unit, has "
    "one.")
shapes.misconception("bias_for_each_weight", {
    COUNT: "M * shape[0] // layer.groups * (k * k + 1)"},
    "You count a bias for each pair of channels. A channel out has one bias, however "
    "many channels come in.")
shapes.misconception("bias_at_each_place", {
    COUNT: "M * shape[0] // layer.groups * k * k",
    "shape = (M, *((n + 2 * p - k) // s + 1 for n in shape[1:]))":
        "shape = (M, *((n + 2 * p - k) // s + 1 for n in shape[1:]))\n"
        "parameters += int(np.prod(shape)) if isinstance(layer, Conv) else 0"},
    "You count a bias for each output. The bias is shared over the places, as the "
    "kernel is: one for each channel out.")
shapes.misconception("groups_ignored", {"shape[0] // layer.groups": "shape[0]"},
    "A kernel sees only the C/G channels of its own group, so it has C/G · k² weights "
    "and not C · k².")
shapes.misconception("groups_divided_twice", {
    COUNT: "M // layer.groups * (shape[0] // layer.groups * k * k + 1)"},
    "This is the count of one group. All M kernels together have M · (C/G · k² + 1) "
    "parameters.")
shapes.misconception("padded_at_one_end", {GEOMETRY: "(n + p - k) // s + 1"},
    "The padding is put at both ends of an axis: it counts twice.")
shapes.misconception("rounded_up", {GEOMETRY: "-(-(n + 2 * p - k) // s) + 1"},
    "You round up. A window that hangs over the end is left out: round down, as "
    "PyTorch does unless ceil_mode is set.")
shapes.misconception("last_place_forgotten", {GEOMETRY: "(n + 2 * p - k) // s"},
    "There is one place fewer than there should be: the window can stand where it "
    "starts, and then makes ⌊(n + 2p - k)/s⌋ steps.")
shapes.misconception("channels_alone", {"int(np.prod(shape)) + 1": "shape[0] + 1"},
    "A dense layer after a picture sees every pixel of every channel: C · H · W "
    "inputs, not C.")
shapes.equivalent({"shape[0] // layer.groups": "shape[0] / layer.groups"},
                  "The groups divide the channels, and 2.0 is 2.")

# ------------------------------------------------------------ features that do not move


def features_cases(rng):
    """Images and kernels of unequal numbers, so that no channel passes for another."""
    def case(name, shape, out, kernel, kind="values", weight=1.0, **options):
        dtype = precision(kind)
        arguments = (signed(rng, shape, dtype),
                     signed(rng, (out, shape[1], kernel, kernel), dtype),
                     signed(rng, (out,), dtype))
        return Case(name, arguments, None, weight, kind, options)

    moves = tuple((int(a), int(b)) for a, b in rng.integers(1, 4, (2, 2)))
    return [case("one channel", (2, 1, 4, 5), 1, 3, weight=2),
            case("three channels in, two out", (2, 3, 5, 4), 2, 3, weight=2),
            case("an even kernel", (1, 2, 4, 6), 3, 2),
            case("the images are moved", (2, 2, 5, 6), 2, 3, moves=moves),
            case("the gradients come back", (1, 2, 4, 4), 3, 3, gradient=True),
            case("a kernel of one number", (2, 3, 3, 4), 2, 1, "edge"),
            case("a kernel as large as the image", (1, 2, 3, 3), 2, 3, "edge"),
            case("float32 stays float32", (2, 2, 4, 5), 2, 3, "dtype")]


features = Exercise(pytorch.InvariantFeatures, cases=features_cases, points=4,
                    drive=checks.run_features, methods=("forward",), pure=False,
                    torch=True, read="convolution.html#equivariant-not-invariant")
POOLED = "self.conv(x).relu().mean((2, 3))"
features.misconception("zeros_beyond_the_edge", {"mode='circular'": "mode='constant'"},
    "Beyond the edge your image is zero, so a pattern that is cut by the edge is lost, "
    "and the features change when it moves there. Here the image goes on round the "
    "edge.")
features.misconception("mirrored_at_the_edge", {"mode='circular'": "mode='replicate'"},
    "Your image is continued with its last row and column. On a torus the first ones "
    "come again: mode='circular'.")
features.misconception("no_padding", {
    "F.pad(X, (0, self.wrap, 0, self.wrap), mode='circular')": "X"},
    "Windows that hang over the edge are left out, so there are fewer than H · W "
    "places, and the features change when the image moves.")
features.misconception("one_axis_goes_round", {
    "F.pad(X, (0, self.wrap, 0, self.wrap), mode='circular')":
        "F.pad(F.pad(X, (0, self.wrap, 0, 0), mode='circular'), "
        "(0, 0, 0, self.wrap))"},
    "Only one axis goes round the edge. Both do.")
features.misconception("mean_before_relu", {
    POOLED: "self.conv(x).mean((2, 3)).relu()"},
    "You take the mean before ReLU. The mean of a convolution is a multiple of the "
    "image's own mean: all that the kernel looks for is gone. ReLU comes first.")
features.misconception("without_relu", {
    POOLED: "self.conv(x).mean((2, 3))"},
    "ReLU is missing between the convolution and the mean. Without it the features "
    "say no more than the mean of each channel.")
features.misconception("maximum_for_mean", {
    POOLED: "self.conv(x).relu().amax((2, 3))"},
    "You keep the strongest answer. It does not change when the image moves either, "
    "but the mean over all places is asked for.")
features.misconception("sum_for_mean", {
    POOLED: "self.conv(x).relu().sum((2, 3))"},
    "You add the answers up. The mean is asked for: their sum over H · W places.")
features.misconception("kernel_turned_over", {
    POOLED: "F.conv2d(x, self.conv.weight.flip(2, 3), self.conv.bias)"
            ".relu().mean((2, 3))"},
    "The kernel is turned over before F.conv2d sees it. A layer does not do that: what "
    "it calls a convolution is a correlation.")
