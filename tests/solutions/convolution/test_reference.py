"""Convolution's functions: twin against twin, both against PyTorch's and SciPy's own, and every gradient checked."""
import itertools

import numpy as np
import pytest
import scipy.signal
import torch
import torch.nn.functional as F

from solutions.convolution import pytorch, reference
from solutions.gradient_descent.reference import cross_entropy, gradient_check, softmax
from tests.solutions.twins import Twin, twin_checks

GEOMETRIES = {
    "plain": {},
    "stride": {"stride": 2},
    "padding": {"padding": 2},
    "dilation": {"dilation": 2, "padding": 1},
    "groups": {"groups": 2, "padding": 1},
    "depthwise": {"groups": 4},
    "all": {"stride": 3, "padding": 2, "dilation": 2, "groups": 2},
}
SEQUENCES = ((2, 4, 11, 3), (1, 4, 7, 2), (3, 4, 5, 1))         # N, C, T, k
IMAGES = ((2, 4, 7, 9, 3, 2), (1, 4, 6, 5, 1, 3), (2, 4, 5, 8, 2, 2))     # N, C, H, W, kh, kw
POOLED = ((2, 3, 7, 8), (1, 1, 4, 4), (2, 2, 5, 3))             # N, C, H, W


def tied(rng, shape):
    """An image in which windows have several maxima."""
    return rng.integers(3, size=shape).astype(float)


