"""Activations, blocks and gradients over depth: twin against twin, against torch.nn.functional and autograd."""
import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from solutions.activations import pytorch, reference
from solutions.activations.reference import ACTIVATIONS, BLOCKS, HighwayLayer, Layer
from solutions.gradient_descent.reference import gradient_check
from tests.solutions.twins import TOLERANCE, Twin, lifted, plain, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
DTYPES = pytest.mark.parametrize("dtype", TOLERANCE)
LIBRARY = {
    "linear": lambda s: s.clone(), "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu,
    "leaky_relu": F.leaky_relu, "elu": F.elu, "gelu": F.gelu, "silu": F.silu,
    "softplus": lambda s: -F.logsigmoid(-s),        # F.softplus itself is the line s from s = 20 on
}


def of(array, module):
    return array if module is reference else torch.tensor(array)


def sums(rng, shape):
    return (np.asarray(rng.normal(0, 3, shape)),)


def slope(value, *arguments, **hyper):
    """The derivative of `value` by its first argument, by autograd."""
    s = arguments[0].clone().requires_grad_()
    return torch.autograd.grad(value(s, *arguments[1:], **hyper).sum(), s)[0]


def derivative_of(value):
    return lambda *arguments, **hyper: slope(value, *arguments, **hyper)


def scalar_slope(rng, shape):
    return (*sums(rng, shape), np.asarray(.25))


def slopes_of_units(rng, shape):
    return (*sums(rng, shape), rng.uniform(.1, .6, shape[-1:]))


def library_prelu(s, a):
    return torch.where(s > 0, s, a * s)


