"""The directive `listing`: functions of `solutions/` as they stand there, docstrings folded, both forms in tabs.

    ```{listing} momentum.momentum_step
    :also: MomentumState
    ```
"""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from chapters._ext.cut import definitions
from chapters._ext.edition import FULL, MODULES, STUDENT, exercises, shown

LOGGER = logging.getLogger(__name__)
FENCE = "`" * 8          # longer than any fence in a docstring


QUOTES = r'''(?P<quotes>"""|&quot;&quot;&quot;|\'\'\'|(?:&\#39;){3})'''
# a docstring of several lines, as Pygments writes it: a span for each
DOCSTRING = re.compile(rf'(?P<first><span class="sd">\w*{QUOTES}(?:(?!(?P=quotes)).)*</span>)'
                       r'(?P<rest>\n(?:(?:(?!(?P=quotes)).)*\n)*(?:(?!(?P=quotes)).)*(?P=quotes)</span>)')


class listing_code(nodes.literal_block):
    """The code of one panel."""


class UnknownListing(LookupError):
    """Nothing of that name in the topic's modules; the sentence says where it was looked for."""


@dataclass(frozen=True)
class Panel:
    """One tab: its label, the module its code stands in, and the code."""
    label: str
    path: Path
    code: str


@dataclass(frozen=True)
class Listing:
    """What a listing shows: its panels, and which of its names are exercises that are kept back."""
    topic: str
    names: tuple[str, ...]
    panels: tuple[Panel, ...]
    kept_back: tuple[str, ...]


def names_of(argument: str, also: str = "") -> tuple[str, tuple[str, ...]]:
    """The topic and the names of `topic.name, topic.name` and of the option `also`."""
    wanted = [part.strip() for part in argument.split(",") if part.strip()]
    topics = {part.rpartition(".")[0] for part in wanted if "." in part}
    if len(topics) != 1:
        raise UnknownListing(f"a listing names one topic, as in 'momentum.momentum_step', not {argument!r}")
    more = [part.strip() for part in also.split(",") if part.strip()]
    return topics.pop(), tuple(part.rpartition(".")[2] for part in [*more, *wanted])


def read_listing(solutions: Path, argument: str, also: str = "", edition: str = FULL) -> Listing:
    """The panels of a listing: for each module of the topic, those of the names that it defines, in the order asked."""
    topic, names = names_of(argument, also)
    held = exercises(topic) if edition == STUDENT else {}
    panels, missing = [], set(names)
    for label, module in MODULES.items():
        path = solutions / topic / module
        source = path.read_text("utf-8") if path.exists() else ""
        here = [name for name in names if name in definitions(source)]
        missing -= set(here)
        if any(name in here for name in names_of(argument)[1]):
            code = "\n\n".join(shown(source, name, held.get(name)) for name in here)
            panels.append(Panel(label, path, code))
    if missing:
        raise UnknownListing(f"no {', '.join(sorted(missing))} in solutions/{topic}/ ({' or '.join(MODULES.values())})")
    return Listing(topic, names, tuple(panels), tuple(name for name in names if name in held))


def pointer(listing: Listing) -> str:
    """The sentence that stands in a student edition where a body was kept back, as Markdown."""
    names = " and ".join(f"`{name}`" for name in listing.kept_back)
    one = len(listing.kept_back) == 1
    verb, body = ("is an exercise", "its body is") if one else ("are exercises", "their bodies are")
    return f"{names} {verb} of the assignment *{listing.topic}*: {body} yours to write there."


class ListingDirective(SphinxDirective):
    """Shows functions of a topic; an unknown name is a warning, and so the end of the build."""
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"also": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        solutions = Path(self.env.srcdir) / "solutions"
        try:
            listing = read_listing(solutions, self.arguments[0], self.options.get("also", ""),
                                   self.config.course_edition)
        except UnknownListing as error:
            LOGGER.warning("listing: %s", error, location=self.get_location())
            return []
        for panel in listing.panels:
            self.env.note_dependency(str(panel.path))
        found = self.tabs(listing) if len(listing.panels) > 1 else self.lone(listing.panels[0])
        if listing.kept_back:
            self.env.note_dependency(str(solutions / listing.topic / "exercises.py"))
            found += self.parsed(["", ":::{div} listing-exercise", pointer(listing), ":::"])
        return [*self.index_entries(listing), *found]

    def parsed(self, lines: list[str]) -> list[nodes.Node]:
        holder = nodes.Element()
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, holder)
        return list(holder.children)

    def tabs(self, listing: Listing) -> list[nodes.Node]:
        """A set of tabs, with each panel in the place that its tab has for it."""
        text = [":::::{tab-set}", ":class: listing", ":sync-group: library", ""]
        for panel in listing.panels:
            text += [f"::::{{tab-item}} {panel.label}", f":sync: {panel.label.lower()}", "",
                     ":::{div} listing-place", ":::", "::::"]
        found = self.parsed([*text, ":::::"])
        places = [node for one in found for node in one.findall(nodes.container) if "listing-place" in node["classes"]]
        for place, panel in zip(places, listing.panels, strict=True):
            place.replace_self(self.panel(panel))
        return found

    def lone(self, panel: Panel) -> list[nodes.Node]:
        """A listing of one form: a label, for a single tab would promise another."""
        return [nodes.container("", nodes.paragraph("", panel.label, classes=["listing-label"]), self.panel(panel),
                                classes=["listing", "lone"])]

    def panel(self, panel: Panel) -> nodes.container:
        where = panel.path.relative_to(self.env.srcdir).as_posix()
        code = panel.code.rstrip("\n")
        source = nodes.paragraph("", "", nodes.literal("", where), classes=["listing-source"])
        return nodes.container("", listing_code(code, code, language="python"), source, classes=["listing-panel"])

    def index_entries(self, listing: Listing) -> list[nodes.Node]:
        """An entry in the book's index for each name, and its anchor."""
        found: list[nodes.Node] = []
        for name in listing.names:
            anchor = nodes.make_id(f"listing-{listing.topic}-{name}")
            if anchor not in self.state.document.ids:
                target = nodes.target("", "", ids=[anchor])
                self.state.document.note_explicit_target(target)
                entry = ("single", f"{name} ({listing.topic.replace('_', ' ')})", anchor, "", None)
                found += [addnodes.index(entries=[entry], inline=False), target]
        return found


def fold_docstrings(highlighted: str) -> str:
    """Highlighted code with all but the first line of each docstring in a span that the stylesheet can hide."""
    return DOCSTRING.sub(r'\g<first><span class="docstring">\g<rest></span>', highlighted)


def visit_code(self: HTML5Translator, node: listing_code) -> None:
    """The code, before it what unfolds its docstrings: a `<details>` that the stylesheet reads, so without a script."""
    highlighted = fold_docstrings(self.highlighter.highlight_block(node.rawsource, "python", location=node))
    if 'class="docstring"' in highlighted:
        self.body.append('<details class="docstrings"><summary>Whole docstring</summary></details>\n')
    self.body.append(f'<div class="highlight-python notranslate">{highlighted}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(listing_code, html=(visit_code, None))
    edition = os.environ.get("EDITION", FULL)
    if edition not in (FULL, STUDENT):
        raise ValueError(f"EDITION must be {FULL!r} or {STUDENT!r}, not {edition!r}")
    app.add_config_value("course_edition", edition, "env")
    app.add_directive("listing", ListingDirective)
