"""An end to a call that has none, in the student's own notebook, where nobody watches it from outside."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SECONDS = 15.0  # of one case, by the wall clock: half of what nbgrader's Validate gives a whole cell
AGAIN = 1.0  # seconds until a call that has caught the first interruption gets another


class DidNotEnd(BaseException):
    """Raised in a call when its time is up."""


@dataclass
class Bell:
    """Whether the time was up, whatever the call made of it."""

    rang: bool = False


@contextmanager
def ended_after(seconds: float) -> Iterator[Bell]:
    """Raise DidNotEnd inside when it takes longer, which ends here too; `rang` of what is given then says so.

    Without a bound where there is no such clock, as in a browser, in another thread than the main one, and under a
    debugger, where a person takes the time.
    """
    bell = Bell()
    if sys.platform in ("win32", "emscripten") or threading.current_thread() is not threading.main_thread():
        yield bell
        return
    watching = True

    def ring(_number: int, _frame: FrameType | None) -> None:
        if watching and sys.gettrace() is None:
            bell.rang = True
            raise DidNotEnd

    before = signal.signal(signal.SIGALRM, ring)
    theirs = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield bell
    except DidNotEnd:
        pass
    finally:
        watching = False
        signal.setitimer(signal.ITIMER_REAL, *theirs)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
