"""Regularization in NumPy: penalties and their steps, priors, early stopping.

No function changes its arguments, and each keeps the dtype it was given.
Hyper-parameters are Python numbers: a NumPy float64 scalar would turn float32
parameters into float64. A penalty's value and its gradient come together.
"""
import math
from typing import NamedTuple

import numpy as np

from solutions.adaptive_optimizers.reference import adam_init as adam_init
from solutions.adaptive_optimizers.reference import adam_step
from solutions.gradient_descent.reference import mlp_forward


class Stop(NamedTuple):
    """best, the epoch with the lowest loss; last, the one after which it ended."""
    best: int
    last: int


# ---------------------------------------------------------------- penalties on weights


def l1(params, *, strength):
    """The L1 penalty and its gradient, which at 0 is taken as 0.

    Parameters
    ----------
    params : ndarray, any shape
        w.
    strength : float
        λ.

    Returns
    -------
    value, gradient : NumPy scalar, ndarray like `params`

    References
    ----------
    Tibshirani (1996).
    """
    # λ Σ|w_i|,  λ sign(w)
    return strength * np.abs(params).sum(), strength * np.sign(params)


def l2(params, *, strength):
    """The L2 penalty and its gradient.

    Parameters
    ----------
    params : ndarray, any shape
        w.
    strength : float
        λ; the half in front makes the gradient λw.

    Returns
    -------
    value, gradient : NumPy scalar, ndarray like `params`

    References
    ----------
    Hoerl and Kennard (1970).
    """
    # λ/2 Σ w_i²,  λ w
    return strength / 2 * (params**2).sum(), strength * params


def elastic_net(params, *, strength, mixing):
    """A mixture of both penalties, and its gradient.

    Parameters
    ----------
    params : ndarray, any shape
        w.
    strength, mixing : float
        λ, and ρ from 0, L2 alone, to 1, L1 alone.

    Returns
    -------
    value, gradient : NumPy scalar, ndarray like `params`

    References
    ----------
    Zou and Hastie (2005); `sklearn.linear_model.ElasticNet`, whose alpha and l1_ratio
    these are.
    """
    corner, corner_slope = l1(params, strength=strength * mixing)
    round_, round_slope = l2(params, strength=strength * (1 - mixing))
    return corner + round_, corner_slope + round_slope  # λ [ρ Σ|w| + (1-ρ)/2 Σw²]


# ------------------------------------------------------------------------ the L1 corner


def prox_l1(params, *, threshold):
    """The proximal map of L1: move every number towards 0, and stop there.

    Parameters
    ----------
    params : ndarray, any shape
        z.
    threshold : float, not negative
        κ; in a step with the rate η it is ηλ.

    Returns
    -------
    w : ndarray like `params`
        argmin_w ½‖w - z‖² + κ‖w‖₁.

    References
    ----------
    Donoho (1995), soft thresholding; Parikh and Boyd (2014).
    """
    # sign(z) max(|z| - κ, 0)
    return np.sign(params) * np.maximum(np.abs(params) - threshold, 0)


def proximal_step(params, grads, *, lr, strength):
    """A gradient step on the data's loss, and the proximal map of λ‖w‖₁ after it.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        w_{t-1}, and the gradient of the loss without the penalty.
    lr, strength : float
        η and λ.

    Returns
    -------
    params : ndarray, the same shape and dtype

    References
    ----------
    Daubechies, Defrise and De Mol (2004).
    """
    return prox_l1(params - lr * grads, threshold=lr * strength)


def subgradient_step(params, grads, *, lr, strength):
    """A gradient step on the sum of loss and λ‖w‖₁; arguments as `proximal_step`'s."""
    return params - lr * (grads + l1(params, strength=strength)[1])


def elastic_net_step(params, grads, *, lr, strength, mixing):
    """A gradient step on the data's loss, and the proximal map of the elastic net.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        w_{t-1}, and g, the gradient of the loss without the penalty.
    lr, strength, mixing : float
        η, λ and ρ: the penalty is R(w) = λ [ρ Σ|w_i| + (1-ρ)/2 Σ w_i²].

    Returns
    -------
    params : ndarray, the same shape and dtype
        argmin_w ½‖w - (w_{t-1} - ηg)‖² + η R(w); what is 0 there is exactly 0.

    References
    ----------
    Zou and Hastie (2005); Parikh and Boyd (2014), section 6.5.
    """
    z = params - lr * grads
    shrunk = np.maximum(np.abs(z) - lr * strength * mixing, 0)    # max(|z| - ηλρ, 0)
    # w = sign(z) max(|z| - ηλρ, 0) / (1 + ηλ(1-ρ))
    return np.sign(z) * shrunk / (1 + lr * strength * (1 - mixing))


