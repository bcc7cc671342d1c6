"""Right answers to the adaptive optimizers' exercises, written as others would write them."""
import copy

import numpy as np
import torch


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


RIGHT = {
    "adam_step": [adam_with_one_rate, adam_in_loops],
    "adamax_step": [adamax_with_where],
    "nadam_step": [nadam_in_two_moves],
    "adadelta_rescaled_step": [adadelta_there_and_back],
    "QHAdam": [QHAdamInPlace],
    "clipped_step": [clip_with_pytorch],
}
