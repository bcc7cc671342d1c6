"""A function over items, in forked processes: one that dies or stands still costs a retry, and then ends its item.

The processes are trusted (student code runs in sessions, further down); they are forked, so that what the parent has
loaded, such as PyTorch and the exercises, is there at once and is shared.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE, PollSelector
from typing import Any, Generic, TypeVar

from autograder.workers.worker import Work, Worker

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_DEATHS = 3
MAX_STALLS = 2
LOOK = 1.0  # seconds between two looks at the time that workers take


@dataclass(frozen=True)
class Done(Generic[Item, Result]):
    """result : None where `error` says why there is none."""

    item: Item
    result: Result | None
    error: str = ""


class Crew(Generic[Item, Result]):
    """Forked processes that work on items as they are given, and stay for the next ones.

    An exception in `function` is the item's error. The death of a worker is tried again in a new one, up to MAX_DEATHS
    deaths; a worker that takes longer than it may is killed, and its item tried again, up to MAX_STALLS times.

    Parameters
    ----------
    function : gets the worker's equipment and the item
    equip : makes a worker's equipment, before it is forked; unequip : what the parent does with it after the fork
    seconds : what a worker may take for an item, on the wall clock; time in which this process itself was stopped
        does not count. None for no bound.
    """

    def __init__(
        self,
        function: Callable[[Any, Item], Result],
        workers: int,
        equip: Callable[[], Any] = lambda: None,
        unequip: Callable[[Any], None] = lambda _: None,
        seconds: Callable[[Item], float] | None = None,
    ) -> None:
        self._work, self._workers = Work(function, equip, unequip), workers
        self._seconds = seconds
        self._waiting: deque[Item] = deque()
        self._lost: Counter[tuple[int, str]] = Counter()  # by item, how often a worker died over it, or stood still
        self._team: list[Worker[Item]] = []

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
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._fill()
            left = LOOK if deadline is None else max(0.0, min(LOOK, deadline - time.monotonic()))
            found = [*self._come(left), *self._stalled()]
            if found or (deadline is not None and time.monotonic() >= deadline) or not self.unfinished:
                self._fill()  # so that nobody waits for what is done with these
                return found

    def _come(self, seconds: float) -> list[Done]:
        """What comes back within this time."""
        found = []
        with PollSelector() as selector:
            for worker in self._team:
                if worker.item is not None:
                    selector.register(worker.socket, EVENT_READ | (EVENT_WRITE if worker.writes else 0), worker)
            for key, events in selector.select(seconds):
                done = self._moved(key.data, events)
                if done is not None:
                    found.append(done)
        return found

    def _moved(self, worker: Worker[Item], events: int) -> Done | None:
        item = worker.item
        assert item is not None
        try:
            if events & EVENT_WRITE:
                worker.flush()
            answer = worker.take()
        except (EOFError, OSError):
            self._dismiss(worker)
            how = f"died {MAX_DEATHS} times, the last time by {worker.how_it_died()}"
            return self._again(item, "died", MAX_DEATHS, how)
        if answer is None:
            return None
        return self._settled(Done(item, *answer))

    def _stalled(self) -> list[Done]:
        """End the workers that take longer than they may; what is given up over it."""
        found = []
        for worker in list(self._team):
            item = worker.item
            if item is None or self._seconds is None:
                continue
            most = self._seconds(item)
            if worker.seconds_taken(2 * LOOK) > most:
                self._dismiss(worker, at_once=True)
                how = f"did not come to an end within {most:g} s, {MAX_STALLS} times"
                found.append(self._again(item, "stalled", MAX_STALLS, how))
        return [done for done in found if done is not None]

    def _fill(self) -> None:
        """Give every idle worker an item, and make new workers while there are items for them."""
        while self._waiting and (idle := self._idle()) is not None:
            try:
                idle.give(self._waiting[0])
            except OSError:  # it died with nothing to do
                self._dismiss(idle)
            else:
                self._waiting.popleft()

    def _idle(self) -> Worker[Item] | None:
        for worker in self._team:
            if worker.item is None:
                return worker
        if len(self._team) == self._workers:
            return None
        self._team.append(Worker(self._work, [worker.socket for worker in self._team]))
        return self._team[-1]

    def _dismiss(self, worker: Worker[Item], *, at_once: bool = False) -> None:
        self._team.remove(worker)
        worker.end(at_once=at_once)

    def _again(self, item: Item, what: str, most: int, how: str) -> Done | None:
        """Put the item of a lost worker first in the queue; give it up when it has happened too often."""
        self._lost[id(item), what] += 1
        if self._lost[id(item), what] < most:
            self._waiting.appendleft(item)
            return None
        return self._settled(Done(item, None, f"the process that grades it {how}"))

    def _settled(self, done: Done) -> Done:
        for what in ("died", "stalled"):
            self._lost.pop((id(done.item), what), None)
        return done


def map_forked(
    function: Callable[[Any, Item], Result],
    items: Iterable[Item],
    workers: int,
    equip: Callable[[], Any] = lambda: None,
    unequip: Callable[[Any], None] = lambda _: None,
    seconds: Callable[[Item], float] | None = None,
) -> Iterator[Done]:
    """Yield a `Done` for each item as it comes; the parameters are those of `Crew`."""
    with Crew(function, workers, equip, unequip, seconds) as crew:
        for item in items:
            crew.give(item)
        while crew.unfinished:
            yield from crew.finished()
