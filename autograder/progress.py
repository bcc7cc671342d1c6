"""A line that moves on a terminal, and a line now and then elsewhere."""
from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items and say on stderr how far it is and how long the rest will take."""
    start, last = time.monotonic(), 0.0
    for done, item in enumerate(items):
        yield item
        now = time.monotonic()
        if sys.stderr.isatty() or now - last > 10 or done + 1 == len(items):
            last = now
            left = (now - start) / (done + 1) * (len(items) - done - 1)
            end = "\r" if sys.stderr.isatty() and done + 1 < len(items) else "\n"
            print(f"{what}: {done + 1} of {len(items)}, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)
