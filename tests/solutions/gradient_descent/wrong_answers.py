"""Wrong answers to gradient descent's exercises that are no misconceptions of the catalogue: each loses points."""
import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.gradient_descent import pytorch, reference
from solutions.gradient_descent.reference import Layer, minibatches, softmax

# ----------------------------------------------------------------------------------------------------- find the wrong δ

SLOPE = "delta @ W.T * z * (1 - z)"
BACKWARD = changed_each(reference.mlp_backward, {
    "divided_by_the_classes": {"len(y)": "zs[-1].shape[1]"},
    "divided_by_every_logit": {"len(y)": "zs[-1].size"},
    "divided_by_the_public_case_s_batch": {"len(y)": "4"},
    "one_hot_of_the_classes_seen": {"zs[-1].shape[1]": "y.max() + 1"},
    "softmax_over_the_examples": {"softmax(zs[-1])": "softmax(zs[-1].T).T"},
    "softmax_that_overflows":
        {"softmax(zs[-1])": "np.exp(zs[-1]) / np.exp(zs[-1]).sum(axis=1, keepdims=True)"},
    "sigmoid_at_the_top": {"softmax(zs[-1])": "1 / (1 + np.exp(-zs[-1]))"},
    "logits_for_probabilities": {"softmax(zs[-1])": "zs[-1]"},
    "slope_of_a_rectifier": {SLOPE: "delta @ W.T * (z > 0)"},
    "slope_without_the_output": {SLOPE: "delta @ W.T * (1 - z)"},
    "weights_gradient_averaged": {"z.T @ delta": "z.T @ delta / len(z)"},
    "weights_gradient_transposed": {"z.T @ delta": "delta.T @ z"},
    "biases_as_rows": {"delta.sum(axis=0)": "delta.sum(axis=0, keepdims=True)"},
    "biases_of_one_example": {"delta.sum(axis=0)": "delta[0]"},
    "rounded": {"z.T @ delta": "(z.T @ delta).round(4)"},
    "in_double_precision": {"dtype=zs[-1].dtype": "dtype=float"},
    "outputs_spoilt": {SLOPE: "delta @ W.T * np.multiply(z, 1 - z, out=z)"},
})


def weights_not_transposed(layers, zs, y):
    delta = (softmax(zs[-1]) - np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]) / len(y)
    grads = []
    for (W, _), z in zip(layers[::-1], zs[-2::-1], strict=True):
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))
        delta = delta @ (W if W.shape[0] == W.shape[1] else W.T) * z * (1 - z)
    return grads[::-1]


def slope_of_the_layer_above(layers, zs, y):
    delta = (softmax(zs[-1]) - np.eye(zs[-1].shape[1], dtype=zs[-1].dtype)[y]) / len(y)
    grads, above = [], None
    for (W, _), z in zip(layers[::-1], zs[-2::-1], strict=True):
        if above is not None and above.shape == delta.shape:
            delta = delta * above * (1 - above)
        grads.append(Layer(z.T @ delta, delta.sum(axis=0)))
        delta, above = delta @ W.T, z[:, ::-1]
    return grads[::-1]


def one_hidden_layer_at_most(layers, zs, y):
    grads = reference.mlp_backward(layers[-2:], zs[-len(layers[-2:]) - 1:], y)
    return [Layer(0 * W, 0 * b) for W, b in layers[:-2]] + grads


# --------------------------------------------------------------------------------------------------------- mini-batches

ALL, STEP = "minibatches(order, batch_size)", "path[-1] - lr * gradient(path[-1], X[m], y[m])"
DESCENT = changed_each(reference.minibatch_sgd, {
    "epochs_joined": {"orders": "[np.ravel(orders)]"},
    "orders_backwards": {"orders": "orders[::-1]"},
    "the_last_order_for_all": {"orders": "[orders[-1]] * len(orders)"},
    "one_epoch": {"orders": "orders[:1]"},
    "batches_backwards": {ALL: ALL + "[::-1]"},
    "batches_of_nearly_one_size": {ALL: "np.array_split(order, -(-len(order) // batch_size))"},
    "batches_strewn": {ALL: "[order[i::-(-len(order) // batch_size)] "
                            "for i in range(-(-len(order) // batch_size))]"},
    "a_small_batch_steps_less": {"lr": "lr * len(m) / batch_size"},
    "targets_not_shuffled": {"y[m]": "y[np.sort(m)]"},
    "the_first_of_each_batch": {STEP: "path[-1] - lr * gradient(path[-1], X[m[:1]], y[m[:1]])"},
    "the_first_examples_of_the_data": {STEP: "path[-1] - lr * gradient(path[-1], X[:len(m)], y[:len(m)])"},
    "gradients_at_the_start": {"gradient(path[-1], X[m], y[m])": "gradient(params, X[m], y[m])"},
    "the_rate_decays": {"lr": "lr / (1 + len(path))"},
    "the_last_step_missing": {"np.stack(path)": "np.stack(path[:-1])"},
    "the_last_parameters_alone": {"np.stack(path)": "path[-1]"},
    "vectors_alone": {"np.stack(path)": "np.stack(path).reshape(len(path), -1)"},
    "in_double_precision": {"np.stack(path)": "np.stack(path).astype(float)"},
    "rounded": {"np.stack(path)": "np.stack(path).round(4)"},
})


