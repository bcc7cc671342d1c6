"""The drivers of normalization's checks. They run beside the student's code, and on the reference outside."""
import numpy as np


def run_population(population_stats, means, variances, sizes, *, after=False):
    """Mean and variance; `after` adds what the arguments are then."""
    mean, var = population_stats(means, variances, sizes)
    found = {"mean": mean, "var": var}
    return found | {"arguments": (means, variances, sizes)} if after else found


def run_fusion(fuse, weight, bias, norm, X, *, eps=1e-5, training=False, kept=False, **options):
    """What the fused convolution of a convolution and a batch norm puts out.

    Parameters
    ----------
    weight : ndarray, (C_out, C_in / groups, H, W)
    bias : ndarray, (C_out,), or None
    norm : dict of ndarray, (C_out,)
        running_mean and running_var; weight and bias where the norm has them.
    options : of the convolution
    training : whether the batch norm is in training mode when it is fused
    kept : whether the two given layers are looked at afterwards too, and the fused one's kind

    Returns
    -------
    outputs : dict
    """
    import torch

    channels, (rows, columns) = len(weight), weight.shape[2:]
    conv = torch.nn.Conv2d(weight.shape[1] * options.get("groups", 1), channels, (rows, columns),
                           bias=bias is not None, **options)
    batch_norm = torch.nn.BatchNorm2d(channels, eps=eps, affine="weight" in norm)
    conv, batch_norm = conv.to(torch.tensor(weight).dtype), batch_norm.to(torch.tensor(weight).dtype)
    conv.load_state_dict({"weight": torch.tensor(weight), **({} if bias is None else {"bias": torch.tensor(bias)})})
    batch_norm.load_state_dict({name: torch.tensor(value) for name, value in norm.items()}, strict=False)
    batch_norm.train(training)
    fused = fuse(conv, batch_norm)
    with torch.no_grad():
        found = {"output": fused(torch.tensor(X)).numpy()}
    if kept:
        before = {**{f"norm.{name}": value for name, value in norm.items()}, "conv.weight": weight}
        after = {**{f"norm.{name}": value.detach().numpy() for name, value in batch_norm.state_dict().items()},
                 **{f"conv.{name}": value.detach().numpy() for name, value in conv.state_dict().items()}}
        found["layers that changed"] = sorted(
            name for name in before if not np.array_equal(after[name], before[name]))
        found["kind of layer"] = type(fused).__name__ if fused is not conv else "the convolution that was given"
    return found


def run_rms_norm(module_class, x, grads, *, weight=None, moved=False, **options):
    """A module's output on `x`, and the gradients of Σ grads · output.

    Parameters
    ----------
    x, grads : ndarray, (..., D)
    weight : ndarray, (D,), loaded by its name; what the module starts with where it is None
    moved : whether one step of gradient descent on the module's parameters comes first
    options : of the module

    Returns
    -------
    outputs : dict
    """
    import torch

    values: torch.Tensor = torch.tensor(x).requires_grad_()
    module = module_class(x.shape[-1], **options).to(values.dtype)
    if weight is not None:
        module.load_state_dict({"weight": torch.tensor(weight)})
    if moved:
        (module(values) * torch.tensor(grads)).sum().backward()
        torch.optim.SGD(module.parameters(), lr=0.1).step()
        module.zero_grad()
        values.grad = None
    output = module(values)
    (output * torch.tensor(grads)).sum().backward()
    return {"output": output.detach().numpy(), "gradient of x": _array(values.grad),
            "parameters": {name: p.detach().numpy().copy() for name, p in module.named_parameters()},
            "gradients": {name: _array(p.grad) for name, p in module.named_parameters()}}


def _array(grad):
    return None if grad is None else grad.numpy()
