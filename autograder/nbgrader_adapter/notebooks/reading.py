"""Reading one submitted notebook, whatever it holds: within bounds of memory, and as text that every step can write.

What a student's own tools leave in a notebook and no grade depends on is dropped here: saved outputs, which can be
larger than all else, and metadata, some of which would hide a cell from the person who marks it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode, from_dict
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.authoring.exercise import ExerciseError
from autograder.grading.notebook import LEFT_OUT
from autograder.settings import AutograderSettings

FORMATS = (1, 2, 3, 4)
MAX_CELLS = 2_000
MAX_ATTACHMENTS = 8_000_000  # characters of all pictures in the cells' attachments
_WEIGHTS = {"{": 240, "[": 90, ",": 60}  # bytes that each comes to, when JSON becomes objects
MAX_OBJECTS = 100 << 20
_HALF = re.compile(r"\\u[dD][89abABcdefCDEF]|[\ud800-\udfff]|\\u0000|\0")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")
_CELL_METADATA = ("nbgrader", "deletable", "editable")
_NOTEBOOK_METADATA = ("autograder", "kernelspec", "language_info")
_MAX_METADATA = 10_000


class NotGradable(ExerciseError):
    """What was submitted is not what the assignment asks for; the sentence is for its student."""


def read_submission(file: Path, settings: AutograderSettings) -> tuple[NotebookNode, list[str]]:
    """The notebook in the current format, and what was left out of it, a sentence each.

    Raises
    ------
    NotGradable
        It is no notebook, or beyond the bounds.
    """
    try:
        plain = _parse(file, settings)
        _drop_outputs(file, plain)
        reader = nbformat.versions[plain["nbformat"]].nbjson.JSONReader()  # a source may be a list of lines
        notebook = nbformat.convert(reader.to_notebook(plain), 4)
        return notebook, _bound_cells(file, notebook, settings)
    except NotGradable:
        raise
    except Exception as error:  # whatever a file can hold
        words = f"{type(error).__name__}: {str(error)[:200]}".encode("utf-8", "replace").decode()
        raise NotGradable(f"{file.name} is not a notebook: {words}") from None


class CleanSubmission(NbGraderPreprocessor):
    """After the repair: text that can be written everywhere, and of the metadata what grading needs."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        for key, value in without_half_characters(dict(nb)).items():
            nb[key] = from_dict(value)
        _keep(nb, _NOTEBOOK_METADATA)
        for cell in nb.cells:
            _keep(cell, _CELL_METADATA)
            marks = cell.metadata.get("nbgrader", {})
            if not isinstance(marks, dict) or not isinstance(marks.get("grade_id", ""), str):
                del cell.metadata["nbgrader"]  # the other steps take it for marks
            if "id" in cell:
                cell["id"] = _NOT_IN_IDS.sub("-", str(cell["id"]))[:64] or "cell"
        return nb, resources


def _keep(part: NotebookNode, wanted: tuple[str, ...]) -> None:
    """Keep of the metadata what grading needs."""
    metadata = part.get("metadata", {})
    kept = {key: metadata[key] for key in wanted if key in metadata and len(json.dumps(metadata[key])) < _MAX_METADATA}
    part["metadata"] = from_dict(kept)


def without_half_characters(value: Any) -> Any:
    """The same tree with a question mark for each half of a character, which no file and no database takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "?")
    if isinstance(value, dict):
        return {without_half_characters(key): without_half_characters(item) for key, item in value.items()}
    return [without_half_characters(item) for item in value] if isinstance(value, list) else value


def _parse(file: Path, settings: AutograderSettings) -> Any:
    most = settings.notebook_mib << 20
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise NotGradable(
            f"{file.name} is larger than the {settings.notebook_mib} MiB that are read "
            "(c.AutograderSettings.notebook_mib): clear its outputs and submit it again"
        )
    text = data.decode("utf-8-sig")
    del data
    if sum(weight * text.count(mark) for mark, weight in _WEIGHTS.items()) > MAX_OBJECTS:
        raise NotGradable(f"{file.name} has too many parts: clear its outputs and metadata and submit it again")
    plain = json.loads(text)
    if not isinstance(plain, dict):
        raise NotGradable(f"{file.name} is not a notebook: it holds no object")
    return without_half_characters(plain) if _HALF.search(text) else plain


def _drop_outputs(file: Path, plain: dict[str, Any]) -> None:
    """Before anything makes a copy of them."""
    if plain.get("nbformat") not in FORMATS:
        raise NotGradable(f"{file.name} is not a notebook of a format that is known")
    sheets = plain.get("worksheets")  # of the third format and those before it
    for part in [plain, *(sheets if isinstance(sheets, list) else [])]:
        for number, cell in enumerate(part.get("cells") or [], 1):
            if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
                raise NotGradable(f"{file.name} is not a notebook: its cell {number} is none")
            if cell["cell_type"] == "code":
                cell["outputs"] = []


def _bound_cells(file: Path, notebook: NotebookNode, settings: AutograderSettings) -> list[str]:
    if len(notebook.cells) > MAX_CELLS:
        raise NotGradable(f"{file.name} has {len(notebook.cells):,} cells, more than the {MAX_CELLS:,} that are read")
    if sum(len(json.dumps(cell.get("attachments", {}))) for cell in notebook.cells) > MAX_ATTACHMENTS:
        raise NotGradable(f"the pictures in the cells of {file.name} take more than {MAX_ATTACHMENTS:,} characters")
    most, notes, total = settings.cell_kib << 10, [], 0
    for number, cell in enumerate(notebook.cells, 1):
        size = len(cell.source)
        if size > most:
            words = f"{size:,} characters, more than the {most:,} that are read (c.AutograderSettings.cell_kib)"
            if cell.metadata.get("nbgrader", {}).get("solution"):
                raise NotGradable(f"the answer in cell {number} of {file.name} has {words}")
            notes.append(f"cell {number} of {file.name} is left out: it has {words}")
            cell.source = LEFT_OUT + words
        total += len(cell.source)
    if total > 4 * most:
        words = f"{total:,} characters, more than the {4 * most:,} that are read (4 times cell_kib)"
        raise NotGradable(f"the cells of {file.name} have {words}")
    return notes
