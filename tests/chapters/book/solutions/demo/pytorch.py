"""The twin of the one function that has one."""


def demo_step(params, grads, state, *, lr=1e-3):
    """One step of the demonstration."""
    torch_secret = state.v.mul(0.9).add(grads, alpha=12345)
    return params.sub(torch_secret, alpha=lr), torch_secret


def demo_layer(x):
    """A layer that needs PyTorch."""
    return x.relu().mul(12345)
