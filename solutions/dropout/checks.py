"""The drivers of dropout's checks. They run beside the student's code, and on the reference outside."""
import numpy as np

CALLS = 2


def run_gaussian(layer_class, values, *, p, count=0, shape=(), training=True, tested=False, seed=0):
    """What a layer of noise does to many copies of a few numbers.

    Parameters
    ----------
    values : ndarray, (V,)
        The numbers that stand in the layer's input.
    count : how often each of them stands there; 0: the input is `values` itself, in the shape `shape`
    training : whether the layer is in training mode
    tested : whether it is asked once more, in evaluation mode
    seed : of PyTorch's generator

    Returns
    -------
    dict
        Of training: for each number the mean of what was put out, over it, and its spread; how the noise is
        distributed; what the noise at one place tells of that elsewhere; and the gradient. Else what was put out.
    """
    import torch

    torch.manual_seed(seed)
    layer = layer_class(p).train(training)
    x = torch.tensor(np.repeat(values[None], count, axis=0) if count else values.reshape(shape)).requires_grad_()
    outputs = [layer(x) for _ in range(CALLS)]
    gradient, = torch.autograd.grad(outputs[0].sum(), x)
    first, second = (out.detach().numpy() for out in outputs)
    if not count:
        return {"outputs": [first, second], "gradient": gradient.numpy()}
    factor, again = first / values, second / values
    middle = factor.mean(axis=0)
    noise = factor - middle
    square = noise * noise
    variance = square.mean(axis=0)
    after = {"factor in evaluation mode": layer.eval()(x[:9]).detach().numpy() / values} if tested else {}
    return {"mean of the factor": middle, "variance of the factor": variance,
            "share of factors that are nearly 0": (abs(factor) < .05).mean(axis=0),
            "fourth moment over squared variance": (square * square).mean(axis=0) / np.maximum(variance, 1e-6)**2,
            "correlation within an example": _correlation(noise[:, 0], noise[:, 1]),
            "correlation of examples": _correlation(noise[1:, 0], noise[:-1, 0]),
            "correlation of two calls": _correlation(noise[:, 0], again[:, 0] - again[:, 0].mean()),
            "gradient": gradient.numpy().mean(axis=0),
            "gradient less the factor": abs(gradient.numpy() - factor).max(axis=0),
            "x as it was": bool((x.detach().numpy() == values).all()), **after}


def _correlation(a, b):
    return (a * b).mean() / np.sqrt(max((a * a).mean() * (b * b).mean(), 1e-12))


def run_spatial(spatial_dropout, x, mask, *, p, tested=False, **options):
    """What is put out; `tested`: in training, and then with training=False."""
    if tested:
        return {"in training": spatial_dropout(x, mask, p=p),
                "when testing": spatial_dropout(x, mask, p=p, training=False)}
    return spatial_dropout(x, mask, p=p, **options)


def run_prune(surgeon_step, weights, hessian, kept, *, steps):
    """Weights, and which are kept, after each step."""
    path = []
    for _ in range(steps):
        weights, kept = surgeon_step(weights, hessian, kept)
        path.append((np.array(weights), np.array(kept)))
    return path


def run_monte_carlo(monte_carlo_dropout, X, W1, b1, W2, b2, masks, *, samples, p, modes=(True,) * 6, watched=False):
    """The averages of a network whose dropout layers have their masks in a list.

    Parameters
    ----------
    masks : ndarray of bool, (at least samples, 2, N, H)
        Of the two dropout layers, in the order of the calls.
    modes : which of its six layers are in training mode before
    watched : whether what the call leaves behind is looked at too

    Returns
    -------
    dict
        The mean and the deviation; of `watched`, the modes of the layers, what batch normalization remembers, and
        whether something records gradients.
    """
    import torch

    class Dropout(torch.nn.Dropout):
        """Dropout whose masks were drawn before."""

        def __init__(self, scripted):
            super().__init__(p)
            self.scripted, self.calls = scripted, 0

        def forward(self, x):
            if not self.training:
                return x
            mask = torch.tensor(self.scripted[self.calls])
            self.calls += 1
            return x * mask / (1 - p)

    first, last = torch.nn.Linear(*W1.shape), torch.nn.Linear(*W2.shape)
    norm = torch.nn.BatchNorm1d(W1.shape[1])
    layers = [first, Dropout(masks[:, 0]), norm, torch.nn.ReLU(), Dropout(masks[:, 1]), last]
    model = torch.nn.Sequential(torch.nn.Sequential(*layers[:3]), *layers[3:]).to(torch.tensor(X).dtype)
    with torch.no_grad():
        for p_, value in zip([*first.parameters(), *last.parameters()], (W1.T, b1, W2.T, b2), strict=True):
            p_.copy_(torch.tensor(value))
        memory = norm.state_dict()              # the tensors themselves
        memory["running_mean"].copy_(torch.tensor(b1) / 3)
        memory["running_var"].copy_(torch.tensor(b1)**2 + .5)
    for module, mode in zip(layers, modes, strict=True):
        module.training = mode
    mean, deviation = monte_carlo_dropout(model, torch.tensor(X), samples=samples)
    found = {"mean": mean.detach().numpy(), "deviation": deviation.detach().numpy()}
    if not watched:
        return found
    return found | {"modes afterwards": [module.training for module in model.modules()],
                    "running mean": memory["running_mean"].numpy().copy(),
                    "batches seen": int(memory["num_batches_tracked"]),
                    "calls of each dropout layer": [layers[1].calls, layers[4].calls],
                    "records gradients": bool(mean.requires_grad or deviation.requires_grad),
                    "has gradients": [p_.grad is not None for p_ in model.parameters()],
                    "gradients wanted": [p_.requires_grad for p_ in model.parameters()]}
