"""Training loops of the chapter: Adam for autoencoders, and pre-training from noise."""
import numpy as np

from solutions.adaptive_optimizers.reference import adam_init, adam_step
from solutions.gradient_descent.reference import Layer, minibatches
from solutions.representation_learning.reference import (
    autoencoder,
    denoise,
    masking_noise,
    sparse_penalty,
    tied_autoencoder,
    tied_backward,
    train_stacked,
)


def side_by_side(networks):
    """R networks, each a list of Layer or Tied, in one: W (R, D, M), biases (R, 1, M)."""
    return [type(same[0])(*(np.stack([np.atleast_2d(part) for part in parts])
                            for parts in zip(*same, strict=True)))
            for same in zip(*networks, strict=True)]


def joined(*networks):
    """Networks that are side by side already, one group after the other."""
    return [type(same[0])(*map(np.concatenate, zip(*same, strict=True)))
            for same in zip(*networks, strict=True)]


def adam_layers(layers, grads, states, *, lr):
    """An Adam step for each array of a list of tuples of arrays; states None: the first."""
    if states is None:
        states = [[adam_init(p) for p in layer] for layer in layers]
    moved = [[adam_step(*part, lr=lr) for part in zip(*three, strict=True)]
             for three in zip(layers, grads, states, strict=True)]
    return ([type(layer)(*(p for p, _ in parts))
             for layer, parts in zip(layers, moved, strict=True)],
            [[state for _, state in parts] for parts in moved])


def root_of_gram(X):
    """A square R with RᵀR/D = XᵀX/N: for a linear autoencoder without biases as good as X."""
    return np.linalg.qr(X)[1] * np.sqrt(X.shape[1] / len(X))


def train_linear(layers, X, *, steps, lr=0.01):
    """Train a linear autoencoder without biases, all examples in each step.

    Yields
    ------
    layers : list of two Layer, before the first step and after each
    """
    R, states, linear = root_of_gram(X), None, ("identity", "identity")
    yield layers
    for _ in range(steps):
        grads = [Layer(W, 0 * b) for W, b in autoencoder(layers, R, activations=linear)[1]]
        layers, states = adam_layers(layers, grads, states, lr=lr)
        yield layers


def shuffled(rng, X, epochs, batch_size):
    """The batches of some epochs, each epoch in an order of its own."""
    orders = [rng.permutation(X.shape[-2]) for _ in range(epochs)]
    return [m for order in orders for m in minibatches(order, batch_size)]


def train_deep(rng, layers, X, *, activations, epochs, lr=0.003, batch_size=50):
    """Train a deep autoencoder in mini-batches.

    Returns
    -------
    layers : list of Layer
    """
    states = None
    for m in shuffled(rng, X, epochs, batch_size):
        _, grads = autoencoder(layers, X[..., m, :], activations=activations)
        layers, states = adam_layers(layers, grads, states, lr=lr)
    return layers


def mask(rng, X, share):
    """Masking noise, whose share may differ from network to network; 0: no noise."""
    if np.ndim(share) == 0:
        return masking_noise(X, rng.random(X.shape, np.float32), share=share) if share else X
    return np.stack([mask(rng, *one) for one in zip(X, share, strict=True)])


def train_tied(rng, params, X, *, epochs, share=0.0, penalty=None, lr=0.003, batch_size=50):
    """Train a tied autoencoder in mini-batches.

    Parameters
    ----------
    share : float, or one for each of R networks side by side
        Of each example's inputs so many are set to zero, others in each epoch.
    penalty : keyword arguments of `sparse_penalty`, or None

    Returns
    -------
    params : Tied
    """
    states = None
    for m in shuffled(rng, X, epochs, batch_size):
        clean = X[..., m, :]
        noisy = mask(rng, clean, share)
        if penalty is None:
            _, grads = denoise(params, noisy, clean)
        else:
            H, X_hat = tied_autoencoder(params, noisy)
            H_bar = np.stack([sparse_penalty(one, **penalty)[1]
                              for one in H.reshape(-1, *H.shape[-2:])]).reshape(H.shape)
            grads = tied_backward(params, noisy, H, X_hat, clean, penalty=H_bar)
        (params,), states = adam_layers([params], [grads], states, lr=lr)
    return params


def pretrain(rng, starts, X, *, share, epochs, lr=0.003, batch_size=50):
    """Stacked denoising autoencoders, each epoch of a layer with an Adam of its own.

    Parameters
    ----------
    starts : list of Tied
    share : as for `train_tied`

    Returns
    -------
    layers : list of Layer
    """
    def corrupt(Z):
        return mask(rng, Z, share)

    def train_epoch(params, Z_tilde, Z):
        states = None
        for m in shuffled(rng, Z, 1, batch_size):
            _, grads = denoise(params, Z_tilde[..., m, :], Z[..., m, :])
            (params,), states = adam_layers([params], [grads], states, lr=lr)
        return params

    return train_stacked(starts, X, train_epoch, corrupt=corrupt, epochs=epochs)
