"""Interactive figures: scripts and styles in the site's root, so that only a page that asks for them loads them."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parents[1]


def serve(app: Sphinx, config: Any) -> None:
    """Copy `chapters/_interactive/` as it is: `race/figure.js` there is `race/figure.js` of the site."""
    config.html_extra_path.append(str(HERE / "_interactive"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", serve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