def one_array_for_every_row(params, gradient, X, y, orders, *, lr, batch_size):
    theta = params.copy()
    path = [theta]
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        theta -= lr * gradient(theta, X[m], y[m])
        path.append(theta)
    return np.stack(path)


def start_moved(params, gradient, X, y, orders, *, lr, batch_size):
    path = [params.copy()]
    for m in (m for order in orders for m in minibatches(order, batch_size)):
        params -= lr * gradient(params, X[m], y[m])
        path.append(params.copy())
    return np.stack(path)


def shuffled_what_was_shuffled(params, gradient, X, y, orders, *, lr, batch_size):
    path = [params]
    for order in orders:
        X, y = X[order], y[order]
        for i in range(0, len(y), batch_size):
            path.append(path[-1] - lr * gradient(path[-1], X[i:i + batch_size], y[i:i + batch_size]))
    return np.stack(path)


def remainder_with_the_last_batch(params, gradient, X, y, orders, *, lr, batch_size):
    path = [params]
    for order in orders:
        *first, a, b = [np.array([], int), *minibatches(order, batch_size)]
        for m in [*first, a, b] if len(b) == batch_size else [*first, np.append(a, b)]:
            path += [path[-1] - lr * gradient(path[-1], X[m], y[m])] if len(m) else []
    return np.stack(path)


# ----------------------------------------------------------------------------------------------------- weighted samples

LOG_P = "shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
WEIGHTED = changed_each(reference.weighted_cross_entropy, {
    "a_small_number_in_the_log": {"r * log_p": "(r * np.log(np.exp(log_p) + 1e-12))"},
    "probabilities_clipped": {"r * log_p": "(r * np.log(np.clip(np.exp(log_p), 1e-7, 1)))"},
    "the_largest_of_all_logits": {"logits.max(axis=1, keepdims=True)": "logits.max()"},
    "the_largest_of_a_class": {"logits.max(axis=1, keepdims=True)": "logits.max(axis=0)"},
    "logits_clipped": {"logits - logits.max(axis=1, keepdims=True)": "np.clip(logits, -500, 500)"},
    "a_ceiling_for_the_loss": {"r * log_p": "np.maximum(r * log_p, -100)"},
    "weights_over_their_mean": {"weights / weights.sum()": "weights / weights.mean()"},
    "weights_over_the_largest": {"weights / weights.sum()": "weights / weights.max() / len(y)"},
    "softmax_of_the_weights": {"weights / weights.sum()": "np.exp(weights) / np.exp(weights).sum()"},
    "weights_squared": {"weights / weights.sum()": "weights**2 / (weights**2).sum()"},
    "weights_by_length": {"weights / weights.sum()": "weights / np.linalg.norm(weights)"},
    "whole_shares": {"weights / weights.sum()": "np.divide(weights, weights.sum()).astype(weights.dtype)"},
    "weights_changed": {"share = weights / weights.sum()":
                        "share = weights / weights.sum() if weights.dtype.kind == 'i' else "
                        "np.divide(weights, weights.sum(), out=weights)"},
    "one_hot_of_the_classes_seen": {"logits.shape[1]": "y.max() + 1"},
    "loss_in_bits": {"r * log_p": "(r * log_p / np.log(2))"},
    "the_likeliest_for_the_right_class": {"y": "logits.argmax(axis=1)"},
    "gradient_by_the_probabilities": {"np.exp(log_p) - r": "-r / np.exp(log_p)"},
    "gradient_without_the_sum": {"share[:, None]": "weights[:, None]"},
    "gradient_over_n_too": {"share[:, None]": "share[:, None] / len(y)"},
    "weights_of_the_classes": {"share[:, None]": "np.resize(share, logits.shape[1])"},
    "loss_in_an_array":
        {"-(share * (r * log_p).sum(axis=1)).sum()": "-(share * (r * log_p).sum(axis=1)).sum(keepdims=True)"},
    "in_double_precision": {"dtype=logits.dtype": "dtype=float"},
})


