"""Answers that are not where the assignment asks for them: what would be a silent 0 is for a person to see."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any


def written_elsewhere(notebook: Any, assignment: Any = None) -> bool:
    """Whether a cell of the student's own holds words: text that is not the assignment's, or prose in a code cell.

    `assignment` is the notebook as it went out, where that is known: of its cells some have no mark of nbgrader's.
    """
    given = {_bare(cell.source) for cell in notebook.cells if _is_given(cell)}
    if assignment is not None:
        given |= {_bare(cell.source) for cell in assignment.cells}
    return any(
        _bare(cell.source) not in given and (cell.cell_type != "code" or _is_prose(cell.source))
        for cell in notebook.cells
        if not _is_given(cell) and len(_words(cell.source)) > 1
    )


def typed_into(text: str, given: str, *, code: bool) -> bool:
    """Whether a cell that came with the assignment, and is put back as it was, holds words of the student's.

    code : whether it is code on both sides; a changed line of code is no answer in words, a comment or prose is one.
    """
    if not Counter(_words(text)) - Counter(_words(given)):
        return False
    return not code or _is_prose("\n".join(_added(text, given)), fewest=2)


def defined_elsewhere(notebook: Any, name: str, check: int) -> bool:
    """Whether `name` is defined where its check does not see it: below it, or in a cell that is not code."""
    return any(
        defines(cell.source, name) for i, cell in enumerate(notebook.cells) if i > check or cell.cell_type != "code"
    )


def defines(source: str, name: str) -> bool:
    """Whether a cell's text defines `name`, as far as its lines show it."""
    word = re.escape(name)
    return bool(re.search(rf"^\s*(?:async\s+def|def|class)\s+{word}\b|^{word}\s*(?::[^=\n]+)?=[^=]", source, re.M))


def _added(text: str, given: str) -> Iterator[str]:
    """What each line has beyond the assignment's line that it is, or begins with."""
    lines = sorted((line.strip() for line in given.splitlines() if line.strip()), key=len, reverse=True)
    for line in text.splitlines():
        begun = next((known for known in lines if line.strip().startswith(known)), "")
        yield line.strip().removeprefix(begun).strip()


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _is_prose(source: str, fewest: int = 0) -> bool:
    """Whether a code cell holds comments or strings alone, or no code at all; `fewest` words of it."""
    if len(_words(source)) < fewest:
        return False
    if re.search(r"^\s*[%!?]", source, re.M):
        return False
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return len(_words(source)) > 5 and not re.search(r"^\s*(?:def|class|import|from|for|if)\b", source, re.M)
    except (ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def _is_given(cell: Any) -> bool:
    marks = cell.metadata.get("nbgrader")
    return isinstance(marks, dict) and bool(marks.get("grade_id"))


def _bare(text: str) -> str:
    return " ".join(text.split())
