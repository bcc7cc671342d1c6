"""Right answers to regularization's exercises, written as others would write them."""
import numpy as np
import torch
import torch.nn.functional as F

from autograder.authoring.change import changed_each
from solutions.regularization import pytorch, reference


def step_by_cases(params, grads, *, lr, strength, mixing):
    """The three cases of the derivation, one weight at a time."""
    z = np.asarray(params - lr * grads)
    pull, divisor = lr * strength * mixing, 1 + lr * strength * (1 - mixing)
    w = np.zeros_like(z)
    for i in np.ndindex(z.shape):
        if z[i] > pull:
            w[i] = (z[i] - pull) / divisor
        elif z[i] < -pull:
            w[i] = (z[i] + pull) / divisor
    return w


def step_by_clipping(params, grads, *, lr, strength, mixing):
    """z minus its part within the threshold."""
    z = params - grads * lr
    cut = lr * strength * mixing
    return (z - np.clip(z, -cut, cut)) / (1 + lr * strength - cut)


def step_by_where(params, grads, *, lr, strength, mixing):
    z = params - lr * grads
    alone = z / (1 + lr * strength * (1 - mixing))
    shift = lr * strength * mixing / (1 + lr * strength * (1 - mixing))
    return np.where(np.abs(alone) > shift, alone - np.copysign(shift, alone), 0 * alone)


def map_by_coordinates(X, y, *, noise, scale):
    """One weight after the other, until nothing changes."""
    A, b = X / noise[:, None], y / noise
    w = np.zeros(X.shape[1], X.dtype)
    for _ in range(500):
        before = w.copy()
        for j in range(len(w)):
            pull = A[:, j] @ (b - A @ w + A[:, j] * w[j])
            w[j] = np.sign(pull) * max(abs(pull) - 1 / scale[j], 0) / (A[:, j] @ A[:, j])
        if np.array_equal(before, w):
            break
    return w


def map_accelerated(X, y, *, noise, scale):
    """FISTA, with the Gram matrix of the weighted data."""
    precision = 1 / noise**2
    gram, pulls = np.einsum("nd,n,ne->de", X, precision, X), np.einsum("nd,n,n->d", X, precision, y)
    step = 1 / np.linalg.norm(gram, 2)
    w = ahead = np.zeros_like(pulls)
    for t in range(1, 600):
        z = ahead + step * (pulls - gram @ ahead)
        new = z - np.clip(z, -step / scale, step / scale)
        w, ahead = new, new + (new - w) * ((t - 1) / (t + 2) if t < 200 else 0)
    return w


def map_in_units_of_the_prior(X, y, *, noise, scale):
    """u = w/b where the prior is not flat; the threshold is then one number."""
    unit = np.where(np.isinf(scale), 1, scale).astype(X.dtype)
    A, b = X * unit / noise[:, None], y / noise
    threshold = np.where(np.isinf(scale), 0, 1).astype(X.dtype)
    gram, pulls, u = A.T @ A, A.T @ b, np.zeros_like(unit)
    for _ in range(600):
        for j in range(len(u)):
            pull = pulls[j] - gram[j] @ u + gram[j, j] * u[j]
            u[j] = np.sign(pull) * np.maximum(np.abs(pull) - threshold[j], 0) / gram[j, j]
    return u * unit


def strength_by_the_ratio(curvature, *, lr, steps):
    """h / (q⁻¹ - 1), with the flat directions put in afterwards."""
    h = np.asarray(curvature)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = h / np.expm1(-steps * np.log1p(-lr * h))
    return np.where(h == 0, np.asarray(1 / (lr * steps), h.dtype), found)


def strength_in_a_loop(curvature, *, lr, steps):
    """1 - q as a sum of powers: ηh (1 + (1-ηh) + …), which loses no digit."""
    found = np.empty_like(curvature)
    for i in np.ndindex(np.shape(curvature)):
        h = float(curvature[i])
        total = sum((1 - lr * h)**k for k in range(steps))
        found[i] = (1 - lr * h)**steps / (lr * total)
    return found


class StoppingWithClones:
    """A dict of clones; copied back tensor by tensor."""

    def __init__(self, model, first, factor, margin=0.0):
        self.model, self.factor, self.margin = model, factor, margin
        self.deadline, self.epoch, self.lowest, self.saved = first, 0, float("inf"), None

    def update(self, loss):
        self.epoch = self.epoch + 1
        clear = loss < self.lowest - self.margin * self.lowest if self.lowest < float("inf") else loss == loss
        if clear and self.epoch * self.factor > self.deadline:
            self.deadline = self.epoch * self.factor
        if loss < self.lowest:
            self.lowest = loss
            self.saved = {key: value.clone() for key, value in self.model.state_dict().items()}
        return not self.epoch < self.deadline

    def restore(self):
        for key, value in self.model.state_dict().items():
            value.copy_(self.saved[key])


