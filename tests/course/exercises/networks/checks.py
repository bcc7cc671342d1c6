"""The drivers of the exercises on networks."""


def outputs_and_gradients(module_class, weight, x):
    """What the module gives with these weights, and the gradients of the outputs' sum."""
    import torch

    module = module_class(len(weight))
    module.load_state_dict({"weight": torch.tensor(weight)})
    x = torch.tensor(x, requires_grad=True)
    y = module(x)
    y.sum().backward()
    return {"outputs": y.detach(), "gradients": {"weight": module.weight.grad, "x": x.grad}}


def path_of(optimizer_class, start, grads, **options):
    """The parameters after each step with the gradient given for it."""
    import torch

    p = torch.nn.Parameter(torch.tensor(start))
    optimizer = optimizer_class([p], **options)
    path = []
    for g in grads:
        p.grad = torch.tensor(g)
        optimizer.step()
        path.append(p.detach().clone())
    return path
