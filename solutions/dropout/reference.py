"""Dropout in NumPy: its two conventions, its kin, averages of networks, and pruning.

No function changes its arguments, and each keeps the dtype of the numbers that it gets.
Nothing here draws: a mask (1 or True where something stays) or the noise is an
argument. p is always the probability of being dropped, 0 ≤ p < 1, a Python number.
"""
from itertools import product

import numpy as np

# ---------------------------------------------------------------- what a mask is put on


def dropout(x, mask, *, p, form="inverted", training=True):
    """Dropout, for a mask that has been drawn.

    It is its own backward pass: the gradient goes through the same mask and factor.

    Parameters
    ----------
    x : ndarray, any shape
        Outputs of units.
    mask : ndarray of bool or of 0 and 1, the shape of `x`
        0 where a unit is dropped. Not looked at when testing: it may be None then.
    p : float
        With which probability the mask drops.
    form : 'inverted' or 'original'
        Where the factor stands: in training, or at test time.
    training : bool

    Returns
    -------
    x : ndarray

    References
    ----------
    Srivastava et al. (2014), whose p is the probability of keeping; `torch.nn.Dropout`.
    """
    match form:
        case "inverted":        # training: m ⊙ x / (1-p)       test: x
            return x * mask / (1 - p) if training else x
        case "original":        # training: m ⊙ x               test: (1-p) x
            return x * mask if training else (1 - p) * x
    raise ValueError(f"there is no form {form!r}")


def gaussian_dropout(x, noise, *, p, training=True):
    """Multiply by noise around 1 that has the mean and the variance of dropout's.

    Parameters
    ----------
    x, noise : ndarray, one shape
        Outputs of units; draws from N(0, 1).
    p : float
        The probability of dropping in the dropout that is imitated.

    References
    ----------
    Srivastava et al. (2014), section 10.
    """
    # x ⊙ (1 + σ ε),  σ² = p/(1-p)
    return x * (1 + (p / (1 - p))**0.5 * noise) if training else x


def spatial_dropout(x, mask, *, p, training=True):
    """Inverted dropout of whole channels.

    Parameters
    ----------
    x : ndarray, (N, C, ...)
        Channels, with any number of spatial axes after them, none included.
    mask : ndarray of bool, (N, C)
        False where an example's channel is dropped, everywhere at once.
    p : float
        With which probability the mask drops.
    training : bool
        Where it is False, x comes back as it is.

    Returns
    -------
    x : ndarray, the same shape and dtype

    References
    ----------
    Tompson et al. (2015).
    """
    if not training:
        return x
    # m_nc x_nc../(1-p)
    return x * mask.reshape(*mask.shape, *[1] * (x.ndim - 2)) / (1 - p)


def dropconnect(x, W, b, mask, *, p, training=True):
    """An affine layer that drops weights, not units: each example has its own mask.

    Parameters
    ----------
    x, W, b : ndarray, (N, D), (D, M), (M,)
    mask : ndarray of bool or of 0 and 1, (N, D, M)
        0 where a weight is dropped for this example. May be None when testing.
    p : float
        With which probability the mask drops.

    Returns
    -------
    s : ndarray, (N, M)

    References
    ----------
    Wan et al. (2013); the factor 1/(1-p) is ours, as in inverted dropout.
    """
    if not training:
        return x @ W + b
    # s_nk = Σ_d x_nd m_ndk W_dk / (1-p) + b_k
    return np.einsum("nd,ndk->nk", x, mask * W) / (1 - p) + b


def dropconnect_moments(x, W, b, *, p):
    """Mean and variance of DropConnect's sums over its masks, without a factor.

    The sums meant are s_k = Σ_d x_d m_dk W_dk + b_k, with independent m_dk that are 0
    with the probability p and 1 otherwise. There is no 1/(1-p) in them.

    Parameters
    ----------
    x, W, b : ndarray, (N, D), (D, M), (M,)
    p : float
        The probability with which a weight is dropped, 0 ≤ p < 1.

    Returns
    -------
    mean, variance : ndarray, (N, M) each, in the dtype of x

    References
    ----------
    Wan et al. (2013), section 3.2, whose p is the probability of keeping.
    """
    mean = (1 - p) * (x @ W) + b                # E[s_k] = (1-p) Σ_d x_d W_dk + b_k
    variance = p * (1 - p) * (x**2 @ W**2)      # V[s_k] = p(1-p) Σ_d x_d² W_dk²
    return mean, variance


def dropout_ridge(X, y, *, p):
    """The weights that minimize the squared error expected under inverted dropout of X.

    Parameters
    ----------
    X, y : ndarray, (N, D), (N,)
        No column of X is zero.

    Returns
    -------
    w : ndarray, (D,)

    References
    ----------
    Srivastava et al. (2014), section 9.1; Wager, Wang and Liang (2013).
    """
    G = X.T @ X
    # (XᵀX + p/(1-p) diag(XᵀX)) w = Xᵀy
    return np.linalg.solve(G + p / (1 - p) * np.diag(np.diag(G)), X.T @ y)


