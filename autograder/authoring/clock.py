"""A bound on the CPU time of code that may never end, such as a mutant's loop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _Elapsed(BaseException):
    """No `except Exception` of the code under the bound catches it."""


@contextmanager
def cpu_time(seconds: float) -> Iterator[None]:
    """Raise TimeoutError once the process has used so much CPU time in the block; only in the main thread."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise _Elapsed

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except _Elapsed:
        raise TimeoutError(f"more than {seconds:g} s of CPU time") from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
