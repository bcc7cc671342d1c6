"""The feedback page: one file of HTML without script, which loads nothing and reads well in light, dark and narrow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache
from nbconvert.exporters import HTMLExporter
from nbformat.notebooknode import NotebookNode
from traitlets.config import Config

from autograder.nbgrader_adapter.feedback.markdown import markdown_to_html, mathml, safe_html

TEMPLATES = Path(__file__).parent / "templates"
_HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])")


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
        return _ordered_headings(page), resources


def points(score: float) -> str:
    return f"{round(score, 2):g}"


def _display(text: str) -> str:
    """A formula that a cell has put out, with or without its dollars."""
    return mathml(text.strip().strip("$"), display=True)


def _ordered_headings(page: str) -> str:
    """The notebook's headings follow the page's own: one level lower, and none skips a level."""
    head, begin, notebook = page.partition('<main class="notebook">')
    level, inside = 1, list[int]()

    def lower(found: re.Match[str]) -> str:
        nonlocal level
        if found[1]:
            return f"</h{inside.pop() if inside else level}"
        level = min(int(found[2]) + 1, level + 1, 6)
        inside.append(level)
        return f"<h{level}"

    return head + begin + _HEADING.sub(lower, notebook)