def sequence(groups=1, delta=None, **geometry):
    def arguments(rng, shape):
        N, C, T, k = shape
        given = rng.normal(size=(N, C, T)), rng.normal(size=(4, C // groups, k)), rng.normal(size=4)
        out = reference.output_size(T, k, **geometry)
        return (*given, rng.normal(size=(N, 4, out))) if delta else given
    return arguments


def image(groups=1, delta=None, **geometry):
    def arguments(rng, shape):
        N, C, H, W, kh, kw = shape
        given = rng.normal(size=(N, C, H, W)), rng.normal(size=(4, C // groups, kh, kw)), rng.normal(size=4)
        out = [reference.output_size(n, k, **geometry) for n, k in ((H, kh), (W, kw))]
        return (*given, rng.normal(size=(N, 4, *out))) if delta else given
    return arguments


def of_gradient(layer):
    """The oracle of a backward pass: autograd through PyTorch's own layer, with δ as the last argument."""
    def oracle(*given, **hyper):
        *given, delta = given
        leaves = [one.clone().requires_grad_() for one in given]
        return torch.autograd.grad(layer(*leaves, **hyper), leaves, delta)
    return oracle


def pool_of(layer):
    return lambda X, *, size, stride=None: layer(X, size, stride)


def pooled(hyper, draw=lambda rng, shape: rng.normal(size=shape)):
    def arguments(rng, shape):
        out = [reference.output_size(n, hyper["size"], stride=hyper["stride"]) for n in shape[2:]]
        return draw(rng, shape), rng.normal(size=(*shape[:2], *out))
    return arguments


TWINS = {}
for name, hyper in GEOMETRIES.items():
    for layer, draw, shapes in (("conv1d", sequence, SEQUENCES), ("conv2d", image, IMAGES)):
        TWINS[f"{layer}, {name}"] = Twin(layer, draw(**hyper), hyper, getattr(F, layer), shapes)
        TWINS[f"{layer}_backward, {name}"] = Twin(
            f"{layer}_backward", draw(delta=True, **hyper), hyper, of_gradient(getattr(F, layer)), shapes)
for hyper in ({"size": 2, "stride": 2}, {"size": 3, "stride": 1}, {"size": 3, "stride": 2}, {"size": 2, "stride": 3}):
    for kind in ("max", "avg"):
        oracle = pool_of(getattr(F, f"{kind}_pool2d"))
        TWINS[f"{kind}_pool, {hyper}"] = Twin(
            f"{kind}_pool", lambda rng, shape: (rng.normal(size=shape),), hyper, oracle, POOLED)
        TWINS[f"{kind}_pool_backward, {hyper}"] = Twin(
            f"{kind}_pool_backward", pooled(hyper), hyper, of_gradient(oracle), POOLED)
        TWINS[f"{kind}_pool_backward, ties, {hyper}"] = Twin(
            f"{kind}_pool_backward", pooled(hyper, tied), hyper, of_gradient(oracle), POOLED)
    TWINS[f"tied_max_pool_backward, {hyper}"] = Twin("tied_max_pool_backward", pooled(hyper, tied), hyper,
                                                     shapes=POOLED)


def kernel(rng, shape):
    return rng.normal(size=shape[:2])


TWINS |= {
    "dense": Twin("dense", lambda rng, n: (rng.normal(size=(n, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)),
                  oracle=lambda X, W, b: F.linear(X, W.T, b), shapes=(1, 5)),
    "dense_backward": Twin(
        "dense_backward", lambda rng, n: tuple(rng.normal(size=s) for s in ((n, 3), (3, 2), (2,), (n, 2))),
        oracle=of_gradient(lambda X, W, b: F.linear(X, W.T, b)), shapes=(1, 5)),
    "im2col": Twin("im2col", lambda rng, shape: (rng.normal(size=shape), (3, 2)),
                   {"stride": 2, "padding": 1, "dilation": 2}, F.unfold, ((2, 3, 7, 9), (1, 1, 6, 5))),
    "col2im": Twin("col2im", lambda rng, shape: (rng.normal(size=(2, 3 * 6, shape[-1])), shape[:2], (3, 2)),
                   {"stride": 2, "padding": 1, "dilation": 2}, F.fold, ((7, 9, 15), (6, 5, 6))),
    "toeplitz2d": Twin("toeplitz2d", lambda rng, shape: (kernel(rng, shape), shape[2:]), {"stride": 2, "padding": 1},
                       shapes=((2, 3, 5, 4), (1, 1, 3, 3), (3, 2, 4, 6))),
    "convolve2d": Twin("convolve2d", lambda rng, shape: (rng.normal(size=shape[2:]), kernel(rng, shape)),
                       oracle=lambda x, k: torch.tensor(scipy.signal.convolve2d(x.numpy(), k.numpy())),
                       shapes=((2, 3, 5, 4), (1, 1, 3, 3), (3, 2, 2, 6))),
    "causal_conv1d": Twin("causal_conv1d", sequence(2), {"dilation": 2, "groups": 2}, shapes=SEQUENCES,
                          oracle=lambda X, W, b, *, dilation, groups: F.conv1d(
                              X, W, b, padding=dilation * (W.shape[2] - 1), dilation=dilation,
                              groups=groups)[..., :X.shape[2]]),
}
TWINS |= {f"toeplitz, {name}": Twin("toeplitz", lambda rng, shape: (rng.normal(size=shape[:3]), shape[3]), hyper,
                                    shapes=((2, 3, 3, 9), (1, 1, 2, 6), (1, 2, 1, 4)))
          for name, hyper in GEOMETRIES.items() if "groups" not in hyper}
NETWORK = [(3, 2, 3, 3), (3,), (4, 3, 3, 3), (4,), (16, 5), (5,)]
PERCEPTRON = [(2 * 64, 6), (6,), (6, 5), (5,)]


def network(shapes):
    def arguments(rng, n):
        return [rng.normal(size=shape) for shape in shapes], rng.normal(size=(n, 2, 8, 8))
    return arguments


TWINS |= {"convnet_forward": Twin("convnet_forward", network(NETWORK), shapes=(1, 3)),
          "relu_mlp_forward": Twin("relu_mlp_forward", network(PERCEPTRON), shapes=(1, 3))}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# ------------------------------------------------------------------------------------- gradients by central differences


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
@pytest.mark.parametrize(("layer", "draw", "shape"), [("conv1d", sequence, (2, 4, 6, 2)),
                                                      ("conv2d", image, (1, 4, 5, 6, 2, 3))])
def test_the_gradients_of_a_convolution_are_those_of_central_differences(layer, draw, shape, geometry):
    *given, delta = draw(delta=True, **geometry)(np.random.default_rng(0), shape)
    forward, backward = getattr(reference, layer), getattr(reference, f"{layer}_backward")
    for i in range(3):
        def with_other(value, i=i):
            return [*given[:i], value, *given[i + 1:]]

        error = gradient_check(lambda value, i=i: (forward(*with_other(value), **geometry) * delta).sum(),
                               lambda value, i=i: backward(*with_other(value), delta, **geometry)[i], given[i])
        assert error < 1e-9


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_the_gradients_of_pooling_are_those_of_central_differences(kind):
    hyper = {"size": 3, "stride": 2}
    X, delta = pooled(hyper)(np.random.default_rng(0), (2, 2, 7, 5))
    forward, backward = getattr(reference, f"{kind}_pool"), getattr(reference, f"{kind}_pool_backward")
    error = gradient_check(lambda X: (forward(X, **hyper) * delta).sum(), lambda X: backward(X, delta, **hyper), X)
    assert error < 1e-9


@pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
@pytest.mark.parametrize(("name", "shapes"), [("convnet", NETWORK), ("relu_mlp", PERCEPTRON)])
def test_the_gradients_of_a_network_are_those_of_central_differences(module, name, shapes):
    params, X = network(shapes)(np.random.default_rng(1), 3)
    y, lift = np.array([0, 4, 2]), torch.tensor if module is pytorch else np.asarray
    forward, backward = getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward")

    def gradient(params):
        lifted = [lift(p) for p in params]
        outputs = forward(lifted, lift(X))
        delta = (softmax(np.asarray(outputs[-1])) - np.eye(5)[y]) / len(y)
        return [np.asarray(g) for g in backward(lifted, outputs, lift(delta))]

    for i, p in enumerate(params):
        error = gradient_check(
            lambda value, i=i: cross_entropy(
                np.asarray(forward([lift(q) for q in [*params[:i], value, *params[i + 1:]]], lift(X))[-1]), y),
            lambda value, i=i: gradient([*params[:i], value, *params[i + 1:]])[i], p)
        assert error < 1e-8


def test_equal_maxima_share_and_nothing_is_lost():
    X, delta = pooled({"size": 2, "stride": 2}, tied)(np.random.default_rng(0), (2, 3, 6, 8))
    shared = reference.tied_max_pool_backward(X, delta, size=2, stride=2)
    first = reference.max_pool_backward(X, delta, size=2, stride=2)
    both = [reference.avg_pool(dX, size=2) * 4 for dX in (shared, first)]
    np.testing.assert_allclose(both, [delta, delta], rtol=1e-12)
    assert not np.allclose(shared, first)


def test_without_ties_the_fair_gradient_is_the_usual_one():
    hyper = {"size": 3, "stride": 2}
    X, delta = pooled(hyper)(np.random.default_rng(0), (2, 3, 7, 9))
    np.testing.assert_allclose(reference.tied_max_pool_backward(X, delta, **hyper),
                               reference.max_pool_backward(X, delta, **hyper), rtol=1e-12)


# ------------------------------------------------------------------------------------------------ the layer as a matrix


@pytest.mark.parametrize("geometry", [{"stride": s, "padding": p, "dilation": d}
                                      for s, p, d in itertools.product((1, 2, 3), (0, 1, 2), (1, 2, 3))], ids=str)
def test_the_matrix_is_the_layer_and_its_transpose_the_way_back(geometry):
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(5, 2, 12)), rng.normal(size=(3, 2, 3)), rng.normal(size=3)
    A = reference.toeplitz(W, 12, **geometry)
    Z = reference.conv1d(X, W, b, **geometry)
    np.testing.assert_allclose((X.reshape(5, -1) @ A.T).reshape(Z.shape) + b[:, None], Z, rtol=0, atol=1e-12)
    delta = rng.normal(size=Z.shape)
    dX, _, _ = reference.conv1d_backward(X, W, b, delta, **geometry)
    np.testing.assert_allclose((delta.reshape(5, -1) @ A).reshape(X.shape), dX, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding"), list(itertools.product((1, 2), (0, 1, 3))))
def test_the_matrix_of_a_layer_on_images_is_the_layer(stride, padding):
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(6, 5)), rng.normal(size=(3, 2))
    Z = reference.conv2d(image[None, None], kernel[None, None], np.zeros(1), stride=stride, padding=padding)
    A = reference.toeplitz2d(kernel, image.shape, stride=stride, padding=padding)
    np.testing.assert_allclose(A @ image.ravel(), Z.ravel(), rtol=0, atol=1e-12)


def test_a_layer_correlates_and_convolution_turns_the_kernel_over():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(8, 9)), rng.normal(size=(3, 4))
    Z = reference.conv2d(image[None, None], kernel[None, None], np.zeros(1))[0, 0]
    np.testing.assert_allclose(Z, scipy.signal.correlate(image, kernel, "valid"), atol=1e-12)
    turned = reference.conv2d(image[None, None], kernel[None, None, ::-1, ::-1], np.zeros(1))[0, 0]
    np.testing.assert_allclose(turned, scipy.signal.convolve(image, kernel, "valid"), atol=1e-12)
    np.testing.assert_allclose(turned, reference.convolve2d(image, kernel)[2:-2, 3:-3], atol=1e-12)


def test_col2im_is_the_transpose_of_im2col():
    rng, hyper = np.random.default_rng(0), {"stride": 2, "padding": 1, "dilation": 2}
    X = rng.normal(size=(2, 3, 8, 7))
    columns = reference.im2col(X, (2, 3), **hyper)
    other = rng.normal(size=columns.shape)
    np.testing.assert_allclose((columns * other).sum(), (X * reference.col2im(other, (8, 7), (2, 3), **hyper)).sum())


def test_a_causal_output_moves_with_no_later_input():
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(1, 2, 12)), rng.normal(size=(2, 2, 3)), rng.normal(size=2)
    later = X.copy()
    later[..., 7:] += 1
    moved = np.abs(reference.causal_conv1d(later, W, b, dilation=2) - reference.causal_conv1d(X, W, b, dilation=2))
    assert (moved[..., :7] == 0).all()
    assert (moved[..., 7:] > 0).all()


# ------------------------------------------------------------------------------------ fields, costs, shapes, the module


@pytest.mark.parametrize("layers", [[(3, 1, 1)], [(3, 1, 1)] * 4, [(3, 2, 1), (3, 1, 2), (2, 2, 1)],
                                    [(2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)], [(11, 4, 1), (3, 2, 1), (5, 1, 1)]])
def test_the_receptive_field_is_where_the_gradient_is(layers):
    field = reference.receptive_field(layers)
    X = torch.zeros(1, 1, 3 * field.size + 3 * field.jump, dtype=torch.float64, requires_grad=True)
    Z = X
    for k, s, d in layers:
        Z = F.conv1d(Z, torch.ones(1, 1, k, dtype=torch.float64), stride=s, dilation=d)
    seen = [torch.autograd.grad(Z[0, 0, j], X, retain_graph=True)[0][0, 0].nonzero()[:, 0] for j in (0, 1)]
    assert seen[0].max() - seen[0].min() + 1 == field.size
    assert seen[1].min() - seen[0].min() == field.jump


def test_the_costs_of_the_edge_detector_are_those_of_the_book():
    assert reference.conv_cost((1, 1, 1, 2), (280, 319)) == (2, 267_960)
    assert reference.dense_cost(320 * 280, 319 * 280) == (8_003_072_000, 16_006_054_680)


def test_a_cost_counts_each_group_s_own_channels():
    assert reference.conv_cost((6, 4 // 2, 3, 3), (5, 7)) == (6 * 2 * 9, 6 * 5 * 7 * (2 * 2 * 9 - 1))


def module(layer, shape):
    """PyTorch's own layer on what has this shape."""
    match layer:
        case reference.Conv(M, k, s, p, G):
            return torch.nn.Conv2d(shape[0], M, k, s, p, groups=G)
        case reference.Pool(k, s):
            return torch.nn.MaxPool2d(k, s)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(int(np.prod(shape)), layer.units))


def narrowed(layer):
    """A fraction of the channels or units."""
    match layer:
        case reference.Conv():
            return layer._replace(channels=layer.channels // 16)
        case reference.Dense():
            return layer._replace(units=layer.units // 8)
    return layer


@pytest.mark.parametrize("layers", [reference.alexnet(), reference.alexnet_2012()], ids=["2014", "2012"])
def test_the_shapes_and_parameters_are_those_of_pytorch_s_layers(layers):
    x, layers = torch.zeros(1, 3, 224, 224), [narrowed(layer) for layer in layers]
    for layer, (shape, parameters) in zip(layers, reference.alexnet_shapes(layers), strict=True):
        made = module(layer, x.shape[1:])
        x = made(x)
        assert tuple(x.shape[1:]) == shape
        assert sum(p.numel() for p in made.parameters()) == parameters


@pytest.mark.parametrize(("layers", "total"), [(reference.alexnet(), 61_100_840),
                                               (reference.alexnet_2012(), 60_965_224)])
def test_the_parameters_add_up(layers, total):
    assert sum(parameters for _, parameters in reference.alexnet_shapes(layers)) == total


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_the_module_s_features_stay_when_the_image_goes_round(kernel):
    torch.manual_seed(0)
    module = pytorch.InvariantFeatures(2, 4, kernel).double()
    X = torch.randn(3, 2, 5, 6, dtype=torch.float64)
    features = module(X)
    for rows, columns in itertools.product(range(5), range(6)):
        torch.testing.assert_close(module(X.roll((rows, columns), (2, 3))), features, rtol=1e-12, atol=1e-12)
    assert (features[0] - features[1]).abs().max() > .01
    assert module.conv.weight.min() < 0 < module.conv.weight.max()


def test_he_params_have_the_deviation_that_relu_asks_for():
    params = reference.he_params(np.random.default_rng(0), [(64, 16, 3, 3), (64,), (300, 200), (200,)])
    assert [p.dtype for p in params] == [np.float32] * 4
    assert not np.concatenate([params[1], params[3]]).any()
    for weights, fan in ((params[0], 144), (params[2], 300)):
        assert np.isclose(weights.std(), np.sqrt(2 / fan), rtol=.05)
