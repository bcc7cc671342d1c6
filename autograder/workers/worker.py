"""One forked process that works on an item at a time, as its parent holds it. Nothing here waits for it.

What passes between them is framed and buffered on the parent's side, so that a process that stops in the middle of a
message keeps nobody.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from autograder.workers.threads import require_one_thread

Item = TypeVar("Item")
HEAD = struct.Struct("!Q")
CHUNK = 1 << 20
GRACE = 5.0  # seconds for a process to go
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


@dataclass(frozen=True)
class Work:
    """function : gets the worker's equipment and the item. equip, unequip : see `pool.Crew`."""

    function: Callable[[Any, Any], Any]
    equip: Callable[[], Any]
    unequip: Callable[[Any], None]


class Worker(Generic[Item]):
    """item : what it works on."""

    def __init__(self, work: Work, close: list[socket.socket]) -> None:
        require_one_thread()
        self.socket, theirs = socket.socketpair()
        self.socket.setblocking(False)
        equipment = work.equip()
        self.process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(work.function, equipment, theirs, [*close, self.socket]), daemon=True
        )
        self.process.start()
        theirs.close()
        work.unequip(equipment)
        self.item: Item | None = None
        self._taken, self._looked = 0.0, 0.0
        self._out, self._in = bytearray(), bytearray()

    @property
    def writes(self) -> bool:
        """Whether something of the item is still to be sent."""
        return bool(self._out)

    def give(self, item: Item) -> None:
        """Raises OSError where it has died."""
        self._out += _framed(item)
        self.flush()
        self.item, self._taken, self._looked = item, 0.0, time.monotonic()

    def seconds_taken(self, most_at_once: float) -> float:
        """For the item, so far. Of the time since the last look no more than this counts: the parent may have been
        stopped, and its workers with it."""
        now = time.monotonic()
        self._taken += min(now - self._looked, most_at_once)
        self._looked = now
        return self._taken

    def flush(self) -> None:
        """Send what it takes at once."""
        with suppress(BlockingIOError):
            while self._out:
                del self._out[: self.socket.send(self._out[:CHUNK])]

    def take(self) -> tuple[Any, str] | None:
        """The result and the error, where they are here whole. Raises EOFError or OSError where the worker has died."""
        with suppress(BlockingIOError):
            while chunk := self.socket.recv(CHUNK):
                self._in += chunk
                if (answer := self._answer()) is not None:
                    return answer
            raise EOFError
        return None

    def end(self, *, at_once: bool = False) -> None:
        """Let it end, or kill it."""
        self.socket.close()
        if at_once:
            self.process.kill()
        self.process.join(GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(GRACE)  # what a dead disk holds does not even go then

    def how_it_died(self) -> str:
        code = self.process.exitcode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    def _answer(self) -> tuple[Any, str] | None:
        if len(self._in) < HEAD.size or len(self._in) < (end := HEAD.size + HEAD.unpack_from(self._in)[0]):
            return None
        result, error = pickle.loads(self._in[HEAD.size : end])
        self._in.clear()
        self.item = None
        return result, error


def _framed(value: Any) -> bytes:
    data = pickle.dumps(value)
    return HEAD.pack(len(data)) + data


def _serve(
    function: Callable[[Any, Any], Any], equipment: Any, ours: socket.socket, close: list[socket.socket]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent()  # or what is left of a killed command would still write drafts when it is started again
    for other in close:
        other.close()  # or a sibling would not see its parent go
    with suppress(OSError, EOFError, struct.error, pickle.UnpicklingError), ours.makefile("rb") as asked:
        while head := asked.read(HEAD.size):
            item = pickle.loads(asked.read(HEAD.unpack(head)[0]))
            try:
                answer = _framed((function(equipment, item), ""))
            except Exception as error:
                answer = _framed((None, f"{type(error).__name__}: {error}"))
            ours.sendall(answer)
    os._exit(0)  # the parent has hung up, perhaps in the middle of a message


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        os._exit(1)
