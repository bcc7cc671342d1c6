"""The course's steps, and a network's gradient, against PyTorch's own: NumPy, PyTorch on the CPU and on a GPU.

A round times every contender of a case once, one after the other, so that what else the machine does falls on all of
them alike; ratios compare the medians of one case's rounds. On one thread of the CPU the clock is the process's own
time, which does not count the time that others had the core. A run replaces the results of the devices that it measured
and leaves the others'.

    python -m benchmarks.optimizers [--seconds 60] [--threads 1]
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.timing import Step, conditions, rounds, summary
from solutions.adaptive_optimizers import pytorch as adaptive_torch
from solutions.adaptive_optimizers import reference as adaptive_numpy
from solutions.gradient_descent import pytorch as network_torch
from solutions.gradient_descent import reference as network_numpy
from solutions.momentum import pytorch as momentum_torch
from solutions.momentum import reference as momentum_numpy

RESULT = Path(__file__).resolve().parent / "results" / "optimizers.json"
LIBRARY: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "momentum": lambda p, **how: torch.optim.SGD(p, lr=1e-3, momentum=0.9, **how),
    "adagrad": lambda p, **how: torch.optim.Adagrad(p, lr=1e-3, **how),
    "rmsprop": lambda p, **how: torch.optim.RMSprop(p, lr=1e-3, **how),
    "adam": lambda p, **how: torch.optim.Adam(p, lr=1e-3, **how),
}
WAYS = {"for loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
SIZES = ((1, 1_000), (1, 100_000), (1, 3_000_000), (100, 1_000), (100, 100_000), (100, 3_000_000))    # tensors, numbers
NETWORKS = (([64, 64, 64, 10], 64), ([64, 512, 512, 10], 64), ([784, 1024, 1024, 10], 256))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="of the whole run, roughly (default: 60)")
    parser.add_argument("--threads", type=int, default=1, help="on the CPU, for NumPy and PyTorch (default: 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    results = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    with threadpool_limits(options.threads):
        for device in devices:
            rows = list(measured(device, options.seconds / len(devices)))
            results[device] = {
                **conditions(device), "rows": rows,
            }
            print(f"{device}\n{table(rows)}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def measured(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    """A row for each case and contender, all cases with an equal share of the time."""
    cases = [*itertools.product(LIBRARY, SIZES), *(("gradient", network) for network in NETWORKS)]
    for what, size in cases:
        if what == "gradient":
            contenders, case = gradients(device, *size), {"sizes": size[0], "batch_size": size[1]}
        else:
            contenders, case = steps(device, what, *size), {"tensors": size[0], "numbers": size[1]}
        for name, times in rounds(contenders, device, seconds / len(cases)).items():
            yield {
                "what": what, **case, "how": name, **summary(times),
            }


def steps(device: str, method: str, tensors: int, numbers: int) -> dict[str, Step]:
    """One step of a method over `numbers` parameters in as many tensors, in float32: ours and PyTorch's."""
    rng = np.random.default_rng(0)
    values, slopes = (rng.normal(size=(tensors, numbers // tensors)).astype(np.float32) for _ in range(2))
    contenders: dict[str, Step] = {}
    if device == "cpu":
        ours = momentum_numpy if method == "momentum" else adaptive_numpy
        contenders["NumPy"] = stepper(ours, method, list(values), list(slopes))
    twin = momentum_torch if method == "momentum" else adaptive_torch
    on = [[torch.tensor(row, device=device) for row in rows] for rows in (values, slopes)]
    contenders["PyTorch twin"] = stepper(twin, method, *on)
    for name, how in WAYS.items():
        parameters = [torch.tensor(row, device=device, requires_grad=True) for row in values]
        for p, row in zip(parameters, slopes, strict=True):
            p.grad = torch.tensor(row, device=device)
        try:
            optimizer = LIBRARY[method](parameters, **how)
            optimizer.step()
        except (RuntimeError, TypeError):           # not every optimizer has every way on every device
            continue
        contenders[f"torch.optim, {name}"] = optimizer.step
    return contenders


def stepper(module: Any, method: str, params: list[Any], grads: list[Any]) -> Step:
    """A function that makes one step of ours over all tensors, and keeps their states."""
    init, step = getattr(module, f"{method}_init"), getattr(module, f"{method}_step")
    states = [init(p) for p in params]

    def once() -> None:
        for i, g in enumerate(grads):
            params[i], states[i] = step(params[i], g, states[i], lr=1e-3)
    return once


def gradients(device: str, sizes: list[int], batch_size: int) -> dict[str, Step]:
    """Forward and backward of the sigmoid network in float32: ours, by hand, and autograd's."""
    rng = np.random.default_rng(0)
    layers = [network_numpy.Layer(W.astype(np.float32), b.astype(np.float32))
              for W, b in network_numpy.mlp_init(rng, sizes)]
    X, y = rng.normal(size=(batch_size, sizes[0])).astype(np.float32), rng.integers(sizes[-1], size=batch_size)
    there = [network_torch.Layer(*(torch.tensor(part, device=device) for part in layer)) for layer in layers]
    inputs, labels = torch.tensor(X, device=device), torch.tensor(y, device=device)
    model, loss = network_torch.mlp_module(there), torch.nn.CrossEntropyLoss()

    def in_numpy() -> None:
        network_numpy.mlp_backward(layers, network_numpy.mlp_forward(layers, X), y)

    def by_hand() -> None:
        network_torch.mlp_backward(there, network_torch.mlp_forward(there, inputs), labels)

    def by_autograd() -> None:
        model.zero_grad()
        loss(model(inputs), labels).backward()

    first = {"NumPy": in_numpy} if device == "cpu" else {}
    return {**first, "PyTorch twin": by_hand, "torch.nn and autograd": by_autograd}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown; the ratio is to the first contender of the case, of the same rounds."""
    lines = ["| what | size | how | µs, median | lowest | times the first |", "|---|---|---|---|---|---|"]
    for (what, size), case in itertools.groupby(rows, key=lambda row: (row["what"], size_of(row))):
        first, *others = case
        for row in (first, *others):
            cells = [what, size, row["how"], f"{row['median_us']:g}", f"{row['lowest_us']:g}",
                     f"{first['median_us'] / row['median_us']:.2g}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def size_of(row: dict[str, Any]) -> str:
    if "sizes" in row:
        return f"{'-'.join(map(str, row['sizes']))}, batch {row['batch_size']}"
    return f"{row['numbers']:,} in {row['tensors']}"


if __name__ == "__main__":
    main()
