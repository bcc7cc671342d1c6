"""PyTorch's compiler is loaded when something is compiled, and nothing else differs."""

from __future__ import annotations

import pytest

STEPS = """
import sys
import torch

def loaded():
    return type(sys.modules["torch._dynamo"]).__name__ == "module"

torch.manual_seed(0)
layer = torch.nn.Linear(3, 2, dtype=torch.float64)
kinds = "SGD Adam AdamW Adagrad Adadelta Adamax NAdam RAdam RMSprop Rprop ASGD LBFGS".split()
for kind in kinds:
    optimizer = getattr(torch.optim, kind)(layer.parameters(), lr=.01)
    def closure():
        optimizer.zero_grad()
        loss = (layer(torch.ones(4, 3, dtype=torch.float64)) ** 2).mean()
        loss.backward()
        return loss
    for _ in range(3):
        optimizer.step(closure)
stepped = [p.detach().numpy().round(12).tolist() for p in layer.parameters()]
"""
BEFORE = "import sys, inspect\ninspect.getmodule(len)\n"


@pytest.fixture(scope="module")
def stepped(torch_template, run, text):
    """The parameters after some steps of every optimizer, the compiler not loaded."""
    (result, shown) = run(torch_template, BEFORE + STEPS, "print(loaded(), stepped)")
    assert result.status == "done"
    return text(shown)


def test_optimizers_step_without_it(stepped):
    assert stepped.startswith("False [[[")


def test_they_make_the_steps_that_they_make_with_it(torch_template, run, text, stepped):
    real = "import torch._dynamo\ntorch._dynamo.config\n"
    (_, shown) = run(torch_template, real + STEPS, "print(loaded(), stepped)")
    assert text(shown) == stepped.replace("False", "True")


@pytest.mark.parametrize(
    "source",
    [
        "torch.compile(lambda x: 2 * x + 1, backend='eager')(torch.ones(2)).tolist()",
        "import torch._dynamo.utils\ntorch.compile(torch.add, backend='eager')(torch.ones(2), 2).tolist()",
        "torch.compiler.disable(lambda x: x + 2)(torch.ones(2)).tolist()",
    ],
)
def test_what_needs_it_loads_it(torch_template, run, text, source):
    (_, shown) = run(torch_template, STEPS, source)
    assert text(shown) == "[3.0, 3.0]"
