"""Augmentation in PyTorch: `reference.py` for tensors, sampling by autograd, attacks.

Written apart from the NumPy versions on purpose, and from `torch.nn.functional`, which
the tests hold both against.
"""
import math

import torch


def corrupt(X, noise, *, sigma):
    """Gaussian corruption; see `reference.corrupt`."""
    return torch.add(X, noise, alpha=sigma)


def noise_ridge(X, y, *, sigma):
    """The weights expected under noise on X; see `reference.noise_ridge`."""
    # least squares with √n σ I as further rows
    rows = torch.eye(X.shape[1]).to(X) * (math.sqrt(len(X)) * sigma)
    targets = torch.cat([y, y.new_zeros(len(rows))])
    return torch.linalg.lstsq(torch.cat([X, rows]), targets[:, None]).solution[:, 0]


def affine_params(degrees, scale, shift):
    """θ of turned, scaled and moved pictures; see `reference.affine_params`."""
    c, s = degrees.deg2rad().cos() / scale, degrees.deg2rad().sin() / scale
    right, down = shift.unbind(-1)
    return torch.stack([c, -s, s * down - c * right,
                        s, c, -s * right - c * down], dim=-1).unflatten(-1, (2, 3))


def bilinear(images, points):
    """The value of a picture between its pixels; see `reference.bilinear`."""
    H, W = images.shape[2:]
    # how near each column and each row is: 1 - distance, at least 0
    near_x = (1 - (points[..., :1] - torch.arange(W).to(points)).abs()).clamp(min=0)
    near_y = (1 - (points[..., 1:] - torch.arange(H).to(points)).abs()).clamp(min=0)
    return torch.einsum("nchw,nph,npw->ncp", images, near_y, near_x)


def affine(images, theta):
    """Pictures looked up elsewhere; see `reference.affine`."""
    H, W = images.shape[2:]
    x = torch.arange(W).to(images) - (W - 1) / 2
    y = torch.arange(H).to(images) - (H - 1) / 2
    q = torch.stack([x.expand(H, W), y[:, None].expand(H, W), x.new_ones(H, W)])
    points = torch.einsum("nij,jhw->nhwi", theta, q).flatten(1, 2)
    middle = torch.tensor([(W - 1) / 2, (H - 1) / 2]).to(images)
    return bilinear(images, points + middle).reshape(images.shape)


def worst_of_k(X, y, thetas, *, transform, loss):
    """The transformed copies with the largest losses; see `reference.worst_of_k`."""
    chosen = transform(X, thetas[0])
    largest = loss(chosen, y)
    worst = torch.zeros_like(largest, dtype=torch.long)
    for k, theta in enumerate(thetas[1:], 1):
        copy = transform(X, theta)
        losses = loss(copy, y)
        higher = losses > largest
        worst, largest = worst.masked_fill(higher, k), losses.where(higher, largest)
        chosen = copy.where(higher.reshape(-1, *[1] * (X.dim() - 1)), chosen)
    return chosen, worst


def unconstrained_step(theta, grads, *, lr, sigma):
    """A step on E + log p(θ); see `reference.unconstrained_step`."""
    return theta.mul(1 - lr / sigma**2).add(grads, alpha=lr)


def linf_step(X, grads, center, *, lr, radius):
    """A step of η in each pixel; see `reference.linf_step`."""
    away = (X - center).add(grads.sign(), alpha=lr).clamp(-radius, radius)
    return (center + away).clamp(0, 1)


def l2_step(X, grads, center, *, lr, radius):
    """A step of the length η; see `reference.l2_step`."""
    shape = -1, *[1] * (X.dim() - 1)
    g = grads.flatten(1)
    unit = g / g.norm(dim=1, keepdim=True).masked_fill((g == 0).all(1, keepdim=True), 1)
    away = (X - center).flatten(1).add(unit, alpha=lr)
    shrink = away.norm(dim=1).clamp(min=radius).reciprocal().mul(radius)
    return (center + away.reshape(X.shape) * shrink.reshape(shape)).clamp(0, 1)


def adversarial_step(X, grads, center, *, lr, radius, norm="linf"):
    """One step of an attack; see `reference.adversarial_step`."""
    if norm not in ("linf", "l2"):
        raise ValueError(f"there is no step of norm {norm!r}")
    step = linf_step if norm == "linf" else l2_step
    return step(X, grads, center, lr=lr, radius=radius)


def pgd(X, start, *, gradient, lr, radius, steps, norm="linf"):
    """Adversarial steps, one after the other; see `reference.pgd`."""
    for _ in range(steps):
        start = adversarial_step(start, gradient(start), X, lr=lr, radius=radius,
                                 norm=norm)
    return start


def mixup_labels(y, order, lam, *, classes):
    """A share of each of two labels; see `reference.mixup_labels`."""
    targets = lam.new_zeros(len(y), classes)
    targets.scatter_add_(1, y[:, None], lam[:, None])
    return targets.scatter_add_(1, y[order][:, None], 1 - lam[:, None])


def mixup(X, y, order, lam, *, classes):
    """Examples between pairs of examples; see `reference.mixup`."""
    mixed = torch.lerp(X[order], X, lam.reshape(-1, *[1] * (X.dim() - 1)))
    return mixed, mixup_labels(y, order, lam, classes=classes)


def precision_recall(found, g):
    """Shares of what was found and of what is there; see `reference`."""
    both = (found & g).sum(-1)
    return both / found.sum(-1).clamp(min=1), both / g.sum(-1).clamp(min=1)


