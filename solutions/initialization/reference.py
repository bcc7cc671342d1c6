"""The starts of a network's weights in NumPy, and what they do to its signals.

A weight matrix is (D, M): D inputs, the fan-in, and M outputs, the fan-out. Functions
that draw take the generator first and return float64; the others keep the dtype that
they are given. No function changes its arguments.
"""
import math
from typing import NamedTuple

import numpy as np


class Signals(NamedTuple):
    """Deviations by layer, (J,) each: of z_l, and of δ_l = ∂E/∂s_l."""
    forward: np.ndarray
    backward: np.ndarray


# ----------------------------------------------------------------- small random numbers


def uniform(rng, shape, *, a):
    """Weights from U(-a, a): the variance is a²/3."""
    return rng.uniform(-a, a, shape)


def normal(rng, shape, *, std):
    """Weights from N(0, std²): `std` is the deviation, not the variance."""
    return std * rng.normal(size=shape)


# ------------------------------------------------------------------- scaled by the fans


def spread(fan_in, fan_out, *, gain=1.0, mode="fan_avg", distribution="normal"):
    """What `normal` or `uniform` needs so that Var w = gain²/n.

    Parameters
    ----------
    fan_in, fan_out : int
        Inputs and outputs of the layer.
    gain : float
        What the activation takes from a signal, to be given back.
    mode : 'fan_in', 'fan_out' or 'fan_avg'
        What n is: the inputs, the outputs, or the mean of the two.
    distribution : 'normal' or 'uniform'
        Of the weights: N(0, σ²), or U(-a, a).

    Returns
    -------
    size : float
        The deviation σ of a normal distribution, or the bound a of a uniform one.

    References
    ----------
    Glorot and Bengio (2010), eq. 12 and 16; He et al. (2015), eq. 10 and 14.
    """
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = gain / math.sqrt(n)                               # Var w = g²/n
    return math.sqrt(3) * std if distribution == "uniform" else std     # Var w = a²/3


def scaled(rng, shape, *, gain, mode, distribution):
    """Weights (D, M) with the variance gain²/n; see `spread`."""
    size = spread(*shape, gain=gain, mode=mode, distribution=distribution)
    if distribution == "uniform":
        return uniform(rng, shape, a=size)
    return normal(rng, shape, std=size)


def xavier(rng, shape, *, gain=1.0, distribution="uniform"):
    """Xavier's start, also Glorot's: Var w = 2 gain²/(D + M).

    References
    ----------
    Glorot and Bengio (2010), eq. 16.
    """
    return scaled(rng, shape, gain=gain, mode="fan_avg", distribution=distribution)


def he(rng, shape, *, gain=2**0.5, mode="fan_in", distribution="normal"):
    """He's start, also Kaiming's: Var w = 2/D, for layers of rectified units.

    References
    ----------
    He, Zhang, Ren and Sun (2015), eq. 10.
    """
    return scaled(rng, shape, gain=gain, mode=mode, distribution=distribution)


def normal_cells():
    """The middles of 3200 cells from -8 to 8, and their shares of N(0, 1)."""
    s = (np.arange(-1600, 1600) + 0.5) / 200
    p = np.exp(-s**2 / 2)
    return s, p / p.sum()


def gain(function):
    """The gain for an activation, or for its slope: 1/√E[f(s)²] with s from N(0, 1).

    Parameters
    ----------
    function : callable, ndarray -> ndarray
        f for the gain that keeps a forward signal, f' for the one that keeps a
        gradient. It may have a kink or a step at 0.

    Returns
    -------
    gain : float
    """
    s, p = normal_cells()
    return float(1 / np.sqrt((function(s)**2 * p).sum()))   # 1/√∫ f(s)² p(s) ds


def measured_gains(sums, outputs, slopes):
    """The two gains of an activation, from what it did to a batch.

    Parameters
    ----------
    sums : ndarray, any one shape
        s, from any distribution, with any mean and deviation.
    outputs, slopes : ndarray like `sums`
        f(s) and f'(s).

    Returns
    -------
    forward : NumPy scalar
        g for which the sums of the next layer, whose weights are independent with mean
        0 and variance g²/D, have the mean square of `sums`.
    backward : NumPy scalar
        g for which a gradient keeps its mean square on its way back through this
        activation and weights of variance g²/D that have as many outputs as inputs.
        Both have the dtype of `sums`.
    """
    forward = np.sqrt((sums**2).mean() / (outputs**2).mean())       # g² E[z²] = E[s²]
    return forward, 1 / np.sqrt((slopes**2).mean())                 # g² E[f'²] = 1


# ----------------------------------------------------------------- orthogonal, identity


def orthogonalize(A, *, method="qr"):
    """The orthonormal columns, or rows, that belong to a matrix of random numbers.

    Parameters
    ----------
    A : ndarray, (D, M)
        Of full rank.
    method : 'qr' or 'svd'
        'qr': the Q of A = QR, where R's diagonal is positive. 'svd': U Vᵀ of
        A = U Σ Vᵀ, the nearest such matrix to A. A wide A is turned first.

    Returns
    -------
    Q : ndarray, (D, M), of the dtype of A
        QᵀQ = I where D ≥ M, QQᵀ = I where D ≤ M.

    References
    ----------
    Saxe, McClelland and Ganguli (2014); Mezzadri (2007) for the signs.
    """
    if A.shape[0] < A.shape[1]:
        return orthogonalize(A.T, method=method).T
    if method == "svd":
        U, _, Vt = np.linalg.svd(A, full_matrices=False)
        return U @ Vt
    Q, R = np.linalg.qr(A)
    return Q * np.copysign(1, np.diag(R))       # R_ii > 0: then Q is the only one


