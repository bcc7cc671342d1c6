"""Representation learning's functions: twin against twin, autograd, closed forms, PCA and SciPy."""
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from solutions.gradient_descent.reference import Layer, gradient_check
from solutions.normalization.reference import principal_axes
from solutions.representation_learning import pytorch, reference
from solutions.representation_learning.reference import Tied
from tests.solutions.twins import Twin, lifted, twin_checks

MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
FOUR = ("sigmoid", "identity", "tanh", "relu")


# ------------------------------------------------------------------------------------------------------------- twins


def layers_of(rng, sizes):
    return [Layer(rng.normal(size=(D, M)), rng.normal(size=M)) for D, M in pairwise(sizes)]


def deep(rng, shape):
    D = shape[1]
    return layers_of(rng, [D, 4, 2, 3, D]), rng.normal(size=shape)


def with_noise(rng, shape):
    return *deep(rng, shape), rng.normal(size=shape)


def deep_backward(rng, shape):
    layers, X = deep(rng, shape)
    zs = reference.forward(layers, X, activations=FOUR)
    return layers, zs, rng.normal(size=shape), {2: rng.normal(size=(len(X), 2))}


def tied(rng, shape):
    D = shape[1]
    return Tied(rng.normal(size=(D, 4)), rng.normal(size=4), rng.normal(size=D)), rng.normal(size=shape)


def tied_with_noise(rng, shape):
    return *tied(rng, shape), rng.normal(size=shape)


def tied_at_work(rng, shape):
    params, X_tilde, X = tied_with_noise(rng, shape)
    return params, X_tilde, *reference.tied_autoencoder(params, X_tilde), X


def codes(rng, shape):
    return (rng.uniform(.02, .9, shape),)


def masked(rng, shape):
    return rng.normal(size=shape), rng.random(shape)


def examples(rng, shape):
    return layers_of(rng, [shape[1], 4, 3]), rng.normal(size=shape), rng.integers(3, size=shape[0])


def in_orders(rng, shape):
    return *examples(rng, shape), np.stack([rng.permutation(shape[0]) for _ in range(3)])


def planes(rng, shape):
    return rng.normal(size=shape), rng.normal(size=shape)


def kl_by_torch(H, *, strength, target):
    """The divergence of two distributions of a coin, by `torch.distributions`."""
    H = H.clone().requires_grad_()
    ours, theirs = torch.distributions.Bernoulli(H.new_tensor(target)), torch.distributions.Bernoulli(H.mean(0))
    R = strength * torch.distributions.kl_divergence(ours, theirs).sum()
    return R.detach(), torch.autograd.grad(R, H)[0]


def l1_by_torch(H, *, strength):
    H = H.clone().requires_grad_()
    R = strength * H.abs().sum(1).mean()
    return R.detach(), torch.autograd.grad(R, H)[0]


def module_of(params):
    module = pytorch.TiedAutoencoder(*params.W.shape).to(params.W.dtype)
    module.load_state_dict({"weight": params.W.T, "bias": params.b, "out_bias": params.c})
    return module


def denoise_by_module(params, X_tilde, X):
    module = module_of(params)
    loss = F.mse_loss(module(X_tilde), X) * X.shape[1] / 2
    loss.backward()
    return loss.detach(), module.weight.grad.T, module.bias.grad, module.out_bias.grad


def tuned_by_sgd(layers, X, y, orders, *, lr, batch_size, momentum, frozen):
    layers = [[part.clone().requires_grad_() for part in layer] for layer in layers]
    optimizer = torch.optim.SGD([p for layer in layers[frozen:] for p in layer], lr=lr, momentum=momentum)
    for order in orders:
        for m in order.split(batch_size):
            optimizer.zero_grad()
            z = X[m]
            for W, b in layers[:-1]:
                z = torch.sigmoid(z @ W + b)
            F.cross_entropy(z @ layers[-1][0] + layers[-1][1], y[m]).backward()
            optimizer.step()
    return [[part.detach() for part in layer] for layer in layers]


