"""Dropout in PyTorch: `reference.py` for tensors, a module, and dropout at test time.

Written apart from the NumPy versions on purpose, and from `torch.nn.functional`, which
the tests hold both against.
"""
import torch


def dropout(x, mask, *, p, form="inverted", training=True):
    """Dropout, for a mask that has been drawn; see `reference.dropout`."""
    if form not in ("inverted", "original"):
        raise ValueError(f"there is no form {form!r}")
    if not training:
        return x if form == "inverted" else x.mul(1 - p)
    kept = x.masked_fill(mask == 0, 0)                      # m ⊙ x
    return kept.div(1 - p) if form == "inverted" else kept


def gaussian_dropout(x, noise, *, p, training=True):
    """Multiplicative Gaussian noise; see `reference.gaussian_dropout`."""
    if not training:
        return x
    return x.addcmul(x, noise, value=(p / (1 - p)) ** 0.5)  # x + σ x ⊙ ε,  σ² = p/(1-p)


def spatial_dropout(x, mask, *, p, training=True):
    """Inverted dropout of whole channels; see `reference.spatial_dropout`."""
    if not training:
        return x
    scale = mask.to(x.dtype).div(1 - p)                     # m_nc/(1-p)
    return torch.einsum("nc...,nc->nc...", x, scale)


def dropconnect(x, W, b, mask, *, p, training=True):
    """An affine layer that drops weights; see `reference.dropconnect`."""
    if not training:
        return torch.addmm(b, x, W)
    thinned = W.masked_fill(mask == 0, 0)                   # W_n = M_n ⊙ W, (N, D, M)
    return torch.bmm(x[:, None], thinned)[:, 0].div(1 - p).add(b)


def dropconnect_moments(x, W, b, *, p):
    """Mean and variance over the masks; see `reference.dropconnect_moments`."""
    mean = torch.addmm(b, x, W, alpha=1 - p)                # (1-p) xW + b
    variance = x.square().matmul(W.square()).mul(p * (1 - p))       # p(1-p) x²W²
    return mean, variance


def dropout_ridge(X, y, *, p):
    """The weights expected of inverted dropout; see `reference.dropout_ridge`."""
    # as least squares on X with √(p/(1-p)) ‖x_d‖ e_dᵀ as further rows
    rows = torch.diag(X.norm(dim=0)).mul((p / (1 - p)) ** 0.5)
    targets = torch.cat([y, y.new_zeros(len(rows))])
    return torch.linalg.lstsq(torch.cat([X, rows]), targets[:, None]).solution[:, 0]


def log_softmax(logits):
    """log softmax along the last axis; see `reference.log_softmax`."""
    return logits - logits.logsumexp(dim=-1, keepdim=True)


def every_mask(units):
    """All 2^H masks of H units, (2^H, H), as bool."""
    digits = torch.arange(units - 1, -1, -1)
    return torch.arange(2**units)[:, None].bitwise_right_shift(digits) % 2 == 1


def thinned_ensemble(layers, X, *, p):
    """Every network that dropout makes; see `reference.thinned_ensemble`."""
    units = [W.shape[0] for W, _ in layers]
    masks = every_mask(sum(units)).to(X)                    # its dtype and device
    kept = masks.sum(dim=1)
    weights = (1 - p) ** kept * p ** (masks.shape[1] - kept)
    z = X.expand(len(masks), *X.shape)
    parts = masks.split(units, dim=1)
    for j, ((W, b), m) in enumerate(zip(layers, parts, strict=True)):
        z = torch.einsum("snd,sd,dk->snk", z.relu() if j else z, m, W) + b
    return z, weights


def scaled_net(layers, X, *, p):
    """The logits of the network that is tested; see `reference.scaled_net`."""
    for j, (W, b) in enumerate(layers):
        X = torch.addmm(b, X.relu() if j else X, W, alpha=1 - p)
    return X


def average_predictions(logits, *, by="probability", weights=None):
    """The average of several predictions; see `reference.average_predictions`."""
    if by not in ("probability", "logit"):
        raise ValueError(f"there is no average by {by!r}")
    w = logits.new_ones(len(logits)) if weights is None else weights.to(logits)
    log_w = w.div(w.sum()).log()
    log_p = log_softmax(logits)
    if by == "probability":
        return log_p.add(log_w[:, None, None]).logsumexp(dim=0)     # log Σ w p
    return log_softmax(torch.tensordot(log_w.exp(), log_p, dims=1))


def average_weights(networks):
    """One network whose weights are the means of theirs; see `reference`."""
    return [type(same[0])(*(torch.stack(parts).mean(dim=0)
                            for parts in zip(*same, strict=True)))
            for same in zip(*networks, strict=True)]


def saliency(weights, curvature):
    """By how much the loss rises without a weight; see `reference.saliency`."""
    return weights.square().mul(curvature).div(2)           # s_k = ½ h_kk θ_k²


def surgeon_step(weights, hessian, kept):
    """One step of the optimal brain surgeon; see `reference.surgeon_step`."""
    live = kept.nonzero()[:, 0]
    H, w = hessian[live][:, live], weights[live]
    columns = torch.linalg.solve(H, torch.eye(len(live)).to(H))
    rise = w.square() / columns.diagonal()                  # 2 L_q
    q = rise.argmin()
    w = w - columns[:, q] * (w[q] / columns[q, q])
    left = kept.clone()
    left[live[q]] = False
    return torch.zeros_like(weights).index_copy(0, live, w) * left, left


class GaussianDropout(torch.nn.Module):
    """Gaussian dropout as a layer, to stand where `torch.nn.Dropout(p)` would.

    Parameters
    ----------
    p : float, 0 ≤ p < 1
        The probability of dropping in the dropout whose mean and variance it has.
    """

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        """x of any shape, each of its numbers multiplied by noise of its own.

        The noise is Gaussian, with the mean and variance of inverted dropout's factor,
        and new in every call. In evaluation mode x comes back as it is.
        """
        if not self.training:
            return x
        deviation = (self.p / (1 - self.p)) ** 0.5          # σ² = p/(1-p)
        return x * (1 + deviation * torch.randn_like(x))    # x ⊙ (1 + σ ε)


def monte_carlo_dropout(model, X, *, samples):
    """Probabilities averaged over thinned networks: dropout left on when testing.

    Only the dropout layers, those of class `torch.nn.Dropout`, are in training mode
    for it; all others are in evaluation mode. Afterwards every module is in the mode
    that it had. The model is called once for a sample, with all of X, and records no
    gradients.

    Parameters
    ----------
    model : torch.nn.Module, (N, ...) -> logits (N, K)
    X : Tensor, (N, ...)
    samples : int, at least 1

    Returns
    -------
    mean, deviation : Tensor, (N, K) each
        Of the samples' probabilities: their mean, and the root of their mean squared
        distance from it, which is 0 for one sample.

    References
    ----------
    Gal and Ghahramani (2016).
    """
    modes = {module: module.training for module in model.modules()}
    for module in modes:
        module.training = isinstance(module, torch.nn.Dropout)
    with torch.no_grad():
        p = torch.stack([model(X).softmax(dim=-1) for _ in range(samples)])
    for module, mode in modes.items():
        module.training = mode
    return p.mean(dim=0), p.std(dim=0, correction=0)
