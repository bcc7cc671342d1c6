"""Regularization in PyTorch; `reference` has the contracts.

Each function works on tensors on any device. The optimizer, the gradient penalty on a
module and the stopping that keeps a network's best state have no twin in NumPy.
"""
import copy
import math

import torch
import torch.nn.functional as F

from solutions.adaptive_optimizers.pytorch import adam_init as adam_init
from solutions.adaptive_optimizers.pytorch import adam_step
from solutions.gradient_descent.pytorch import mlp_forward


def l1(params, *, strength):
    """The L1 penalty and its gradient; see `reference.l1`."""
    return strength * torch.linalg.vector_norm(params, 1), params.sign().mul(strength)


def l2(params, *, strength):
    """The L2 penalty and its gradient; see `reference.l2`."""
    flat = params.flatten()
    return strength / 2 * flat.dot(flat), params.mul(strength)


def elastic_net(params, *, strength, mixing):
    """A mixture of both penalties, and its gradient; see `reference.elastic_net`."""
    value = mixing * params.abs() + (1 - mixing) / 2 * params.square()
    slope = torch.lerp(params, params.sign(), mixing)   # w + ρ (sign w - w)
    return strength * value.sum(), strength * slope


def prox_l1(params, *, threshold):
    """The proximal map of L1; see `reference.prox_l1`."""
    return params - params.clamp(-threshold, threshold)


def proximal_step(params, grads, *, lr, strength):
    """A gradient step and the proximal map of L1; see `reference.proximal_step`."""
    return F.softshrink(params.sub(grads, alpha=lr), lr * strength)


def subgradient_step(params, grads, *, lr, strength):
    """A gradient step on loss and penalty; see `reference.subgradient_step`."""
    return params.sub(grads.add(params.sign(), alpha=strength), alpha=lr)


def elastic_net_step(params, grads, *, lr, strength, mixing):
    """A step with the elastic net's proximal map; see `reference.elastic_net_step`."""
    z = params.sub(grads, alpha=lr)
    return F.softshrink(z, lr * strength * mixing) / (1 + lr * strength * (1 - mixing))


def elastic_net_fit(X, y, *, strength, mixing, sweeps=100):
    """Least squares with the elastic net; see `reference.elastic_net_fit`."""
    w, gram, pulls = torch.zeros_like(X[0]), X.T @ X / len(y), X.T @ y / len(y)
    for _ in range(sweeps):
        for j in range(len(w)):
            pull = pulls[j] - gram[j] @ w + gram[j, j] * w[j]
            w[j] = prox_l1(pull, threshold=strength * mixing)
            w[j] /= gram[j, j] + strength * (1 - mixing)
    return w


def map_estimate(X, y, *, noise, scale, prior="gaussian"):
    """The most probable weights; see `reference.map_estimate`."""
    if prior == "laplace":
        return laplace_map(X, y, noise=torch.full_like(y, noise),
                           scale=torch.full_like(X[0], scale))
    if prior != "gaussian":
        raise ValueError(f"there is no prior {prior!r}")
    # least squares on the data and D examples more: each says that a weight is 0
    more = torch.eye(X.shape[1], dtype=X.dtype, device=X.device) * (noise / scale)
    ends = torch.cat([y, torch.zeros_like(X[0])])
    return torch.linalg.lstsq(torch.cat([X, more]), ends).solution


def laplace_map(X, y, *, noise, scale):
    """The most probable weights under Laplace priors; see `reference.laplace_map`."""
    A, b = X / noise[:, None], y / noise
    gram, pulls, w = A.T @ A, A.T @ b, torch.zeros_like(X[0])
    for _ in range(300):
        for j in range(len(w)):
            pull = pulls[j] - gram[j] @ w + gram[j, j] * w[j]
            w[j] = F.relu(pull.abs() - 1 / scale[j]).copysign(pull) / gram[j, j]
    return w


def adamw_step(params, grads, state, *, lr=1e-3, weight_decay=1e-2, beta1=0.9,
               beta2=0.999, eps=1e-8):
    """One AdamW update; see `reference.adamw_step`."""
    moved, state = adam_step(params, grads, state, lr=lr, beta1=beta1, beta2=beta2,
                             eps=eps)
    # Adam, then - ηλ θ_{t-1}
    return moved.sub(params, alpha=lr * weight_decay), state


def kept_by_stopping(curvature, *, lr, steps):
    """The share of the way that a run has gone; see `reference.kept_by_stopping`."""
    return 1 - torch.pow(1 - lr * curvature, steps)


def kept_by_l2(curvature, *, strength):
    """The share of the way at which L2 stops; see `reference.kept_by_l2`."""
    return curvature.div(curvature + strength)


def strength_of_stopping(curvature, *, lr, steps):
    """The strength of L2 that stopping is; see `reference.strength_of_stopping`."""
    log_left = steps * torch.log1p(-lr * curvature)
    exact = curvature / torch.expm1(-log_left)          # h q / (1 - q) = h / (1/q - 1)
    return torch.where(curvature > 0, exact, torch.full_like(exact, 1 / (lr * steps)))


def label_smoothing(logits, y, *, smoothing):
    """Cross-entropy against smoothed labels; see `reference.label_smoothing`."""
    log_p = F.log_softmax(logits, dim=1)
    q = torch.full_like(logits, smoothing / logits.shape[1])
    q[torch.arange(len(y), device=y.device), y] += 1 - smoothing
    return -(q * log_p).sum(1).mean(), (log_p.exp() - q) / len(y)


