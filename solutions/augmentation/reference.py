"""Augmentation in NumPy: noise, turned pictures, attacks, mixup, rare classes.

No function changes its arguments, and each keeps the dtype of the numbers that it gets.
Nothing here draws: noise, θ and orders are arguments. Pixels lie between 0 and 1.
"""
from itertools import product

import numpy as np

# ------------------------------------------------------------------------------- noise


def corrupt(X, noise, *, sigma):
    """Gaussian corruption: τ_θ(x) = x + θ, θ from N(0, σ²I).

    Parameters
    ----------
    X, noise : ndarray, one shape
        Inputs; draws from N(0, 1).
    sigma : float
        The deviation σ of what is added.
    """
    return X + sigma * noise                    # x + θ,  θ = σ ε


def noise_ridge(X, y, *, sigma):
    """The weights that minimize the squared error expected under noise on X.

    Parameters
    ----------
    X, y : ndarray, (N, D), (N,)
    sigma : float
        The noise's deviation, above 0 unless XᵀX can be inverted.

    Returns
    -------
    w : ndarray, (D,)

    References
    ----------
    Bishop (1995).
    """
    n, D = X.shape
    penalty = n * sigma**2 * np.eye(D, dtype=X.dtype)
    return np.linalg.solve(X.T @ X + penalty, X.T @ y)      # (XᵀX + nσ² I) w = Xᵀy


# -------------------------------------------------------------- turned, moved, enlarged


def affine_params(degrees, scale, shift):
    """θ of pictures that are turned and scaled about their centre, then moved.

    Parameters
    ----------
    degrees, scale : ndarray, (N,)
        Counter-clockwise; above 1 the picture gets larger.
    shift : ndarray, (N, 2)
        In pixels: to the right, down.

    Returns
    -------
    theta : ndarray, (N, 2, 3)
        For `affine`: from places of the new picture back to those of the old one.
    """
    a = np.deg2rad(degrees)
    turn = np.stack([np.stack([np.cos(a), -np.sin(a)], axis=-1),
                     np.stack([np.sin(a), np.cos(a)], axis=-1)], axis=-2)
    A = turn / scale[:, None, None]                         # A = R⁻¹/s
    return np.concatenate([A, -A @ shift[..., None]], axis=-1)      # [A, -A t]


def pixels(images, columns, rows):
    """The pixels at whole numbers, (N, P) each; 0 outside. (N, C, H, W) -> (N, C, P)"""
    H, W = images.shape[2:]
    inside = (columns >= 0) & (columns < W) & (rows >= 0) & (rows < H)
    i = np.clip(rows, 0, H - 1).astype(int)
    j = np.clip(columns, 0, W - 1).astype(int)
    found = images[np.arange(len(images))[:, None], :, i, j]        # (N, P, C)
    return np.moveaxis(found * inside[..., None], -1, 1)


def bilinear(images, points):
    """The value of a picture between its pixels.

    Parameters
    ----------
    images : ndarray, (N, C, H, W)
    points : ndarray, (N, P, 2)
        Column x and row y, in pixels: (0, 0) is the centre of the first pixel. Beyond
        the edge every pixel is 0.

    Returns
    -------
    values : ndarray, (N, C, P)
    """
    x, y = points[..., 0], points[..., 1]
    left, top, values = np.floor(x), np.floor(y), 0
    for j, i in product((left, left + 1), (top, top + 1)):
        near = (1 - np.abs(x - j)) * (1 - np.abs(y - i))    # (1-|x-j|) (1-|y-i|)
        values = values + near[:, None] * pixels(images, j, i)      # Σ ... x_ij
    return values


def affine(images, theta):
    """Pictures looked up at A q + b for each place q of theirs, from the centre.

    Parameters
    ----------
    images : ndarray, (N, C, H, W)
    theta : ndarray, (N, 2, 3)
        A and b, in pixels; `affine_params` makes them.

    Returns
    -------
    images : ndarray, (N, C, H, W)
    """
    H, W = images.shape[2:]
    y, x = np.mgrid[:H, :W].reshape(2, -1).astype(images.dtype)
    center = np.array([W - 1, H - 1], images.dtype) / 2
    q = np.stack([x, y], axis=1) - center                   # (HW, 2)
    points = q @ theta[:, :, :2].swapaxes(1, 2) + theta[:, None, :, 2] + center
    return bilinear(images, points).reshape(images.shape)


# ------------------------------------------------------------------------- adaptive θ


