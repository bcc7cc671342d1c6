"""Adaptive optimizers in NumPy.

A step takes and returns values, changes no argument and keeps the dtype of `params`.

Hyper-parameters are Python numbers: a NumPy float64 scalar would turn float32
parameters into float64. The defaults are PyTorch's, where it has the method.
"""
from typing import NamedTuple

import numpy as np


class AdagradState(NamedTuple):
    """h, the sum of the squared gradients, of the shape of the parameters."""
    h: np.ndarray


class RMSpropState(NamedTuple):
    """v, the running mean of the squared gradients."""
    v: np.ndarray


class AdadeltaState(NamedTuple):
    """v and u, the running means of the squared gradients and steps."""
    v: np.ndarray
    u: np.ndarray


class AdamState(NamedTuple):
    """m and v, the running means of gradients and of squares; t, the steps taken."""
    m: np.ndarray
    v: np.ndarray
    t: int


class AdamaxState(NamedTuple):
    """m, the running mean; u, the fading maximum of sizes; t, the steps taken."""
    m: np.ndarray
    u: np.ndarray
    t: int


class NAdamState(NamedTuple):
    """m, v and t as Adam's, and product, that of the momenta of all steps taken."""
    m: np.ndarray
    v: np.ndarray
    t: int
    product: float


class AMSGradState(NamedTuple):
    """m, v and t as Adam's, and v_max, the largest v that there was."""
    m: np.ndarray
    v: np.ndarray
    v_max: np.ndarray
    t: int


def adagrad_init(params):
    """AdagradState before the first step: nothing summed."""
    return AdagradState(np.zeros_like(params))


def adagrad_step(params, grads, state, *, lr=1e-2, eps=1e-10):
    """One AdaGrad update: a rate over the root of the sum of squared gradients.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AdagradState
        h of the previous step; `adagrad_init(params)` starts it.
    lr, eps : float
        η and ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Duchi, Hazan and Singer (2011), Figure 1, diagonal: ε outside the root, their δ.
    `torch.optim.Adagrad`.
    """
    h = state.h + grads**2  # h_t = h_{t-1} + g_t²
    # θ_t = θ_{t-1} - η g_t / (√h_t + ε)
    return params - lr * grads / (np.sqrt(h) + eps), AdagradState(h)


def rmsprop_init(params):
    """RMSpropState before the first step."""
    return RMSpropState(np.zeros_like(params))


def rmsprop_step(params, grads, state, *, lr=1e-2, rho=0.99, eps=1e-8):
    """One RMSProp update: AdaGrad with a running mean in place of the sum.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : RMSpropState
        v of the previous step; `rmsprop_init(params)` starts it.
    lr, rho, eps : float
        η; ρ, the share of the old mean that is kept (PyTorch's `alpha`; Hinton's is
        .9); ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Tieleman and Hinton (2012). `torch.optim.RMSprop`: ε outside the root.
    """
    v = rho * state.v + (1 - rho) * grads**2  # v_t = ρ v_{t-1} + (1-ρ) g_t²
    # θ_t = θ_{t-1} - η g_t / (√v_t + ε)
    return params - lr * grads / (np.sqrt(v) + eps), RMSpropState(v)


def adadelta_init(params):
    """AdadeltaState before the first step: ε alone says how long the first step is."""
    return AdadeltaState(np.zeros_like(params), np.zeros_like(params))


