"""The browser of all browser tests. Skipped, with the reason, where it is not installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.workers.threads import use_one_thread
from tests.sharing import group_of, turn_of

use_one_thread()  # before a test loads NumPy: some fork this process

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.hookimpl(optionalhook=True)  # there is no such hook where pytest-xdist is switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have each group of tests go to one worker, where several run (`make test`).

    Not by `xdist_group` marks: pytest-xdist 3.8 writes them into a test's name, which pytest 9.2 no longer reads there.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(config.rootpath / nodeid.partition("::")[0]) or nodeid

    config.option.loadscopereorder = False  # the order is `turn_of`'s
    return ByGroup(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker, the longest groups come first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn_of(item.path))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window, for one module: Playwright's event loop runs in this thread while it is open,
    and neither a second Playwright nor anything of asyncio may start beside it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need the package playwright")
    if CHROMIUM is None:
        pytest.skip("the browser tests need Chromium on the PATH")
    with sync_api.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()
