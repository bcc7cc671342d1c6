"""Right answers to the exercises on representation learning, written as others would write them."""
import copy
import math

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F

from autograder.authoring.change import changed_each
from solutions.representation_learning import pytorch, reference
from solutions.representation_learning.reference import Layer, encode


class TiedByMatmul(torch.nn.Module):
    """Products written out; the start is drawn by hand."""

    def __init__(self, inputs, units):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(units, inputs) * math.sqrt(2 / (inputs + units)))
        self.bias = torch.nn.Parameter(torch.zeros(units))
        self.out_bias = torch.nn.Parameter(torch.zeros(inputs))

    def encode(self, x):
        return 1 / (1 + torch.exp(-(x @ self.weight.t() + self.bias)))

    def forward(self, x):
        return self.encode(x) @ self.weight + self.out_bias


class TiedByEinsum(torch.nn.Module):
    """The biases registered by name, the start uniform with Xavier's variance."""

    def __init__(self, inputs, units):
        super().__init__()
        self.register_parameter("weight", torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(units, inputs))))
        for name, size in (("out_bias", inputs), ("bias", units)):
            self.register_parameter(name, torch.nn.Parameter(torch.zeros(size)))

    def encode(self, x):
        return (torch.einsum("...d,md->...m", x, self.weight) + self.bias).sigmoid()

    def forward(self, x):
        return torch.einsum("...m,md->...d", self.encode(x), self.weight) + self.out_bias


def kl_in_loops(H, *, strength, target):
    N, M = H.shape
    R, H_bar = H.dtype.type(0), np.zeros_like(H)
    for j in range(M):
        q = sum(H[:, j]) / N
        R += strength * (target * math.log(target / q) + (1 - target) * math.log((1 - target) / (1 - q)))
        for n in range(N):
            H_bar[n, j] = strength / N * ((1 - target) / (1 - q) - target / q)
    return R, H_bar


def kl_by_difference(H, *, strength, target):
    """Cross-entropy less entropy; the gradient over one denominator, tiled."""
    q = H.sum(axis=0) / H.shape[0]
    entropy = -target * np.log(target) - (1 - target) * np.log(1 - target)
    R = strength * np.sum(-target * np.log(q) - (1 - target) * np.log1p(-q) - entropy)
    return R.astype(H.dtype), np.tile(strength * (q - target) / (q * (1 - q)) / H.shape[0], (H.shape[0], 1))


def masking_in_loops(X, draws, *, share):
    out, count = X.copy(), math.floor(share * X.shape[1] + .5)
    for n in range(len(X)):
        for j in sorted(range(X.shape[1]), key=lambda j, n=n: draws[n, j])[:count]:
            out[n, j] = 0
    return out


def masking_by_partition(X, draws, *, share):
    out, count = np.array(X), int(np.floor(share * X.shape[1] + .5))
    if count:
        np.put_along_axis(out, np.argpartition(draws, count - 1, axis=1)[:, :count], 0, axis=1)
    return out


def masking_by_threshold(X, draws, *, share):
    count = math.floor(share * X.shape[1] + .5)
    border = np.concatenate([np.sort(draws, axis=1), np.full((len(X), 1), np.inf)], axis=1)[:, count:count + 1]
    return X * (draws >= border)


def stack_by_recursion(starts, X, train_epoch, *, corrupt, epochs):
    if not starts:
        return []
    params = starts[0]
    for _ in range(epochs):
        params = train_epoch(params, corrupt(X), X)
    return [Layer(params.W, params.b), *stack_by_recursion(starts[1:], encode(params, X), train_epoch, corrupt=corrupt,
                                                           epochs=epochs)]


def stack_encoding_from_below(starts, X, train_epoch, *, corrupt, epochs):
    """Every layer's input is computed anew through all that are finished; pairs come back."""
    finished = []
    for params in starts:
        codes = X
        for W, b in finished:
            codes = 1 / (1 + np.exp(-codes @ W - b))
        left = epochs
        while left > 0:
            params, left = train_epoch(params, corrupt(codes), codes), left - 1
        finished.append((params.W, params.b))
    return finished