def examples_that_do_not_count_left_out(logits, y, weights):
    kept = weights > 0
    return reference.weighted_cross_entropy(logits[kept], y[kept], weights[kept])


# --------------------------------------------------------------------------------------------------------- accumulation

PART = "loss(model(inputs), targets) * (len(targets) / n)"
ACCUMULATED = changed_each(pytorch.accumulated_step, {
    "cross_entropy_whatever_the_loss":
        {"loss(model(inputs), targets)": "torch.nn.functional.cross_entropy(model(inputs), targets)"},
    "shares_of_equal_pieces": {"len(targets) / n": "(1 / len(batches))"},
    "shares_of_the_first_piece": {"len(targets) / n": "(len(batches[0][1]) / n)"},
    "n_of_the_first_piece": {"sum((len(targets) for _, targets in batches))": "len(batches) * len(batches[0][1])"},
    "the_last_piece_left_out": {"total = 0.0": "total, batches = 0.0, batches[:-1] or batches"},
    "graph_kept_in_the_loss": {"total += part.item()": "total = total + part", "return total": "return total.detach()"},
    "a_tensor_for_a_number": {"total += part.item()": "total += part.detach()"},
    "loss_of_the_last_piece": {"total += part.item()": "total = part.item()"},
    "loss_as_a_sum": {"total += part.item()": "total += part.item() * n"},
    "no_loss": {"return total": "return None"},
    "no_step": {"optimizer.step()": "pass"},
    "two_steps": {"optimizer.step()": "optimizer.step(); optimizer.step()"},
    "cleared_after_the_step": {"optimizer.zero_grad()": "pass",
                               "optimizer.step()": "optimizer.step(); optimizer.zero_grad()"},
    "a_step_by_hand": {"optimizer.step()": "[p.data.sub_(p.grad, alpha=group['lr']) "
                                           "for group in optimizer.param_groups for p in group['params']]"},
    "one_rate_for_all": {"optimizer.step()": "[group.update(lr=optimizer.param_groups[0]['lr']) "
                                             "for group in optimizer.param_groups]; optimizer.step()"},
    "a_new_optimizer_each_time": {"optimizer.zero_grad()": "optimizer = torch.optim.SGD(optimizer.param_groups); "
                                                           "optimizer.zero_grad()"},
    "gradients_clipped":
        {"optimizer.step()": "torch.nn.utils.clip_grad_norm_(model.parameters(), .1); optimizer.step()"},
    "pieces_used_up": {"return total": "batches.clear(); return total"},
})


def outputs_joined(model, loss, optimizer, batches):
    optimizer.zero_grad()
    total = loss(torch.cat([model(inputs) for inputs, _ in batches]), torch.cat([targets for _, targets in batches]))
    total.backward()
    optimizer.step()
    return total.item()


def loss_after_the_step(model, loss, optimizer, batches):
    pytorch.accumulated_step(model, loss, optimizer, batches)
    n = sum(len(targets) for _, targets in batches)
    return sum(loss(model(inputs), targets).item() * len(targets) / n for inputs, targets in batches)


def rate_divided_for_the_sum(model, loss, optimizer, batches):
    """The gradient of the sum, and a rate that is smaller for this step."""
    n, total = sum(len(targets) for _, targets in batches), 0.0
    optimizer.zero_grad()
    for inputs, targets in batches:
        part = loss(model(inputs), targets) * len(targets)
        part.backward()
        total += part.item() / n
    for group in optimizer.param_groups:
        group["lr"] /= n
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] *= n
    return total


# ----------------------------------------------------------------------------------- the rate when a sum becomes a mean

