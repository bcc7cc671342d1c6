"""What an activation costs: by itself, and in a layer with its matrix products, forward and backward.

A round times every activation once, one after the other, as `benchmarks.timing` has it; ratios compare medians of the
same rounds. All on one thread of the CPU, in float32.

    python -m benchmarks.activations [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits

from benchmarks.timing import Step, conditions, rounds, summary

RESULT = Path(__file__).resolve().parent / "results" / "activations.json"
BATCH, WIDTHS = 256, (64, 512)
NUMPY = {
    "relu": lambda s: np.maximum(s, 0),
    "tanh": np.tanh,
    "sigmoid": lambda s: 1 / (1 + np.exp(-s)),
    "elu": lambda s: np.where(s > 0, s, np.expm1(np.minimum(s, 0))),
}
TORCH = {
    "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "silu": F.silu, "gelu": F.gelu, "softplus": F.softplus,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="of the whole run, roughly (default: 20)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        rows = list(measured(options.seconds))
    result = {**conditions("cpu"), "batch": BATCH, "rows": rows}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for row in rows:
        print(f"{row['what']:14} {row['width']:4} {row['how']:12} {row['median_us']:9g} µs")


def measured(seconds: float) -> Iterator[dict[str, Any]]:
    """A row for each case and activation, all cases with an equal share of the time."""
    cases = [(what, width) for what in (numpy_alone, torch_alone, layers) for width in WIDTHS]
    for what, width in cases:
        for name, times in rounds(what(width), "cpu", seconds / len(cases)).items():
            yield {"what": what.__name__, "width": width, "how": name, **summary(times)}


def sums(width: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(BATCH, width)).astype(np.float32)


def numpy_alone(width: int) -> dict[str, Step]:
    """Each activation of the sums of a batch, in NumPy."""
    s = sums(width)
    return {name: lambda f=f: f(s) for name, f in NUMPY.items()}    # type: ignore[misc]


def torch_alone(width: int) -> dict[str, Step]:
    """The same in PyTorch, without a graph."""
    s = torch.tensor(sums(width))
    return {name: lambda f=f: f(s) for name, f in TORCH.items()}    # type: ignore[misc]


def layers(width: int) -> dict[str, Step]:
    """A square layer with each activation and with none, forward and backward."""
    X = torch.tensor(sums(width), requires_grad=True)
    layer, above = torch.nn.Linear(width, width), torch.tensor(sums(width))

    def step(f: Any) -> Step:
        def once() -> None:
            torch.autograd.grad(f(layer(X)), [X, *layer.parameters()], above)
        return once

    return {"none": step(lambda s: s), **{name: step(f) for name, f in TORCH.items()}}


if __name__ == "__main__":
    main()
