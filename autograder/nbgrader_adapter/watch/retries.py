"""What could not be done yet: tried again after a while, and spoken of once."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

FIRST_SECONDS, MOST_SECONDS = 5.0, 300.0

Key = tuple[str, str]  # assignment, student


@dataclass(frozen=True)
class _Trial:
    due: float
    delay: float
    reason: str


class Later:
    """Waits grow from FIRST_SECONDS to MOST_SECONDS, each twice the one before."""

    def __init__(self) -> None:
        self._trials: dict[Key, _Trial] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def postpone(self, key: Key, reason: str) -> bool:
        """Returns whether the reason is a new one."""
        last = self._trials.get(key)
        delay = min(2 * last.delay, MOST_SECONDS) if last else FIRST_SECONDS
        self._trials[key] = _Trial(time.monotonic() + delay, delay, reason)
        return last is None or last.reason != reason

    def waits(self, key: Key) -> bool:
        return key in self._trials and self._trials[key].due > time.monotonic()

    def due(self) -> list[Key]:
        return [key for key in self._trials if not self.waits(key)]

    def hasten(self) -> None:
        """What stood in the way may be gone."""
        self._trials = {key: replace(trial, due=0.0) for key, trial in self._trials.items()}

    def done(self, key: Key) -> None:
        self._trials.pop(key, None)
