"""What is known only of a whole page: the cells that belong into a fold, and how long the page takes to read.

A cell tagged `answer` goes into the answer of the `predict` before it; a cell tagged `checked`, which only asserts,
is folded where it stands.
"""
from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from chapters._ext.pieces import fold, minutes

LOGGER = logging.getLogger(__name__)
CHECKED = "Checked by the build"
# an estimate: prose that has formulas in it, at leisure
WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_A_FIGURE, MINUTES_A_QUESTION, MINUTES_A_PROBLEM = 140, 1, 1, 2, 10


def is_cell(node: object, tag: str = "") -> bool:
    """Whether a node is a code cell of the page, with that tag if one is named."""
    return (isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"
            and (not tag or f"tag_{tag}" in node["classes"]))


def has_class(node: nodes.Node, name: str) -> bool:
    return isinstance(node, nodes.Element) and name in node["classes"]


class Folds(SphinxTransform):
    """Move cells into folds. Before figures are numbered, and before MyST-NB folds the inputs."""
    default_priority = 860

    def apply(self, **kwargs: object) -> None:
        for box in [one for one in self.document.findall(nodes.container) if has_class(one, "predict")]:
            self.fill(box)
        for cell in [one for one in self.document.findall(nodes.container) if is_cell(one, "answer")]:
            if not isinstance(cell.parent, fold):
                LOGGER.warning("a cell tagged `answer` that stands behind no `predict`", location=cell)
        for cell in [one for one in self.document.findall(nodes.container) if is_cell(one, "checked")]:
            held = list(cell.children)
            cell.clear()
            cell += fold("", *held, summary=CHECKED, classes=["checked"])
        for place in list(self.document.findall(minutes)):
            place.replace_self(nodes.Text(duration(self.document)))

    def fill(self, box: nodes.container) -> None:
        answer = next(iter(box.findall(fold)), None)
        at, cells = box.parent.index(box) + 1, []
        while answer is not None and at < len(box.parent) and is_cell(box.parent[at], "answer"):
            cells.append(box.parent.pop(at))
        if answer is not None:
            answer[:0] = cells


def duration(document: nodes.document) -> str:
    """How long a page takes, in words, rounded to five minutes."""
    def hidden(node: nodes.Node) -> bool:
        around = node.parent
        while around is not None:
            if has_class(around, "exercise-cards") or (
                    isinstance(around, fold) and not has_class(around, "answer")):
                return True
            around = around.parent
        return False

    prose = (nodes.paragraph, nodes.term, nodes.title, nodes.caption)
    words = sum(len(node.astext().split()) for node in document.findall(lambda node: isinstance(node, prose))
                if not hidden(node))
    cells = sum(is_cell(node) and node.get("hide_mode") is None and not has_class(node, "tag_checked")
                for node in document.findall(nodes.container))
    figures = sum(1 for _ in document.findall(nodes.figure))
    boxes = [node for node in document.findall(nodes.container) if has_class(node, "piece")]
    questions = sum(has_class(box, "predict") for box in boxes)
    problems = sum(has_class(box, "pencil") for box in boxes)
    reading = (words / WORDS_A_MINUTE + MINUTES_A_CELL * cells + MINUTES_A_FIGURE * figures
               + MINUTES_A_QUESTION * questions)
    said = f"about {max(5, 5 * round(reading / 5))} minutes"
    if problems:
        said += f", and {problems * MINUTES_A_PROBLEM} for the pencil problem{'s' if problems > 1 else ''}"
    return said


def setup(app: Sphinx) -> None:
    app.add_transform(Folds)
