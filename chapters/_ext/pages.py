"""Mends of the stock theme that hold for every page: only the scripts it needs, a description, no other host."""
from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parents[1]
GENERATED = {       # pages that no file of ours describes
    "genindex": "Every function and term of the course, with the place where it is explained.",
    "search": "Search the course.",
}
# The theme's script chooses light or dark when the page has loaded; until then neither's rules hold, and all changes.
CHOOSE_THEME = """{ const page = document.documentElement.dataset;
if (page.theme === "auto") page.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"; }"""
UNUSED = "sphinx_thebe"      # Jupyter Book loads it for everybody; it calls another host on every page


def use_own_files(app: Sphinx, config: Any) -> None:
    """The book's stylesheet and templates stand beside this extension, wherever the pages are."""
    config.html_static_path.append(str(HERE / "_static"))
    config.templates_path.insert(0, str(HERE / "_templates"))


def disconnect_unused(app: Sphinx, config: Any) -> None:
    """Take an extension that cannot be left out of every event that it listens to."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if getattr(one.handler, "__module__", "") != UNUSED]


def mend(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Mend what the theme hands to a page's template, and ask for what a search engine shows of the page."""
    context["css_files"] = [file for file in context.get("css_files", []) if "thebe" not in str(file)]
    # docutils gives the entries of a bibliography, which is a list, a role that no list may hold
    context["body"] = context.get("body", "").replace('role="doc-biblioentry"', 'role="listitem"')
    if pagename in GENERATED and doctree is None:
        described = f'<meta name="description" content="{GENERATED[pagename]}" />'
        context["metatags"] = described + context.get("metatags", "")
    elif doctree is not None and 'name="description"' not in context.get("metatags", ""):
        LOGGER.warning("a page without a description: write `myst: html_meta: description:` in its front matter",
                       location=pagename)


def drop_unused(app: Sphinx, error: Exception | None) -> None:
    """Remove what the theme copies and no page loads: two thirds of the site's size."""
    static = Path(app.outdir) / "_static"
    for path in [*static.glob("scripts/fontawesome*"), *static.rglob("*.map"), *static.rglob("*thebe*")]:
        path.unlink(missing_ok=True)


def visit_hidden(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """A folded cell. MyST-NB's own has a label that differs from its words, and paragraphs where HTML allows none."""
    self.body.append(f'<details class="hide {" ".join(node["classes"])}">\n<summary>'
                     f'<span class="collapsed">{escape(node["prompt_show"])}</span>'
                     f'<span class="expanded">{escape(node["prompt_hide"])}</span></summary>\n')


def depart_hidden(self: HTML5Translator, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    app.add_css_file("course.css", priority=900)
    app.add_js_file(None, body=CHOOSE_THEME, priority=1)
    app.add_js_file("course.js", loading_method="defer")
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_hidden))
    app.connect("config-inited", use_own_files)
    app.connect("config-inited", disconnect_unused)
    app.connect("build-finished", drop_unused)
    app.connect("html-page-context", mend, priority=900)
