"""A bound on the CPU time of code that may never end, such as a mutant's loop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN = 0.1  # seconds until the next one, for code that swallows even this


class _Elapsed(KeyboardInterrupt):
    """What asks an answer lets a KeyboardInterrupt through, and makes everything else the answer."""


@contextmanager
def cpu_time(seconds: float) -> Iterator[None]:
    """Raise TimeoutError once the process has used so much CPU time in the block; only in the main thread."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise _Elapsed

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, AGAIN)
    try:
        yield
    except _Elapsed:
        raise TimeoutError(f"more than {seconds:g} s of CPU time") from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
