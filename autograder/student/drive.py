"""Running a student's function on the cases: the same code in their notebook, in the session, and on the reference."""

from __future__ import annotations

import itertools
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

MAX_YIELDS = 10_000
CHECKS = "checks.py"  # as a traceback names the driver's file


@dataclass(frozen=True)
class Raised:
    """An answer that is an exception.

    line : the student's own line that raised it, where one is known; message : for public cases only.
    """

    exception: str
    message: str = ""
    line: str = ""

    def __str__(self) -> str:
        return f"{self.exception}: {self.message}" if self.message else self.exception


def call(answer: Callable, *arguments: Any, **keywords: Any) -> Any:
    """The default driver: call the function."""
    return answer(*arguments, **keywords)


def run_driver(drive: Callable, answer: Any, arguments: tuple, keywords: Mapping[str, Any]) -> Any:
    """What the driver returns: its value, or `Raised`. The objects are handed over as they are.

    A generator is consumed into a list, up to MAX_YIELDS values.
    """
    try:
        value = drive(answer, *arguments, **keywords)
        return list(itertools.islice(value, MAX_YIELDS)) if isinstance(value, Iterator) else value
    except KeyboardInterrupt:  # somebody's own key, in a notebook
        raise
    except BaseException as error:  # SystemExit too: it ends nothing here
        return raised(error, answer)


def raised(error: BaseException, answer: Any = None) -> Raised:
    """`error` with the last line of the student's own code in its traceback.

    Own is what stands in the notebook's cell that defines `answer`; where nothing of it is on the way, any cell. An
    error in code that the student was given is said to be there: the line that called it is the one to look at.
    """
    frames = traceback.extract_tb(error.__traceback__)
    cells = [frame for frame in frames if _is_cell(frame.filename)]
    home = _home(answer)
    own = [frame for frame in cells if frame.filename == home] or cells
    message = str(error)[:1000]
    if own and cells[-1] is not own[-1]:
        message += f" (in `{cells[-1].name}`, which this line called)"
    elif not cells and frames and frames[-1].filename == CHECKS:
        message += f" (in `{frames[-1].name}`, which could not go on with what your answer returned)"
    return Raised(type(error).__name__, message, (own[-1].line or "").strip()[:200] if own else "")


def _is_cell(filename: str) -> bool:
    return "ipykernel" in filename or filename.startswith("<cell") or "ipython-input" in filename


def _home(answer: Any) -> str:
    """The file of the cell in which a function, or a class's first method, was defined."""
    methods = vars(answer).values() if isinstance(answer, type) else ()
    for thing in (answer, *methods):
        code = getattr(thing, "__code__", None)
        if isinstance(code, CodeType):
            return code.co_filename
    return ""


def load_checks(source: str) -> ModuleType:
    """The module made of an exercise's `checks.py`, whose text came with the release or the request."""
    module = ModuleType("checks")
    sys.modules.setdefault("checks", module)
    exec(compiled(source), module.__dict__)
    return module


@lru_cache
def compiled(source: str) -> CodeType:
    """The code of a `checks.py`."""
    return compile(source, CHECKS, "exec")
