"""What `benchmarks/` has measured, as a page reads it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


def results(name: str) -> dict[str, Any]:
    """A file of results by its name, such as 'layers.json'; it travels with a page whose cell says the name."""
    measured: dict[str, Any] = json.loads((RESULTS / name).read_text("utf-8"))
    return measured