TWINS = {
    **{name: Twin(name, sums, oracle=LIBRARY[name]) for name in LIBRARY if name != "linear"},
    **{f"{name}'": Twin(f"{name}_derivative", sums, oracle=derivative_of(LIBRARY[name]))
       for name in LIBRARY if name != "linear"},
    "log_sigmoid": Twin("log_sigmoid", sums, oracle=F.logsigmoid),
    "log_sigmoid'": Twin("log_sigmoid_derivative", sums, oracle=derivative_of(F.logsigmoid)),
    "leaky_relu, .3": Twin("leaky_relu", sums, {"negative_slope": .3}, oracle=F.leaky_relu),
    "leaky_relu', .3": Twin("leaky_relu_derivative", sums, {"negative_slope": .3}, oracle=derivative_of(F.leaky_relu)),
    "elu, 2": Twin("elu", sums, {"alpha": 2.0}, oracle=F.elu),
    "elu', 2": Twin("elu_derivative", sums, {"alpha": 2.0}, oracle=derivative_of(F.elu)),
    "prelu, one slope": Twin("prelu", scalar_slope, oracle=library_prelu),
    "prelu', one slope": Twin("prelu_derivative", scalar_slope, oracle=derivative_of(library_prelu)),
    "prelu, a slope a unit": Twin("prelu", slopes_of_units, oracle=library_prelu, shapes=((3,), (2, 3), (2, 1, 4))),
    "normal_cdf": Twin("normal_cdf", sums, oracle=lambda s: (1 + torch.erf(s / math.sqrt(2))) / 2),
    "leaky_gain": Twin("leaky_gain", lambda rng, shape: (rng.uniform(0, 1, shape),), {"negative": .3},
                       oracle=lambda a, negative: (negative * a**2 + 1 - negative).rsqrt()),
    "products": Twin("products", lambda rng, n: (rng.uniform(.5, 1.5, n),), shapes=((1,), (7,)),
                     oracle=lambda factors: torch.stack([factors[:n].prod() for n in range(len(factors) + 1)])),
    "dead_units": Twin("dead_units", lambda rng, shape: (rng.normal(-1, 1, shape),), shapes=((1, 6), (4, 50)),
                       oracle=lambda s: (F.relu(s) == 0).all(0)),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# ----------------------------------------------------------------------------------------------------------- large sums


LARGE = np.array([-1e3, -300, -100, -40, -20, 20, 40, 100, 300, 1e3])


@DTYPES
@MODULES
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_however_large_a_sum_is(module, name, dtype):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = [plain(f(of(LARGE.astype(dtype), module))) for f in module.ACTIVATIONS[name]]
    s = torch.tensor(LARGE.astype(dtype))
    for ours, library in zip(found, (LIBRARY[name](s), slope(LIBRARY[name], s)), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, library, rtol=1e-6, atol=1e-6)


@DTYPES
@MODULES
def test_the_tails_keep_their_digits(module, dtype):
    """Against the leading terms eˢ, 4e^{-2|s|} … that are left where 1 + eˢ is 1."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        s = of(np.array([-80, -50, -40], dtype), module)
        e = np.exp(plain(s))
        for name, expected in [("sigmoid", e), ("sigmoid_derivative", e), ("softplus", e), ("softplus_derivative", e)]:
            np.testing.assert_allclose(plain(getattr(module, name)(s)), expected, rtol=1e-6)
            assert name in ("sigmoid", "softplus", "softplus_derivative") or (
                plain(getattr(module, name)(-s)) == plain(getattr(module, name)(s))).all()
        np.testing.assert_allclose(plain(module.log_sigmoid(-s)), -e, rtol=1e-6)
        np.testing.assert_allclose(plain(module.log_sigmoid_derivative(-s)), e, rtol=1e-6)
        np.testing.assert_allclose(plain(module.log_sigmoid(s)), plain(s))
        t = of(np.array([-40, -30, 30, 40], dtype), module)
        np.testing.assert_allclose(plain(module.tanh_derivative(t)), 4 * np.exp(-2 * np.abs(plain(t))), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_naive_forms_fail_where_ours_do_not():
    s = np.array([-1e3, 1e3])
    e = np.exp(-s)
    assert np.isnan(e / (1 + e)**2).any()
    assert np.isinf(np.log(1 + np.exp(s))).any()
    assert (np.isinf(np.log(1 / (1 + e)))).any()


@given(s=st.floats(-30, 30))
def test_the_identities_of_the_docstrings(s):
    s = np.array(s)
    np.testing.assert_allclose(reference.tanh(s), 2 * reference.sigmoid(2 * s) - 1, atol=1e-15)
    np.testing.assert_allclose(reference.tanh_derivative(s), 1 - np.tanh(s)**2, atol=1e-15)
    np.testing.assert_allclose(reference.softplus(s) - reference.softplus(-s), s, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(reference.sigmoid_derivative(s), reference.sigmoid(s) * reference.sigmoid(-s))
    np.testing.assert_allclose(reference.log_sigmoid(s), -reference.softplus(-s))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("relu", "leaky_relu")])
def test_central_differences_agree_with_every_smooth_derivative(name):
    s = np.random.default_rng(0).normal(0, 2, 50)
    assert gradient_check(lambda s: ACTIVATIONS[name].value(s).sum(), ACTIVATIONS[name].derivative, s) < 1e-9


@MODULES
def test_at_the_corner_the_slope_is_the_left_one(module):
    zero = of(np.array(0.0), module)
    assert float(module.relu_derivative(zero)) == 0
    assert float(module.leaky_relu_derivative(zero)) == .01
    assert float(module.prelu_derivative(zero, of(np.array(.25), module))) == .25


# -------------------------------------------------------------------------------------------------------------- maxout


def maxout_inputs(rng, shape):
    N, K = shape
    return rng.normal(size=(N, 2)), rng.normal(size=(N, 3)), rng.normal(size=(K, 3, 2)), rng.normal(size=(K, 2))


def maxout_by_autograd(X, W, b):
    return torch.stack([X @ part + shift for part, shift in zip(W, b, strict=True)]).max(0).values


def maxout_oracle(z_bar, *arrays):
    given = [value.clone().requires_grad_() for value in arrays]
    z = maxout_by_autograd(*given)
    X_bar, *grads = torch.autograd.grad(z, given, z_bar)
    return X_bar, tuple(grads)


COUNTS = ((1, 2), (5, 2), (4, 3), (2, 1))
MAXOUT = {"maxout": Twin("maxout", lambda rng, shape: maxout_inputs(rng, shape)[1:], shapes=COUNTS,
                         oracle=maxout_by_autograd),
          "maxout_backward": Twin("maxout_backward", maxout_inputs, shapes=COUNTS, oracle=maxout_oracle)}


@twin_checks(reference, pytorch, MAXOUT)
def test_maxout_twins(check):
    check()


@MODULES
def test_maxout_holds_relu_leaky_relu_and_the_absolute_value(module):
    X = of(np.random.default_rng(0).normal(size=(20, 1)), module)
    for slopes, expected in (((1, 0), np.maximum), ((1, .1), None), ((1, -1), None)):
        W = of(np.array(slopes, float).reshape(2, 1, 1), module)
        x = plain(X)
        right = expected(x, 0) if expected else np.where(x > 0, x, slopes[1] * x)
        np.testing.assert_allclose(plain(module.maxout(X, W, of(np.zeros((2, 1)), module))), right)


# -------------------------------------------------------------------------------------------------------------- blocks


def draw_layers(rng, depth, width, block):
    kind = HighwayLayer if block == "highway" else Layer
    return [kind(*(rng.normal(size=shape) / np.sqrt(width)
                   for shape in itertools.islice(itertools.cycle([(width, width), (width,)]), len(kind._fields))))
            for _ in range(depth)]


def stack_arguments(block):
    def arguments(rng, shape):
        depth, n = shape
        return draw_layers(rng, depth, 3, block), rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    return arguments


def by_formula(x, layer, block, f, scale=1.0):
    """A block as the papers write it, for autograd."""
    h = f(x @ layer[0] + layer[1])
    if block == "highway":
        T = torch.sigmoid(x @ layer[2] + layer[3])
        return h * T + x * (1 - T)
    return x + scale * h if block == "residual" else h


def stack_by_autograd(layers, X, z_bar, *, block, activation, scale=1.0):
    """All of z̄_0 … z̄_L, from formulas of the papers."""
    zs = [X.clone().requires_grad_()]
    for layer in layers:
        zs.append(by_formula(zs[-1], layer, block, LIBRARY[activation], scale))
    return zs, torch.autograd.grad(zs[-1], zs, z_bar)


def norms_by_autograd(layers, X, z_bar, **options):
    return torch.stack([z_bar.norm() for z_bar in stack_by_autograd(layers, X, z_bar, **options)[1]])


SIZES = ((1, 1), (1, 5), (4, 2))
NORMS = {f"{block}, {activation}": Twin("gradient_norms", stack_arguments(block),
                                        {"block": block, "activation": activation}, shapes=SIZES,
                                        oracle=norms_by_autograd)
         for block, activation in itertools.product(BLOCKS, ("tanh", "relu", "sigmoid"))}
NORMS["residual, scaled"] = Twin("gradient_norms", stack_arguments("residual"),
                                 {"block": "residual", "activation": "tanh", "scale": .3}, shapes=SIZES,
                                 oracle=norms_by_autograd)
NORMS["gradient_factors"] = Twin("gradient_factors", lambda rng, shape: stack_arguments("dense")(rng, shape)[:2],
                                 {"activation": "tanh"}, shapes=SIZES)


@twin_checks(reference, pytorch, NORMS)
def test_stack_twins(check):
    check()


@DTYPES
@MODULES
@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
@pytest.mark.parametrize("block", BLOCKS)
def test_every_gradient_of_a_stack_is_autograds(module, block, activation, dtype):
    made = lifted(stack_arguments(block)(np.random.default_rng(0), (3, 4)), dtype=dtype)
    layers, X, z_bar = lifted(made, as_tensors=True)
    layers = [type(layer)(*(p.requires_grad_() for p in layer)) for layer in layers]
    zs, expected = stack_by_autograd(layers, X, z_bar, block=block, activation=activation)      # frees its graph
    x = X
    for layer in layers:
        x = by_formula(x, layer, block, LIBRARY[activation])
    grads = torch.autograd.grad(x, [p for layer in layers for p in layer], z_bar)
    layers, X, z_bar = lifted(made, as_tensors=module is pytorch)
    ours = module.stack_forward(layers, X, block=block, activation=activation)
    z_bars, found = module.stack_backward(layers, ours, z_bar, block=block, activation=activation)
    pairs = [*zip(ours, zs, strict=True), *zip(z_bars, expected, strict=True),
             *zip((p for grad in found for p in grad), grads, strict=True)]
    for a, b in pairs:
        assert plain(a).dtype == dtype
        np.testing.assert_allclose(plain(a), plain(b), **TOLERANCE[dtype])


@MODULES
def test_a_closed_gate_carries_and_an_open_one_is_a_layer(module):
    rng = np.random.default_rng(0)
    X, W, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    for bias, expected in ((-1000.0, X), (1000.0, np.tanh(X @ W + b))):
        layer = module.HighwayLayer(*lifted((W, b, 0 * W, np.full(3, bias)), as_tensors=module is pytorch))
        np.testing.assert_allclose(plain(module.highway_block(of(X, module), layer)), expected, atol=1e-12)


def test_random_layers_have_the_gain_and_the_gates_the_bias_asked_for():
    layers = reference.highway_layers(np.random.default_rng(0), 5, 100, gain=1.5, gate_bias=-2.0)
    for layer in layers:
        assert np.std(layer.W) * 10 == pytest.approx(1.5, rel=.05)
        assert np.std(layer.W_gate) * 10 == pytest.approx(1.5, rel=.05)
        assert (layer.b == 0).all()
        assert (layer.b_gate == -2).all()
    assert len({float(layer.W[0, 0]) for layer in layers}) == 5


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 1.0), ("relu", 2**.5), ("sigmoid", 3.0)])
def test_random_layers_multiply_the_norm_of_a_gradient_by_the_predicted_factors(activation, gain):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        layers = reference.random_layers(rng, 10, 300, gain=gain)
        X, z_bar = rng.normal(size=(50, 300)), rng.normal(size=(50, 300))
        norms = reference.gradient_norms(layers, X, z_bar, activation=activation)
        factors = reference.gradient_factors(layers, X, activation=activation)
        np.testing.assert_allclose(norms[:-1] / norms[1:], factors, rtol=.1)


@MODULES
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "linear"])
def test_the_product_of_a_chains_factors_is_its_derivative(module, activation):
    weights = np.random.default_rng(1).uniform(.5, 2, 6)
    z = torch.tensor(.7, dtype=torch.float64, requires_grad=True)
    out = z
    for w in weights:
        out = LIBRARY[activation](w * out)
    out.backward()
    factors = module.chain_factors(of(weights, module), of(np.array(.7), module), activation=activation)
    assert plain(module.products(factors))[-1] == pytest.approx(float(z.grad), rel=1e-12)


# --------------------------------------------------------------------------------------------------------- a classifier


def classifier(rng, block, dtype="float64"):
    first, last = reference.classifier_init(rng, [4, 3]), reference.classifier_init(rng, [3, 5])
    layers = [*first, *draw_layers(rng, 2, 3, block), *last]
    return lifted((layers, rng.normal(size=(12, 4)), rng.integers(5, size=12)), dtype=dtype)


@DTYPES
@MODULES
@pytest.mark.parametrize("block", BLOCKS)
def test_a_classifiers_gradient_is_autograds(module, block, dtype):
    made = classifier(np.random.default_rng(0), block, dtype)
    layers, X, y = lifted(made, as_tensors=True)
    layers = [type(layer)(*(p.requires_grad_() for p in layer)) for layer in layers]
    x = torch.tanh(X @ layers[0].W + layers[0].b)
    for layer in layers[1:-1]:
        x = by_formula(x, layer, block, torch.tanh)
    loss = F.cross_entropy(x @ layers[-1].W + layers[-1].b, y)
    expected = torch.autograd.grad(loss, [p for layer in layers for p in layer])
    layers, X, y = lifted(made, as_tensors=module is pytorch)
    zs = module.classifier_forward(layers, X, block=block, activation="tanh")
    found = module.classifier_backward(layers, zs, y, block=block, activation="tanh")
    for a, b in zip((p for grad in found for p in grad), expected, strict=True):
        assert plain(a).dtype == dtype
        np.testing.assert_allclose(plain(a), plain(b), **TOLERANCE[dtype])


@pytest.mark.parametrize("block", BLOCKS)
def test_the_twins_train_alike_and_change_no_argument(block):
    rng = np.random.default_rng(2)
    layers, X, y = classifier(rng, block)
    orders = np.stack([rng.permutation(12) for _ in range(3)])
    options = {"lr": .3, "batch_size": 5, "block": block, "activation": "tanh"}
    before = [p.copy() for layer in layers for p in layer]
    end, losses = reference.train_classifier(layers, X, y, orders, **options)
    tensors = lifted((layers, X, y, orders), as_tensors=True)
    other, theirs = pytorch.train_classifier(*tensors, **options)
    assert losses.shape == (9,)
    np.testing.assert_allclose(theirs, losses, rtol=1e-10)
    for a, b in zip(end, other, strict=True):
        for p, q in zip(a, b, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)
    for p, q, r in zip(before, (p for layer in layers for p in layer), (p for layer in tensors[0] for p in layer),
                       strict=True):
        np.testing.assert_array_equal(p, q)
        np.testing.assert_array_equal(p, r)


# ----------------------------------------------------------------------------------------------------------- dead units


@MODULES
def test_dead_units_are_counted_over_all_batches_and_a_sum_of_zero_is_dead(module):
    rng = np.random.default_rng(0)
    layers = [Layer(rng.normal(size=(3, 6)), np.array([0.0, -50, 0, -50, 0, 0])),
              Layer(np.zeros((6, 2)), np.array([0.0, 1])), Layer(rng.normal(size=(2, 2)), np.zeros(2))]
    batches = [rng.normal(size=(n, 3)) for n in (30, 1, 20)]
    assert module.count_dead(*lifted((layers, batches), as_tensors=module is pytorch)) == [2, 1]
    joined = np.concatenate(batches) @ layers[0].W + layers[0].b
    assert int(module.dead_units(of(joined, module)).sum()) == 2


@DTYPES
@MODULES
def test_dead_units_that_are_begun_again_are_alive_and_change_no_output(module, dtype):
    rng = np.random.default_rng(0)
    (hidden, last), fresh = (reference.classifier_init(rng, [4, 20, 3]) for _ in range(2))
    layers = [Layer(hidden.W, np.where(np.arange(20) < 7, -50.0, 0.1)), last]
    made = lifted((layers, fresh, rng.normal(size=(30, 4))), dtype=dtype)
    layers, fresh, X = lifted(made, as_tensors=module is pytorch)
    assert module.count_dead(layers, [X]) == [7]
    mended = module.reset_dead(layers, fresh, X)
    assert module.count_dead(mended, [X]) == [0]
    outputs = [plain(module.classifier_forward(network, X, activation="relu")[-1]) for network in (layers, mended)]
    np.testing.assert_allclose(*outputs, **TOLERANCE[dtype])
    for old, new, net in zip(layers[0], mended[0], fresh[0], strict=True):
        np.testing.assert_array_equal(plain(new)[..., 7:], plain(old)[..., 7:])
        np.testing.assert_array_equal(plain(new)[..., :7], plain(net)[..., :7])
        assert plain(new).dtype == dtype


# ------------------------------------------------------------------------------------------------------- the exercises


@pytest.mark.parametrize("a", [0, .01, .1, .25, 1])
def test_the_leaky_gain_is_pytorchs(a):
    assert reference.leaky_gain(a) == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", a), rel=1e-14)
    assert reference.leaky_gain(a, negative=1.0) == pytest.approx(1 / a if a else math.inf) if a else True


@DTYPES
@MODULES
@pytest.mark.parametrize(("shape", "units"),
                         [((5, 3), (3,)), ((5, 3), ()), ((2, 4, 3), (3,)), ((3,), (3,)), ((1, 1), (1,))])
def test_prelus_gradients_are_autograds(module, shape, units, dtype):
    rng = np.random.default_rng(0)
    made = (rng.normal(size=shape), rng.normal(size=shape), np.asarray(rng.uniform(.1, .5, units)))
    z_bar, s, a = lifted(made, dtype=dtype)
    t = [torch.tensor(value).requires_grad_() for value in (s, a)]
    library = torch.where(t[0] > 0, t[0], t[1] * t[0])
    expected = torch.autograd.grad(library, t, torch.tensor(z_bar))
    found = module.prelu_backward(*lifted((z_bar, s, a), as_tensors=module is pytorch))
    for ours, theirs in zip(found, expected, strict=True):
        assert plain(ours).dtype == dtype
        assert plain(ours).shape == tuple(theirs.shape)
        np.testing.assert_allclose(plain(ours), plain(theirs), **TOLERANCE[dtype])


def test_prelus_gradients_are_those_of_the_librarys_module():
    rng = np.random.default_rng(1)
    z_bar, s = rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
    module = torch.nn.PReLU(4, dtype=torch.float64)
    x = torch.tensor(s).requires_grad_()
    module(x).backward(torch.tensor(z_bar))
    s_bar, a_bar = reference.prelu_backward(z_bar, s, np.full(4, .25))
    np.testing.assert_allclose(s_bar, x.grad)
    np.testing.assert_allclose(a_bar, module.weight.grad)


@given(depth=st.integers(1, 1000), carried=st.floats(.01, .99))
def test_with_the_highways_bias_the_share_asked_for_comes_through(depth, carried):
    bias = reference.highway_bias(depth, carried)
    assert reference.sigmoid(-np.asarray(bias))**depth == pytest.approx(carried, rel=1e-9)
    twin = pytorch.highway_bias(depth, torch.tensor(carried, dtype=torch.float64))
    assert float(twin) == pytest.approx(bias, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 3), (3, 5)])
def test_a_residual_block_starts_as_its_shortcut_and_is_the_formula(inputs, outputs):
    torch.manual_seed(0)
    block = pytorch.ResidualBlock(inputs, 4, outputs)
    x = torch.randn(6, inputs)
    torch.testing.assert_close(block(x), block.shortcut(x))
    assert isinstance(block.shortcut, torch.nn.Identity) == (inputs == outputs)
    with torch.no_grad():
        for p in block.parameters():
            p.normal_()
    h = block.second(F.relu(block.first(F.relu(x))))
    torch.testing.assert_close(block(x), block.shortcut(x) + h)