def elastic_net_fit(X, y, *, strength, mixing, sweeps=100):
    """Least squares with the elastic net, one weight at a time.

    Parameters
    ----------
    X, y : ndarray, (N, D) and (N,); no column of X is 0
    strength, mixing : float
        λ and ρ of `elastic_net`.
    sweeps : int
        How often each weight is set to its best value.

    Returns
    -------
    w : ndarray, (D,)
        argmin_w 1/2N ‖y - Xw‖² + λ [ρ Σ|w| + (1-ρ)/2 Σw²], from 0.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010).
    """
    w = np.zeros_like(X[0])
    for _ in range(sweeps):
        for j, x in enumerate(X.T):
            rest = y - X @ w + x * w[j]                 # what the others leave over
            pull = prox_l1(x @ rest / len(y), threshold=strength * mixing)
            w[j] = pull / (x @ x / len(y) + strength * (1 - mixing))
    return w


# ------------------------------------------------------------ penalties that are priors


def map_estimate(X, y, *, noise, scale, prior="gaussian"):
    """The most probable weights of y = Xw + ε, after the data were seen.

    Parameters
    ----------
    X, y : ndarray, (N, D) and (N,)
    noise : float
        σ, the deviation of ε, which is normal.
    scale : float
        Of the prior of each weight: τ of N(0, τ²), or b of Laplace(0, b).
    prior : 'gaussian' or 'laplace'

    Returns
    -------
    w : ndarray, (D,)
        argmax_w log P(y | X, w) + log P(w).
    """
    match prior:
        case "gaussian":                    # ½ Σ(y - xw)² + σ²/τ² · ½ Σw²
            ridge = (noise / scale)**2 * np.eye(X.shape[1], dtype=X.dtype)
            return np.linalg.solve(X.T @ X + ridge, X.T @ y)
        case "laplace":                     # ½ Σ(y - xw)² + σ²/b · Σ|w|
            strength = noise**2 / scale / len(y)
            return elastic_net_fit(X, y, strength=strength, mixing=1.0)
    raise ValueError(f"there is no prior {prior!r}")


def laplace_map(X, y, *, noise, scale):
    """The most probable weights where every example and every weight is different.

    Parameters
    ----------
    X, y : ndarray, (N, D) and (N,); X has full column rank
    noise : ndarray, (N,), above 0
        σ_n: y_n = x_n·w + ε_n, with ε_n from N(0, σ_n²).
    scale : ndarray, (D,), above 0; may be ∞
        b_j: the prior of w_j has the density exp(-|w_j|/b_j) / 2b_j. With b_j = ∞
        every value of w_j is equally probable beforehand.

    Returns
    -------
    w : ndarray, (D,)
        argmax_w log P(y | X, w) + log P(w), to five digits. A weight whose most
        probable value is 0 is exactly 0.

    References
    ----------
    Tibshirani (1996), section 5; Daubechies, Defrise and De Mol (2004).
    """
    A, b = X / noise[:, None], y / noise    # ½ Σ ((y_n - x_n w)/σ_n)² + Σ |w_j|/b_j
    lr = 1 / np.linalg.eigvalsh(A.T @ A)[-1]            # η = 1/L
    w = np.zeros_like(scale)
    for _ in range(600):
        z = w - lr * (A.T @ (A @ w - b))
        w = np.sign(z) * np.maximum(np.abs(z) - lr / scale, 0)      # threshold η/b_j
    return w


# ------------------------------------------------------------------------- weight decay


