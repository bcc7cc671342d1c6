"""A line that moves on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import sys
import time


class Progress:
    """Says on stderr how far a long piece of work is, and how long the rest will take."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what, self.done = total, what, 0
        self._start = time.monotonic()
        self._last = self._start

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        now, last_one = time.monotonic(), self.done == self.total
        if sys.stderr.isatty() or now - self._last > 10 or last_one:
            self._last = now
            left = (now - self._start) / self.done * (self.total - self.done)
            end = "\r" if sys.stderr.isatty() and not last_one else "\n"
            print(f"{self.what}: {self.done} of {self.total}, {left:.0f} s left ", end=end, file=sys.stderr, flush=True)