def worst_of_k(X, y, thetas, *, transform, loss):
    """For each example, that one of K transformed copies whose loss is largest.

    Parameters
    ----------
    X, y : ndarray, (N, ...), (N,)
    thetas : ndarray, (K, N, ...)
        K candidates θ for each example.
    transform : callable, (X, theta) -> X
        τ, for one θ of each example.
    loss : callable, (X, y) -> losses (N,)
        Each example's own loss.

    Returns
    -------
    X, worst : ndarray, (N, ...) and (N,)
        The chosen copies, and the place of each one's θ among the K: the first of
        equals.
    """
    copies = np.stack([transform(X, theta) for theta in thetas])    # τ_θ(x), (K, N, ..)
    losses = np.stack([loss(each, y) for each in copies])           # (K, N)
    worst = losses.argmax(axis=0)                           # argmax_k E(τ_θk(x_n), y_n)
    return copies[worst, np.arange(len(X))], worst


def unconstrained_step(theta, grads, *, lr, sigma):
    """A step uphill on E(τ_θ(x)) + log p(θ), where θ is normal with the deviation σ.

    Parameters
    ----------
    theta, grads : ndarray, one shape
        θ and ∂E/∂θ.
    """
    return theta + lr * (grads - theta / sigma**2)          # θ + η ∂/∂θ (E + log p(θ))


# ------------------------------------------------------------------------- adversarial


def linf_step(X, grads, center, *, lr, radius):
    """A step uphill of η in each pixel, kept within the radius and between 0 and 1.

    Parameters
    ----------
    X, grads, center : ndarray, one shape
        Where the attack is, ∂E/∂x there, and the examples that it began with.
    """
    moved = X + lr * np.sign(grads)                         # x + η sign g
    moved = np.clip(moved, center - radius, center + radius)
    return np.clip(moved, 0, 1)


def l2_step(X, grads, center, *, lr, radius):
    """A step uphill of the length η for each example, kept within the radius.

    Parameters
    ----------
    X, grads, center : ndarray, (N, ...), one shape
        Where the attack is, ∂E/∂x there, and the examples that it began with, which lie
        between 0 and 1. The length is that of all numbers of one example.
    lr, radius : float, above 0
        η: how far a step goes, whatever the gradient's length. An example whose
        gradient is 0 makes no step. The radius is what ‖x - center‖₂ may be at most.

    Returns
    -------
    X : ndarray, the same shape and dtype
        Projected on the ball, then clipped to between 0 and 1.

    References
    ----------
    Madry et al. (2018).
    """
    axes = tuple(range(1, X.ndim))

    def length(v):
        return np.sqrt((v**2).sum(axis=axes, keepdims=True))        # ‖v_n‖₂

    size = length(grads)
    move = X + lr * grads / np.where(size > 0, size, 1) - center    # x + η g/‖g‖ - x₀
    move = move * (radius / np.maximum(length(move), radius))       # δ · min(1, ε/‖δ‖)
    return np.clip(center + move, 0, 1)


def adversarial_step(X, grads, center, *, lr, radius, norm="linf"):
    """One step of an attack: uphill, then back into the ball and the pixels' range.

    Parameters
    ----------
    X, grads, center : ndarray, (N, ...), one shape
        Where the attack is, ∂E/∂x there, and the examples that it began with.
    lr, radius : float
        η and ε.
    norm : 'linf' or 'l2'
        Which length is at most ε, and is η in a step.

    Returns
    -------
    X : ndarray

    References
    ----------
    Goodfellow, Shlens and Szegedy (2015): one step with η = ε from the center, FGSM.
    """
    match norm:
        case "linf":
            return linf_step(X, grads, center, lr=lr, radius=radius)
        case "l2":
            return l2_step(X, grads, center, lr=lr, radius=radius)
    raise ValueError(f"there is no step of norm {norm!r}")


def pgd(X, start, *, gradient, lr, radius, steps, norm="linf"):
    """Projected gradient descent on -E: adversarial steps, one after the other.

    Parameters
    ----------
    X, start : ndarray, (N, ...), one shape
        The examples, and where the attack begins: at X, or near it at random.
    gradient : callable, X -> ∂E/∂x, of that shape
        Each example's, for its own loss.

    Returns
    -------
    X : ndarray

    References
    ----------
    Madry et al. (2018).
    """
    found = start
    for _ in range(steps):
        found = adversarial_step(found, gradient(found), X, lr=lr, radius=radius,
                                 norm=norm)
    return found


# ------------------------------------------------------------------------------- mixup


def mixup_labels(y, order, lam, *, classes):
    """What mixup asks for: a share of each of two labels.

    Parameters
    ----------
    y : ndarray of int, (N,)
    order : ndarray of int, (N,)
        With which example each one is mixed.
    lam : ndarray of float, (N,)
        λ_n, from 0 to 1: the share of the example itself; the rest is its partner's.
    classes : int
        K.

    Returns
    -------
    targets : ndarray, (N, K), in the dtype of `lam`
        Each row adds up to 1.

    References
    ----------
    Zhang et al. (2018).
    """
    r, share = np.eye(classes, dtype=lam.dtype), lam[:, None]
    return share * r[y] + (1 - share) * r[y[order]]         # λ r_n + (1-λ) r_π(n)


