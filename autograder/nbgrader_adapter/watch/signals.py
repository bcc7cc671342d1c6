"""SIGTERM and Ctrl-C: the first one ends after what is in work, the second one at once."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any


class Stop:
    """True when the process was asked to end."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return self._asked

    def __enter__(self) -> Stop:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        print("stopping when what is in work is answered", file=sys.stderr, flush=True)
