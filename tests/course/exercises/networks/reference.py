"""Two classes, in PyTorch."""
import torch


class Gate(torch.nn.Module):
    """x · sigmoid(w · x), with one weight w for every feature."""

    def __init__(self, features):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features))

    def forward(self, x):
        """(N, features) to (N, features)."""
        return x * torch.sigmoid(self.weight * x)


class SignDescent(torch.optim.Optimizer):
    """Steps of one length: θ_t = θ_{t-1} - η sign(g_t)."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        """One step of every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p -= group["lr"] * torch.sign(p.grad)
