"""An event loop that runs, as a kernel's does: a task made in one cell can be awaited in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class CellLoop(asyncio.SelectorEventLoop):
    """A loop that says that it runs while a cell does. Between cells it takes its tasks one step further.

    A kernel's loop calls the cell. Here the cell is called outside it, in the context of the thread: what a cell sets
    there, such as `numpy.seterr`, still holds in the next one and in the answers.
    """

    def is_running(self) -> bool:
        return super().is_running() or asyncio._get_running_loop() is self

    @contextmanager
    def around_cell(self) -> Iterator[None]:
        """Run the cell inside; then whatever tasks there are begin."""
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)
        if asyncio.all_tasks(self):
            self.run_until_complete(asyncio.sleep(0))

    def run_await(self, coroutine: Coroutine) -> Any:
        """What IPython calls for a cell with an `await` of its own."""
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            return self.run_until_complete(coroutine)
        finally:
            asyncio._set_running_loop(running)
