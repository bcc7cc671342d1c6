"""Right answers to initialization's exercises, written as others would write them."""
import math

import numpy as np
import torch

from autograder.authoring.change import changed_each
from solutions.initialization import pytorch, reference


def spread_by_cases(fan_in, fan_out, *, gain=1.0, mode="fan_avg", distribution="normal"):
    variance = gain * gain
    if mode == "fan_in":
        variance /= fan_in
    elif mode == "fan_out":
        variance /= fan_out
    else:
        variance *= 2
        variance /= fan_in + fan_out
    return np.sqrt(3 * variance) if distribution == "uniform" else np.sqrt(variance)


def orthogonal_by_gram_schmidt(A, *, method="qr"):
    """Vector by vector, each made perpendicular twice; the SVD's answer from the eigenvectors of AᵀA."""
    tall = A.astype(float) if A.shape[0] >= A.shape[1] else A.T.astype(float)
    Q = np.zeros_like(tall)
    for i in range(tall.shape[1]):
        v = tall[:, i].copy()
        for _ in range(2):
            v -= Q[:, :i] @ (Q[:, :i].T @ v)
        Q[:, i] = v / np.linalg.norm(v)
    if method == "svd":
        values, vectors = np.linalg.eigh(tall.T @ tall)
        Q = tall @ (vectors / np.sqrt(values)) @ vectors.T
    return (Q if A.shape[0] >= A.shape[1] else Q.T).astype(A.dtype)


def orthogonal_by_pytorch(A, *, method="qr"):
    return pytorch.orthogonalize(torch.tensor(A), method=method).numpy()


def lsuv_in_loops(weights, X, *, activation, std=1.0):
    """The batch fed forward from the beginning for each layer, and the paper's loop until it is close enough."""
    scaled = [W.copy() for W in weights]
    for l in range(len(scaled)):                                    # noqa: E741
        for _ in range(3):
            z = X
            for W in scaled[:l]:
                z = activation(np.einsum("nd,dm->nm", z, W))
            sums = np.einsum("nd,dm->nm", z, scaled[l])
            if sums.std() == 0:
                break
            scaled[l] *= std / sums.std()
    return scaled


def lsuv_recursive(weights, X, *, activation, std=1.0):
    if not weights:
        return ()
    sums = X.dot(weights[0])
    c = std / sums.std() if sums.any() else 1
    return (weights[0] * c, *lsuv_recursive(weights[1:], activation(sums * c), activation=activation, std=std))


def gains_by_norms(sums, outputs, slopes):
    norm = lambda x: np.linalg.norm(np.ravel(x))                    # noqa: E731
    return norm(sums) / norm(outputs), np.sqrt(sums.dtype.type(np.size(slopes))) / norm(slopes)


def gains_in_a_loop(sums, outputs, slopes):
    total = [sum(float(x)**2 for x in np.ravel(part)) for part in (sums, outputs, slopes)]
    kind = np.asarray(sums).dtype.type
    return kind(math.sqrt(total[0] / total[1])), kind(math.sqrt(np.size(slopes) / total[2]))


def residual_by_product(std, gains, *, skip=1.0, scale=1.0, normalized=False):
    """One factor a block; the normalized stack from its closed form."""
    if normalized:
        powers = [np.array([skip**(2 * (n - 1 - i)) for i in range(n)]) for n in range(len(gains) + 1)]
        squares = [skip**(2 * n) * std**2 + (p * (scale * gains[:n])**2).sum() for n, p in enumerate(powers)]
        return np.sqrt(np.array(squares)).astype(gains.dtype)
    return (std * np.sqrt(np.cumprod(np.r_[1, skip**2 + (scale * gains)**2]))).astype(gains.dtype)


def residual_in_a_buffer(std, gains, *, skip=1.0, scale=1.0, normalized=False):
    found = np.empty(len(gains) + 1, gains.dtype)
    found[0] = std
    for i, g in enumerate(gains):
        branch = scale * g * (1 if normalized else found[i])
        found[i + 1] = np.hypot(skip * found[i], branch)
    return found


def init_with_the_library(model, generator):
    layers = [m for m in model.modules() if type(m) in (torch.nn.Linear, torch.nn.Conv2d)]
    *hidden, last = layers
    for m in hidden:
        torch.nn.init.kaiming_normal_(m.weight, nonlinearity="relu", generator=generator)
    torch.nn.init.kaiming_normal_(last.weight, nonlinearity="linear", generator=generator)
    for m in layers:
        if m.bias is not None:
            torch.nn.init.zeros_(m.bias)


@torch.no_grad()
def init_by_copy(model, generator):
    """Backwards through the layers, with draws of its own shape, put where the old numbers were."""
    following = 1.0
    for m in reversed(list(model.modules())):
        if not isinstance(m, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        draws = torch.randn(m.weight.shape, generator=generator, dtype=m.weight.dtype)
        n = m.in_features if isinstance(m, torch.nn.Linear) else m.in_channels // m.groups * math.prod(m.kernel_size)
        m.weight.copy_(draws * (following / n)**.5)
        if m.bias is not None:
            m.bias.fill_(0.0)
        following = 2.0


DRAW = "layer.weight.normal_(0, g / math.sqrt(n), generator=generator)"
RIGHT = {
    "spread": [spread_by_cases, pytorch.spread, *changed_each(reference.spread, {
        "variance_first": {"gain / math.sqrt(n)": "(gain**2 / n)**0.5"},
        "a_twelfth_of_the_squared_width": {"math.sqrt(3) * std": "math.sqrt(12 * std**2) / 2"}})],
    "orthogonalize": [orthogonal_by_gram_schmidt, orthogonal_by_pytorch, *changed_each(reference.orthogonalize, {
        "by_sign": {"Q * np.copysign(1, np.diag(R))": "Q * np.sign(np.diag(R))"},
        "by_a_diagonal_matrix": {"Q * np.copysign(1, np.diag(R))": "Q @ np.diag(np.sign(np.diag(R)))"},
        "by_einsum": {"U @ Vt": "np.einsum('ij,jk->ik', U, Vt)"}})],
    "lsuv": [lsuv_in_loops, lsuv_recursive, *changed_each(reference.lsuv, {
        "by_variance": {"(z @ W).std()": "np.sqrt((z @ W).var())"},
        "divided_after": {"W * (std / size)": "W / size * std"}})],
    "measured_gains": [gains_by_norms, gains_in_a_loop, *changed_each(reference.measured_gains, {
        "roots_apart": {"np.sqrt((sums**2).mean() / (outputs**2).mean())":
                        "np.sqrt(np.mean(sums * sums)) / np.sqrt(np.mean(outputs * outputs))"}})],
    "residual_deviations": [residual_by_product, residual_in_a_buffer],
    "init_weights": [init_with_the_library, init_by_copy, *changed_each(pytorch.init_weights, {
        "in_place_by_mul": {DRAW: "layer.weight.normal_(generator=generator).mul_(g / math.sqrt(n))"},
        "filled_through_data": {DRAW: "layer.weight.data = torch.randn(layer.weight.shape, generator=generator, "
                                      "dtype=layer.weight.dtype) * (g / math.sqrt(n))"}})],
}