def input_jacobian(layers, X):
    """∂y/∂x of a network for each example, by autograd; see `reference`."""
    x = X.detach().requires_grad_()
    y = mlp_forward(layers, x)[-1]
    # an example's outputs depend on its own inputs alone, so that a sum over n does
    rows = [torch.autograd.grad(y[:, k].sum(), x, create_graph=True)[0]
            for k in range(y.shape[1])]
    return torch.stack(rows, dim=1)


def gradient_penalty(layers, X, *, strength):
    """A penalty on ∂y/∂x; its own gradient goes through. See `reference`."""
    J = input_jacobian(layers, X)
    return strength / 2 * J.flatten(1).square().sum(1).mean()


def mdl_score(residuals, *, parameters):
    """The length of a description in two parts; see `reference.mdl_score`."""
    n = residuals.numel()
    noise = residuals.square().mean()
    return (n * (math.log(2 * math.pi) + 1 + noise.log())
            + parameters * math.log(n)) / (2 * math.log(2))


def double_backprop_loss(model, x, y, *, strength):
    """Cross-entropy with a penalty on each example's gradient at its own input.

    Parameters
    ----------
    model : callable, (N, ...) -> (N, K)
        Gives logits. It treats each example by itself.
    x : tensor, (N, ...), any shape of one example
        Left as it was, its `.grad` and `requires_grad` too.
    y : tensor of int, (N,)
        The right class of each example.
    strength : float
        λ.

    Returns
    -------
    loss : tensor, one number
        1/N Σ_n E_n + λ/2 · 1/N Σ_n ‖∂E_n/∂x_n‖². A `backward()` on it gives the
        gradient of all of it; before that, no `.grad` is touched.

    References
    ----------
    Drucker and Le Cun (1992).
    """
    inputs = x.detach().requires_grad_()
    each = F.cross_entropy(model(inputs), y, reduction="none")          # E_n
    # E_m does not depend on x_n, so that the sum's gradient holds all ∂E_n/∂x_n
    slopes = torch.autograd.grad(each.sum(), inputs, create_graph=True)[0]
    square = slopes.square().sum() / len(y)             # 1/N Σ_n ‖∂E_n/∂x_n‖²
    return each.mean() + strength / 2 * square


class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay for the parameters of a network.

    Parameters
    ----------
    params : iterable of tensors, or of dicts with 'params' and options of their own
    lr : float
        η.
    betas : (β₁, β₂)
        The shares of the old means of g and g² that are kept.
    eps : float
        ε, outside the root.
    weight_decay : float
        λ: each step takes the share ηλ off every weight.

    References
    ----------
    Loshchilov and Hutter (2019), Algorithm 2, with λ multiplied by the rate.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8,
                 weight_decay=1e-2):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps,
                                  "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """One step from the gradients in `p.grad`, which stay; a parameter without one
        stays too, and does not decay.

        `closure`, where given, is called first: it computes the gradients and returns
        the loss, which is returned; without a closure None is. What is remembered of a
        parameter stands in `self.state[p]`, so that `state_dict()` saves it.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for p in (p for p in group["params"] if p.grad is not None):
                old, g = self.state[p], p.grad
                t = old.get("t", 0) + 1
                # m_t = β₁ m_{t-1} + (1-β₁) g_t
                m = beta1 * old.get("m", 0) + (1 - beta1) * g
                # v_t = β₂ v_{t-1} + (1-β₂) g_t²
                v = beta2 * old.get("v", 0) + (1 - beta2) * g**2
                root = (v / (1 - beta2**t)).sqrt() + group["eps"]   # √v̂_t + ε
                p *= 1 - lr * group["weight_decay"]                 # (1 - ηλ) θ_{t-1}
                p -= lr * m / (1 - beta1**t) / root                 # - η m̂_t / root
                old.update(t=t, m=m, v=v)
        return loss


class EarlyStopping:
    """Watches a validation loss, says when to stop, and keeps the best network.

    Parameters
    ----------
    model : torch.nn.Module
        It goes on training; nobody else keeps its earlier states.
    first : float
        The first deadline: training goes on for so many epochs in any case.
    factor : float
        c, at least 1: a clear improvement at epoch t moves the deadline to t·c, if that
        is later.
    margin : float
        An improvement is clear where the loss, which is not negative, lies below
        (1 - margin) times the lowest one so far; before the first epoch that is ∞.
    """

    def __init__(self, model, first, factor, margin=0.0):
        self.model, self.factor, self.margin = model, factor, margin
        self.deadline, self.epoch, self.lowest, self.saved = first, 0, math.inf, None

    def update(self, loss):
        """Called once after each epoch with its validation loss; the first is epoch 1.

        Every loss below the lowest one so far, clearly or not, becomes the lowest, and
        the model's state at that epoch, its buffers too, becomes the one to be kept.

        Returns
        -------
        stop : bool
            Whether the epoch has reached the deadline.
        """
        self.epoch += 1
        if loss < (1 - self.margin) * self.lowest:
            self.deadline = max(self.deadline, self.epoch * self.factor)
        if loss < self.lowest:
            self.lowest, self.saved = loss, copy.deepcopy(self.model.state_dict())
        return self.epoch >= self.deadline

    def restore(self):
        """Puts the kept state back into the model, which may then be trained on, and
        restored again. It is not called before a loss was the lowest."""
        self.model.load_state_dict(self.saved)