def mixup(X, y, order, lam, *, classes):
    """Examples on the lines between pairs of examples, and their labels.

    Parameters
    ----------
    X : ndarray, (N, ...)
    y, order, lam, classes
        As for `mixup_labels`.

    Returns
    -------
    X, targets : ndarray, (N, ...) and (N, K)
    """
    share = lam.reshape(-1, *[1] * (X.ndim - 1))
    mixed = share * X + (1 - share) * X[order]              # λ x_n + (1-λ) x_π(n)
    return mixed, mixup_labels(y, order, lam, classes=classes)


# ------------------------------------------------------------------------ rare classes


def precision_recall(found, g):
    """The share of what was found that is right, and of what is there that was found.

    Parameters
    ----------
    found, g : ndarray of bool, (..., N)
        What is called positive, and what is. Without any, the share is 0.

    Returns
    -------
    precision, recall : ndarray of float, (...)
    """
    both = (found & g).sum(axis=-1)
    return tuple(both / np.maximum(n.sum(axis=-1), 1) for n in (found, g))


def balanced_draw(u, y, *, classes):
    """Examples drawn so that every class is equally likely.

    Parameters
    ----------
    u : ndarray of float, (M, 2)
        Draws from the uniform distribution on [0, 1): one for the class, one for the
        example in it.
    y : ndarray of int, (N,)
        Labels; every class has at least one example.

    Returns
    -------
    index : ndarray of int, (M,)
    """
    count = np.bincount(y, minlength=classes)
    k = (u[:, 0] * classes).astype(int)
    place = np.cumsum(count)[k] - count[k] + (u[:, 1] * count[k]).astype(int)
    return np.argsort(y, kind="stable")[place]


def dice(p, g):
    """The Dice coefficient: 2 Σ p g / (Σ p² + Σ g²), over all numbers.

    Parameters
    ----------
    p, g : ndarray, one shape
        Probabilities of the rare class; 1 where it is, else 0. Not both all 0.
    """
    return 2 * (p * g).sum() / ((p**2).sum() + (g**2).sum())


def dice_gradient(p, g):
    """∂D/∂p of `dice`, in the shape of p."""
    S = (p**2).sum() + (g**2).sum()
    return 2 * (g * S - 2 * p * (p * g).sum()) / S**2       # 2 (g_j S - 2 p_j Σpg)/S²


def dice_loss(p, g, *, smooth=1.0):
    """1 - D, smoothed, and its gradient.

    Parameters
    ----------
    p, g : ndarray, one shape
        As for `dice`; with `smooth` above 0 both may be all 0.
    smooth : float
        Added above and below: where nothing is there and nothing found, D is 1.

    Returns
    -------
    loss, grads : NumPy scalar, ndarray of the shape of p
        1 - (2 Σ p g + s)/(Σ p² + Σ g² + s) and ∂loss/∂p.

    References
    ----------
    Milletari, Navab and Ahmadi (2016), without the smoothing.
    """
    S = (p**2).sum() + (g**2).sum() + smooth
    D = (2 * (p * g).sum() + smooth) / S
    return 1 - D, 2 * (p * D - g) / S                     # -∂D/∂p_j = 2 (D p_j - g_j)/S


def multiclass_dice_loss(logits, y, *, smooth=1.0):
    """1 less the mean of the classes' Dice coefficients, and its gradient.

    Parameters
    ----------
    logits : ndarray, (N, K)
        Of any size: nothing may overflow.
    y : ndarray of int, (N,)
        The right class of each example; a class may be missing.
    smooth : float, above 0

    Returns
    -------
    loss : NumPy scalar
        1 - (1/K) Σ_k D_k, where D_k = (2 Σ_n p_nk r_nk + s)/(Σ_n p_nk² + Σ_n r_nk² + s)
        with p the softmax of the logits, and r 1 at the right class and 0 elsewhere.
    delta : ndarray, (N, K)
        ∂loss/∂logits.
    """
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p, K = e / e.sum(axis=1, keepdims=True), logits.shape[1]
    r = np.eye(K, dtype=logits.dtype)[y]
    S = (p**2 + r**2).sum(axis=0) + smooth                  # (K,)
    D = (2 * (p * r).sum(axis=0) + smooth) / S
    p_bar = 2 * (p * D - r) / S / K                         # ∂loss/∂p_nk
    # through the softmax: p ⊙ (p̄ - Σ_k p̄_k p_k)
    return 1 - D.mean(), p * (p_bar - (p_bar * p).sum(axis=1, keepdims=True))
