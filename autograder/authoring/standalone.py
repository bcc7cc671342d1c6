"""A function with all that it needs, so that it runs in a notebook that has none of its module."""

from __future__ import annotations

import ast
import sys
from types import ModuleType
from typing import Any

from autograder.authoring.exercise import ExerciseError
from autograder.authoring.source import definition, imports_for, is_of_a_course, names_bound, names_used, renamed


def standalone(thing: Any, name: str, known: set[str]) -> str:
    """The source of `thing` under `name`, behind the imports and the helpers of its module that it uses.

    known : names that the notebook has already.
    """
    parts: list[str] = []
    _gather_helpers(thing, set(known), parts)
    return "\n\n\n".join([*parts, renamed(thing, name)])


def _gather_helpers(thing: Any, known: set[str], parts: list[str]) -> None:
    module = sys.modules[thing.__module__]
    tree = ast.parse(definition(thing))
    for used in sorted(names_used(tree) - names_bound(tree) - known):
        value = vars(module).get(used)
        if isinstance(value, ModuleType) and is_of_a_course(value):
            known.add(used)
            _gather_namespace(used, value, tree, known, parts)
        elif isinstance(value, ModuleType) or _is_of_a_library(value):
            known.add(used)
            parts += [line for line in imports_for([thing]) if line.split()[-1] == used]
        elif getattr(value, "__module__", None) in sys.modules and callable(value) and value is not thing:
            known.add(used)
            _gather_helpers(value, known, parts)
            parts.append(definition(value))
        elif value is not None and value is not thing:
            raise ExerciseError(f"{thing.__name__} uses {used}, which a notebook cannot be given")


def _gather_namespace(used: str, module: ModuleType, tree: ast.Module, known: set[str], parts: list[str]) -> None:
    """The attributes of a course's module that are used, under the module's name."""
    names = sorted(
        {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == used
        }
    )
    for name in names:
        _gather_helpers(vars(module)[name], known, parts)
        parts.append(definition(vars(module)[name]))
    parts.append("\n".join([f"class {used}:", *(f"    {name} = {name}" for name in names)]))


def _is_of_a_library(value: Any) -> bool:
    """Whether this is a function or class that a notebook can import."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return callable(value) and module is not None and not is_of_a_course(module)