def tune_by_hand(encoders, head, X, y, batches, *, lr, encoder_lr):
    """No optimizer: each parameter is moved in place."""
    layers = []
    for encoder in copy.deepcopy(list(encoders)):
        layers += [encoder, torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers, copy.deepcopy(head))
    for m in batches:
        model.zero_grad()
        logits = model(X[m])
        loss = -logits.log_softmax(dim=1)[torch.arange(len(m)), y[m]].mean()
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for i, (p, g) in enumerate(zip(model.parameters(), grads, strict=True)):
                p -= (encoder_lr if i < 2 * len(encoders) else lr) * g
    return model


def tune_with_two_optimizers(encoders, head, X, y, batches, *, lr, encoder_lr):
    top = copy.deepcopy(head)
    model = torch.nn.Sequential()
    for i, encoder in enumerate(encoders):
        model.add_module(f"encoder{i}", copy.deepcopy(encoder))
        model.add_module(f"sigmoid{i}", torch.nn.Sigmoid())
    optimizers = [torch.optim.SGD(top.parameters(), lr=lr)]
    if len(model):
        optimizers.append(torch.optim.SGD(list(model.parameters()), lr=encoder_lr))
    model.add_module("head", top)
    for m in batches:
        for optimizer in optimizers:
            optimizer.zero_grad()
        F.cross_entropy(model(X[m]), y[m]).backward()
        for optimizer in optimizers:
            optimizer.step()
    return model


def angle_by_projectors(A, B):
    """The norm of the difference of two projectors is the sine; its complement where that is flat."""
    def projector(M):
        Q = np.linalg.svd(M, full_matrices=False)[0]
        return Q @ Q.T

    P, R = projector(A), projector(B)
    sine = np.linalg.norm(R - P @ R, 2)
    cosine = np.sqrt(np.sort(np.linalg.eigvalsh(P @ R @ P))[::-1][:A.shape[1]].clip(0).min())
    return np.arcsin(min(sine, 1)).astype(A.dtype) if sine < .7 else np.arccos(cosine).astype(A.dtype)


def angle_by_scipy(A, B):
    return scipy.linalg.subspace_angles(A, B).max()


def angle_by_half_angles(A, B):
    """Turn one basis to meet the other, then measure the largest distance of two unit vectors."""
    Q, P = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    U, _, Vt = np.linalg.svd(Q.T @ P)
    apart = np.linalg.norm(Q @ U - P @ Vt.T, axis=0)
    together = np.linalg.norm(Q @ U + P @ Vt.T, axis=0)
    return (2 * np.arctan2(apart, together)).max()


TIED = changed_each(pytorch.TiedAutoencoder, {
    "decoded_by_the_parameter": {"F.linear(self.encode(x), self.weight.T, self.out_bias)":
                                 "torch.matmul(self.encode(x), self.weight).add(self.out_bias)"},
})
KL = changed_each(reference.kl_sparsity, {
    "repeated": {"np.broadcast_to(strength * (off - on) / len(H), H.shape)":
                 "np.repeat((strength * (off - on) / len(H))[None], len(H), axis=0)"},
})
MASKING = changed_each(reference.masking_noise, {
    "multiplied": {"np.where(rank < count, 0, X)": "X * (rank >= count)"},
})
STACK = changed_each(reference.train_stacked, {
    "written_out": {"encode(params, Z)": "sigmoid(Z @ params[0] + params[1])"},
})
TUNING = changed_each(pytorch.fine_tune_stack, {
    "no_gradients_at_all": {"optimizer.zero_grad()": "model.zero_grad(set_to_none=True)"},
})
ANGLE = changed_each(reference.subspace_angle, {
    "by_a_complex_number": {"np.arctan2(sine, cosine)": "np.angle(cosine + 1j * sine).astype(A.dtype)"},
})

RIGHT = {
    "TiedAutoencoder": [TiedByMatmul, TiedByEinsum, *TIED],
    "kl_sparsity": [kl_in_loops, kl_by_difference, *KL],
    "masking_noise": [masking_in_loops, masking_by_partition, masking_by_threshold, *MASKING],
    "train_stacked": [stack_by_recursion, stack_encoding_from_below, *STACK],
    "fine_tune_stack": [tune_by_hand, tune_with_two_optimizers, *TUNING],
    "subspace_angle": [angle_by_projectors, angle_by_scipy, angle_by_half_angles, *ANGLE],
}
