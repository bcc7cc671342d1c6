"""The same map as `pool.map_forked`, over a Dask cluster.

Dask's messages are pickles: whoever can reach the scheduler can run code on it. Give it TLS, or a network of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from autograder.exercise import ExerciseError
from autograder.pool import Done

Item = TypeVar("Item")
Result = TypeVar("Result")
CONNECT_SECONDS = 20


def map_dask(function: Callable[[Item], Result], items: Iterable[Item], address: str) -> Iterator[Done]:
    """Yield a `Done` for each item as it comes.

    A worker that dies costs a retry; Dask gives an item up when `distributed.scheduler.allowed-failures` (3) workers
    have died with it. TLS comes from Dask's own settings (`distributed.comm.tls`, with an address tls://…).

    Raises
    ------
    ExerciseError
        Dask is not installed, or nobody answers at the address.
    """
    client = _connected(address)
    from distributed import as_completed

    with client:
        futures = {client.submit(function, item, pure=False): item for item in items}
        for future in as_completed(futures, loop=client.loop):
            yield _done(future, futures[future])
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


def _done(future: Any, item: Any) -> Done:
    error = future.exception()
    if error is None:
        return Done(item, future.result())
    if type(error).__name__ == "KilledWorker":
        return Done(item, None, f"the Dask workers that graded it died: {error.last_worker.address} was the last")
    return Done(item, None, f"{type(error).__name__}: {error}")
