"""Right answers to momentum's exercises, written as others would write them."""
import copy

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.momentum import pytorch, reference


def qhm_by_weights(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    """One formula: θ - η [(1 - νβ) g + νβ v]; a plain tuple of the right type for the state."""
    step = (1 - nu * momentum) * grads + nu * momentum * state.v
    return params - lr * step, type(state)(state.v + (1 - momentum) * (grads - state.v))


def qhm_in_loops(params, grads, state, *, lr, momentum=0.999, nu=0.7):
    new, v = copy.deepcopy(params), copy.deepcopy(state.v)
    for i in np.ndindex(np.shape(params)):
        v[i] = momentum * v[i] + (1 - momentum) * grads[i]
        new[i] -= lr * ((1 - nu) * grads[i] + nu * v[i])
    return new, state._replace(v=v)


class AggMoInLists(torch.optim.Optimizer):
    """One buffer a β, changed in place; made at the first gradient."""

    def __init__(self, params, lr, betas=(0.0, 0.9, 0.99)):
        super().__init__(params, {"lr": lr, "betas": betas})

    def step(self, closure=None):
        loss = closure() if closure else None
        with torch.no_grad():
            for group in self.param_groups:
                for p in (p for p in group["params"] if p.grad is not None):
                    buffers = self.state[p].setdefault("buffers", {})
                    for i, beta in enumerate(group["betas"]):
                        v = buffers.setdefault(i, torch.zeros_like(p))
                        v.mul_(beta).add_(p.grad)
                        p.add_(v, alpha=-group["lr"] / len(group["betas"]))
        return loss


def stable_by_bisection(hessian, *, momentum=0.9, nesterov=False):
    """Without the theory: the spectral radius of the whole iteration, bisected."""
    d = len(hessian)
    eye = np.eye(d)

    def radius(lr):
        q = eye - lr * hessian.astype(float)
        step = (1 + momentum) * q if nesterov else momentum * eye + q
        last = momentum * q if nesterov else momentum * eye
        return np.abs(np.linalg.eigvals(np.block([[step, -last], [eye, 0 * eye]]))).max()

    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        # A flat direction never shrinks: its root stays at 1, which must not count as growth.
        low, high = (middle, high) if radius(middle) <= 1 + 1e-10 else (low, middle)
    return hessian.dtype.type(low)


def stable_by_norm(hessian, *, momentum=0.9, nesterov=False):
    """The largest eigenvalue of a positive Hessian is its spectral norm."""
    limit = 2 * (1 + momentum) / (1 + 2 * momentum) if nesterov else 2 * (1 + momentum)
    return limit / np.linalg.norm(hessian, 2)


def change_lr_by_state(optimizer, lr):
    """A new tensor in place of the old; groups looked up from the parameters."""
    old = {p: group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for p, state in optimizer.state.items():
        if state.get("momentum_buffer") is not None:
            state["momentum_buffer"] = state["momentum_buffer"].clone() * old[p] / lr
    for group in optimizer.param_groups:
        group["lr"] = lr


def read_by_cramer(trace):
    """Normal equations in the trace's own dtype."""
    d = np.asarray(trace)[1:] - np.asarray(trace)[:-1]
    x, y, z = d[1:-1], d[:-2], d[2:]
    det = (x @ x) * (y @ y) - (x @ y)**2
    a = ((y @ y) * (x @ z) - (x @ y) * (y @ z)) / det
    b = ((x @ x) * (y @ z) - (x @ y) * (x @ z)) / det
    return -b, 1 - a - b


def read_with_lowest_point(trace):
    """Three unknowns: the lowest point's share is a column of ones. The answer is a list."""
    x = np.asarray(trace)
    a, b, _ = np.linalg.lstsq(np.stack([x[1:-1], x[:-2], np.ones_like(x[2:])], axis=1), x[2:], rcond=None)[0]
    return [-b, 1 - b - a]


QHM = changed_each(reference.qhm_step, {
    "by_the_difference": {"momentum * state.v + (1 - momentum) * grads": "grads + momentum * (state.v - grads)"},
    "rate_in_each_term": {"params - lr * step": "params - lr * (1 - nu) * grads - lr * nu * v"},
    "state_replaced": {"MomentumState(v)": "state._replace(v=v)"},
    "arrays_asked_for": {"(1 - nu) * grads + nu * v": "np.add((1 - nu) * np.asarray(grads), nu * np.asarray(v))"},
})
VELOCITY = "beta * self.state[p].get('v', 0) + p.grad"
AGGMO = changed_each(pytorch.AggMo, {
    "sum_over_k": {"group['lr'] * v.mean(0)": "group['lr'] / len(group['betas']) * v.sum(0)"},
    "copied_into_data": {"p -= group['lr'] * v.mean(0)": "p.data.copy_(p - group['lr'] * v.mean(0))"},
    "a_tensor_in_place_of_data": {"p -= group['lr'] * v.mean(0)": "p.data = p - group['lr'] * v.mean(0)"},
    "negative_velocities": {VELOCITY: "beta * self.state[p].get('v', 0) - p.grad",
                            "p -= group['lr'] * v.mean(0)": "p += group['lr'] * v.mean(0)"},
    "gradient_detached": {VELOCITY: "beta * self.state[p].get('v', 0) + p.grad.detach().clone()"},
})
LARGEST = "np.linalg.eigvalsh(hessian)[-1]"
STABLE = changed_each(reference.largest_stable_lr, {
    "by_max": {LARGEST: "np.linalg.eigvalsh(hessian).max()"},
    "by_eigh": {LARGEST: "np.linalg.eigh(hessian)[0][-1]"},
    "by_singular_values": {LARGEST: "np.linalg.svd(hessian, compute_uv=False)[0]"},
    "by_eigvals": {LARGEST: "np.linalg.eigvals(hessian).real.max()"},
})
SCALE, BUFFER = "buffer *= group['lr'] / lr", "optimizer.state[p].get('momentum_buffer')"
CHANGE = changed_each(pytorch.change_lr, {
    "by_mul": {SCALE: "buffer.mul_(group['lr']).div_(lr)"},
    "a_new_buffer": {SCALE: "optimizer.state[p]['momentum_buffer'] = buffer * (group['lr'] / lr)"},
    "asked_whether_it_is_there": {BUFFER: "optimizer.state[p]['momentum_buffer'] "
                                          "if 'momentum_buffer' in optimizer.state[p] else None"},
    "a_state_that_is_not_made": {BUFFER: "optimizer.state.get(p, {}).get('momentum_buffer')"},
    "rate_by_update": {"group['lr'] = lr": "group.update(lr=lr)"},
})
FIT = "a, b = np.linalg.lstsq(pairs, d[2:])[0]"
TRACE = changed_each(reference.read_momentum, {
    "by_the_pseudoinverse": {FIT: "a, b = np.linalg.pinv(pairs) @ d[2:]"},
    "by_qr": {FIT: "q, r = np.linalg.qr(pairs)\na, b = np.linalg.solve(r, q.T @ d[2:])"},
    "by_subtraction": {"np.diff(trace)": "trace[1:] - trace[:-1]"},
    "columns": {"np.stack([d[1:-1], d[:-2]], axis=1)": "np.column_stack((d[1:-1], d[:-2]))"},
})

RIGHT = {
    "qhm_step": [qhm_by_weights, qhm_in_loops, *QHM],
    "AggMo": [AggMoInLists, *AGGMO],
    "largest_stable_lr": [stable_by_bisection, stable_by_norm, *STABLE],
    "change_lr": [change_lr_by_state, *CHANGE],
    "read_momentum": [read_by_cramer, read_with_lowest_point, *TRACE],
}
