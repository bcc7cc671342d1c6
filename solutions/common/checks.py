"""The drivers of the optimizers' checks. They run beside the student's code, and on the reference outside."""
import copy


def run_steps(step, params, grads, state, **hyper):
    """The path of one step for each row of `grads`.

    Every iterate is copied, so that a step which changes its arguments still gets the points for its values.

    Returns
    -------
    params : a list, the parameters after each step
    """
    path = []
    for g in grads:
        params, state = step(params, g, state, **hyper)
        path.append(copy.deepcopy(params))
    return path


def run_optimizer(optimizer_class, starts, grads, *, lrs, drop=None, reload_at=None,
                  closure=False, own=None, watched=False, **hyper):
    """The path of an Optimizer subclass on one parameter for each of `starts`.

    Parameters
    ----------
    grads : list of steps, each a list with one gradient (or None) for every parameter
    lrs : the rate of each group; the first group has all parameters that the others, with one each, leave
    drop : (step, factor): before that step every rate is multiplied by the factor, as a scheduler does
    reload_at : before that step the optimizer is saved, and a new one loads what was saved
    closure : whether the gradients are made by a closure, handed to `step`; the losses it returns are kept as well
    own : options that the last group has for itself
    watched : whether the gradients after each step, and what `step` returns, are looked at too

    Returns
    -------
    params : a list of steps, each a list of the parameters; with a closure the loss stands before each
    """
    import torch

    params = _parameters(starts)
    optimizer = _in_groups(optimizer_class, params, lrs, hyper, own)
    path = []
    for t, row in enumerate(grads):
        if t == reload_at:
            saved = copy.deepcopy(optimizer.state_dict())
            optimizer = _in_groups(optimizer_class, params, lrs, hyper, own)
            optimizer.load_state_dict(saved)
        if drop is not None and t == drop[0]:
            for group in optimizer.param_groups:
                group["lr"] *= drop[1]
        if closure:
            gradients = [torch.tensor(g) for g in row]
            path.append(optimizer.step(lambda g=gradients: _linear_loss(params, g)).item())
        else:
            _set_grads(params, row)
            returned = optimizer.step()
        path.append({"params": _values(params), "gradients": _gradients(params), "returned": returned}
                    if watched else _values(params))
    return path


def run_change(change_lr, starts, before, after, *, lrs, new_lr, **options):
    """The path of `torch.optim.SGD` after its rate was changed by `change_lr(optimizer, new_lr)`.

    Parameters
    ----------
    before, after : lists of steps, each a list with one gradient (or None) for every parameter
    lrs : the rate of each group, as in `run_optimizer`
    options : of `torch.optim.SGD`, such as `momentum`

    Returns
    -------
    params : a list of the steps after the change, each a list of the parameters
    """
    import torch

    params = _parameters(starts)
    optimizer = _in_groups(torch.optim.SGD, params, lrs, options)
    path = []
    for t, row in enumerate([*before, *after]):
        if t == len(before):
            change_lr(optimizer, new_lr)
        _set_grads(params, row)
        optimizer.step()
        path.append(_values(params))
    return path[len(before):]


def run_clipped(clipped_step, starts, grads, *, optimizer, lrs, max_norm, where, **options):
    """The path of an optimizer of PyTorch that `clipped_step(optimizer, max_norm, where=where)` steps.

    Parameters
    ----------
    grads : list of steps, each a list with one gradient (or None) for every parameter
    optimizer : the name of its class in torch.optim
    lrs : the rate of each group, as in `run_optimizer`
    options : of that class

    Returns
    -------
    params : a list of steps, each a list of the parameters
    """
    import torch

    params = _parameters(starts)
    stepper = _in_groups(getattr(torch.optim, optimizer), params, lrs, options)
    path = []
    for row in grads:
        _set_grads(params, row)
        clipped_step(stepper, max_norm, where=where)
        path.append(_values(params))
    return path


def _parameters(starts):
    import torch

    return [torch.tensor(start).requires_grad_() for start in starts]


def _in_groups(optimizer_class, params, lrs, hyper, own=None):
    """Groups with these rates: the first has the optimizer's own, and all parameters that the others leave."""
    first = len(params) - len(lrs) + 1
    groups = [{"params": params[:first]}]
    groups += [{"params": [p], "lr": lr} for p, lr in zip(params[first:], lrs[1:], strict=True)]
    groups[-1] |= own or {}
    return optimizer_class(groups, lr=lrs[0], **hyper)


def _set_grads(params, row):
    """Put the gradients where the last ones stand, as backward() does: whoever kept those has these now."""
    import torch

    for p, g in zip(params, row, strict=True):
        if g is None or p.grad is None:
            p.grad = None if g is None else torch.tensor(g)
        else:
            p.grad.copy_(torch.tensor(g))


def _linear_loss(params, gradients):
    """Σ g·p, whose gradients are g, after it was propagated back."""
    for p in params:
        if p.grad is not None:
            p.grad.zero_()
    loss = sum((p * g).sum() for p, g in zip(params, gradients, strict=True))
    loss.backward()
    return loss


def _gradients(params):
    return [None if p.grad is None else p.grad.numpy().copy() for p in params]


def _values(params):
    return [p.detach().numpy().copy() for p in params]
