"""Run the cells of the book's pages, as many pages at once as there are cores, and keep what they put out in a cache.

    python -m chapters._ext.execute BOOK CACHE

MyST-NB finds the outputs there and runs nothing itself, but for a page whose cells failed here: it runs that one again
and reports it as it reports every fault. The cache is an empty folder of one build, so that it holds no older outcome,
or that of another edition's build from the same files: a page that is in it is not run again.
"""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx_external_toc.parsing import parse_toc_yaml

READER = {"name": "myst_nb_md", "type": "plugin"}


def notebooks(book: Path) -> Iterator[Path]:
    """The pages of the table of contents that have cells."""
    for name in parse_toc_yaml(book / "_toc.yml"):
        page = book / f"{name}.md"
        if page.exists() and is_myst_markdown_notebook(page.read_text("utf-8")):
            yield page


def execute(book: Path, cache_folder: Path) -> None:
    """Run every page's cells and keep the outputs of those that ended well."""
    settings = yaml.safe_load((book / "_config.yml").read_text("utf-8"))["execute"]
    cache = get_cache(cache_folder)
    # the last first: later chapters train more and larger networks, and no core is to wait for one that began late
    for page in reversed(list(notebooks(book))):
        cache.add_nb_to_project(str(page), read_data=READER)
    load_executor("local-parallel", cache).run_and_cache(timeout=settings["timeout"])


if __name__ == "__main__":
    execute(*map(Path, sys.argv[1:]))
