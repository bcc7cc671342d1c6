"""The pieces of a chapter that are more than text: `frame`, `predict`, `method` and `pencil`. README.md has the syntax.

What a reader unfolds is a `<details>`, so that it works with the keyboard, with a screen reader and without scripts.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)
DIVISION = "---"        # a line of its own between a question and its answer
RIGHT = re.compile(r"^(?P<letters>[A-D](?:(?:,| and| or) [A-D])*)\.\s+")
FRAME = ("You need", "You will be able to")
METHOD = ("Update", "State", "Defaults", "Use", "PyTorch")


class fold(nodes.General, nodes.Element):
    """A `<details>` with the words `summary`."""


class minutes(nodes.General, nodes.Element):
    """Where `folds.py` writes how long the page takes."""


def divided(content: str) -> tuple[str, str]:
    """What stands before and behind the line `---`; the second is empty where there is none."""
    before, _, behind = f"\n{content}\n".partition(f"\n{DIVISION}\n")
    return before.strip(), behind.strip()


class Piece(SphinxDirective):
    """A box with a heading, whose content is Markdown of the page."""
    has_content = True
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"name": directives.unchanged}

    def box(self, heading: str, content: Sequence[str], line: int = 0) -> nodes.container:
        """A box with its heading and the first lines of its content."""
        made = nodes.container(classes=["piece", self.name])
        title = nodes.paragraph(classes=["piece-title"])
        if heading:
            parsed, _ = self.state.inline_text(heading, self.lineno)
            title += parsed
            made += title
        made += self.parsed(content, line)
        self.set_source_info(made)
        self.add_name(made)
        return made

    def parsed(self, lines: Sequence[str], line: int = 0) -> list[nodes.Node]:
        """Lines of the content as nodes; `line` says where in the content they begin."""
        holder = nodes.Element()
        self.state.nested_parse(StringList(list(lines), self.env.docname), self.content_offset + line, holder)
        return list(holder.children)

    def halves(self) -> tuple[list[str], list[str], int]:
        """The content before and behind `---`, and the line at which the second begins."""
        lines = list(self.content)
        if DIVISION not in (stripped := [line.rstrip() for line in lines]):
            self.fault(f"no line `{DIVISION}` between what is asked and its answer")
            return lines, [], len(lines)
        at = stripped.index(DIVISION)
        return lines[:at], lines[at + 1:], at + 1

    def terms(self, box: nodes.container, wanted: Sequence[str]) -> None:
        """Warn of a term of the definition list that is missing or unknown."""
        found = [term.astext() for term in box.findall(nodes.term)]
        for name in [one for one in wanted if one not in found]:
            self.fault(f"`{name}` is missing; write it on a line, and `: ` and its text on the next")
        for name in [one for one in found if one not in wanted]:
            self.fault(f"`{name}` is none of its terms, which are {', '.join(wanted)}")

    def fault(self, sentence: str) -> None:
        LOGGER.warning("%s: %s", self.name, sentence, location=self.get_location())


class Predict(Piece):
    """A question, its choices, and the answer folded; `folds.py` puts the cells tagged `answer` that follow into it."""

    def run(self) -> list[nodes.Node]:
        question, answer, line = self.halves()
        box = self.box("Predict", question)
        lists = [node for node in box.children if isinstance(node, nodes.bullet_list)]
        letters = "ABCD"[:len(lists[-1])] if lists else ""
        if not 2 <= len(lists[-1] if lists else ()) <= 4:
            self.fault("give two to four choices as a list")
        else:
            choices = nodes.enumerated_list("", *lists[-1].children, enumtype="upperalpha", prefix="", suffix=".",
                                            classes=["choices"])
            lists[-1].replace_self(choices)
        while answer and not answer[0].strip():
            answer, line = answer[1:], line + 1
        right = RIGHT.match(answer[0]) if answer else None
        if right is None or not set(re.findall("[A-D]", right["letters"])) <= set(letters):
            self.fault("begin the answer with the letter of the right choice, as in `B. The path …`")
        else:
            answer = [f"**{right['letters']}.** {answer[0][right.end():]}", *answer[1:]]
        box += fold("", *self.parsed(answer, line), summary="Answer", classes=["answer"])
        return [box]


class Pencil(Piece):
    """A problem for paper, with its solution folded."""
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        problem, solution, line = self.halves()
        title = self.arguments[0] if self.arguments else ""
        box = self.box(f"With a pencil: {title}" if title else "With a pencil", problem)
        box += fold("", *self.parsed(solution, line), summary="Solution", classes=["solution"])
        return [box]


class Method(Piece):
    """What somebody looks up a year later: update, state, defaults, when to use it, PyTorch's call."""
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        box = self.box(self.arguments[0], list(self.content))
        self.terms(box, METHOD)
        return [box]


class Frame(Piece):
    """The top of a chapter: what it needs, what it teaches, how long it takes."""

    def run(self) -> list[nodes.Node]:
        box = self.box("", list(self.content))
        self.terms(box, FRAME)
        for one in list(box.findall(nodes.definition_list))[:1]:
            one += nodes.definition_list_item("", nodes.term("", "Time"),
                                              nodes.definition("", nodes.paragraph("", "", minutes())))
        return [box]


def visit_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append(self.starttag(node, "details", CLASS="fold"))
    self.body.append(f"<summary>{self.encode(node['summary'])}</summary>\n")


def depart_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append("</details>\n")


def free_the_names(app: Sphinx, config: Any) -> None:
    """Without a primary domain: Python's has a directive `method`, for the documentation of classes."""
    config.primary_domain = None


def setup(app: Sphinx) -> None:
    app.connect("config-inited", free_the_names)
    app.add_node(fold, html=(visit_fold, depart_fold))
    for directive in (Predict, Pencil, Method, Frame):
        app.add_directive(directive.__name__.lower(), directive)
