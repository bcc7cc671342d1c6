"""A function over items, in forked processes: one that dies costs a retry, and an item's third death ends it.

The processes are trusted (student code runs in sessions, further down); they are forked, so that what the parent has
loaded, such as PyTorch and the exercises, is there at once and is shared.
"""

from __future__ import annotations

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


def map_forked(
    function: Callable[[Any, Item], Result],
    items: Iterable[Item],
    workers: int,
    equip: Callable[[], Any] = lambda: None,
    unequip: Callable[[Any], None] = lambda _: None,
) -> Iterator[Done]:
    """Yield a `Done` for each item as it comes.

    An exception in `function` is the item's error. The death of a worker is tried again in a new one, at most
    MAX_DEATHS times.

    Parameters
    ----------
    function : gets the worker's equipment and the item
    equip : makes a worker's equipment, before it is forked; unequip : what the parent does with it after the fork
    """
    work = _Work(function, equip, unequip)
    waiting = deque(items)
    deaths: dict[int, int] = {}
    team: list[_Worker[Item, Result]] = []
    try:
        while waiting or any(worker.item is not None for worker in team):
            _fill(team, waiting, workers, work)
            busy = {worker.connection: worker for worker in team if worker.item is not None}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                done = worker.take()
                if done is None:
                    team.remove(worker)
                    worker.end()
                    done = _died(worker, waiting, deaths)
                if done is not None:
                    yield done
    finally:
        for worker in team:
            worker.end()


def _fill(team: list[_Worker[Item, Result]], waiting: deque[Item], workers: int, work: _Work) -> None:
    """Give every idle worker an item, and make new workers while there are items for them."""
    while waiting and (idle := _idle(team, workers, work)) is not None:
        idle.give(waiting.popleft())


def _idle(team: list[_Worker[Item, Result]], workers: int, work: _Work) -> _Worker[Item, Result] | None:
    for worker in team:
        if worker.item is None:
            return worker
    if len(team) == workers:
        return None
    team.append(_Worker(work, [worker.connection for worker in team]))
    return team[-1]


def _died(worker: _Worker[Item, Result], waiting: deque[Item], deaths: dict[int, int]) -> Done | None:
    """Put the item of a dead worker first in the queue; give it up at the third death."""
    item = worker.item
    assert item is not None
    deaths[id(item)] = deaths.get(id(item), 0) + 1
    if deaths[id(item)] < MAX_DEATHS:
        waiting.appendleft(item)
        return None
    how = _how(worker.process.exitcode)
    return Done(item, None, f"the process that grades it died {MAX_DEATHS} times, the last time by {how}")


def _serve(
    function: Callable[[Any, Any], Any], equipment: Any, connection: Connection, close: list[Connection]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
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


def _how(exitcode: int | None) -> str:
    return signal.Signals(-exitcode).name if exitcode is not None and exitcode < 0 else f"exit code {exitcode}"
