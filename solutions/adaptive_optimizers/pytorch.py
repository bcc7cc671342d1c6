"""Adaptive optimizers in PyTorch.

The functions of `reference.py` for tensors of any device and dtype, and two more.

Written apart from the NumPy versions on purpose, and from `torch.optim`, which the
tests hold both against.
"""
from typing import NamedTuple

import torch


class AdagradState(NamedTuple):
    """h, the sum of the squared gradients, of the shape of the parameters."""
    h: torch.Tensor


class RMSpropState(NamedTuple):
    """v, the running mean of the squared gradients."""
    v: torch.Tensor


class AdadeltaState(NamedTuple):
    """v and u, the running means of the squared gradients and steps."""
    v: torch.Tensor
    u: torch.Tensor


class AdamState(NamedTuple):
    """m and v, the running means of gradients and of squares; t, the steps taken."""
    m: torch.Tensor
    v: torch.Tensor
    t: int


class AdamaxState(NamedTuple):
    """m, the running mean; u, the fading maximum of sizes; t, the steps taken."""
    m: torch.Tensor
    u: torch.Tensor
    t: int


class NAdamState(NamedTuple):
    """m, v and t as Adam's, and product, that of the momenta of all steps taken."""
    m: torch.Tensor
    v: torch.Tensor
    t: int
    product: float


class AMSGradState(NamedTuple):
    """m, v and t as Adam's, and v_max, the largest v that there was."""
    m: torch.Tensor
    v: torch.Tensor
    v_max: torch.Tensor
    t: int


def mean_square(old, grads, decay):
    """decay · old + (1 - decay) · g²."""
    return old.mul(decay).addcmul(grads, grads, value=1 - decay)


def adagrad_init(params):
    """AdagradState before the first step: nothing summed."""
    return AdagradState(torch.zeros_like(params))


def adagrad_step(params, grads, state, *, lr=1e-2, eps=1e-10):
    """One AdaGrad update; see `reference.adagrad_step`."""
    h = state.h.addcmul(grads, grads)  # h_t = h_{t-1} + g_t²
    # - η g_t / (√h_t + ε)
    return params.addcdiv(grads, h.sqrt().add(eps), value=-lr), AdagradState(h)


def rmsprop_init(params):
    """RMSpropState before the first step."""
    return RMSpropState(torch.zeros_like(params))


def rmsprop_step(params, grads, state, *, lr=1e-2, rho=0.99, eps=1e-8):
    """One RMSProp update; see `reference.rmsprop_step`."""
    v = mean_square(state.v, grads, rho)  # v_t = ρ v_{t-1} + (1-ρ) g_t²
    # - η g_t / (√v_t + ε)
    return params.addcdiv(grads, v.sqrt().add(eps), value=-lr), RMSpropState(v)


def adadelta_init(params):
    """AdadeltaState before the first step."""
    return AdadeltaState(torch.zeros_like(params), torch.zeros_like(params))


def adadelta_step(params, grads, state, *, lr=1.0, rho=0.9, eps=1e-6):
    """One Adadelta update; see `reference.adadelta_step`."""
    v = mean_square(state.v, grads, rho)  # v_t = ρ v_{t-1} + (1-ρ) g_t²
    # Δ_t = g_t √((u_{t-1} + ε) / (v_t + ε))
    delta = grads.mul(state.u.add(eps).div(v.add(eps)).sqrt())
    return (params.sub(delta, alpha=lr),
            AdadeltaState(v, mean_square(state.u, delta, rho)))


