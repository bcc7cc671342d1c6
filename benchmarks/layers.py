"""What layers cost, forward and backward: batch norm, fifty dense layers, a convolution, an LSTM, over sizes.

Each in NumPy, as the twin of this course in PyTorch, and as the layer of PyTorch itself with autograd; on the CPU with
one thread, and on a GPU where there is one. A round times every contender once, in turns (`benchmarks.timing`).

    python -m benchmarks.layers [--seconds 60] [--device cpu cuda]
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits

from benchmarks.optimizers import gradients
from benchmarks.timing import Step, conditions, rounds, summary

RESULT = Path(__file__).resolve().parent / "results" / "layers.json"
DEPTH = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each device, roughly (default: 60)")
    parser.add_argument("--device", nargs="+", choices=("cpu", "cuda"), help="default: all that are there")
    options = parser.parse_args()
    devices = options.device or ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    torch.set_num_threads(1)
    results = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    with threadpool_limits(1):
        for device in devices:
            rows = list(measured(device, options.seconds))
            results[device] = {**conditions(device), "rows": rows}
            for row in rows:
                print(f"{device:5} {row['what']:11} {row['size']:34} {row['how']:24} {row['median_us']:10g} µs")
    RESULT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def measured(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    """A row for each layer, size and contender, all cases with an equal share of the time."""
    cases = [(name, size) for name, (_, sizes) in LAYERS.items() for size in sizes]
    for name, size in cases:
        make, _ = LAYERS[name]
        contenders = make(device, *size)
        if device != "cpu":
            contenders.pop("NumPy", None)
        for how, times in rounds(contenders, device, seconds / len(cases)).items():
            yield {"what": name, "size": SIZES[name].format(*size), "how": how, **summary(times)}


def batch_norm(device: str, N: int, D: int) -> dict[str, Step]:
    """A batch (N, D) and what the loss says of the output."""
    X, above = arrays((N, D), (N, D))
    gamma, beta = np.ones(D, np.float32), np.zeros(D, np.float32)
    ours, twin = both("normalization")

    def by_hand(module: Any, X: Any, above: Any, gamma: Any, beta: Any) -> Step:
        def once() -> None:
            module.batch_norm(X, gamma, beta)
            module.batch_norm_backward(above, X, gamma)
        return once

    there = tensors(device, X, above, gamma, beta)
    given = [there[i].clone().requires_grad_() for i in (0, 2, 3)]

    def library(X: Any, gamma: Any, beta: Any) -> Any:
        return F.batch_norm(X, None, None, gamma, beta, training=True)

    return {
        "NumPy": by_hand(ours, X, above, gamma, beta), "PyTorch twin": by_hand(twin, *there),
        "PyTorch and autograd": autograd(library, given, there[1]),
    }  # fmt: skip


def dense(device: str, width: int, N: int) -> dict[str, Step]:
    """`DEPTH` sigmoid layers of one width, a batch of N, and the mean cross-entropy."""
    steps = gradients(device, [width] * (DEPTH + 1), N)
    return {"PyTorch and autograd" if "autograd" in name else name: step for name, step in steps.items()}


def conv2d(device: str, N: int, C: int, H: int, M: int) -> dict[str, Step]:
    """M kernels 3 × 3 over N images of C channels, H × H, padded."""
    X, W, b, above = arrays((N, C, H, H), (M, C, 3, 3), (M,), (N, M, H, H))
    ours, twin = both("convolution")

    def by_hand(module: Any, X: Any, W: Any, b: Any, above: Any) -> Step:
        def once() -> None:
            module.conv2d(X, W, b, padding=1)
            module.conv2d_backward(X, W, b, above, padding=1)
        return once

    *there, there_above = tensors(device, X, W, b, above)
    given = [t.clone().requires_grad_() for t in there]
    return {
        "NumPy": by_hand(ours, X, W, b, above), "PyTorch twin": by_hand(twin, *there, there_above),
        "PyTorch and autograd": autograd(lambda X, W, b: F.conv2d(X, W, b, padding=1), given, there_above),
    }  # fmt: skip


def lstm(device: str, N: int, T: int, D: int, M: int) -> dict[str, Step]:
    """M cells over N sequences of T vectors of D numbers; the loss speaks of every step."""
    X, W, U, b, above = arrays((N, T, D), (M, 4 * M), (D, 4 * M), (4 * M,), (N, T, M))
    params = tuple((p / M**0.5).astype(np.float32) for p in (W, U, b))
    ours, twin = both("recurrence")

    def by_hand(module: Any, X: Any, above: Any, params: Sequence[Any], zero: Any) -> Step:
        start, params = module.LSTMState(zero, zero), module.Recurrent(*params)

        def once() -> None:
            states = module.unroll(module.lstm_cell, X, start, params)
            module.lstm_backward(X, states, above, params)
        return once

    there_X, there_above, *there = tensors(device, X, above, *params)
    layer = torch.nn.LSTM(D, M, batch_first=True, device=device)
    with torch.no_grad():                               # ours has one bias, PyTorch's two that are added
        layer.weight_hh_l0.copy_(there[0].T)
        layer.weight_ih_l0.copy_(there[1].T)
        layer.bias_hh_l0.copy_(there[2])
        layer.bias_ih_l0.zero_()
    zero = np.zeros((N, M), np.float32)

    def library() -> None:
        layer.zero_grad()
        layer(there_X)[0].backward(there_above)

    return {
        "NumPy": by_hand(ours, X, above, params, zero),
        "PyTorch twin": by_hand(twin, there_X, there_above, there, torch.zeros(N, M, device=device)),
        "PyTorch and autograd": library,
    }  # fmt: skip


def autograd(function: Any, given: list[torch.Tensor], above: torch.Tensor) -> Step:
    return lambda: torch.autograd.grad(function(*given), given, above)


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def tensors(device: str, *values: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(value, device=device) for value in values]


def both(topic: str) -> tuple[Any, Any]:
    return tuple(importlib.import_module(f"solutions.{topic}.{name}") for name in ("reference", "pytorch"))  # type: ignore[return-value]


LAYERS: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "batch norm": (batch_norm, [(128, 64), (256, 1024)]),
    "50 layers": (dense, [(64, 128), (512, 128)]),
    "conv2d": (conv2d, [(16, 3, 32, 16), (16, 32, 28, 64)]),
    "LSTM": (lstm, [(32, 20, 32, 64), (32, 50, 64, 256)]),
}
SIZES = {
    "batch norm": "{} × {}",
    "50 layers": "{} wide, {} examples",
    "conv2d": "{} images, {} × {}² to {}",
    "LSTM": "{} × {} steps, {} to {}",
}


if __name__ == "__main__":
    main()