class StoppingWithHistory:
    """All losses kept; the state in a list."""

    def __init__(self, model, first, factor, margin=0.0):
        self.model, self.factor, self.margin = model, factor, margin
        self.losses, self.state, self.deadlines = [], [], [first]

    def update(self, loss):
        lowest = min(self.losses, default=np.inf)
        if loss < lowest:
            self.losses.append(loss)
            self.state = [value.detach().clone() for value in self.model.state_dict().values()]
        self.epoch = getattr(self, "epoch", 0) + 1
        if loss < lowest * (1 - self.margin):
            self.deadlines.append(self.factor * self.epoch)
        return self.epoch >= max(self.deadlines)

    def restore(self):
        self.model.load_state_dict(dict(zip(self.model.state_dict(), self.state, strict=True)))


class AdamWInPlace(torch.optim.Optimizer):
    """PyTorch's own order of operations."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def step(self, closure=None):
        loss = None if closure is None else closure()
        with torch.no_grad():
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state[p]
                    if not state:
                        state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
                    state["step"] += 1
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    state["exp_avg"].lerp_(p.grad, 1 - beta1)
                    state["exp_avg_sq"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                    size = group["lr"] / (1 - beta1**state["step"])
                    root = state["exp_avg_sq"].sqrt() / (1 - beta2**state["step"])**.5
                    p.addcdiv_(state["exp_avg"], root + group["eps"], value=-size)
        return loss


def slopes_one_at_a_time(model, x, y, *, strength):
    """A graph for each example."""
    total = 0
    for row, label in zip(x, y, strict=True):
        row = row[None].clone().requires_grad_()
        each = F.cross_entropy(model(row), label[None])
        slope, = torch.autograd.grad(each, row, create_graph=True)
        total = total + each + strength / 2 * (slope**2).sum()
    return total / len(x)


def slopes_of_the_mean_scaled(model, x, y, *, strength):
    """N times the slope of the mean is the slope of the sum."""
    inputs = x.clone().detach().requires_grad_(True)
    mean = F.cross_entropy(model(inputs), y)
    slope = torch.autograd.grad(mean, inputs, create_graph=True)[0] * len(x)
    return mean + 0.5 * strength * slope.flatten(1).norm(dim=1).pow(2).mean()


def slopes_by_log_softmax(model, x, y, *, strength):
    inputs = torch.empty_like(x).copy_(x).requires_grad_()
    each = -F.log_softmax(model(inputs), dim=-1)[range(len(y)), y]
    slope = torch.autograd.grad(each, inputs, torch.ones_like(each), create_graph=True)[0]
    return torch.mean(each + strength * slope.reshape(len(x), -1).square().sum(1) / 2)


STEP = changed_each(reference.elastic_net_step, {
    "by_relu": {"np.maximum(np.abs(z) - lr * strength * mixing, 0)":
                "(np.abs(z) - lr * strength * mixing).clip(0)"},
    "by_copysign": {"np.sign(z) * shrunk": "np.copysign(shrunk, z)"},
})
STRENGTH = changed_each(reference.strength_of_stopping, {
    "by_powers": {"np.exp(log_left)": "(1 - lr * h)**steps"},
    "by_one_over_q": {"h * np.exp(log_left) / -np.expm1(log_left)": "h / np.expm1(-log_left)"},
})
DECAY = "p *= 1 - lr * group['weight_decay']"
ADAMW = changed_each(pytorch.AdamW, {
    "subtracted": {DECAY: "p -= lr * group['weight_decay'] * p"},
    "in_data": {DECAY: "p.data = p * (1 - lr * group['weight_decay'])"},
})

RIGHT = {
    "elastic_net_step": [step_by_cases, step_by_clipping, step_by_where, *STEP],
    "laplace_map": [map_by_coordinates, map_accelerated, map_in_units_of_the_prior],
    "strength_of_stopping": [strength_by_the_ratio, strength_in_a_loop, *STRENGTH],
    "EarlyStopping": [StoppingWithClones, StoppingWithHistory],
    "AdamW": [AdamWInPlace, *ADAMW],
    "double_backprop_loss": [slopes_one_at_a_time, slopes_of_the_mean_scaled, slopes_by_log_softmax],
}