def adadelta_rescaled_step(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    """One Adadelta update in other units; see `reference.adadelta_rescaled_step`."""
    # back to the old units: g = s g', Δ = Δ'/s
    old = AdadeltaState(state.v * scale**2, state.u / scale**2)
    new, old = adadelta_step(params / scale, grads * scale, old, lr=lr, rho=rho,
                             eps=eps)
    return new * scale, AdadeltaState(old.v / scale**2, old.u * scale**2)


def adam_init(params):
    """AdamState before the first step."""
    return AdamState(torch.zeros_like(params), torch.zeros_like(params), 0)


def adam_step(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One Adam update; see `reference.adam_step`."""
    t = state.t + 1
    m = torch.lerp(grads, state.m, beta1)       # m_t = g_t + β₁ (m_{t-1} - g_t)
    v = mean_square(state.v, grads, beta2)      # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    root = v.div(1 - beta2**t).sqrt().add(eps)  # √v̂_t + ε
    # - η m̂_t / (√v̂_t + ε)
    return params.addcdiv(m, root, value=-lr / (1 - beta1**t)), AdamState(m, v, t)


def adamax_init(params):
    """AdamaxState before the first step."""
    return AdamaxState(torch.zeros_like(params), torch.zeros_like(params), 0)


def adamax_step(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One AdaMax update; see `reference.adamax_step`."""
    t = state.t + 1
    m = torch.lerp(grads, state.m, beta1)  # m_t = g_t + β₁ (m_{t-1} - g_t)
    # u_t = max(β₂ u_{t-1}, |g_t| + ε)
    u = torch.maximum(state.u.mul(beta2), grads.abs().add(eps))
    # - η m̂_t / u_t
    return params.addcdiv(m, u, value=-lr / (1 - beta1**t)), AdamaxState(m, u, t)


def nadam_init(params):
    """NAdamState before the first step."""
    return NAdamState(torch.zeros_like(params), torch.zeros_like(params), 0, 1.0)


def nadam_step(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8,
               momentum_decay=4e-3):
    """One NAdam update; see `reference.nadam_step`."""
    t = state.t + 1
    # μ_t and μ_{t+1}
    mu, mu_next = (beta1 * (1 - 0.96**(i * momentum_decay) / 2) for i in (t, t + 1))
    now = state.product * mu                    # Π_{i≤t} μ_i
    m = torch.lerp(grads, state.m, beta1)       # m_t = g_t + β₁ (m_{t-1} - g_t)
    v = mean_square(state.v, grads, beta2)      # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    root = v.div(1 - beta2**t).sqrt().add(eps)  # √v̂_t + ε
    # the momentum to come
    params = params.addcdiv(m, root, value=-lr * mu_next / (1 - now * mu_next))
    return (params.addcdiv(grads, root, value=-lr * (1 - mu) / (1 - now)),
            NAdamState(m, v, t, now))


def amsgrad_init(params):
    """AMSGradState before the first step."""
    return AMSGradState(torch.zeros_like(params), torch.zeros_like(params),
                        torch.zeros_like(params), 0)


def amsgrad_step(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One AMSGrad update; see `reference.amsgrad_step`."""
    t = state.t + 1
    m = torch.lerp(grads, state.m, beta1)   # m_t = g_t + β₁ (m_{t-1} - g_t)
    v = mean_square(state.v, grads, beta2)  # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    v_max = torch.maximum(state.v_max, v)   # v̄_t = max(v̄_{t-1}, v_t)
    root = v_max.div(1 - beta2**t).sqrt().add(eps)
    return (params.addcdiv(m, root, value=-lr / (1 - beta1**t)),
            AMSGradState(m, v, v_max, t))


def qhadam_init(params):
    """AdamState before the first step."""
    return AdamState(torch.zeros_like(params), torch.zeros_like(params), 0)


def qhadam_step(params, grads, state, *, lr=1e-3, beta1=0.995, beta2=0.999, nu1=0.7,
                nu2=1.0, eps=1e-8):
    """One QHAdam update; see `reference.qhadam_step`."""
    t = state.t + 1
    m = torch.lerp(grads, state.m, beta1)               # m_t = g_t + β₁ (m_{t-1} - g_t)
    v = mean_square(state.v, grads, beta2)              # v_t = β₂ v_{t-1} + (1-β₂) g_t²
    above = torch.lerp(grads, m.div(1 - beta1**t), nu1)  # g_t + ν₁ (m̂_t - g_t)
    # g_t² + ν₂ (v̂_t - g_t²)
    below = torch.lerp(grads.square(), v.div(1 - beta2**t), nu2)
    return params.addcdiv(above, below.sqrt().add(eps), value=-lr), AdamState(m, v, t)


class QHAdam(torch.optim.Optimizer):
    """Quasi-hyperbolic Adam for the parameters of a network.

    Parameters
    ----------
    params : iterable of tensors, or of dicts with 'params' and options of their own
    lr : float
    betas : (β₁, β₂)
        The shares of the old means of g and g² that are kept.
    nus : (ν₁, ν₂)
        The shares of those means, with their bias taken out, in the step.
    eps : float
        ε, outside the root.

    References
    ----------
    Ma and Yarats (2019).
    """

    def __init__(self, params, lr=1e-3, betas=(0.995, 0.999), nus=(0.7, 1.0), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "nus": nus, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        """One step from the gradients in `p.grad`, which stay; a parameter without one
        stays too.

        `closure`, where given, is called first: it computes the gradients and returns
        the loss, which is returned; without a closure None is. What is remembered of a
        parameter stands in `self.state[p]`, so that `state_dict()` saves it.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            (beta1, beta2), (nu1, nu2) = group["betas"], group["nus"]
            for p in (p for p in group["params"] if p.grad is not None):
                old, g = self.state[p], p.grad
                t = old.get("t", 0) + 1
                # m_t = β₁ m_{t-1} + (1-β₁) g_t
                m = beta1 * old.get("m", 0) + (1 - beta1) * g
                # v_t = β₂ v_{t-1} + (1-β₂) g_t²
                v = beta2 * old.get("v", 0) + (1 - beta2) * g**2
                above = (1 - nu1) * g + nu1 * m / (1 - beta1**t)  # (1-ν₁) g_t + ν₁ m̂_t
                # (1-ν₂) g_t² + ν₂ v̂_t
                below = (1 - nu2) * g**2 + nu2 * v / (1 - beta2**t)
                p -= group["lr"] * above / (below.sqrt() + group["eps"])
                old.update(t=t, m=m, v=v)
        return loss


def clipped_step(optimizer, max_norm, *, where="gradient"):
    """One step of any optimizer, clipped before or after its moments.

    The norm meant is that of all parameters together, as if they were one long vector.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its parameters hold their gradients; one whose gradient is None takes no part.
        It is stepped in place, and the gradients may be changed.
    max_norm : float, above 0
    where : 'gradient' or 'step'
        'gradient': a gradient longer than `max_norm` is shortened to that length, and
        the optimizer steps with it. 'step': the optimizer steps with the gradient as it
        is, and a step longer than `max_norm` is shortened to
        that length. What is short enough is left alone in both.
    """
    params = [p for group in optimizer.param_groups for p in group["params"]
              if p.grad is not None]
    before = [p.detach().clone() for p in params]
    if where == "gradient":
        norm = torch.cat([p.grad.flatten() for p in params]).norm()  # ‖g‖
        for p in params:
            p.grad *= (max_norm / norm).clamp(max=1)  # min(1, c/‖g‖) g
    optimizer.step()
    if where == "step":
        steps = [p.detach() - old for p, old in zip(params, before, strict=True)]
        norm = torch.cat([step.flatten() for step in steps]).norm()  # ‖Δ‖
        for p, old, step in zip(params, before, steps, strict=True):
            # θ + min(1, c/‖Δ‖) Δ
            p.data.copy_(old + step * (max_norm / norm).clamp(max=1))