TWO = ((5, 3), (1, 2))
ANY = {"activations": FOUR}
WIDE = {"float32": {"rtol": 2e-3, "atol": 2e-3}, "float64": {"rtol": 1e-10, "atol": 1e-11}}
TWINS = {
    **{f"apply, {name}": Twin("apply", lambda rng, s: (rng.normal(size=s),), {"activation": name})
       for name in FOUR},
    **{f"slope, {name}": Twin("slope", lambda rng, s, name=name: (reference.apply(rng.normal(size=s), name),),
                              {"activation": name}) for name in FOUR},
    "forward": Twin("forward", deep, ANY, shapes=TWO),
    "backward": Twin("backward", lambda rng, s: deep_backward(rng, s)[:3], ANY, shapes=TWO),
    "error": Twin("reconstruction_error", planes, shapes=TWO,
                  oracle=lambda A, B: F.mse_loss(A, B) * A.shape[1] / 2),
    "autoencoder": Twin("autoencoder", deep, ANY, shapes=TWO),
    "encode": Twin("encode", tied, shapes=TWO, oracle=lambda params, X: module_of(params).encode(X)),
    "tied": Twin("tied_autoencoder", tied, shapes=TWO,
                 oracle=lambda params, X: (module_of(params).encode(X), module_of(params)(X))),
    "tied, backward": Twin("tied_backward", tied_at_work, shapes=TWO, oracle=lambda params, X_tilde, H, X_hat, X:
                           denoise_by_module(params, X_tilde, X)[1:]),
    "l1": Twin("sparse_penalty", lambda rng, s: (rng.normal(size=s),), {"strength": .3}, l1_by_torch, shapes=TWO),
    "kl": Twin("sparse_penalty", codes, {"strength": .3, "kind": "kl", "target": .1}, shapes=TWO),
    "kl alone": Twin("kl_sparsity", codes, {"strength": .3, "target": .1}, kl_by_torch, shapes=TWO),
    "masking": Twin("masking_noise", masked, {"share": .4}, shapes=((5, 3), (1, 2), (4, 5), (2, 3, 7), (0, 3))),
    "denoise": Twin("denoise", tied_with_noise, shapes=TWO, oracle=denoise_by_module),
    "classify": Twin("classify", lambda rng, s: examples(rng, s)[:2], shapes=TWO),
    "classifier": Twin("classifier_gradient", examples, shapes=TWO),
    "fine-tuned": Twin("fine_tune", in_orders, {"lr": .1, "batch_size": 2, "momentum": .9, "frozen": 0}, tuned_by_sgd,
                       shapes=TWO),
    "fine-tuned, frozen": Twin("fine_tune", in_orders, {"lr": .1, "batch_size": 3, "momentum": .5, "frozen": 1},
                               tuned_by_sgd, shapes=TWO),
    "angle": Twin("subspace_angle", planes, shapes=((5, 2), (4, 1), (6, 5)), tolerance=WIDE,
                  oracle=lambda A, B: torch.tensor(subspace_angles(A, B)[0]).to(A)),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


@pytest.mark.parametrize("name", ["apply", "slope"])
@MODULES
def test_an_unknown_activation_is_refused(module, name):
    with pytest.raises(ValueError, match="'softplus'"):
        getattr(module, name)(*lifted((np.ones(2),), as_tensors=module is pytorch), "softplus")


@MODULES
def test_an_unknown_penalty_is_refused(module):
    with pytest.raises(ValueError, match="'l2'"):
        module.sparse_penalty(*lifted((np.ones((2, 2)),), as_tensors=module is pytorch), strength=1., kind="l2")


@MODULES
def test_a_start_is_mirrored_and_has_xaviers_variance(module):
    rng = np.random.default_rng(0) if module is reference else torch.Generator().manual_seed(0)
    layers = module.mirrored_init(rng, [300, 100, 5])
    assert [tuple(W.shape) for W, _ in layers] == [(300, 100), (100, 5), (5, 100), (100, 300)]
    assert {W.dtype for W, _ in layers} <= {np.dtype("float32"), torch.float32}
    assert float(layers[0].W.std()) == pytest.approx((2 / 400)**.5, rel=.02)
    one = module.tied_init(rng, 300, 100)
    assert float(one.W.std()) == pytest.approx((2 / 400)**.5, rel=.02)
    assert all(float(abs(part).max()) == 0 for part in (*one[1:], *(b for _, b in layers)))


# --------------------------------------------------------------------------------------------------------- gradients


def flat_check(loss_of, grads_of, layers):
    """`gradient_check` over all numbers of some tuples of arrays."""
    parts = [part for layer in layers for part in layer]
    places = np.cumsum([part.size for part in parts])[:-1]

    def shaped(params):
        found = iter(one.reshape(part.shape) for one, part in zip(np.split(params, places), parts, strict=True))
        return [type(layer)(*(next(found) for _ in layer)) for layer in layers]

    return gradient_check(lambda params: loss_of(shaped(params)),
                          lambda params: np.concatenate([g.ravel() for one in grads_of(shaped(params)) for g in one]),
                          np.concatenate([part.ravel() for part in parts]))


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_a_deep_autoencoder_with_a_penalty_on_its_code(seed):
    rng = np.random.default_rng(seed)
    layers, X, X_tilde = with_noise(rng, (5, 3))
    activations = ("tanh", "sigmoid", "tanh", "identity")
    price = partial(reference.sparse_penalty, strength=.3, kind="kl", target=.1)

    def loss(layers):
        zs = reference.forward(layers, X_tilde, activations=activations)
        return reference.reconstruction_error(zs[-1], X) + price(zs[2])[0]

    def grads(layers):
        zs = reference.forward(layers, X_tilde, activations=activations)
        return reference.backward(layers, zs, (zs[-1] - X) / len(X), activations=activations,
                                  penalties={2: price(zs[2])[1]})

    assert flat_check(loss, grads, layers) < 1e-8
    assert flat_check(lambda layers: reference.autoencoder(layers, X, activations=activations, inputs=X_tilde)[0],
                      lambda layers: reference.autoencoder(layers, X, activations=activations, inputs=X_tilde)[1],
                      layers) < 1e-8


@pytest.mark.parametrize("kind", ["l1", "kl"])
def test_the_gradient_of_a_tied_autoencoder_with_a_penalty(kind):
    rng = np.random.default_rng(1)
    params, X, X_tilde = tied_with_noise(rng, (5, 3))
    price = partial(reference.sparse_penalty, strength=.3, kind=kind)

    def loss(layers):
        H, X_hat = reference.tied_autoencoder(layers[0], X_tilde)
        return reference.reconstruction_error(X_hat, X) + price(H)[0]

    def grads(layers):
        H, X_hat = reference.tied_autoencoder(layers[0], X_tilde)
        return [reference.tied_backward(layers[0], X_tilde, H, X_hat, X, penalty=price(H)[1])]

    assert flat_check(loss, grads, [params]) < 1e-8
    H, X_hat = reference.tied_autoencoder(params, X_tilde)
    given = lifted((params, X_tilde, H, X_hat, X), as_tensors=True)
    for ours, theirs in zip(grads([params])[0], pytorch.tied_backward(*given, penalty=torch.tensor(price(H)[1])),
                            strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


@MODULES
def test_penalties_reach_the_layers_below_them(module):
    layers, zs, z_bar, penalties = deep_backward(np.random.default_rng(0), (5, 3))
    layers, zs, z_bar, *_ = lifted((layers, zs, z_bar), as_tensors=module is pytorch)
    price = penalties[2] if module is reference else torch.tensor(penalties[2])
    plain = module.backward(layers, zs, z_bar, activations=FOUR)
    priced = module.backward(layers, zs, z_bar, activations=FOUR, penalties={2: price})
    np.testing.assert_array_equal(plain[2].W, priced[2].W)
    np.testing.assert_allclose(priced[1].b - plain[1].b, price.sum(0), rtol=1e-10)  # an identity
    assert abs(priced[0].W - plain[0].W).max() > 1e-3


# ------------------------------------------------------------------------------------------- networks side by side


@MODULES
def test_networks_side_by_side_are_what_each_is_alone(module):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2, 6, 3)), rng.integers(4, size=(2, 6))
    singles = [layers_of(rng, [3, 5, 4]) for _ in range(2)]
    both = [Layer(np.stack([W, V]), np.stack([b, c])[:, None])
            for (W, b), (V, c) in zip(*singles, strict=True)]
    orders = np.stack([rng.permutation(6) for _ in range(3)])
    singles, both, X, y, orders = lifted((singles, both, X, y, orders), as_tensors=module is pytorch)
    hyper = {"lr": .2, "batch_size": 4}
    together = module.fine_tune(both, X, y, orders, **hyper)
    for r, single in enumerate(singles):
        for ours, alone in zip(together, module.fine_tune(single, X[r], y[r], orders, **hyper), strict=True):
            np.testing.assert_allclose(ours.W[r], alone.W, rtol=1e-10)
            np.testing.assert_allclose(ours.b[r, 0], alone.b, rtol=1e-10)
    pair = [tied(rng, (6, 3))[0] for _ in range(2)]
    stacked = Tied(*(np.stack(parts) if parts[0].ndim == 2 else np.stack(parts)[:, None]
                     for parts in zip(*pair, strict=True)))
    pair, stacked = lifted((pair, stacked), as_tensors=module is pytorch)
    loss, grads = module.denoise(stacked, 2 * X, X)
    for r, params in enumerate(pair):
        alone_loss, alone = module.denoise(params, 2 * X[r], X[r])
        assert float(loss[r]) == pytest.approx(float(alone_loss), rel=1e-10)
        np.testing.assert_allclose(grads.W[r], alone.W, rtol=1e-9)
        np.testing.assert_allclose(grads.c[r, 0], alone.c, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------------------------------------- what they owe


@MODULES
def test_a_stack_is_trained_from_below_on_clean_codes(module):
    rng = np.random.default_rng(0)
    starts = [Tied(rng.normal(size=(D, M)), rng.normal(size=M), rng.normal(size=D)) for D, M in ((3, 4), (4, 2))]
    X = rng.normal(size=(5, 3))
    starts, X = lifted((starts, X), as_tensors=module is pytorch)
    seen = []

    def epoch(params, Z_tilde, Z):
        seen.append((Z_tilde, Z))
        return type(params)(params.W + 1, params.b - 1, params.c)

    layers = module.train_stacked(starts, X, epoch, corrupt=lambda Z: 0 * Z, epochs=2)
    np.testing.assert_allclose(layers[1].W, starts[1].W + 2, rtol=1e-12)
    np.testing.assert_allclose(layers[1].b, starts[1].b - 2, rtol=1e-12)
    assert len(seen) == 4
    assert all(not Z_tilde.any() for Z_tilde, _ in seen)
    np.testing.assert_array_equal(seen[1][1], X)
    np.testing.assert_allclose(seen[2][1], module.encode(layers[0], X), rtol=1e-12)
    np.testing.assert_array_equal(seen[2][1], seen[3][1])


@MODULES
@pytest.mark.parametrize(("share", "zeros"), [(0., 0), (.25, 2), (.3, 2), (.5, 4), (.9, 6), (1., 7)])
def test_masking_noise_takes_the_same_number_from_each(module, share, zeros):
    X, draws = masked(np.random.default_rng(0), (4, 7))
    found = np.asarray(module.masking_noise(*lifted((X, draws), as_tensors=module is pytorch), share=share))
    assert ((found == 0).sum(axis=1) == zeros).all()
    assert (found[found != 0] == X[found != 0]).all()
    assert all(draws[n][found[n] == 0].max(initial=0) < draws[n][found[n] != 0].min(initial=1) for n in range(4))


@MODULES
@pytest.mark.parametrize("angle", [0., 1e-12, 1e-9, 1e-5, .3, 1.2, np.pi / 2 - 1e-9, np.pi / 2])
def test_an_angle_keeps_its_digits(module, angle):
    """Two planes in five dimensions that share a line; bases that are neither orthogonal nor of length 1."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    A = turn[:, :2]
    B = np.stack([turn[:, 0], np.cos(angle) * turn[:, 1] + np.sin(angle) * turn[:, 2]], axis=1)
    mixed = [one @ mix for one, mix in zip((A, B), rng.normal(size=(2, 2, 2)), strict=True)]
    found = module.subspace_angle(*lifted((mixed[0], mixed[1]), as_tensors=module is pytorch))
    assert float(found) == pytest.approx(angle, rel=1e-3, abs=1e-14)
    again = module.subspace_angle(*lifted((mixed[1], mixed[0]), as_tensors=module is pytorch))
    assert float(again) == pytest.approx(float(found), rel=1e-3, abs=1e-14)


def test_the_best_linear_autoencoder_is_pca():
    """The gradient is zero at the principal axes, in any basis of their space, and the error is PCA's."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)) * (3, 2, 1.5, 1, .5)
    X = X - X.mean(axis=0)
    U = principal_axes(X)[1][:, :2]
    mix = rng.normal(size=(2, 2))
    layers = [Layer(U @ mix, np.zeros(2)), Layer(np.linalg.solve(mix, U.T), np.zeros(5))]
    loss, grads = reference.autoencoder(layers, X, activations=("identity", "identity"))
    assert max(abs(part).max() for layer in grads for part in layer) < 1e-12
    pca = PCA(2).fit(X)
    assert loss == pytest.approx(((pca.inverse_transform(pca.transform(X)) - X)**2).sum() / 80, rel=1e-12)
    assert reference.subspace_angle(layers[1].W.T, pca.components_.T) < 1e-12
    saddle = [Layer(one, np.zeros(one.shape[1])) for one in (principal_axes(X)[1][:, [0, 2]],
                                                             principal_axes(X)[1][:, [0, 2]].T)]
    higher, flat = reference.autoencoder(saddle, X, activations=("identity", "identity"))
    assert higher > loss
    assert max(abs(part).max() for layer in flat for part in layer) < 1e-12


def test_kl_is_zero_where_each_unit_meets_its_target():
    H = np.array([[.05, .15], [.15, .05]])
    R, H_bar = reference.kl_sparsity(H, strength=2., target=.1)
    assert abs(R) < 1e-15
    assert abs(H_bar).max() < 1e-14


# --------------------------------------------------------------------------------------------------- PyTorch's own


def test_a_tied_module_has_one_matrix_and_starts_with_xaviers():
    torch.manual_seed(0)
    module = pytorch.TiedAutoencoder(300, 100)
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {
        "weight": (100, 300), "bias": (100,), "out_bias": (300,)}
    assert module.weight.std().item() == pytest.approx((2 / 400)**.5, rel=.02)


@pytest.mark.parametrize("encoder_lr", [0., .05])
def test_a_stack_is_fine_tuned_as_by_hand(encoder_lr):
    rng = np.random.default_rng(0)
    layers, X, y = examples(rng, (6, 3))
    modules = [torch.nn.Linear(*W.shape).double() for W, _ in layers]
    for module, (W, b) in zip(modules, layers, strict=True):
        module.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.tensor(b)})
    batches = torch.tensor([0, 1, 2]), torch.tensor([5, 3])
    model = pytorch.fine_tune_stack(modules[:1], modules[1], torch.tensor(X), torch.tensor(y), batches,
                                    lr=.2, encoder_lr=encoder_lr)
    for m in batches:
        grads = reference.classifier_gradient(layers, X[m], y[m])
        layers = [Layer(W - lr * g.W, b - lr * g.b)
                  for (W, b), g, lr in zip(layers, grads, (encoder_lr, .2), strict=True)]
    np.testing.assert_allclose(model(torch.tensor(X)).detach(), reference.classify(layers, X), rtol=1e-10)
    assert not any(torch.equal(module.weight, part) for module, part in zip(modules[1:], (model[2].weight,),
                                                                            strict=True))
