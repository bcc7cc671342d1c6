"""Normalization's functions: twin against twin, both against PyTorch or scikit-learn, gradients, and properties."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from solutions.gradient_descent.reference import gradient_check
from solutions.normalization import pytorch, reference
from tests.solutions.twins import Twin, plain, twin_checks

VECTORS, IMAGES = ((4, 3), (9, 1)), ((4, 6), (3, 6, 4), (2, 6, 3, 4))
SPATIAL = IMAGES[1:]
LAYERS = ((4, 6), (2, 5, 6))


def data(rng, shape):
    """Correlated columns far from zero, and as many more rows."""
    turn = rng.normal(size=(shape[1], shape[1]))
    return tuple(rng.normal(size=(8 * shape[0], shape[1])) @ turn + 3 for _ in range(2))


def images(rng, shape):
    return rng.normal(2, 3, shape), rng.normal(size=shape[1]), rng.normal(size=shape[1])


def image_grads(rng, shape):
    return rng.normal(size=shape), rng.normal(2, 3, shape), rng.normal(size=shape[1])


def rows(rng, shape):
    return rng.normal(2, 3, shape), rng.normal(size=shape[-1]), rng.normal(size=shape[-1])


def row_grads(rng, shape):
    return rng.normal(size=shape), rng.normal(2, 3, shape), rng.normal(size=shape[-1])


def statistics(rng, channels):
    return rng.normal(size=channels), rng.uniform(.5, 2, channels)


def with_statistics(rng, shape):
    return *images(rng, shape), reference.Statistics(*statistics(rng, shape[1]))


def dense(rng, shape):
    M = shape[1]
    return (rng.normal(size=shape), *(rng.normal(size=M) for _ in range(3)),
            reference.Statistics(*statistics(rng, M)))


def batches(rng, shape):
    return rng.normal(size=shape), rng.uniform(.5, 2, shape), rng.integers(2, 9, shape[0])


def by_autograd(forward):
    """The gradients that autograd finds of Σ grads · forward(X, γ, β)."""
    def gradients(grads, X, gamma, **hyper):
        parts = [X.clone().requires_grad_(), gamma.clone().requires_grad_(),
                 torch.zeros_like(gamma, requires_grad=True)]
        return torch.autograd.grad((grads * forward(*parts, **hyper)).sum(), parts, materialize_grads=True)

    return gradients


def rms_by_autograd(grads, X, gamma, **hyper):
    parts = [X.clone().requires_grad_(), gamma.clone().requires_grad_()]
    return torch.autograd.grad((grads * rms_oracle(*parts, **hyper)).sum(), parts)


def batch_oracle(X, gamma, beta, eps):
    return F.batch_norm(X, None, None, gamma, beta, training=True, eps=eps)


def inference_oracle(X, gamma, beta, stats, eps):
    return F.batch_norm(X, *stats, gamma, beta, training=False, eps=eps)


def running_oracle(stats, X, momentum):
    mean, var = (part.to(X.dtype).clone() for part in stats)
    F.batch_norm(X, mean, var, training=True, momentum=momentum)
    return mean, var


def layer_oracle(X, gamma, beta, eps):
    return F.layer_norm(X, gamma.shape, gamma, beta, eps)


def instance_oracle(X, gamma, beta, eps):
    return F.instance_norm(X, weight=gamma, bias=beta, eps=eps)


def group_oracle(X, gamma, beta, groups, eps):
    return F.group_norm(X, groups, gamma, beta, eps)


def rms_oracle(X, gamma, eps):
    return F.rms_norm(X, gamma.shape, gamma, eps)


def standard_oracle(X, train=None):
    train = X if train is None else train
    return torch.tensor(StandardScaler().fit(train.numpy()).transform(X.numpy()))


def population_oracle(means, variances, sizes):
    """From examples that have these statistics: n/2 on either side of the mean, or one more in the middle."""
    rows = []
    for mean, var, n in zip(means, variances, sizes, strict=True):
        half = int(n) // 2
        side = (var * n / (2 * half)).sqrt()
        rows += [mean + side] * half + [mean - side] * half + [mean] * (int(n) % 2)
    rows = torch.stack(rows)
    return rows.mean(0), rows.var(0)


EPS = {"eps": 1e-3}
WIDE = {"float32": {"rtol": 1e-3, "atol": 1e-3}, "float64": {"rtol": 1e-10, "atol": 1e-10}}
TWINS = {
    "condition_number": Twin("condition_number", lambda rng, s: data(rng, s)[:1], shapes=VECTORS, tolerance=WIDE),
    "standardize": Twin("standardize", lambda rng, s: data(rng, s)[:1], oracle=standard_oracle, shapes=VECTORS),
    "standardize by others": Twin("standardize", data, oracle=standard_oracle, shapes=VECTORS),
    "pca_whiten": Twin("pca_whiten", lambda rng, s: data(rng, s)[:1], shapes=VECTORS, tolerance=WIDE),
    "pca_whiten by others": Twin("pca_whiten", data, {"eps": .1}, shapes=VECTORS, tolerance=WIDE),
    "zca_whiten": Twin("zca_whiten", data, shapes=VECTORS, tolerance=WIDE),
    "zca_whiten with eps": Twin("zca_whiten", data, {"eps": .1}, shapes=VECTORS, tolerance=WIDE),
    "batch_norm": Twin("batch_norm", images, EPS, oracle=batch_oracle, shapes=IMAGES),
    "batch_norm_backward": Twin("batch_norm_backward", image_grads, EPS, oracle=by_autograd(batch_oracle),
                                shapes=IMAGES),
    "batch_norm_inference": Twin("batch_norm_inference", with_statistics, EPS, oracle=inference_oracle, shapes=IMAGES),
    "update_running": Twin("update_running", lambda rng, s: (reference.Statistics(*statistics(rng, s[1])),
                                                             rng.normal(2, 3, s)),
                           {"momentum": .3}, oracle=running_oracle, shapes=IMAGES),
    "fuse_batch_norm": Twin("fuse_batch_norm", dense, EPS, shapes=((3, 4), (1, 1))),
    "population_stats": Twin("population_stats", batches, oracle=population_oracle, shapes=((4, 3), (1, 2), (7, 1))),
    "layer_norm": Twin("layer_norm", rows, EPS, oracle=layer_oracle, shapes=LAYERS),
    "layer_norm over two axes": Twin(
        "layer_norm", lambda rng, s: (rng.normal(size=(3, *s)), rng.normal(size=s), rng.normal(size=s)), EPS,
        oracle=layer_oracle, shapes=((4, 6),)),
    "layer_norm_backward": Twin("layer_norm_backward", row_grads, EPS, oracle=by_autograd(layer_oracle),
                                shapes=LAYERS),
    "instance_norm": Twin("instance_norm", images, EPS, oracle=instance_oracle, shapes=SPATIAL),
    "instance_norm_backward": Twin("instance_norm_backward", image_grads, EPS, oracle=by_autograd(instance_oracle),
                                   shapes=SPATIAL),
    **{f"group_norm in {g}": Twin("group_norm", images, {"groups": g, **EPS}, oracle=group_oracle, shapes=IMAGES)
       for g in (1, 2, 3)},
    **{f"group_norm_backward in {g}": Twin("group_norm_backward", image_grads, {"groups": g, **EPS},
                                           oracle=by_autograd(group_oracle), shapes=IMAGES) for g in (1, 2, 3)},
    "rms_norm": Twin("rms_norm", lambda rng, s: rows(rng, s)[:2], EPS, oracle=rms_oracle, shapes=LAYERS),
    "rms_norm_backward": Twin("rms_norm_backward", row_grads, EPS, oracle=rms_by_autograd, shapes=LAYERS),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# ------------------------------------------------------------------------------------------------------------ gradients

FORWARD = {
    "batch_norm": (reference.batch_norm, reference.batch_norm_backward, (5, 4), {}),
    "batch_norm of images": (reference.batch_norm, reference.batch_norm_backward, (2, 4, 3, 2), {}),
    "layer_norm": (reference.layer_norm, reference.layer_norm_backward, (3, 4), {}),
    "instance_norm": (reference.instance_norm, reference.instance_norm_backward, (2, 4, 3, 2), {}),
    "group_norm": (reference.group_norm, reference.group_norm_backward, (2, 4, 3, 2), {"groups": 2}),
    "rms_norm": (lambda X, gamma, beta: reference.rms_norm(X, gamma), reference.rms_norm_backward, (3, 4), {}),
}


@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("which", [0, 1, 2], ids=["d_X", "d_gamma", "d_beta"])
def test_every_gradient_is_what_differences_of_the_loss_give(name, which):
    forward, backward, shape, hyper = FORWARD[name]
    if name == "rms_norm" and which == 2:
        assert len(backward(np.ones(shape), np.ones(shape), np.ones(shape[1]))) == 2
        return
    rng = np.random.default_rng(5)
    at = [rng.normal(size=shape), rng.normal(size=shape[1]), rng.normal(size=shape[1])]
    weights = rng.normal(size=shape)

    def put(value):
        return [value if i == which else part for i, part in enumerate(at)]

    def loss(value):
        return (weights * forward(*put(value), **hyper)).sum()

    def gradient(value):
        X, gamma, _ = put(value)
        return backward(weights, X, gamma, **hyper)[which]

    assert gradient_check(loss, gradient, at[which]) < 1e-8


def test_the_gradient_of_batch_norm_has_no_mean_and_no_share_along_x_hat():
    rng = np.random.default_rng(1)
    X, grads, gamma = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)), rng.normal(size=3)
    d_X, _, _ = reference.batch_norm_backward(grads, X, gamma, eps=0)
    np.testing.assert_allclose(d_X.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((d_X * X).sum(axis=0), 0, atol=1e-12)


# ------------------------------------------------------------------------------------------------------------- the data


def test_pca_whitening_is_scikit_learns_up_to_signs_and_the_divisor():
    X, train = data(np.random.default_rng(2), (6, 4))
    n = len(train)
    expected = PCA(whiten=True).fit(train).transform(X) * np.sqrt(n / (n - 1))
    found = reference.pca_whiten(X, train)
    np.testing.assert_allclose(found, expected * np.sign((found * expected).sum(axis=0)), atol=1e-10)


@pytest.mark.parametrize("whiten", [reference.pca_whiten, reference.zca_whiten])
def test_whitened_data_have_the_identity_for_a_covariance(whiten):
    Z = whiten(data(np.random.default_rng(2), (6, 4))[0])
    np.testing.assert_allclose(Z.T @ Z / len(Z), np.eye(4), atol=1e-11)
    assert reference.condition_number(Z) == pytest.approx(1, abs=1e-9)


def test_zca_is_the_whitening_that_is_closest_to_the_centred_data():
    rng = np.random.default_rng(2)
    X = data(rng, (6, 4))[0]
    zca, centred = reference.zca_whiten(X), X - X.mean(axis=0)
    for _ in range(20):
        turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
        assert ((zca - centred)**2).sum() < ((zca @ turn - centred)**2).sum()


@pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
def test_a_constant_column_is_only_centred(module):
    X = np.array([[1.0, 5.0], [3.0, 5.0]])
    Z = module.standardize(X if module is reference else torch.tensor(X))
    np.testing.assert_array_equal(plain(Z), [[-1, 0], [1, 0]])


# ----------------------------------------------------------------------------------------------------------- properties


def test_batch_norm_of_one_example_is_beta_and_of_two_tells_which_is_larger():
    rng = np.random.default_rng(3)
    gamma, beta = rng.normal(size=(2, 4))
    np.testing.assert_allclose(reference.batch_norm(rng.normal(size=(1, 4)), gamma, beta), beta[None], atol=1e-15)
    X = rng.normal(size=(2, 4))
    np.testing.assert_allclose(reference.batch_norm(X, np.ones(4), np.zeros(4), eps=0),
                               np.sign(X - X[::-1]), atol=1e-12)


def test_group_norm_has_layer_norm_and_instance_norm_as_its_limits():
    rng = np.random.default_rng(4)
    X, gamma, beta = images(rng, (3, 6, 4, 5))
    whole = np.ones(X.shape[1:])
    layer = reference.layer_norm(X, whole, 0 * whole)
    by_layer = reference.by_channel(gamma, X) * layer + reference.by_channel(beta, X)
    np.testing.assert_allclose(reference.group_norm(X, gamma, beta, groups=1), by_layer, atol=1e-12)
    np.testing.assert_allclose(reference.group_norm(X, gamma, beta, groups=6),
                               reference.instance_norm(X, gamma, beta), atol=1e-12)


def test_gamma_that_undoes_batch_norm_has_eps_in_it():
    X = np.random.default_rng(5).normal(3, 2, (32, 4))
    mean, var = X.mean(axis=0), X.var(axis=0)
    np.testing.assert_allclose(reference.batch_norm(X, np.sqrt(var + 1e-5), mean), X, atol=1e-12)
    assert np.abs(reference.batch_norm(X, np.sqrt(var), mean) - X).max() > 1e-6


def test_a_fused_layer_is_the_layer_and_its_batch_norm():
    W, b, gamma, beta, stats = dense(np.random.default_rng(6), (5, 3))
    X = np.random.default_rng(7).normal(size=(9, 5))
    W2, b2 = reference.fuse_batch_norm(W, b, gamma, beta, stats)
    np.testing.assert_allclose(X @ W2 + b2, reference.batch_norm_inference(X @ W + b, gamma, beta, stats), atol=1e-12)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_a_fused_convolution_is_what_pytorchs_own_fusion_gives(bias, affine):
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=bias).double().eval()
    norm = torch.nn.BatchNorm2d(6, affine=affine).double()
    norm(conv(torch.randn(8, 4, 7, 7, dtype=torch.float64)))
    norm.eval()
    X = torch.randn(3, 4, 7, 7, dtype=torch.float64)
    ours = pytorch.fuse_conv_batch_norm(conv, norm)
    library = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
    torch.testing.assert_close(ours(X), norm(conv(X)), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.weight, library.weight, rtol=1e-12, atol=1e-14)


def test_running_statistics_start_alike_in_both():
    for ours, theirs in zip(reference.running_init(3), pytorch.running_init(3), strict=True):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_module_is_pytorchs(dtype):
    torch.manual_seed(0)
    ours, library = pytorch.RMSNorm(6, eps=1e-3).to(dtype), torch.nn.RMSNorm(6, eps=1e-3).to(dtype)
    assert [(name, p.tolist()) for name, p in ours.named_parameters()] == [
        (name, p.tolist()) for name, p in library.named_parameters()]
    x = torch.randn(4, 5, 6, dtype=dtype)
    torch.testing.assert_close(ours(x), library(x))


def test_the_module_does_not_overflow_in_half_precision():
    x = torch.full((2, 4), 300.0, dtype=torch.float16)
    y = pytorch.RMSNorm(4).half()(x)
    assert y.dtype == torch.float16
    torch.testing.assert_close(y, torch.ones_like(x))