def adadelta_step(params, grads, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """One Adadelta update: RMSProp with the size of the last steps as its rate.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AdadeltaState
        v and u of the previous step; `adadelta_init(params)` starts it.
    lr, rho, eps : float
        A factor that the paper does not have, 1 there; ρ, .95 in the paper; ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Zeiler (2012), Algorithm 1: RMS[x] = √(E[x²] + ε), ε inside both roots.
    `torch.optim.Adadelta`.
    """
    v = rho * state.v + (1 - rho) * grads**2         # v_t = ρ v_{t-1} + (1-ρ) g_t²
    # Δ_t = √(u_{t-1} + ε) / √(v_t + ε) · g_t
    delta = np.sqrt(state.u + eps) / np.sqrt(v + eps) * grads
    u = rho * state.u + (1 - rho) * delta**2         # u_t = ρ u_{t-1} + (1-ρ) Δ_t²
    return params - lr * delta, AdadeltaState(v, u)  # θ_t = θ_{t-1} - η Δ_t


def adadelta_rescaled_step(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    """One Adadelta update of parameters in other units, moving as in the old ones.

    What `adadelta_step` would make θ, this step must make θ' = s θ. Everything it gets
    and returns is in the new units.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ'_{t-1} = s θ_{t-1}, and the gradient with respect to θ'.
    state : AdadeltaState
        v and u of the previous step, in the new units: running means of the squares of
        the gradients with respect to θ' and of the steps of θ'. `adadelta_init(params)`
        starts it.
    scale : float or ndarray that broadcasts with `params`, of its dtype; nowhere 0
        s, how many new units there are to one old unit.
    lr, rho, eps : float
        What `adadelta_step` is given in the old units.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Zeiler (2012), section 3.2.
    """
    v = rho * state.v + (1 - rho) * grads**2       # in units of 1/θ'²: ε has them too
    rms_g = np.sqrt(v + eps / scale**2)            # √(v'_t + ε/s²)
    rms_delta = np.sqrt(state.u + eps * scale**2)  # √(u'_{t-1} + ε s²), in units of θ'
    delta = rms_delta / rms_g * grads              # Δ'_t = s Δ_t
    u = rho * state.u + (1 - rho) * delta**2
    return params - lr * delta, AdadeltaState(v, u)  # the factor η has no unit


def adam_init(params):
    """AdamState before the first step."""
    return AdamState(np.zeros_like(params), np.zeros_like(params), 0)


def adam_step(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One Adam update: momentum and RMSProp, the bias of both starts taken out.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AdamState
        (m, v, t) of the previous step; `adam_init(params)` starts it.
    lr, beta1, beta2, eps : float
        η; β₁ and β₂, the shares of the old means that are kept; ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Kingma and Ba (2015), Algorithm 1: ε outside the root. `torch.optim.Adam`.
    """
    t = state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads     # m_t = β₁ m_{t-1} + (1-β₁) g_t
    v = beta2 * state.v + (1 - beta2) * grads**2  # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    m_hat = m / (1 - beta1**t)                    # m̂_t = m_t / (1-β₁ᵗ)
    v_hat = v / (1 - beta2**t)                    # v̂_t = v_t / (1-β₂ᵗ)
    # θ_t = θ_{t-1} - η m̂_t / (√v̂_t + ε)
    return params - lr * m_hat / (np.sqrt(v_hat) + eps), AdamState(m, v, t)


def adamax_init(params):
    """AdamaxState before the first step."""
    return AdamaxState(np.zeros_like(params), np.zeros_like(params), 0)


def adamax_step(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One AdaMax update: Adam with a fading maximum for the root mean square.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AdamaxState
        (m, u, t) of the previous step; `adamax_init(params)` starts it.
    lr, beta1, beta2, eps : float
        η; β₁, the share of the old mean that is kept; β₂, by which the maximum fades;
        ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Kingma and Ba (2015), Algorithm 2, which has no ε. `torch.optim.Adamax`, which puts
    it inside the maximum.
    """
    t = state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads  # m_t = β₁ m_{t-1} + (1-β₁) g_t
    # u_t = max(β₂ u_{t-1}, |g_t| + ε)
    u = np.maximum(beta2 * state.u, np.abs(grads) + eps)
    m_hat = m / (1 - beta1**t)               # u needs no correction: it starts at |g_1|
    return params - lr * m_hat / u, AdamaxState(m, u, t)  # θ_t = θ_{t-1} - η m̂_t / u_t


def nadam_init(params):
    """NAdamState before the first step: a product of no momenta is 1."""
    return NAdamState(np.zeros_like(params), np.zeros_like(params), 0, 1.0)


def nadam_step(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8,
               momentum_decay=4e-3):
    """One NAdam update: Adam whose momentum looks ahead as Nesterov's does.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : NAdamState
        (m, v, t, Π_{i<t} μ_i) of the previous step; `nadam_init(params)` starts it.
    lr, beta1, beta2, eps, momentum_decay : float
        η; β₁ and β₂, the shares of the old means that are kept; ε; ψ, by which the
        momentum warms up.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Dozat (2016), where m, too, is kept with μ_t. `torch.optim.NAdam`, which keeps it
    with β₁.
    """
    t = state.t + 1
    mu = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))  # μ_t = β₁ (1 - ½·.96^(tψ))
    mu_next = beta1 * (1 - 0.5 * 0.96**((t + 1) * momentum_decay))  # μ_{t+1}
    product = state.product * mu                     # Π_{i≤t} μ_i
    m = beta1 * state.m + (1 - beta1) * grads        # m_t = β₁ m_{t-1} + (1-β₁) g_t
    v = beta2 * state.v + (1 - beta2) * grads**2     # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    ahead = mu_next / (1 - product * mu_next) * m    # μ_{t+1} m_t / (1 - Π_{i≤t+1} μ_i)
    here = (1 - mu) / (1 - product) * grads          # (1-μ_t) g_t / (1 - Π_{i≤t} μ_i)
    v_hat = v / (1 - beta2**t)                       # v̂_t = v_t / (1-β₂ᵗ)
    return (params - lr * (ahead + here) / (np.sqrt(v_hat) + eps),
            NAdamState(m, v, t, product))


def amsgrad_init(params):
    """AMSGradState before the first step."""
    return AMSGradState(np.zeros_like(params), np.zeros_like(params),
                        np.zeros_like(params), 0)


def amsgrad_step(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One AMSGrad update: Adam that divides by the largest v there was.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AMSGradState
        (m, v, v_max, t) of the previous step; `amsgrad_init(params)` starts it.
    lr, beta1, beta2, eps : float
        As `adam_step`'s.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Reddi, Kale and Kumar (2018), Algorithm 2, which corrects no bias.
    `torch.optim.Adam(amsgrad=True)`: the maximum is taken of v, and corrected
    afterwards.
    """
    t = state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads     # m_t = β₁ m_{t-1} + (1-β₁) g_t
    v = beta2 * state.v + (1 - beta2) * grads**2  # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    v_max = np.maximum(state.v_max, v)            # v̄_t = max(v̄_{t-1}, v_t)
    m_hat = m / (1 - beta1**t)                    # m̂_t = m_t / (1-β₁ᵗ)
    v_hat = v_max / (1 - beta2**t)                # v̄_t / (1-β₂ᵗ)
    return params - lr * m_hat / (np.sqrt(v_hat) + eps), AMSGradState(m, v, v_max, t)


def qhadam_init(params):
    """AdamState before the first step."""
    return AdamState(np.zeros_like(params), np.zeros_like(params), 0)


def qhadam_step(params, grads, state, *, lr=1e-3, beta1=0.995, beta2=0.999, nu1=0.7,
                nu2=1.0, eps=1e-8):
    """One QHAdam update: Adam with a share of the newest gradient and square.

    Parameters
    ----------
    params, grads : ndarray, any one shape
        θ_{t-1} and g_t = ∇E(θ_{t-1}).
    state : AdamState
        (m, v, t) of the previous step; `qhadam_init(params)` starts it.
    lr, beta1, beta2, nu1, nu2, eps : float
        η; β₁ and β₂, the shares of the old means that are kept; ν₁ and ν₂, the shares
        of the means in the step; ε.

    Returns
    -------
    params, state : the same shapes and dtype; the arguments are left as they were.

    References
    ----------
    Ma and Yarats (2019). ν₁ = ν₂ = 1 is Adam; ν₁ = 0, ν₂ = 1 is RMSProp with its bias
    taken out.
    """
    t = state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads           # m_t = β₁ m_{t-1} + (1-β₁) g_t
    v = beta2 * state.v + (1 - beta2) * grads**2        # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    above = (1 - nu1) * grads + nu1 * m / (1 - beta1**t)  # (1-ν₁) g_t + ν₁ m̂_t
    below = (1 - nu2) * grads**2 + nu2 * v / (1 - beta2**t)  # (1-ν₂) g_t² + ν₂ v̂_t
    return params - lr * above / (np.sqrt(below) + eps), AdamState(m, v, t)