def balanced_draw(u, y, *, classes):
    """Examples with every class equally likely; see `reference.balanced_draw`."""
    members = [(y == k).nonzero()[:, 0] for k in range(classes)]
    drawn = [members[int(a * classes)] for a in u[:, 0]]
    picks = zip(drawn, u[:, 1], strict=True)
    return torch.stack([m[int(b * len(m))] for m, b in picks])


def dice(p, g):
    """The Dice coefficient; see `reference.dice`."""
    p, g = p.flatten(), g.flatten()
    return 2 * p.dot(g) / (p.dot(p) + g.dot(g))


def dice_gradient(p, g):
    """∂D/∂p; see `reference.dice_gradient`."""
    S = p.square().sum() + g.square().sum()
    return g.mul(2 / S) - p.mul(4 * p.mul(g).sum() / S**2)


def dice_loss(p, g, *, smooth=1.0):
    """1 - D, smoothed, and its gradient; see `reference.dice_loss`."""
    above, S = 2 * p.mul(g).sum() + smooth, p.square().sum() + g.square().sum() + smooth
    return 1 - above / S, p.mul(2 * above / S**2) - g.mul(2 / S)


def multiclass_dice_loss(logits, y, *, smooth=1.0):
    """The mean over classes and its gradient; see `reference.multiclass_dice_loss`."""
    with torch.enable_grad():
        s = logits.detach().requires_grad_()
        p = s.softmax(dim=1)
        hit = p.gather(1, y[:, None])[:, 0]
        inter, there = torch.zeros(2, s.shape[1]).to(s).unbind()
        inter = inter.index_add(0, y, hit)
        there = there.index_add(0, y, torch.ones_like(hit))
        D = (2 * inter + smooth) / (p.square().sum(dim=0) + there + smooth)
        loss = 1 - D.mean()
        delta, = torch.autograd.grad(loss, s)
    return loss.detach(), delta


class BilinearSample(torch.autograd.Function):
    """Values between pixels, with gradients for the picture and for the places.

    `BilinearSample.apply(images, points)`: images (N, C, H, W), points (N, P, 2) with
    column x and row y in pixels, (0, 0) the centre of the first; values (N, C, P).
    Beyond the edge every pixel is 0.
    """

    @staticmethod
    def forward(ctx, images, points):
        """Σ_ij (1-|x-j|)₊ (1-|y-i|)₊ images_ij: at most four pixels count."""
        W, H = images.shape[3], images.shape[2]
        x, y = points[..., :1], points[..., 1:]
        col, row = torch.arange(W).to(points), torch.arange(H).to(points)
        near_x, near_y = (1 - (x - col).abs()).relu(), (1 - (y - row).abs()).relu()
        # slopes of (1-|x-j|)₊ by x, from the right: -1 from j on, 1 before it
        slope_x = (((x >= col - 1) & (x < col)).to(x)
                   - ((x >= col) & (x < col + 1)).to(x))
        slope_y = (((y >= row - 1) & (y < row)).to(x)
                   - ((y >= row) & (y < row + 1)).to(x))
        ctx.save_for_backward(images, near_x, near_y, slope_x, slope_y)
        return torch.einsum("nchw,nph,npw->ncp", images, near_y, near_x)

    @staticmethod
    def backward(ctx, grads):
        """(N, C, P) -> a gradient for images and one for points.

        At a whole number the slope is that to its right, or below it.
        """
        images, near_x, near_y, slope_x, slope_y = ctx.saved_tensors
        images_bar = torch.einsum("ncp,nph,npw->nchw", grads, near_y, near_x)
        by_pixel = torch.einsum("ncp,nchw->nphw", grads, images)  # Σ_c ḡ_cp images_cij
        x_bar = torch.einsum("nphw,nph,npw->np", by_pixel, near_y, slope_x)
        y_bar = torch.einsum("nphw,nph,npw->np", by_pixel, slope_y, near_x)
        return images_bar, torch.stack([x_bar, y_bar], dim=-1)


def attack(model, X, y, start, *, lr, radius, steps):
    """Adversarial examples of a model within ε of X in every pixel, by PGD.

    Uphill on the cross-entropy, by the sign of its gradient. The model is in evaluation
    mode for it, and afterwards as it was before: the mode of every module, the
    parameters, and their `.grad`. X and start are left as they were, too.

    Parameters
    ----------
    model : torch.nn.Module, (N, ...) -> logits (N, K)
    X, start : Tensor, (N, ...), one shape
        Examples between 0 and 1; where the attack begins, which counts as a place like
        any other.
    y : Tensor of int, (N,)
    lr, radius : float
        η, the step in every pixel; ε, how far a pixel may be from that of X.
    steps : int, at least 1

    Returns
    -------
    X : Tensor, (N, ...), between 0 and 1, without a graph

    References
    ----------
    Madry et al. (2018).
    """
    modes = {module: module.training for module in model.modules()}
    model.train(False)
    found = start.detach()
    for _ in range(steps):
        found.requires_grad_()
        loss = torch.nn.functional.cross_entropy(model(found), y)
        grads, = torch.autograd.grad(loss, found)
        found = found.detach() + lr * grads.sign()          # x + η sign g
        found = torch.clamp(found, X.detach() - radius, X.detach() + radius).clamp(0, 1)
    for module, mode in modes.items():
        module.training = mode
    return found
