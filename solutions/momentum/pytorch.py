"""Momentum in PyTorch: `reference.py` for tensors, and two things for optimizers.

Written apart from the NumPy versions on purpose, and from `torch.optim`, which the
tests hold both against.
"""
from typing import NamedTuple

import torch


class MomentumState(NamedTuple):
    """v, the buffer (or velocity), of the shape of the parameters."""
    v: torch.Tensor


class AggMoState(NamedTuple):
    """v, one velocity for each β: (K, *params.shape)."""
    v: torch.Tensor


def momentum_init(params):
    """MomentumState before the first step: at rest."""
    return MomentumState(torch.zeros_like(params))


def momentum_step(params, grads, state, *, lr, momentum=0.9, form="torch"):
    """One step of gradient descent with momentum; see `reference.momentum_step`."""
    if form == "sutskever":
        v = state.v.mul(momentum).sub(grads, alpha=lr)  # v_t = μ v_{t-1} - η g_t
        return params.add(v), MomentumState(v)          # θ_t = θ_{t-1} + v_t
    if form == "averaged":
        v = torch.lerp(grads, state.v, momentum)        # v_t = g_t + μ (v_{t-1} - g_t)
    elif form == "torch":
        v = state.v.mul(momentum).add(grads)            # v_t = μ v_{t-1} + g_t
    else:
        raise ValueError(f"there is no form {form!r}")
    return params.sub(v, alpha=lr), MomentumState(v)    # θ_t = θ_{t-1} - η v_t


def nesterov_step(params, grads, state, *, lr, momentum=0.9):
    """One step of Nesterov's momentum; see `reference.nesterov_step`."""
    v = state.v.mul(momentum).add(grads)                # v_t = μ v_{t-1} + g_t
    step = grads.add(v, alpha=momentum)                 # s_t = g_t + μ v_t
    return params.sub(step, alpha=lr), MomentumState(v) # φ_t = φ_{t-1} - η s_t


def nesterov_lookahead_step(params, gradient, state, *, lr, momentum=0.9):
    """One step of Nesterov's momentum; see `reference.nesterov_lookahead_step`."""
    coast = state.v.mul(momentum)                       # μ v_{t-1}
    g = gradient(params.add(coast))                     # g_t = ∇E(θ_{t-1} + μ v_{t-1})
    v = coast.sub(g, alpha=lr)                          # v_t = μ v_{t-1} - η g_t
    return params.add(v), MomentumState(v)              # θ_t = θ_{t-1} + v_t


def qhm_step(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    """One step of quasi-hyperbolic momentum; see `reference.qhm_step`."""
    v = torch.lerp(grads, state.v, momentum)            # v_t = g_t + β (v_{t-1} - g_t)
    step = torch.lerp(grads, v, nu)                     # s_t = g_t + ν (v_t - g_t)
    return params.sub(step, alpha=lr), MomentumState(v) # θ_t = θ_{t-1} - η s_t


def aggmo_init(params, *, betas=(0.0, 0.9, 0.99)):
    """AggMoState before the first step: every velocity at rest."""
    return AggMoState(params.new_zeros(len(betas), *params.shape))


def aggmo_step(params, grads, state, *, lr, betas=(0.0, 0.9, 0.99)):
    """One step of aggregated momentum; see `reference.aggmo_step`."""
    pairs = zip(betas, state.v, strict=True)
    v = torch.stack([old.mul(beta).add(grads) for beta, old in pairs])
    step = v.sum(0).div(len(betas))                     # s_t = 1/K Σᵢ v⁽ⁱ⁾_t
    return params.sub(step, alpha=lr), AggMoState(v)    # θ_t = θ_{t-1} - η s_t


def descend(step, gradient, params, state, *, steps, **hyper):
    """The path of `steps` steps, the start first; see `reference.descend`."""
    path = params.new_empty(steps + 1, *params.shape)
    path[0] = params
    for t in range(steps):
        params, state = step(params, gradient(params), state, **hyper)
        path[t + 1] = params
    return path


def heavy_ball_rate(curvature, *, lr, momentum):
    """The factor of heavy ball, for a tensor; see `reference.heavy_ball_rate`."""
    h = (1 + momentum - lr * curvature) / 2             # r² - 2hr + μ = 0
    gap = h**2 - momentum                               # below 0: |r|² = r r̄ = μ
    return torch.where(gap < 0, momentum**0.5, h.abs() + gap.clamp(min=0).sqrt())


def nesterov_rate(curvature, *, lr, momentum):
    """Nesterov's factor, for a tensor; see `reference.nesterov_rate`."""
    q = 1 - lr * curvature
    h = (1 + momentum) * q / 2                          # r² - 2hr + μq = 0
    gap = h**2 - momentum * q                           # below 0: |r|² = r r̄ = μq
    pair = (momentum * q).clamp(min=0).sqrt()
    return torch.where(gap < 0, pair, h.abs() + gap.clamp(min=0).sqrt())


def largest_stable_lr(hessian, *, momentum=0.9, nesterov=False):
    """The largest stable rate on a quadratic; see `reference.largest_stable_lr`."""
    limit = (2 + 2 * momentum) / (1 + 2 * momentum if nesterov else 1)
    return limit / torch.linalg.eigvalsh(hessian).max()


def read_momentum(trace):
    """The momentum and η λ read off a trace; see `reference.read_momentum`."""
    d = trace.diff()
    pairs = d.unfold(0, 2, 1)[:-1].flip(1)
    a, b = torch.linalg.lstsq(pairs, d[2:, None]).solution[:, 0]
    return b.neg(), 1 - a - b


class AggMo(torch.optim.Optimizer):
    """Aggregated momentum for the parameters of a network.

    Parameters
    ----------
    params : iterable of tensors, or of dicts with 'params' and options of their own
    lr : float
    betas : K floats
        One velocity is kept for each.

    References
    ----------
    Lucas et al. (2019).
    """

    def __init__(self, params, lr, betas=(0.0, 0.9, 0.99)):
        super().__init__(params, {"lr": lr, "betas": betas})

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
            for p in group["params"]:
                if p.grad is not None:      # v⁽ⁱ⁾ ← β⁽ⁱ⁾ v⁽ⁱ⁾ + g,  θ ← θ - η/K Σᵢ v⁽ⁱ⁾
                    beta = p.new_tensor(group["betas"]).view(-1, *[1] * p.ndim)
                    v = beta * self.state[p].get("v", 0) + p.grad
                    p -= group["lr"] * v.mean(0)
                    self.state[p]["v"] = v
        return loss


def change_lr(optimizer, lr):
    """Give every parameter group the rate `lr` and keep the speed that was built up.

    PyTorch's step is η v: where η alone is lowered, the speed is lost in one step.
    After this call the optimizer goes on as one would that has the rate inside v (the
    form 'sutskever') and got the new rate.

    Parameters
    ----------
    optimizer : torch.optim.SGD
        At any time of its life, with or without momentum; it is changed in place. Each
        group may have had a rate of its own, above 0. Once p has taken a step with
        momentum, `optimizer.state[p]["momentum_buffer"]` is v.
    lr : float, above 0
    """
    for group in optimizer.param_groups:
        for p in group["params"]:
            buffer = optimizer.state[p].get("momentum_buffer")
            if buffer is not None:          # it is None at rest and without momentum
                buffer *= group["lr"] / lr  # η_new v_new = η_old v_old
        group["lr"] = lr
