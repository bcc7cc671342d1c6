"""PyTorch's compiler, loaded when something is compiled.

An optimizer imports `torch._dynamo` at its first step, only to mark functions that are not to be compiled. That takes
longer than all else that a fork server loads, and a third of the memory that every fork has to map. Where nothing is
compiled the marks mean nothing.

Nothing is compiled in a session: the compiler calls the machine's own, with Python's headers, for minutes of CPU time
and hundreds of files. `torch.compile` gives back what it is given there, which computes the same.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"


class Later(ModuleType):
    """Stands in `sys.modules` for the compiler, and gives way to it when more is asked for than these two marks."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(NAME)
        self.__spec__, self.__file__ = spec, spec.origin  # for those who ask every module, such as `inspect`

    @staticmethod
    def disable(function: Callable | None = None, *_: Any, **__: Any) -> Callable:
        """`function` itself: it will not be compiled."""
        return function or (lambda other: other)

    @staticmethod
    def graph_break(*_: Any, **__: Any) -> None:
        """No graph is recorded that could be broken."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # asked of any module; the path, by imports from beneath it
            raise AttributeError(f"module {NAME!r} has no attribute {name!r}")
        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
        return getattr(importlib.import_module(NAME), name)


def load_compiler_later() -> None:
    """Put the stand-in in its place, where PyTorch is loaded and its compiler is not."""
    torch = sys.modules.get("torch")
    if torch is not None and NAME not in sys.modules and (spec := importlib.util.find_spec(NAME)):
        sys.modules[NAME] = vars(torch)["_dynamo"] = Later(spec)


def compile_nothing() -> None:
    """Make `torch.compile` give back the function or module that it is given, here and for the methods that call it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.compile = not_compiled  # type: ignore[attr-defined]


def not_compiled(model: Callable | None = None, **_: Any) -> Callable:
    """`model` itself; without one, a decorator that gives back what it decorates."""
    return model if model is not None else not_compiled
