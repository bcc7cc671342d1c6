"""The chapter's training loops: what each leaves out of a plain loop is held against that loop."""
import numpy as np
from sklearn.datasets import load_digits

from solutions.representation_learning import training
from solutions.representation_learning.reference import (
    autoencoder,
    forward,
    mirrored_init,
    reconstruction_error,
    tied_autoencoder,
    tied_init,
)

X = (load_digits().data / 16).astype("float32")


def test_the_root_of_the_gram_matrix_stands_for_all_examples():
    centred = (X - X.mean(axis=0)).astype(float)
    layers = mirrored_init(np.random.default_rng(0), [64, 3], dtype=float)
    linear = ("identity", "identity")
    (loss, grads), (short_loss, short) = (autoencoder(layers, one, activations=linear)
                                          for one in (centred, training.root_of_gram(centred)))
    np.testing.assert_allclose(short_loss, loss, rtol=1e-12)
    for ours, theirs in zip(short, grads, strict=True):
        np.testing.assert_allclose(ours.W, theirs.W, rtol=1e-9, atol=1e-12)


def test_a_deep_and_a_tied_autoencoder_learn_in_float32():
    rng = np.random.default_rng(0)
    activations = ("tanh", "identity")
    start = mirrored_init(rng, [64, 16])
    layers = training.train_deep(rng, start, X[:500], activations=activations, epochs=15)
    before, after = (reconstruction_error(forward(one, X[500:], activations=activations)[-1], X[500:])
                     for one in (start, layers))
    assert after < .2 * before
    assert {part.dtype for layer in layers for part in layer} == {np.dtype("float32")}
    for options in ({}, {"share": .3}, {"penalty": {"strength": .05}}):
        first = tied_init(rng, 64, 16)
        params = training.train_tied(rng, first, X[:500], epochs=15, **options)
        before, after = (reconstruction_error(tied_autoencoder(one, X[500:])[1], X[500:]) for one in (first, params))
        assert after < .2 * before
        assert {part.dtype for part in params} == {np.dtype("float32")}


def test_networks_with_shares_of_their_own_stand_side_by_side():
    """A network without noise beside one with noise is trained as alone."""
    first = tied_init(np.random.default_rng(0), 64, 8)
    both = type(first)(*(np.stack([part, part]).reshape(2, -1, part.shape[-1]) for part in first))
    together = training.train_tied(np.random.default_rng(1), both, np.stack([X[:100]] * 2), epochs=2, share=[0, .5])
    alone = training.train_tied(np.random.default_rng(1), first, X[:100], epochs=2)
    np.testing.assert_allclose(together.W[0], alone.W, rtol=1e-4, atol=1e-5)
    assert abs(together.W[1] - alone.W).max() > 1e-2