# --------------------------------------------------------------------- all thinned nets


def log_softmax(logits):
    """log softmax along the last axis, (..., K) -> (..., K); nothing overflows."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def every_mask(units):
    """All 2^H masks of H units, (2^H, H), as bool."""
    return np.array(list(product((False, True), repeat=units)))


def thinned_ensemble(layers, X, *, p):
    """Every network that dropout can thin this one to, and how likely each is.

    The inputs of each layer are dropped; a factor is not used ('original' dropout).

    Parameters
    ----------
    layers : list of Layer
        W (D, M) and b (M,), with max(0, ·) between them.
    X : ndarray, (N, D)

    Returns
    -------
    logits, weights : ndarray, (2^H, N, K) and (2^H,)
        H is the number of all inputs of layers. The weights add up to 1.
    """
    masks = every_mask(sum(len(W) for W, _ in layers))
    weights = np.where(masks, 1 - p, p).prod(axis=1)        # p^dropped (1-p)^kept
    z, start = X, 0
    for j, (W, b) in enumerate(layers):
        m = masks[:, None, start:start + len(W)]
        z = (np.maximum(z, 0) if j else z) * m @ W + b      # s_l = (m ⊙ z_{l-1}) W + b
        start += len(W)
    return z, weights.astype(X.dtype)


def scaled_net(layers, X, *, p):
    """The logits of the one network that is tested: every layer's inputs times 1-p.

    Parameters
    ----------
    layers, X
        As for `thinned_ensemble`.

    Returns
    -------
    logits : ndarray, (N, K)
    """
    z = X
    for j, (W, b) in enumerate(layers):
        z = (1 - p) * (np.maximum(z, 0) if j else z) @ W + b
    return z


# ----------------------------------------------------------------- averages of networks


def average_predictions(logits, *, by="probability", weights=None):
    """The weighted average of what several networks predict.

    Parameters
    ----------
    logits : ndarray, (M, N, K)
        Of M networks, for N examples. They may be very large.
    by : 'probability' or 'logit'
        'probability': the arithmetic mean of the networks' probabilities. 'logit': the
        probabilities of the mean logits, which are the geometric means, made to add up
        to 1 again.
    weights : ndarray, (M,), or None
        How much each network counts: positive numbers that need not add up to 1. None:
        all alike.

    Returns
    -------
    log_p : ndarray, (N, K), in the dtype of the logits
        The logarithms of the average's probabilities.

    Raises
    ------
    ValueError
        There is no average of this name.
    """
    w = np.ones(len(logits)) if weights is None else weights
    w = (w / w.sum()).astype(logits.dtype)[:, None, None]
    log_p = log_softmax(logits)
    if by == "logit":
        return log_softmax((w * log_p).sum(axis=0))                 # Πᵢ pᵢ^wᵢ / Z
    if by == "probability":
        top = log_p.max(axis=0)
        return top + np.log((w * np.exp(log_p - top)).sum(axis=0))  # log Σᵢ wᵢ pᵢ
    raise ValueError(f"there is no average by {by!r}")


def average_weights(networks):
    """One network whose weights are the means of theirs: M lists of Layer -> a list."""
    return [type(same[0])(*(sum(each) / len(same) for each in zip(*same, strict=True)))
            for same in zip(*networks, strict=True)]


# ------------------------------------------------------------------------------ pruning


def saliency(weights, curvature):
    """By how much the loss rises, to second order, when a weight is set to zero.

    Parameters
    ----------
    weights, curvature : ndarray, one shape
        θ at a minimum, and ∂²E/∂θ_k² there.

    Returns
    -------
    saliency : ndarray, that shape

    References
    ----------
    LeCun, Denker and Solla (1990): optimal brain damage.
    """
    return curvature * weights**2 / 2           # s_k = ½ h_kk θ_k²


def surgeon_step(weights, hessian, kept):
    """One step of the optimal brain surgeon: remove a weight, let the others adjust.

    Weights that are not kept are zero, have been removed before, and stay so: only the
    kept ones are candidates, and only they adjust.

    Parameters
    ----------
    weights : ndarray, (D,)
        θ, at a minimum of the loss over the kept weights.
    hessian : ndarray, (D, D)
        H, of all weights; symmetric, with positive eigenvalues.
    kept : ndarray of bool, (D,)
        True for the weights that are still there, at least one.

    Returns
    -------
    weights, kept : ndarray, (D,) each
        After the step. The weights have the dtype that they had.

    References
    ----------
    Hassibi and Stork (1993).
    """
    live = np.flatnonzero(kept)
    inverse = np.linalg.inv(hessian[np.ix_(live, live)])
    w, diagonal = weights[live], np.diag(inverse)
    q = np.argmin(w**2 / diagonal)              # smallest L_q = θ_q² / (2 [H⁻¹]_qq)
    new, left = weights.copy(), kept.copy()
    new[live] = w - w[q] / diagonal[q] * inverse[:, q]      # θ - θ_q/[H⁻¹]_qq H⁻¹ e_q
    new[live[q]], left[live[q]] = 0, False
    return new, left
