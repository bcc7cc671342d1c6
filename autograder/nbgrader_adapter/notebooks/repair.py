"""Notebooks as other tools write them, made into what nbformat allows before anything else looks at them.

VS Code leaves `outputs` on cells of text, nteract keys of its own, Colab a minor version that knows no ids and widgets
without their state. None of that is an answer, so none of it costs one.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.validator import NotebookValidationError, normalize
from nbgrader.preprocessors import NbGraderPreprocessor

_COMMON = {"id", "cell_type", "metadata", "source"}
_KEYS = {
    "code": _COMMON | {"outputs", "execution_count"},
    "markdown": _COMMON | {"attachments"},
    "raw": _COMMON | {"attachments"},
}
_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")


class RepairNotebook(NbGraderPreprocessor):
    """The first step of cleaning. Outputs go, for they are made anew, and so does the state of their widgets."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        return repaired(nb), resources


def repaired(nb: NotebookNode) -> NotebookNode:
    """A notebook of nbformat 4.5 with the same cells, sources and marks."""
    for key in nb.keys() - {"metadata", "nbformat", "nbformat_minor", "cells"}:
        del nb[key]
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = _mapping(nb.get("metadata"))
    nb.metadata.pop("widgets", None)
    seen: set[str] = set()
    for index, cell in enumerate(nb.cells):
        _repair_cell(cell)
        cell["id"] = _free_id(cell.get("id"), index, seen)
    try:
        nbformat.validate(nb)
    except NotebookValidationError:  # what is left is in the metadata
        _, nb = normalize(nb, strip_invalid_metadata=True)
    return nb


def _repair_cell(cell: NotebookNode) -> None:
    cell.cell_type = cell.get("cell_type") if cell.get("cell_type") in _KEYS else "raw"
    for key in cell.keys() - _KEYS[cell.cell_type]:
        del cell[key]
    cell.metadata = _mapping(cell.get("metadata"))
    if not isinstance(cell.metadata.get("nbgrader", {}), dict):
        del cell.metadata["nbgrader"]
    if not isinstance(cell.get("source"), str):
        cell.source = ""
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    elif not _are_attachments(cell.get("attachments", {})):
        del cell["attachments"]


def _are_attachments(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(bundle, dict) and all(isinstance(data, (str, list)) for data in bundle.values())
        for bundle in value.values()
    )


def _free_id(given: Any, index: int, seen: set[str]) -> str:
    """The cell's own id, where it has a sound one that no cell before has; else one by its place."""
    found = given if isinstance(given, str) and _ID.fullmatch(given) else f"cell-{index}"
    while found in seen:
        found = f"{found[:56]}-{index}"
        index += 1
    seen.add(found)
    return found


def _mapping(value: Any) -> NotebookNode:
    return value if isinstance(value, NotebookNode) else NotebookNode()
