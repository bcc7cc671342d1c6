"""Mends of the stock theme that hold for every page: only the scripts it needs, a description, no other host."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parents[1]
UNUSED = ("thebe",)     # sphinx-thebe puts its scripts, which call another host, on every page


def use_own_files(app: Sphinx, config: Any) -> None:
    """The book's stylesheet and templates stand beside this extension, wherever the pages are."""
    config.html_static_path.append(str(HERE / "_static"))
    config.templates_path.append(str(HERE / "_templates"))


def mend(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Drop the scripts that the book does not use, and ask for what a search engine shows of the page."""
    context["script_files"] = [
        script for script in context.get("script_files", [])
        if not any(word in f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', {})}".lower()
                   for word in UNUSED)]
    if doctree is not None and 'name="description"' not in context.get("metatags", ""):
        LOGGER.warning("a page without a description: write `myst: html_meta: description:` in its front matter",
                       location=pagename)


def setup(app: Sphinx) -> None:
    app.add_css_file("course.css", priority=900)
    app.connect("config-inited", use_own_files)
    app.connect("html-page-context", mend, priority=900)
