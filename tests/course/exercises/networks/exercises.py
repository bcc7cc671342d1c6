import numpy as np

from autograder.authoring.exercise import Case, Exercise

from . import reference
from .checks import outputs_and_gradients, path_of


def gate_cases(rng):
    def case(name, rows, kind="values"):
        weight, x = rng.normal(size=3).astype(np.float32), rng.normal(size=(rows, 3)).astype(np.float32)
        return Case(name, (weight, x), None, 1, kind)

    return [case("four rows", 4), case("one row", 1, "edge")]


gate = Exercise(reference.Gate, cases=gate_cases, points=3, drive=outputs_and_gradients, methods=("forward",),
                torch=True)


gate.misconception("GateAlone", {"x * torch.sigmoid(self.weight * x)": "torch.sigmoid(self.weight * x)"},
                   "The gate is multiplied with x: sigmoid(w · x) alone lets nothing through.")


def path_cases(rng):
    return [Case("three steps", (rng.normal(size=3), rng.normal(size=(3, 3))), keywords={"lr": 0.3}),
            Case("a gradient of zero", (rng.normal(size=2), np.zeros((2, 2))), kind="edge")]


descent = Exercise(reference.SignDescent, cases=path_cases, points=3, drive=path_of, methods=("step",), torch=True)
descent.misconception("PlainDescent", {"torch.sign(p.grad)": "p.grad"},
                      "The step has the length of the gradient; take its sign only.")
