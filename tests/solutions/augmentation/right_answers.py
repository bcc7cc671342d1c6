"""Right answers to augmentation's exercises, written as others would write them."""
import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.augmentation import pytorch, reference


def worst_in_a_loop(X, y, thetas, *, transform, loss):
    """One candidate after another, keeping the best so far."""
    best, place, highest = np.empty_like(X), np.zeros(len(X), int), np.full(len(X), -np.inf)
    for k in range(len(thetas)):
        copy = transform(X, thetas[k])
        for n, value in enumerate(loss(copy, y)):
            if value > highest[n]:
                best[n], place[n], highest[n] = copy[n], k, value
    return best, place


def worst_by_take_along_axis(X, y, thetas, *, transform, loss):
    copies = np.array([transform(X, theta) for theta in thetas])
    worst = np.argmax([loss(copy, y) for copy in copies], axis=0)
    picked = np.take_along_axis(copies, worst.reshape(1, -1, *[1] * (X.ndim - 1)), axis=0)
    return picked[0], worst


def l2_in_a_loop(X, grads, center, *, lr, radius):
    out = np.zeros_like(X)
    for n in range(len(X)):
        g = grads[n].ravel()
        norm = np.linalg.norm(g)
        place = X[n] + (lr * grads[n] / norm if norm > 0 else 0)
        away = place - center[n]
        if np.linalg.norm(away.ravel()) > radius:
            away = away * radius / np.linalg.norm(away.ravel())
        out[n] = np.clip(center[n] + away, 0, 1)
    return out


def l2_flat(X, grads, center, *, lr, radius):
    """Flattened, with where in place of a loop, and the answer in a list."""
    flat = [a.reshape(len(a), -1) for a in (X, grads, center)]
    norm = np.linalg.norm(flat[1], axis=1, keepdims=True)
    unit = np.divide(flat[1], norm, out=np.zeros_like(flat[1]), where=norm != 0)
    away = flat[0] + lr * unit - flat[2]
    far = np.linalg.norm(away, axis=1, keepdims=True)
    away = np.where(far > radius, radius * away / np.where(far == 0, 1, far), away)
    return np.minimum(np.maximum(flat[2] + away, 0), 1).reshape(X.shape).astype(X.dtype)


def labels_in_a_loop(y, order, lam, *, classes):
    targets = np.zeros((len(y), classes), lam.dtype)
    for n, partner in enumerate(order):
        targets[n, y[n]] += lam[n]
        targets[n, y[partner]] += 1 - lam[n]
    return targets


def labels_by_comparison(y, order, lam, *, classes):
    r = (y[:, None] == np.arange(classes)).astype(lam.dtype)
    return np.einsum("n,nk->nk", lam, r) + np.einsum("n,nk->nk", 1 - lam, r[order])


def labels_by_add_at(y, order, lam, *, classes):
    targets, n = np.zeros((len(y), classes), lam.dtype), np.arange(len(y))
    np.add.at(targets, (n, y), lam)
    np.add.at(targets, (n, np.take(y, order)), 1 - lam)
    return targets


