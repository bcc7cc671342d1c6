"""The notebook of each page, for download: the page's text and cells, not yet run, with the listings' code in it."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx

from chapters._ext.listing import FENCE, UnknownListing, pointer, read_listing

LISTING = re.compile(r"^(?P<fence>`{3,}|:{3,})\{listing\}[ \t]*(?P<names>[^\n]+)\n"
                     r"(?P<options>(?:.*\n)*?)(?P=fence)[ \t]*$", re.MULTILINE)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook(page: nbformat.NotebookNode, solutions: Path, edition: str) -> nbformat.NotebookNode:
    """A page's executed notebook as a reader should get it: without outputs and without the book's own directives."""
    cells = []
    for cell in page.cells:
        if cell.cell_type == "code":
            cells.append(nbformat.v4.new_code_cell(cell.source))
        else:
            text = LISTING.sub(lambda match: _code(match, solutions, edition), cell.source)
            cells.append(nbformat.v4.new_markdown_cell(text))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"               # the same from build to build
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def _code(match: re.Match[str], solutions: Path, edition: str) -> str:
    also = re.search(r"^:also:\s*(.+)$", match["options"], re.MULTILINE)
    try:
        listing = read_listing(solutions, match["names"], also[1] if also else "", edition)
    except UnknownListing:
        return match[0]                             # the directive has warned of it, in the page
    parts = [f"**{panel.label}**\n\n{FENCE}python\n{panel.code}{FENCE}" for panel in listing.panels]
    return "\n\n".join([*parts, pointer(listing)] if listing.kept_back else parts)


def offer(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Write the page's notebook beside its source and put it first in the page's download menu."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is None or "kernelspec" not in app.env.metadata.get(pagename, {}) or not executed.exists():
        return
    page = nbformat.read(executed, as_version=4)
    made = notebook(page, Path(app.srcdir) / "solutions", app.config.course_edition)
    path = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    context["ipynb_source"] = f"{pagename}.ipynb"   # the theme makes the button from it


def setup(app: Sphinx) -> None:
    # before the theme's own handler at 501, which builds the buttons
    app.connect("html-page-context", offer, priority=490)