def adamw_step(params, grads, state, *, lr=1e-3, weight_decay=1e-2, beta1=0.9,
               beta2=0.999, eps=1e-8):
    """One AdamW update: the weights decay by themselves, Adam sees the data alone.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1}, and g_t = ∇E(θ_{t-1}) without a penalty.
    state : AdamState
        (m, v, t) of the previous step; `adam_init(params)` starts it.
    lr, weight_decay, beta1, beta2, eps : float
        η; λ; β₁ and β₂; ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Loshchilov and Hutter (2019), Algorithm 2. `torch.optim.AdamW`, which multiplies λ
    by the whole rate η.
    """
    decayed = (1 - lr * weight_decay) * params          # (1 - ηλ) θ_{t-1}
    return adam_step(decayed, grads, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


# ----------------------------------------------------------------------- early stopping


def early_stopping(losses, *, patience, rule="add", first=0):
    """When to stop, and which epoch's weights to keep.

    Parameters
    ----------
    losses : iterable of float
        The validation loss after epochs 1, 2, …; it is read no further than needed.
    patience : float
        c. A new lowest loss at epoch t moves the deadline to t + c or t·c, if that is
        later.
    rule : 'add' or 'multiply'
    first : float
        The first deadline. With 'add' and 0, training ends after c epochs in a row
        without a new lowest loss: the fixed patience.

    Returns
    -------
    best, last : Stop
        Epochs, from 1. Where the losses end before the deadline, last is their number.
    """
    grow = {"add": lambda t: t + patience, "multiply": lambda t: t * patience}[rule]
    best, last, lowest, deadline = 0, 0, np.inf, first
    for t, loss in enumerate(losses, 1):
        last = t
        if loss < lowest:                   # a loss that is NaN is none
            best, lowest, deadline = t, loss, max(deadline, grow(t))
        if t >= deadline:
            break
    return Stop(best, last)


def kept_by_stopping(curvature, *, lr, steps):
    """The share of the way to the minimum that a run from 0 has gone.

    Parameters
    ----------
    curvature : ndarray, any shape
        h, eigenvalues of the Hessian of a quadratic loss.
    lr, steps : float, int
        η and τ.

    Returns
    -------
    share : ndarray like `curvature`
    """
    return 1 - (1 - lr * curvature)**steps              # 1 - (1 - ηh)^τ


def kept_by_l2(curvature, *, strength):
    """The share of the way to the minimum at which L2 holds the weights.

    Parameters
    ----------
    curvature : ndarray, any shape
        h, as for `kept_by_stopping`.
    strength : float
        λ of λ/2 ‖w‖².
    """
    return curvature / (curvature + strength)           # h / (h + λ)


def strength_of_stopping(curvature, *, lr, steps):
    """The strength of L2 that leaves what stopping early leaves, for each direction.

    Parameters
    ----------
    curvature : ndarray, any shape
        h, eigenvalues of the Hessian of a quadratic loss: 0 ≤ ηh < 1. They may be
        exactly 0, or tiny.
    lr, steps : float, int
        η and τ, at least 1: gradient descent from 0 that was stopped after τ steps.

    Returns
    -------
    strength : ndarray like `curvature`
        λ of λ/2 ‖w‖²; at h = 0 the limit.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), section 7.8, where ηh is small.
    """
    strength = np.full_like(curvature, 1 / (lr * steps))    # the limit at h = 0
    h = curvature[curvature > 0]
    log_left = steps * np.log1p(-lr * h)                # log q,  q = (1 - ηh)^τ
    # λ = h q / (1 - q)
    strength[curvature > 0] = h * np.exp(log_left) / -np.expm1(log_left)
    return strength


# --------------------------------------------- penalties on the output and on its slope


def label_smoothing(logits, y, *, smoothing):
    """Cross-entropy against labels that are not quite sure, and its gradient.

    Parameters
    ----------
    logits : ndarray, (N, K)
    y : ndarray of int, (N,)
        The right class of each example.
    smoothing : float
        ε, the share of a label that is spread over all K classes.

    Returns
    -------
    loss, delta : NumPy scalar, ndarray like `logits`
        The mean over the batch, and ∂E/∂logits.

    References
    ----------
    Szegedy et al. (2016), section 7;
    `torch.nn.functional.cross_entropy(label_smoothing=ε)`.
    """
    N, K = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    # q_k = (1-ε) r_k + ε/K
    q = (1 - smoothing) * np.eye(K, dtype=logits.dtype)[y] + smoothing / K
    return -(q * log_p).sum() / N, (np.exp(log_p) - q) / N


def input_jacobian(layers, X):
    """∂y/∂x of a sigmoid network for each example, (N, K, D).

    Parameters
    ----------
    layers : list of `gradient_descent.Layer`
    X : ndarray, (N, D)
    """
    zs = mlp_forward(layers, X)
    J = np.tile(layers[-1].W.T, (len(X), 1, 1))         # ∂s_J/∂z_{J-1} = W_Jᵀ
    for (W, _), z in zip(layers[-2::-1], zs[-2:0:-1], strict=True):
        slope = z * (1 - z)                             # ∂z_l/∂s_l
        J = J * slope[:, None, :] @ W.T                 # ∂s_J/∂z_{l-1}
    return J


def gradient_penalty(layers, X, *, strength):
    """A penalty on how much the outputs move when the inputs do.

    Parameters
    ----------
    layers : list of `gradient_descent.Layer`
    X : ndarray, (N, D)
    strength : float
        λ.

    Returns
    -------
    value : NumPy scalar
        λ/2 · 1/N Σ_n ‖∂y/∂x_n‖²; y are the outputs before the softmax.

    References
    ----------
    Drucker and Le Cun (1992) for the idea, there with ∂E/∂x.
    """
    J = input_jacobian(layers, X)
    return strength / 2 * (J**2).sum() / len(X)


# ------------------------------------------------------------------- description length


def mdl_score(residuals, *, parameters):
    """The length of a description in two parts, the model and what it leaves over.

    Parameters
    ----------
    residuals : ndarray, (N,)
        y - ŷ, of a model that was fitted by least squares.
    parameters : int
        k, how many numbers were fitted.

    Returns
    -------
    bits : NumPy scalar
        Up to a constant that is the same for all models of these data: the precision
        to which y is written down.

    References
    ----------
    Rissanen (1978).
    """
    n = residuals.size
    noise = (residuals**2).mean()                       # σ̂² = 1/N Σ(y - ŷ)²
    data = n / 2 * np.log2(2 * math.pi * math.e * noise)        # -log₂ P(y | w, σ̂)
    return data + parameters / 2 * math.log2(n)         # each number to 1/√N