def dice_by_the_binary_loss(logits, y, *, smooth=1.0):
    """Class by class, with a Jacobian of the softmax for each example."""
    z = logits - logits.max(1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    K = p.shape[1]
    loss, p_bar = 0, np.zeros_like(p)
    for k in range(K):
        r = (y == k).astype(p.dtype)
        above, below = 2 * np.sum(p[:, k] * r) + smooth, np.sum(p[:, k]**2) + np.sum(r) + smooth
        loss = loss + (1 - above / below) / K
        p_bar[:, k] = -(2 * r * below - above * 2 * p[:, k]) / below**2 / K
    delta = np.stack([(np.diag(row) - np.outer(row, row)) @ bar for row, bar in zip(p, p_bar, strict=True)])
    return loss, delta


def dice_by_autograd(logits, y, *, smooth=1.0):
    s = torch.tensor(logits).requires_grad_()
    p = torch.softmax(s, -1)
    r = torch.nn.functional.one_hot(torch.tensor(y), s.shape[1]).to(p)
    loss = 1 - ((2 * (p * r).sum(0) + smooth) / ((p * p).sum(0) + (r * r).sum(0) + smooth)).mean()
    loss.backward()
    return loss.detach().numpy(), s.grad.numpy()


class SampleByCorners(torch.autograd.Function):
    """Four gathers, and four scatters back."""

    @staticmethod
    def forward(ctx, images, points):
        N, C, H, W = images.shape
        corner = points.floor()
        part = points - corner
        values = 0
        ctx.corners = []
        for dx in (0, 1):
            for dy in (0, 1):
                j, i = corner[..., 0].long() + dx, corner[..., 1].long() + dy
                inside = (j >= 0) & (j < W) & (i >= 0) & (i < H)
                place = (i.clamp(0, H - 1) * W + j.clamp(0, W - 1))[:, None].expand(N, C, -1)
                pixel = images.flatten(2).gather(2, place) * inside[:, None]
                wx = part[..., 0] if dx else 1 - part[..., 0]
                wy = part[..., 1] if dy else 1 - part[..., 1]
                ctx.corners.append((place, inside, pixel, wx, wy, 2 * dx - 1, 2 * dy - 1))
                values = values + pixel * (wx * wy)[:, None]
        ctx.shape = images.shape
        return values

    @staticmethod
    def backward(ctx, grads):
        images_bar = grads.new_zeros(ctx.shape).flatten(2)
        x_bar = y_bar = 0
        for place, inside, pixel, wx, wy, sx, sy in ctx.corners:
            images_bar = images_bar.scatter_add(2, place, grads * (wx * wy * inside)[:, None])
            sent = (grads * pixel).sum(1)
            x_bar, y_bar = x_bar + sx * sent * wy, y_bar + sy * sent * wx
        return images_bar.view(ctx.shape), torch.stack((x_bar, y_bar), -1)


class SampleInLoops(torch.autograd.Function):
    """Number by number."""

    @staticmethod
    def forward(ctx, images, points):
        ctx.save_for_backward(images, points)
        return SampleInLoops.visit(images, points, None)

    @staticmethod
    def backward(ctx, grads):
        return SampleInLoops.visit(*ctx.saved_tensors, grads)

    @staticmethod
    def visit(images, points, grads):
        N, C, H, W = images.shape
        values = images.new_zeros(N, C, points.shape[1])
        images_bar, points_bar = torch.zeros_like(images), torch.zeros_like(points)
        for n in range(N):
            for p in range(points.shape[1]):
                x, y = points[n, p]
                for i in range(H):
                    for j in range(W):
                        if not (j - 1 <= x < j + 1 and i - 1 <= y < i + 1):
                            continue
                        u, v = 1 - abs(x - j), 1 - abs(y - i)
                        values[n, :, p] += u * v * images[n, :, i, j]
                        if grads is not None:
                            images_bar[n, :, i, j] += u * v * grads[n, :, p]
                            sent = (grads[n, :, p] * images[n, :, i, j]).sum()
                            points_bar[n, p, 0] += sent * v * (-1 if x >= j else 1)
                            points_bar[n, p, 1] += sent * u * (-1 if y >= i else 1)
        return values if grads is None else (images_bar, points_bar)


def attack_by_frozen_parameters(model, X, y, start, *, lr, radius, steps):
    """backward() on a model whose parameters want no gradients meanwhile."""
    modes = [m.training for m in model.modules()]
    wanted = [p.requires_grad for p in model.parameters()]
    for m in model.modules():
        m.training = False
    for p in model.parameters():
        p.requires_grad_(False)
    away = (start - X).clone()
    for _ in range(steps):
        place = (X + away).detach().requires_grad_(True)
        torch.nn.functional.cross_entropy(model(place), y, reduction="sum").backward()
        away = torch.clamp(place.detach() + lr * torch.sign(place.grad) - X, -radius, radius)
        away = torch.clamp(X + away, 0, 1) - X
    for m, mode in zip(model.modules(), modes, strict=True):
        m.training = mode
    for p, want in zip(model.parameters(), wanted, strict=True):
        p.requires_grad_(want)
    return X + away


def attack_on_a_copy(model, X, y, start, *, lr, radius, steps):
    """The model itself is not touched."""
    import copy

    other = copy.deepcopy(model).eval()
    low, high = (X - radius).clamp(min=0), (X + radius).clamp(max=1)
    place = start
    for _ in range(steps):
        place = place.detach().requires_grad_()
        log_p = torch.log_softmax(other(place), 1)
        (-log_p[torch.arange(len(y)), y].mean()).backward()
        with torch.no_grad():
            place = torch.min(torch.max(place + lr * place.grad.sign(), low), high)
    return place.detach()


WORST = changed_each(reference.worst_of_k, {
    "counted": {"np.arange(len(X))": "np.arange(X.shape[0])", "losses.argmax(axis=0)": "np.argmax(losses, 0)"},
})
L2 = changed_each(reference.l2_step, {
    "by_norm_of_rows": {"np.sqrt((v ** 2).sum(axis=axes, keepdims=True))":
                        "np.linalg.norm(v.reshape(len(v), -1), axis=1).reshape(-1, *[1] * (v.ndim - 1))"},
    "minimum_of_one": {"radius / np.maximum(length(move), radius)": "np.minimum(1, radius / (length(move) + 1e-30))"},
})
LABELS = changed_each(reference.mixup_labels, {"order_of_rows": {"r[y[order]]": "r[y][order]"}})
DICE = changed_each(reference.multiclass_dice_loss, {
    "sums_apart": {"(p ** 2 + r ** 2).sum(axis=0)":
                   "(p ** 2).sum(axis=0) + np.bincount(y, minlength=K).astype(p.dtype)"},
    "quotient_rule": {"2 * (p * D - r) / S / K": "-2 * (r * S - p * (2 * (p * r).sum(axis=0) + smooth)) / S ** 2 / K"},
})
ATTACK = changed_each(pytorch.attack, {
    "sum_of_losses": {"torch.nn.functional.cross_entropy(model(found), y)":
                      "torch.nn.functional.cross_entropy(model(found), y, reduction='sum')"},
    "by_minimum_and_maximum": {"torch.clamp(found, X.detach() - radius, X.detach() + radius).clamp(0, 1)":
                               "torch.minimum(torch.maximum(found, X - radius), X + radius).clamp(0, 1)"},
})

RIGHT = {
    "worst_of_k": [worst_in_a_loop, worst_by_take_along_axis, *WORST],
    "l2_step": [l2_in_a_loop, l2_flat, *L2],
    "mixup_labels": [labels_in_a_loop, labels_by_comparison, labels_by_add_at, *LABELS],
    "multiclass_dice_loss": [dice_by_the_binary_loss, dice_by_autograd, *DICE],
    "BilinearSample": [SampleByCorners, SampleInLoops],
    "attack": [attack_by_frozen_parameters, attack_on_a_copy, *ATTACK],
}
