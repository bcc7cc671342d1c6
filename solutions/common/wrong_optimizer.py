"""The loop of an optimizer of which wrong ones change one thing each."""
from typing import Any


class WrongOptimizer:
    """Mixed into an optimizer of the course, whose `step` it replaces. `p.data` takes the place of `no_grad`."""

    param_groups: Any
    state: Any

    def step(self, closure=None):
        loss = closure() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                self.move(p, group)
        return loss

    def move(self, p, group):
        raise NotImplementedError

    def memory(self, p):
        return self.state[p]


class Coasting(WrongOptimizer):
    """A parameter without a gradient moves as if its gradient were zero."""

    def move(self, p, group):
        absent = p.grad is None
        p.grad = p.data * 0 if absent else p.grad
        super().move(p, group)
        p.grad = None if absent else p.grad


class Forgetful(WrongOptimizer):
    """What is remembered of a parameter is lost when the optimizer is saved and loaded."""

    def memory(self, p):
        return vars(self).setdefault("remembered", {}).setdefault(p, {})
