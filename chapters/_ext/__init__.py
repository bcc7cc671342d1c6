"""The book's own Sphinx extension: listings, figures, mathematics, notebooks and the mends of the stock theme.

Loaded by `_config.yml`. Nothing is imported here but on `setup`, so that a chapter's kernel can import
`chapters._ext.style` without Sphinx.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    from chapters._ext import exercises, figures, folds, icons, listing, mathematics, notebooks, pages, pieces

    if (root := str(app.srcdir)) not in sys.path:
        sys.path.insert(0, root)            # `solutions` stands beside `_config.yml`
    for part in (listing, pieces, folds, figures, mathematics, notebooks, pages, icons, exercises):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
