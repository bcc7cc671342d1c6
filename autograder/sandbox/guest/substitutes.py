"""What a student's notebook finds under the name `autograder`, and in place of PyTorch where it has none."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

TORCH = ("torch", "torchgen", "functorch", "torchvision", "torchaudio")


def check(answer: Any = None) -> None:
    """Official checks are made by the grader, from outside."""
    name = getattr(answer, "__name__", "this answer")
    print(f"{name} is checked when the notebook is graded.")


def replace_package() -> None:
    """Hide the grader's modules from imports: `autograder` is from now on a module with `check` and nothing else."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("autograder", "solutions")]:
        del sys.modules[name]
    module = ModuleType("autograder", "The student's half of the course's checks.")
    check.__module__ = "autograder"
    module.__dict__["check"] = check
    sys.modules["autograder"] = module


class NoTorch:
    """A finder that says why PyTorch is not there."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] in TORCH:
            raise ModuleNotFoundError(f"No module named {name!r}: this assignment is solved with NumPy alone")
        return None


class NoReferences:
    """A finder for which what is hidden is not there, not an empty package."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self._names = {folder.rpartition("/")[2] for folder in hidden if folder.rpartition("/")[0] in sys.path}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def narrow_imports(readable: Sequence[str], hidden: Sequence[str]) -> None:
    """Look for modules only where a session may read, so that what is elsewhere is absent, not forbidden."""
    sys.meta_path.insert(0, NoReferences(hidden))
    sys.path[:] = [place for place in sys.path if any((place + "/").startswith(path + "/") for path in readable)]
    # an editable install of the course names its folder in a finder of its own
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")]


def torch_folders() -> list[str]:
    """Where PyTorch lies, to be hidden."""
    specs = [importlib.util.find_spec(name) for name in TORCH]
    return [folder for spec in specs if spec for folder in spec.submodule_search_locations or ()]
