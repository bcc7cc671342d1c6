"""The feedback page: one file of HTML without script, which loads nothing and reads well in light, dark and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from jinja2.bccache import Bucket, BytecodeCache
from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from traitlets.config import Config

from autograder.nbgrader_adapter.feedback.markdown import markdown_to_html, mathml, safe_html

TEMPLATES = Path(__file__).parent / "templates"
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]


class Compiled(BytecodeCache):
    """Templates compiled once in a process: nbgrader makes an exporter for each student, and Jinja would start anew."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


_COMPILED = Compiled()


class FeedbackExporter(HTMLExporter):
    """In place of nbconvert's: nbgrader's settings of `HTMLExporter`, which formgrader shares, do not reach it."""

    @property
    def default_config(self) -> Config:
        ours = Config(
            FeedbackExporter={
                "template_name": "autograder_feedback",
                "extra_template_basedirs": [str(TEMPLATES)],
                "extra_template_paths": [],
                "filters": {
                    "markdown2html": markdown_to_html,
                    "safe_html": safe_html,
                    "tex": _display,
                    "points": points,
                },
            }
        )
        merged = super().default_config.copy()
        merged.merge(ours)
        return merged

    def _create_environment(self) -> Any:
        environment = super()._create_environment()
        environment.bytecode_cache = _COMPILED
        return environment

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **keywords: Any
    ) -> tuple[str, dict[str, Any]]:
        page, resources = super().from_notebook_node(nb, resources, **keywords)
        soup = BeautifulSoup(page, "html.parser")
        _order_headings(soup)
        return str(soup), resources


def points(score: float) -> str:
    return f"{round(score, 2):g}"


def _display(text: str) -> str:
    """A formula that a cell has put out, with or without its dollars."""
    return mathml(text.strip().strip("$"), display=True)


def _order_headings(soup: BeautifulSoup) -> None:
    """The notebook's headings follow the page's own: one level lower, and none skips a level."""
    level = 1
    for heading in soup.find_all(HEADINGS):
        if heading.find_parent(class_="notebook"):
            level = min(HEADINGS.index(heading.name) + 2, level + 1, len(HEADINGS))
            heading.name = HEADINGS[level - 1]
        else:
            level = HEADINGS.index(heading.name) + 1
