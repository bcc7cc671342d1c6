"""A function over items, in forked processes: one that dies costs a retry, and an item's third death ends it.

The processes are trusted (student code runs in sessions, further down); they are forked, so that what the parent has
loaded, such as PyTorch and the exercises, is there at once and is shared.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_DEATHS = 3
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


@dataclass(frozen=True)
class Done(Generic[Item, Result]):
    """result : None where `error` says why there is none."""

    item: Item
    result: Result | None
    error: str = ""


@dataclass(frozen=True)
class _Work:
    function: Callable[[Any, Any], Any]
    equip: Callable[[], Any]
    unequip: Callable[[Any], None]


class _Worker(Generic[Item, Result]):
    def __init__(self, work: _Work, close: list[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        equipment = work.equip()
        arguments = (work.function, equipment, theirs, [*close, self.connection])
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        work.unequip(equipment)
        self.item: Item | None = None

    def give(self, item: Item) -> None:
        self.item = item
        self.connection.send(item)

    def take(self) -> Done | None:
        """What the worker has finished; None where it died."""
        try:
            result, error = self.connection.recv()
        except (EOFError, OSError):
            return None
        item, self.item = self.item, None
        return Done(item, result, error)

    def end(self) -> None:
        self.connection.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class Crew(Generic[Item, Result]):
    """Forked processes that work on items as they are given, and stay for the next ones.

    An exception in `function` is the item's error. The death of a worker is tried again in a new one, at most
    MAX_DEATHS times.

    Parameters
    ----------
    function : gets the worker's equipment and the item
    equip : makes a worker's equipment, before it is forked; unequip : what the parent does with it after the fork
    """

    def __init__(
        self,
        function: Callable[[Any, Item], Result],
        workers: int,
        equip: Callable[[], Any] = lambda: None,
        unequip: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self._work, self._workers = _Work(function, equip, unequip), workers
        self._waiting: deque[Item] = deque()
        self._deaths: dict[int, int] = {}
        self._team: list[_Worker[Item, Result]] = []

    def __enter__(self) -> Crew[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._team:
            worker.end()
        self._team.clear()

    @property
    def unfinished(self) -> int:
        """How many items were given and have not come back."""
        return len(self._waiting) + sum(worker.item is not None for worker in self._team)

    def give(self, item: Item) -> None:
        self._waiting.append(item)

    def forget_waiting(self) -> None:
        """Drop what no worker has begun."""
        self._waiting.clear()

    def finished(self, seconds: float | None = None) -> list[Done]:
        """What has come back: waits for the next, or this long."""
        self._fill()
        busy = {worker.connection: worker for worker in self._team if worker.item is not None}
        found = []
        for connection in wait(list(busy), seconds):
            worker = busy[connection]  # type: ignore[index]
            item = worker.item
            assert item is not None
            done = worker.take()
            if done is None:
                self._team.remove(worker)
                worker.end()
                done = self._died(worker, item)
            if done is not None:
                self._deaths.pop(id(item), None)
                found.append(done)
        self._fill()  # so that nobody waits for what is done with these
        return found

    def _fill(self) -> None:
        """Give every idle worker an item, and make new workers while there are items for them."""
        while self._waiting and (idle := self._idle()) is not None:
            try:
                idle.give(self._waiting[0])
            except OSError:  # it died with nothing to do
                self._team.remove(idle)
                idle.end()
            else:
                self._waiting.popleft()

    def _idle(self) -> _Worker[Item, Result] | None:
        for worker in self._team:
            if worker.item is None:
                return worker
        if len(self._team) == self._workers:
            return None
        self._team.append(_Worker(self._work, [worker.connection for worker in self._team]))
        return self._team[-1]

    def _died(self, worker: _Worker[Item, Result], item: Item) -> Done | None:
        """Put the item of a dead worker first in the queue; give it up at the third death."""
        deaths = self._deaths[id(item)] = self._deaths.get(id(item), 0) + 1
        if deaths < MAX_DEATHS:
            self._waiting.appendleft(item)
            return None
        how = _how(worker.process.exitcode)
        return Done(item, None, f"the process that grades it died {MAX_DEATHS} times, the last time by {how}")


def map_forked(
    function: Callable[[Any, Item], Result],
    items: Iterable[Item],
    workers: int,
    equip: Callable[[], Any] = lambda: None,
    unequip: Callable[[Any], None] = lambda _: None,
) -> Iterator[Done]:
    """Yield a `Done` for each item as it comes; the parameters are those of `Crew`."""
    with Crew(function, workers, equip, unequip) as crew:
        for item in items:
            crew.give(item)
        while crew.unfinished:
            yield from crew.finished()


def _serve(
    function: Callable[[Any, Any], Any], equipment: Any, connection: Connection, close: list[Connection]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent()  # or what is left of a killed command would still write drafts when it is started again
    for other in close:
        other.close()  # or a sibling would not see its parent go
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            answer = function(equipment, item), ""
        except Exception as error:
            answer = None, f"{type(error).__name__}: {error}"
        connection.send(answer)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:
        os._exit(1)


def _how(exitcode: int | None) -> str:
    return signal.Signals(-exitcode).name if exitcode is not None and exitcode < 0 else f"exit code {exitcode}"
