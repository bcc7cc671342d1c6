"""The browser of all browser tests. Skipped, with the reason, where it is not installed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.workers.threads import use_one_thread

use_one_thread()  # before a test loads NumPy: some fork this process

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have each group of tests go to one worker, where several run (`make test`)."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    sys.path.insert(0, str(Path(__file__).parent))
    from sharing import group_of

    for item in items:
        if (group := group_of(item.path)) is not None:
            item.add_marker(pytest.mark.xdist_group(group))


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
