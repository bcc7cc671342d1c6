"""What `check(name)` can know of the notebook that calls it: the name that stands in the cell, and the folder."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_WRAPPED = 16  # how deep a function may be wrapped


def _folder_now() -> list[Path]:
    try:
        return [Path.cwd()]
    except OSError:  # it was removed
        return []


_AT_IMPORT = _folder_now()  # before any cell has left it


def names_of(answer: Any, frame: FrameType | None) -> list[str]:
    """What `answer` may be called, the likeliest first: as the cell has it, as the notebook has it, as it says itself.

    A decorated function, a lambda and a partial one say another name than the cell does, or none.
    """
    names = list(_argument(frame)) if frame else []
    for namespace in _namespaces(frame):
        names += [name for name, value in list(namespace.items()) if value is answer and not name.startswith("_")]
    for _ in range(_WRAPPED):
        own = getattr(answer, "__name__", None)
        names += [own] if isinstance(own, str) else []
        answer = getattr(answer, "__wrapped__", None) or getattr(answer, "func", None)
    return list(dict.fromkeys(names))


def named_tuples(frame: FrameType | None) -> dict[str, type]:
    """The named tuples that the notebook defines, so that arguments arrive as those."""
    return {
        name: value
        for namespace in reversed(_namespaces(frame))
        for name, value in list(namespace.items())
        if isinstance(value, type) and hasattr(value, "_fields")
    }


def folders(frame: FrameType | None) -> list[Path]:
    """Where the notebook may lie: what the front end says of it, then where the kernel is and where it started.

    The kernel's folder need not be the notebook's: VS Code can start it in the workspace, and a cell can leave it.
    """
    found = [*_told(frame), *_folder_now(), *_AT_IMPORT]
    for namespace in _namespaces(frame):
        history = namespace.get("_dh")  # IPython's: the first is where it started
        found += [Path(place) for place in history[:1] if isinstance(place, str)] if isinstance(history, list) else []
    unique = dict.fromkeys(Path(os.path.abspath(folder)) for folder in found)
    return [folder for folder in unique if folder.is_dir()]


def _told(frame: FrameType | None) -> Iterator[Path]:
    """The folder of the notebook's file, from what front ends leave for it."""
    for namespace in _namespaces(frame):
        for name in ("__vsc_ipynb_file__", "__session__", "__file__"):  # VS Code; Jupyter's and Colab's forks; a script
            if isinstance(namespace.get(name), str):
                yield Path(namespace[name]).parent
    session = os.environ.get("JPY_SESSION_NAME", "")  # Jupyter's server; from its root, where it is not absolute
    if session:
        for start in _AT_IMPORT:
            yield from ((place / session).parent for place in (start, *start.parents))


def _namespaces(frame: FrameType | None) -> Sequence[Mapping[str, Any]]:
    main = vars(sys.modules["__main__"])
    return [frame.f_globals, main] if frame is not None and frame.f_globals is not main else [main]


def _argument(frame: FrameType) -> Iterator[str]:
    """The name in the call that `frame` is at, from the cell's own text."""
    at = _position(frame.f_code, frame.f_lasti)
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == at:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)][:1]:
                if isinstance(argument, ast.Name):
                    yield argument.id


def _position(code: CodeType, instruction: int) -> tuple[int | None, ...]:
    return next((at for i, at in enumerate(code.co_positions()) if 2 * i == instruction), ())
