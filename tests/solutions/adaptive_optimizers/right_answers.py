"""Right answers to the adaptive optimizers' exercises, written as others would write them."""
import copy

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.adaptive_optimizers import pytorch, reference


def adam_with_one_rate(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The end of Kingma and Ba's section 2: both corrections in the rate, and ε scaled to match."""
    m = state.m + (1 - beta1) * (grads - state.m)
    v = state.v + (1 - beta2) * (grads * grads - state.v)
    root = (1 - beta2**(state.t + 1))**.5
    rate = lr * root / (1 - beta1**(state.t + 1))
    return params - rate * m / (np.sqrt(v) + eps * root), state._replace(m=m, v=v, t=state.t + 1)


def adam_in_loops(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    new, m, v = copy.deepcopy(params), copy.deepcopy(state.m), copy.deepcopy(state.v)
    for i in np.ndindex(np.shape(params)):
        m[i] = beta1 * m[i] + (1 - beta1) * grads[i]
        v[i] = beta2 * v[i] + (1 - beta2) * grads[i]**2
        new[i] -= lr * (m[i] / (1 - beta1**(state.t + 1))) / ((v[i] / (1 - beta2**(state.t + 1)))**.5 + eps)
    return new, type(state)(m, v, state.t + 1)


def adamax_with_where(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    size = np.sqrt(grads**2) + eps
    u = np.where(size > beta2 * state.u, size, beta2 * state.u)
    m = beta1 * state.m + (1 - beta1) * grads
    return params - lr / (1 - beta1**(state.t + 1)) * (m / u), type(state)(m, u, state.t + 1)


def nadam_in_two_moves(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    """The gradient's part and the momentum's part apart, as PyTorch applies them."""
    t = state.t + 1
    mus = [beta1 * (1 - .5 * .96**(i * momentum_decay)) for i in (t, t + 1)]
    m = beta1 * state.m + (1 - beta1) * grads
    v = beta2 * state.v + (1 - beta2) * grads**2
    root = np.sqrt(v) / (1 - beta2**t)**.5 + eps
    new = params - lr * (1 - mus[0]) * grads / (1 - state.product * mus[0]) / root
    new = new - lr * mus[1] * m / (1 - state.product * mus[0] * mus[1]) / root
    return new, type(state)(m, v, t, state.product * mus[0])


def adadelta_there_and_back(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    """Into the old units, a step there, and back."""
    s2 = scale**2
    v = rho * state.v * s2 + (1 - rho) * (grads * scale)**2
    delta = np.sqrt((state.u / s2 + eps) / (v + eps)) * grads * scale
    u = rho * state.u / s2 + (1 - rho) * delta**2
    return (params / scale - lr * delta) * scale, type(state)(v / s2, u * s2)


class QHAdamInPlace(torch.optim.Optimizer):
    """Buffers made at the first gradient and changed in place; the count is a tensor, as PyTorch's own is."""

    def __init__(self, params, lr=1e-3, betas=(0.995, 0.999), nus=(0.7, 1.0), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "nus": nus, "eps": eps})

    def step(self, closure=None):
        loss = closure() if closure else None
        with torch.no_grad():
            for group in self.param_groups:
                for p in (p for p in group["params"] if p.grad is not None):
                    state = self.state[p]
                    if not state:
                        state["step"] = torch.tensor(0.0)
                        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
                    state["step"] += 1
                    (b1, b2), (n1, n2), t = group["betas"], group["nus"], state["step"].item()
                    m = state["exp_avg"].mul_(b1).add_(p.grad, alpha=1 - b1) / (1 - b1**t)
                    v = state["exp_avg_sq"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2) / (1 - b2**t)
                    below = (v * n2).addcmul(p.grad, p.grad, value=1 - n2).sqrt() + group["eps"]
                    p.addcdiv_(m * n1 + p.grad * (1 - n1), below, value=-group["lr"])
        return loss


def clip_with_pytorch(optimizer, max_norm, *, where="gradient"):
    """PyTorch's own clipping, on the gradients or on the moves put in their place."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    if where == "gradient":
        torch.nn.utils.clip_grad_norm_(params, max_norm)
        optimizer.step()
        return
    before = copy.deepcopy([p.detach() for p in params])
    optimizer.step()
    for p, old in zip(params, before, strict=True):
        p.grad = p.detach() - old
    torch.nn.utils.clip_grad_norm_(params, max_norm)
    for p, old in zip(params, before, strict=True):
        p.data = old + p.grad


MEAN, SQUARE = "beta1 * state.m + (1 - beta1) * grads", "beta2 * state.v + (1 - beta2) * grads**2"
BY_DIFFERENCE = {MEAN: "state.m + (1 - beta1) * (grads - state.m)"}
BY_PRODUCT = {SQUARE: "beta2 * state.v + (1 - beta2) * grads * grads"}
BY_POWER = {"np.sqrt(v_hat)": "v_hat**0.5"}
ADAM = changed_each(reference.adam_step, {
    "by_difference": BY_DIFFERENCE, "by_product": BY_PRODUCT, "by_power": BY_POWER,
    "ratio_first": {"lr * m_hat / (np.sqrt(v_hat) + eps)": "lr * (m_hat / (np.sqrt(v_hat) + eps))"},
})
ADAMAX = changed_each(reference.adamax_step, {
    "by_difference": BY_DIFFERENCE, "ratio_first": {"lr * m_hat / u": "lr * (m_hat / u)"},
    "by_fmax": {"np.maximum": "np.fmax"},
    "by_stack": {"np.maximum(beta2 * state.u, np.abs(grads) + eps)":
                 "np.stack([beta2 * state.u, np.abs(grads) + eps]).max(axis=0)"},
    "by_absolute": {"np.abs(grads)": "np.absolute(grads)"},
})
NADAM = changed_each(reference.nadam_step, {
    "by_difference": BY_DIFFERENCE, "by_product": BY_PRODUCT, "by_power": BY_POWER,
    "shares_first": {"mu_next / (1 - product * mu_next) * m": "mu_next * m / (1 - product * mu_next)"},
    "factors_in_another_order": {"product = state.product * mu": "product = mu * state.product"},
})
UNITS = changed_each(reference.adadelta_rescaled_step, {
    "by_product": {"grads**2": "grads * grads"},
    "one_root": {"rms_delta / rms_g * grads":
                 "np.sqrt((state.u + eps * scale**2) / (v + eps / scale**2)) * grads"},
    "by_difference": {"rho * state.v + (1 - rho) * grads**2": "state.v + (1 - rho) * (grads**2 - state.v)"},
    "gradient_first": {"rms_delta / rms_g * grads": "grads * rms_delta / rms_g"},
    "roots_of_eps_scaled": {"np.sqrt(v + eps / scale**2)": "np.sqrt(v * scale**2 + eps) / abs(scale)"},
})
MOVE = "p -= group['lr'] * above / (below.sqrt() + group['eps'])"
QHADAM = changed_each(pytorch.QHAdam, {
    "by_product": {"(1 - beta2) * g**2": "(1 - beta2) * g * g"},
    "copied_into_data": {MOVE: MOVE.replace("p -= ", "p.data.copy_(p - ") + ")"},
    "a_tensor_in_place_of_data": {MOVE: MOVE.replace("p -= ", "p.data = p - ")},
    "key_by_key": {"old.update(t=t, m=m, v=v)": "old['t'] = t\nold['m'] = m\nold['v'] = v"},
    "by_power": {"below.sqrt()": "below**0.5"},
})
NORM = "torch.cat([p.grad.flatten() for p in params]).norm()"
CLIP = changed_each(pytorch.clipped_step, {
    "norm_of_norms": {NORM: "torch.stack([p.grad.norm() for p in params]).norm()"},
    "root_of_squares": {NORM: "sum((p.grad**2).sum() for p in params).sqrt()"},
    "branch_by_branch": {"p.grad *= (max_norm / norm).clamp(max=1)": "if norm > max_norm: p.grad *= max_norm / norm"},
    "a_new_gradient": {"p.grad *= (max_norm / norm).clamp(max=1)": "p.grad = p.grad * (max_norm / norm).clamp(max=1)"},
    "by_minimum": {"p.grad *= (max_norm / norm).clamp(max=1)": "p.grad *= min(1.0, max_norm / float(norm))"},
})

RIGHT = {
    "adam_step": [adam_with_one_rate, adam_in_loops, *ADAM],
    "adamax_step": [adamax_with_where, *ADAMAX],
    "nadam_step": [nadam_in_two_moves, *NADAM],
    "adadelta_rescaled_step": [adadelta_there_and_back, *UNITS],
    "QHAdam": [QHAdamInPlace, *QHADAM],
    "clipped_step": [clip_with_pytorch, *CLIP],
}
