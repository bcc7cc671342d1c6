"""The notebook of each page, for download: its text and cells, not yet run, in a form that runs without the book."""
from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from chapters._ext import travel
from chapters._ext.cut import definitions
from chapters._ext.edition import FULL
from chapters._ext.listing import FENCE, Listing, Panel, UnknownListing, pointer, read_listing
from chapters._ext.plain import Answer, Resolve, Shown, Text, parts, prose

ROOT = Path(__file__).parents[2]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell


def notebook(page: nbformat.NotebookNode, solutions: Path, edition: str, resolve: Resolve,
             roots: Sequence[Path] = (ROOT,)) -> nbformat.NotebookNode:
    """A page's executed notebook as a reader should get it: without outputs and without the book's own directives."""
    cells: list[nbformat.NotebookNode] = []
    answers: list[str] = []
    for cell in page.cells:
        answering = cell.cell_type == "code" and "answer" in cell.metadata.get("tags", ())
        if not answering:                           # what was asked before is answered
            cells += [markdown(text) for text in answers]
            answers = []
        if cell.cell_type == "code":
            cells += [code(cell.source), *captions(cell, resolve)]
            continue
        for part in parts(cell.source, resolve):
            match part:
                case Answer(text):
                    answers.append(text)
                    continue
                case Text(text):
                    made = [markdown(text)]
                case Shown(names, also):
                    made = listing_cells(solutions, names, also, edition)
            cells += [markdown(text) for text in answers] + made
            answers = []
    cells += [markdown(text) for text in answers]
    first = travel.cells([cell.source for cell in cells if cell.cell_type == "code"], roots, edition)
    for number, cell in enumerate(cells := [*first, *cells]):
        cell["id"] = f"cell-{number}"               # the same from build to build
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def captions(cell: nbformat.NotebookNode, resolve: Resolve) -> list[nbformat.NotebookNode]:
    """The number and the caption of the figure that a cell draws."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if not figure.get("caption"):
        return []
    number = f"**{resolve('numref', figure['name'])}.** " if figure.get("name") else ""
    return [markdown(number + prose(figure["caption"], resolve))]


def listing_cells(solutions: Path, names: str, also: str, edition: str) -> list[nbformat.NotebookNode]:
    """A listing as a cell that defines its functions; a twin, which has their names, folded as text."""
    try:
        listing = read_listing(solutions, names, also, edition)
    except UnknownListing:
        return []                                   # the directive has warned of it, in the page
    first, *twins = listing.panels
    made = [code(with_imports(first, listing, edition))]
    made += [markdown(f"<details><summary>The same in {panel.label}</summary>\n\n{FENCE}python\n{panel.code}{FENCE}"
                      "\n\n</details>") for panel in twins]
    return [*made, markdown(pointer(listing))] if listing.kept_back else made


def with_imports(panel: Panel, listing: Listing, edition: str) -> str:
    """The panel's code below the imports that it needs to run on its own."""
    source = panel.path.read_text("utf-8")
    own = panel.code
    for name in listing.kept_back if edition != FULL else ():
        own = travel.unwritten(own, listing.topic, name)
    tree = ast.parse(panel.code)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(vars(builtins))
    used -= set(definitions(panel.code))
    lines = []
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            taken = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in used]
            if taken:
                node.names = taken
                lines.append(ast.unparse(node))
    if others := sorted(used & set(definitions(source))):
        lines.append(f"from solutions.{listing.topic}.{panel.path.stem} import {', '.join(others)}")
    return "\n".join(lines) + ("\n\n\n" if lines else "") + own.rstrip("\n")


def shown_by_the_book(app: Sphinx, page: str) -> Resolve:
    """What the book shows for a role on a page."""
    kinds = {"eq": ("math", "eq"), "cite": ("cite", "p")}

    def resolve(role: str, target: str) -> str:
        domain, kind = kinds.get(role) or (tuple(role.split(":", 1)) if ":" in role else ("std", role))
        if domain not in app.env.domains:
            return target
        wanted = target.lower() if (domain, kind) in (("std", "ref"), ("std", "numref"), ("std", "term")) else target
        shown = nodes.inline("", target)
        reference = addnodes.pending_xref("", shown, refdomain=domain, reftype=kind, reftarget=wanted, refdoc=page,
                                          refexplicit=False, refwarn=False)
        found = app.env.domains[domain].resolve_xref(app.env, page, app.builder, kind, wanted, reference, shown)
        return re.sub(r"\s+", " ", found.astext()) if found is not None else target
    return resolve


def offer(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Write the page's notebook beside its source and put it first in the page's download menu."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is None or "kernelspec" not in app.env.metadata.get(pagename, {}) or not executed.exists():
        return
    page = nbformat.read(executed, as_version=4)
    source = Path(app.srcdir)
    made = notebook(page, source / "solutions", app.config.course_edition, shown_by_the_book(app, pagename),
                    (source, ROOT))
    path = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    context["ipynb_source"] = f"{pagename}.ipynb"   # the theme makes the button from it


def setup(app: Sphinx) -> None:
    # before the theme's own handler at 501, which builds the buttons
    app.connect("html-page-context", offer, priority=490)