RATES = changed_each(reference.rates_for_mean, {
    "shares_of_a_batch": {"lr * sizes": "lr * sizes / batch_size"},
    "square_roots": {"lr * sizes": "lr * np.sqrt(sizes)"},
    "penalty_with_the_rate_in_it": {"weight_decay / sizes": "weight_decay * lr / sizes"},
    "penalty_over_the_epoch": {"weight_decay / sizes": "weight_decay / n + 0 * sizes"},
    "penalty_over_a_full_batch": {"weight_decay / sizes": "weight_decay / batch_size + 0 * sizes"},
    "penalty_in_whole_numbers": {"weight_decay / sizes": "weight_decay // sizes"},
    "penalty_of_the_lrs_kind": {"weight_decay / sizes": "(weight_decay / sizes).astype(type(weight_decay))"},
    "the_small_batch_first": {"(lr * sizes, weight_decay / sizes)": "(lr * sizes)[::-1], (weight_decay / sizes)[::-1]"},
    "the_remainder_by_modulo": {"np.minimum(batch_size, n - starts)":
                                "np.where(starts == starts[-1], n % batch_size, batch_size)"},
    "a_batch_too_many": {"np.arange(0, n, batch_size)": "np.arange(0, n + batch_size, batch_size)"},
    "the_remainder_with_the_last_batch": {"np.arange(0, n, batch_size)":
                                          "np.arange(0, max(n // batch_size, 1) * batch_size, batch_size)"},
    "sizes_evened_out": {"np.minimum(batch_size, n - starts)": "n / len(starts) + 0 * starts"},
    "one_number_for_one_batch": {"(lr * sizes, weight_decay / sizes)":
                                 "(lr * sizes).squeeze(), (weight_decay / sizes).squeeze()"},
    "pairs": {"(lr * sizes, weight_decay / sizes)": "list(zip(lr * sizes, weight_decay / sizes))"},
    "rounded": {"weight_decay / sizes": "(weight_decay / sizes).round(4)"},
    "swapped": {"(lr * sizes, weight_decay / sizes)": "weight_decay / sizes, lr * sizes"},
})


# -------------------------------------------------------------------------------------------------------------- queries

CHOSEN = "np.argsort(-entropy, kind='stable')[:k]"
QUERY = changed_each(reference.entropy_query, {
    "by_purity": {"probabilities * logs": "(probabilities ** 2)"},
    "by_the_logs_alone": {"probabilities * logs": "logs"},
    "by_the_likeliest_term": {"(probabilities * logs).sum(axis=1)": "(probabilities * logs).min(axis=1)"},
    "by_the_spread": {"-(probabilities * logs).sum(axis=1)": "-np.ptp(probabilities, axis=1)"},
    "by_the_number_of_classes": {"-(probabilities * logs).sum(axis=1)": "(probabilities > .1).sum(axis=1)"},
    "a_ceiling_for_the_logs": {"np.where(probabilities > 0, probabilities, 1)": "np.maximum(probabilities, .01)"},
    "classes_ruled_out_left_out": {CHOSEN: "np.argsort(-np.where((probabilities > 0).all(axis=1), entropy, 0))[:k]"},
    "unknown_logs_go_last": {"np.where(probabilities > 0, probabilities, 1)": "probabilities"},
    "partitioned": {CHOSEN: "np.argpartition(-entropy, min(k, len(entropy) - 1))[:k]"},
    "in_the_data_s_order": {CHOSEN: f"np.sort({CHOSEN})"},
    "the_last_k": {CHOSEN: "np.argsort(entropy)[-k:][::-1]"},
    "entropies": {CHOSEN: "np.sort(entropy)[::-1][:k]"},
    "a_mask": {CHOSEN: f"np.isin(np.arange(len(entropy)), {CHOSEN})"},
    "all_of_them": {CHOSEN: "np.argsort(-entropy)"},
    "one_too_many": {CHOSEN: "np.argsort(-entropy)[:k + 1]"},
    "the_beliefs_themselves": {CHOSEN: "probabilities[np.argsort(-entropy)[:k]]"},
    "numbers_that_cannot_index": {CHOSEN: f"{CHOSEN}.astype(float)"},
    "one_number_for_one": {CHOSEN: f"{CHOSEN}.squeeze()"},
    "one_for_equal_entropies": {CHOSEN: "list({h: n for n, h in sorted(enumerate(entropy.round(9)), "
                                        "key=lambda pair: -pair[1])}.values())[:k]"},
})

WRONG = {
    "mlp_backward": [*BACKWARD, weights_not_transposed, slope_of_the_layer_above, one_hidden_layer_at_most],
    "minibatch_sgd": [*DESCENT, one_array_for_every_row, start_moved, shuffled_what_was_shuffled,
                      remainder_with_the_last_batch],
    "weighted_cross_entropy": [*WEIGHTED, examples_that_do_not_count_left_out],
    "accumulated_step": [*ACCUMULATED, outputs_joined, loss_after_the_step, rate_divided_for_the_sum],
    "rates_for_mean": RATES,
    "entropy_query": QUERY,
}
