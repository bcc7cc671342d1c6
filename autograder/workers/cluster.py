"""The same map as `pool.map_forked`, over a Dask cluster.

Dask's messages are pickles: whoever can reach the scheduler can run code on it. Give it TLS, or a network of its own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from autograder.authoring.exercise import ExerciseError
from autograder.workers.pool import MAX_STALLS, Done

Item = TypeVar("Item")
Result = TypeVar("Result")
SILENT = "nothing has come from the Dask cluster for {seconds:g} s: it has no workers, or they are stopped"
CONNECT_SECONDS = 20
LOOK = 5.0  # seconds between two looks at whether anything comes
TRIALS = 4  # Dask's allowed failures, and one
LOST_SECONDS = 600.0  # twice the time in which Dask notices a worker that is silent (distributed.scheduler.worker-ttl)
STALLED = 70  # the exit code of a worker that has ended itself


def map_dask(
    function: Callable[[Item], Result], items: Iterable[Item], address: str, seconds: float = float("inf")
) -> Iterator[Done]:
    """Yield a `Done` for each item as it comes.

    seconds : what `function` may take for an item on the wall clock, if it bounds itself with `ends_worker_after`.
    Where nothing at all has come for as long as that takes with every retry, what is left is given up.

    A worker that dies costs a retry; Dask gives an item up when `distributed.scheduler.allowed-failures` (3) workers
    have died with it. TLS comes from Dask's own settings (`distributed.comm.tls`, with an address tls://…).

    Raises
    ------
    ExerciseError
        Dask is not installed, or nobody answers at the address.
    """
    client = _connected(address)
    with client:
        futures = {client.submit(function, item, pure=False): item for item in items}
        come: SimpleQueue[Any] = SimpleQueue()
        for future in futures:
            future.add_done_callback(come.put)
        most, last = TRIALS * seconds + LOST_SECONDS, time.monotonic()
        while futures:
            try:
                future = come.get(timeout=LOOK)
            except Empty:
                if time.monotonic() - last > most:
                    client.cancel(list(futures), force=True)
                    yield from (Done(item, None, SILENT.format(seconds=most)) for item in futures.values())
                    return
                continue
            last = time.monotonic()
            yield _done(future, futures.pop(future))
            future.release()


def answers_at(address: str) -> None:
    """Raises ExerciseError where no scheduler does: told before anything is done, and where nothing is left to do."""
    _connected(address).close()


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ExerciseError("--scheduler needs Dask: pip install 'deep-training-course[cluster]'") from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ExerciseError(f"no Dask scheduler answers at {address}: {said}") from None


@contextmanager
def ends_worker_after(seconds: float, tally: Path) -> Iterator[None]:
    """End this process, a Dask worker's, where the block takes longer: Dask itself waits for a task without end.

    Its nanny starts another, and the scheduler tries the task again. It blames a death on every task that the worker
    had, so the second time is the last: the block's neighbours are not given up with it.

    tally : a file that counts, where every worker sees it

    Raises
    ------
    TimeoutError
        It has happened MAX_STALLS times.
    """
    if tally.exists() and tally.stat().st_size >= MAX_STALLS:
        tally.unlink()
        raise TimeoutError(f"it did not come to an end within {seconds:g} s, {MAX_STALLS} times")
    clock = threading.Timer(seconds, _end, [tally])
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()
    tally.unlink(missing_ok=True)


def _end(tally: Path) -> None:
    tally.parent.mkdir(parents=True, exist_ok=True)
    with tally.open("a") as file:
        file.write("x")
    os._exit(STALLED)


def _done(future: Any, item: Any) -> Done:
    if future.cancelled():
        return Done(item, None, "the Dask cluster has dropped it: its scheduler is gone")
    error = future.exception(timeout=CONNECT_SECONDS)
    if error is None:
        return Done(item, future.result())
    if type(error).__name__ == "KilledWorker":
        why = f"died: {error.last_worker.address} was the last"
        return Done(item, None, f"the Dask workers that graded it {why}")
    return Done(item, None, f"{type(error).__name__}: {error}")