def orthogonal(rng, shape, *, gain=1.0, method="qr"):
    """A random matrix (D, M) whose singular values are all `gain`."""
    return gain * orthogonalize(rng.normal(size=shape), method=method)


def identity(shape, *, gain=1.0):
    """`gain` on the diagonal and 0 elsewhere, (D, M): the start of a recurrent matrix.

    References
    ----------
    Le, Jaitly and Hinton (2015).
    """
    return gain * np.eye(*shape)


# ------------------------------------------------------------------------------ by data


def lsuv(weights, X, *, activation, std=1.0):
    """Layer by layer, scale the weights so that the sums have one deviation on a batch.

    Parameters
    ----------
    weights : list of J ndarray, (D_l, M_l)
        An orthogonal start, as a rule. There are no biases.
    X : ndarray, (N, D_1)
        A batch of inputs.
    activation : callable, ndarray -> ndarray
        f, the same for every layer.
    std : float
        The deviation that the sums s_l = z_{l-1} W_l get, over examples and units
        together; z_l = f(s_l) of the scaled s_l goes into the next layer.

    Returns
    -------
    weights : list of J ndarray
        Of the shapes and dtype given. A layer whose sums are all the same number stays
        as it was.

    References
    ----------
    Mishkin and Matas (2016), Algorithm 1: without biases one division is enough.
    """
    found, z = [], X
    for W in weights:
        size = (z @ W).std()
        W = W * (std / size) if size > 0 else W             # std(s_l) = std
        found.append(W)
        z = activation(z @ W)                               # z_l = f(z_{l-1} W_l)
    return found


# --------------------------------------------------------------------- what signals do


def signals(weights, X, delta, *, activation, slope):
    """The signal and the gradient in each layer of a network without biases.

    Parameters
    ----------
    weights : list of J ndarray, (D_l, M_l)
    X : ndarray, (N, D_1)
    delta : ndarray, (N, M_J)
        ∂E/∂z_J, the gradient that comes from above.
    activation, slope : callable, ndarray -> ndarray
        f and f', both of the sums.

    Returns
    -------
    zs, deltas : lists of J ndarray, (N, M_l)
        z_l, what each layer puts out, and δ_l = ∂E/∂s_l; the first layer first.
    """
    sums, zs, deltas = [], [X], []
    for W in weights:
        sums.append(zs[-1] @ W)                             # s_l = z_{l-1} W_l
        zs.append(activation(sums[-1]))                     # z_l = f(s_l)
    for W, s in zip(reversed(weights), reversed(sums), strict=True):
        deltas.append(delta * slope(s))                     # δ_l = ∂E/∂z_l ⊙ f'(s_l)
        delta = deltas[-1] @ W.T                            # ∂E/∂z_{l-1} = δ_l W_lᵀ
    return zs[1:], deltas[::-1]


def signal_deviations(weights, X, delta, *, activation, slope):
    """How large they are: the deviations of z_l and δ_l, arguments as for `signals`.

    Returns
    -------
    deviations : Signals
        Over examples and units together, the first layer first.
    """
    zs, deltas = signals(weights, X, delta, activation=activation, slope=slope)
    return Signals(np.array([z.std() for z in zs]), np.array([d.std() for d in deltas]))


def expected_deviations(gain, depth, *, activation, slope):
    """What `signal_deviations` gives on average in very wide layers of one width.

    Parameters
    ----------
    gain : float
        g of every layer: Var w = g²/D.
    depth : int
        J. The inputs have the mean square 1, ∂E/∂z_J has the mean 0 and deviation 1.
    activation, slope : callable, ndarray -> ndarray
        f and f'.

    Returns
    -------
    signals : Signals

    References
    ----------
    Poole et al. (2016); Schoenholz et al. (2017).
    """
    cells, p = normal_cells()
    q, forward, factors = gain**2, [], []                   # q = E[s₁²] = g² E[x²]
    for _ in range(depth):
        s = math.sqrt(q) * cells                            # s_l is N(0, q)
        z = activation(s)
        forward.append(math.sqrt((z**2 * p).sum() - (z * p).sum()**2))
        factors.append(math.sqrt((slope(s)**2 * p).sum()))  # √E[f'(s_l)²]
        q = gain**2 * (z**2 * p).sum()                      # E[s²] = g² E[z²]
    back = np.cumprod(factors[::-1]) * float(gain)**np.arange(depth)
    return Signals(np.array(forward), back[::-1])


def residual_deviations(std, gains, *, skip=1.0, scale=1.0, normalized=False):
    """The deviation after each block of a stack x_l = skip x_{l-1} + scale r_l.

    Parameters
    ----------
    std : float
        Of x_0, whose mean is 0.
    gains : ndarray, (L,)
        Of each branch: r_l has `gains[l - 1]` times the deviation of what goes into
        it, the mean 0, and no correlation with x_{l-1}.
    skip, scale : float
        The weights of the two paths.
    normalized : bool
        Whether each branch begins with a normalization, so that what goes into it has
        the deviation 1, and not that of x_{l-1}.

    Returns
    -------
    stds : ndarray, (L + 1,), of the dtype of `gains`
        Of x_0 … x_L.
    """
    variances = [std**2]
    for g in gains:
        into = 1 if normalized else variances[-1]
        # Var x_l = skip² Var x_{l-1} + scale² Var r_l
        variances.append(skip**2 * variances[-1] + (scale * g)**2 * into)
    return np.sqrt(np.array(variances, gains.dtype))
