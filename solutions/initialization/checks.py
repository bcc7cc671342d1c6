"""The drivers of initialization's checks. They run beside the student's code, and on the reference outside."""
import copy

import numpy as np

ACTIVATIONS = {"tanh": np.tanh, "relu": lambda s: s * (s > 0), "none": lambda s: s,
               "softplus": lambda s: np.log(1 + np.exp(s))}


def run_lsuv(lsuv, weights, X, *, activation, watched=False, **hyper):
    """The scaled weights, with the activation of that name; `watched` adds what those that were given are then."""
    found = lsuv(weights, X, activation=ACTIVATIONS[activation], **hyper)
    return {"weights": found, "the weights given": weights} if watched else found


def run_init(init_weights, *, spec, seed, double=False, whole=False):
    """What `init_weights` made of a network, told by moments, since no two answers draw alike.

    Parameters
    ----------
    spec : list of modules, each (name of the class, arguments, options), or a list of them for a nested Sequential
        The parameters of those that are not to be changed are set to 7.
    double : whether the network is in float64; its dtypes are told then
    whole : whether what must stay as it was is told too

    Returns
    -------
    dict
        For each layer its scaled deviation √n std(w), the mean √n mean(w), a third of the kurtosis, and the largest
        bias.
    """
    import torch

    torch.manual_seed(seed)
    model = _built(torch, spec)
    layers = [part for part in model.modules() if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d))]
    own = {id(p) for layer in layers for p in layer.parameters()}
    with torch.no_grad():
        for p in model.parameters():
            if id(p) not in own:
                p.fill_(7)
    model = model.double() if double else model
    twin, other, before = copy.deepcopy(model), copy.deepcopy(model), dict(model.named_parameters())
    state = torch.random.get_rng_state()
    init_weights(model, torch.Generator().manual_seed(seed))
    untouched = torch.equal(state, torch.random.get_rng_state())
    found: dict = {"layers": [_moments(torch, layer) for layer in layers]}
    if double:
        found["dtypes"] = sorted({str(p.dtype) for p in model.parameters()})
    if whole:
        init_weights(twin, torch.Generator().manual_seed(seed))
        init_weights(other, torch.Generator().manual_seed(seed + 1))
        after = dict(model.named_parameters())
        weights = [torch.cat([layer.weight.detach().flatten() for layer in each.modules() if hasattr(layer, "weight")
                              and isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d))])
                   for each in (model, twin, other)]
        found |= {"other parameters are still 7": all(bool((p == 7).all()) for p in model.parameters()
                                                      if id(p) not in own),
                  "the parameters are the same tensors": all(after[name] is before[name] for name in before),
                  "they can be trained": all(p.requires_grad and p.is_leaf for p in model.parameters()),
                  "one seed gives one start": torch.equal(weights[0], weights[1]),
                  "another seed gives another": not torch.allclose(weights[0], weights[2]),
                  "PyTorch's own generator stayed": untouched}
    return found


def _built(torch, spec):
    return torch.nn.Sequential(*[
        _built(torch, part) if isinstance(part, list) else getattr(torch.nn, part[0])(*part[1], **part[2])
        for part in spec])


def _moments(torch, layer):
    w = layer.weight.detach().double().flatten()
    n = layer.weight[0].numel()
    deviation = w.std(correction=0)
    kurtosis = ((w - w.mean())**4).mean() / deviation**4 if deviation > 0 else w.new_zeros(())
    bias = 0.0 if layer.bias is None else layer.bias.detach().abs().max().item()
    return {"scaled deviation": (deviation * n**.5).item(), "scaled mean": (w.mean() * n**.5).item(),
            "kurtosis / 3": kurtosis.item() / 3, "largest bias": bias}
