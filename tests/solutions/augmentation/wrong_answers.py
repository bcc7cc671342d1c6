"""Wrong answers to augmentation's exercises that are no misconceptions of the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.augmentation import pytorch, reference

COPIES = "[transform(X, theta) for theta in thetas]"
CHOICE, PICKED = "losses.argmax(axis=0)", "copies[worst, np.arange(len(X))]"
WORST = changed_each(reference.worst_of_k, {
    "second_worst": {CHOICE: "losses.argsort(axis=0)[max(len(losses) - 2, 0)]"},
    "last_of_equals": {CHOICE: "len(losses) - 1 - losses[::-1].argmax(axis=0)"},
    "first_candidate_only": {COPIES: "[transform(X, theta) for theta in thetas[:1]]"},
    "last_candidate_forgotten": {COPIES: "[transform(X, theta) for theta in thetas[:max(len(thetas) - 1, 1)]]"},
    "places_are_missing": {f"({PICKED}, worst)": PICKED},
    "places_from_1": {f"({PICKED}, worst)": f"({PICKED}, worst + 1)"},
    "losses_for_places": {f"({PICKED}, worst)": f"({PICKED}, losses.max(axis=0))"},
    "thetas_for_copies": {PICKED: "thetas[worst, np.arange(len(X))]"},
    "loss_of_the_example": {"loss(each, y)": "loss(X, y)"},
    "in_double_precision": {PICKED: f"{PICKED}.astype(float)"},
    "transformed_twice": {"transform(X, theta)": "transform(transform(X, theta), theta)"},
})
UPHILL = "lr * grads / np.where(size > 0, size, 1)"
SHRUNK, CLIPPED = "move * (radius / np.maximum(length(move), radius))", "np.clip(center + move, 0, 1)"
L2 = changed_each(reference.l2_step, {
    "not_a_number_without_gradient": {"np.where(size > 0, size, 1)": "np.where(size > 0, size, np.nan)"},
    "a_small_number_below": {"np.where(size > 0, size, 1)": "(size + 1e-8)"},
    "squared_length": {"np.where(size > 0, size, 1)": "np.where(size > 0, size**2, 1)"},
    "rate_ignored": {UPHILL: "radius * grads / np.where(size > 0, size, 1)"},
    "projected_before_the_step": {f"X + {UPHILL} - center": "X - center",
                                  SHRUNK: f"{SHRUNK} + {UPHILL}"},
    "half_the_radius": {SHRUNK: "move * (radius / 2 / np.maximum(length(move), radius / 2))"},
    "clipped_first": {SHRUNK: "(np.clip(center + move, 0, 1) - center) * (radius / np.maximum("
                      "length(np.clip(center + move, 0, 1) - center), radius))"},
    "range_from_minus_1": {CLIPPED: "np.clip(center + move, -1, 1)"},
    "in_double_precision": {CLIPPED: "np.clip(center.astype(float) + move, 0, 1)"},
    "longest_number": {"np.sqrt((v ** 2).sum(axis=axes, keepdims=True))": "np.abs(v).max(axis=axes, keepdims=True)"},
    "from_the_center": {f"X + {UPHILL} - center": UPHILL},
    "in_place": {f"return {CLIPPED}": "X[:] = np.clip(center + move, 0, 1)\nreturn X"},
})
MIXED = "share * r[y] + (1 - share) * r[y[order]]"
LABELS = changed_each(reference.mixup_labels, {
    "reversed_partners": {"y[order]": "y[::-1]"},
    "both_halves": {MIXED: "(r[y] + r[y[order]]) / 2"},
    "partner_only": {MIXED: "r[y[order]]"},
    "not_a_rest": {MIXED: "share * r[y] + share * r[y[order]]"},
    "in_double_precision": {"dtype=lam.dtype": "dtype=float"},
    "squared_shares": {"lam[:, None]": "lam[:, None]**2"},
    "shares_of_the_partners": {"lam[:, None]": "lam[order][:, None]"},
    "as_many_classes_as_labels": {"np.eye(classes, dtype=lam.dtype)": "np.eye(max(y, default=0) + 1, dtype=lam.dtype)"},
    "normalised_maximum": {MIXED: "np.maximum(share * r[y], (1 - share) * r[y[order]])"},
})
SUMS, COEFFICIENT = "(p ** 2 + r ** 2).sum(axis=0) + smooth", "(2 * (p * r).sum(axis=0) + smooth) / S"
SLOPE, LOSS = "2 * (p * D - r) / S / K", "1 - D.mean()"
BACK = "p * (p_bar - (p_bar * p).sum(axis=1, keepdims=True))"
DICE = changed_each(reference.multiclass_dice_loss, {
    "mean_of_rows_first": {"(p_bar * p).sum(axis=1, keepdims=True)": "(p_bar * p).mean(axis=1, keepdims=True)"},
    "only_classes_that_are_there": {LOSS: "1 - D[r.any(axis=0)].mean()"},
    "smoothed_twice": {"2 * (p * r).sum(axis=0) + smooth": "2 * ((p * r).sum(axis=0) + smooth)"},
    "mean_over_examples": {SUMS: "(p ** 2 + r ** 2).mean(axis=0) + smooth",
                           COEFFICIENT: "(2 * (p * r).mean(axis=0) + smooth) / S",
                           SLOPE: "2 * (p * D - r) / S / K / len(y)"},
    "geometric_mean": {LOSS: "1 - np.exp(np.log(D).mean())"},
    "jaccard": {SUMS: "(p ** 2 + r ** 2 - p * r).sum(axis=0) + smooth",
                COEFFICIENT: "((p * r).sum(axis=0) + smooth) / S"},
    "logarithm": {LOSS: "-np.log(D.mean())"},
    "in_double_precision": {"np.exp(logits - logits.max(axis=1, keepdims=True))":
                            "np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))"},
    "gradient_alone": {f"({LOSS}, {BACK})": BACK},
    "loss_alone": {f"({LOSS}, {BACK})": LOSS},
    "decisions": {"e / e.sum(axis=1, keepdims=True)": "(e == 1) * 1.0"},
    "smoothing_of_1": {SUMS: "(p ** 2 + r ** 2).sum(axis=0) + 1", COEFFICIENT: "(2 * (p * r).sum(axis=0) + 1) / S"},
})
TO_IMAGES = "torch.einsum('ncp,nph,npw->nchw', grads, near_y, near_x)"
STACKED = "torch.stack([x_bar, y_bar], dim=-1)"
SAMPLE = changed_each(pytorch.BilinearSample, {
    "smooth_weights": {"(1 - (x - col).abs()).relu()": "torch.exp(-(x - col) ** 2)"},
    "columns_only": {"(1 - (y - row).abs()).relu()": "((y - row).abs() < 1).to(y)"},
    "one_channel": {"torch.einsum('ncp,nchw->nphw', grads, images)":
                    "torch.einsum('ncp,nchw->nphw', grads[:, :1], images[:, :1])"},
    "points_counted_backwards": {STACKED: "torch.stack([x_bar, y_bar], dim=-1).flip(1)"},
    "images_without_gradient": {TO_IMAGES: "torch.zeros_like(images)"},
    "mean_for_sum": {TO_IMAGES: f"{TO_IMAGES} / grads.shape[2]"},
    "half_of_the_slope": {STACKED: f"{STACKED} / 2"},
    "one_picture_for_all": {"torch.einsum('nchw,nph,npw->ncp', images, near_y, near_x)":
                            "torch.einsum('nchw,nph,npw->ncp', images[:1].expand_as(images), near_y, near_x)"},
    "in_double_precision": {"torch.einsum('nchw,nph,npw->ncp', images, near_y, near_x)":
                            "torch.einsum('nchw,nph,npw->ncp', images, near_y, near_x).double()"},
    "wraps_around": {"x, y = (points[..., :1], points[..., 1:])": "x, y = (points[..., :1] % W, points[..., 1:] % H)"},
})
STEPPED = "found.detach() + lr * grads.sign()"
BOX = "torch.clamp(found, X.detach() - radius, X.detach() + radius).clamp(0, 1)"
ATTACK = changed_each(pytorch.attack, {
    "one_step_more": {"range(steps)": "range(steps + 1)"},
    "one_step_less": {"range(steps)": "range(steps - 1)"},
    "likeliest_class": {"torch.nn.functional.cross_entropy(model(found), y)":
                        "torch.nn.functional.cross_entropy(model(found), model(X).argmax(1))"},
    "least_likely_class": {"torch.nn.functional.cross_entropy(model(found), y)":
                           "-torch.nn.functional.cross_entropy(model(found), model(X).argmin(1))"},
    "gradient_of_the_first_place": {"model(found)": "model(found + (start - found).detach())"},
    "rate_for_radius": {BOX: "torch.clamp(found, X.detach() - lr, X.detach() + lr).clamp(0, 1)"},
    "l2_direction": {STEPPED: "found.detach() + lr * grads / grads.norm()"},
    "clamped_from_minus_1": {BOX: "torch.clamp(found, X.detach() - radius, X.detach() + radius).clamp(-1, 1)"},
    "noise_besides": {STEPPED: "found.detach() + lr * grads.sign() + 0.01 * torch.randn_like(found)"},
    "parameters_frozen_for_good": {"model.train(False)": "model.train(False).requires_grad_(False)"},
    "start_in_place": {"start.detach()": "start.add_(0.001).detach()"},
    "in_double_precision": {"return found": "return found.double()"},
    "change_alone": {"return found": "return found - X"},
})

WRONG = {"worst_of_k": WORST, "l2_step": L2, "mixup_labels": LABELS, "multiclass_dice_loss": DICE,
         "BilinearSample": SAMPLE, "attack": ATTACK}
UNTELLABLE: dict = {}
