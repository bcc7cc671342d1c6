"""Code cut from its module by `ast`, on function boundaries: stub, solution and what a notebook needs for them."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from autograder.authoring.errors import ExerciseError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
Definition = ast.FunctionDef | ast.ClassDef


def definition(thing: Any) -> str:
    """The source of a function or class, without the decorators that register it.

    What was made of a changed text keeps that text in its `__source__`.
    """
    if changed := getattr(thing, "__dict__", {}).get("__source__"):
        return _undecorated(changed)
    if thing not in _DEFINITIONS:
        _DEFINITIONS[thing] = _undecorated(textwrap.dedent(inspect.getsource(thing)))
    return _DEFINITIONS[thing]


_DEFINITIONS: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # `inspect` reads the whole module for a class


def _undecorated(source: str) -> str:
    node = _node(source)
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])


def marked_solution(thing: Any, methods: Iterable[str] = ()) -> str:
    """The whole definition with solution marks round the body, or round each named method's body.

    nbgrader puts `raise NotImplementedError()` in the place of the marked lines; without marks it would blank the
    whole cell, signature included.
    """
    source = definition(thing)
    node = _node(source)
    lines = source.splitlines()
    for function in sorted(_blanked(node, tuple(methods)), key=lambda f: f.lineno, reverse=True):
        first, last = _body_lines(function, lines)
        indent = " " * function.body[-1].col_offset
        lines[first:last] = [indent + BEGIN, *lines[first:last], indent + END]
    return "\n".join(lines)


def unsolved(thing: Any, methods: Iterable[str] = ()) -> str:
    """The definition as nbgrader leaves it: `raise NotImplementedError()` in the place of what is to be written."""
    lines: list[str] = []
    inside = False
    for line in marked_solution(thing, methods).splitlines():
        if line.strip() == BEGIN:
            inside = True
            lines.append(line.replace(BEGIN, "raise NotImplementedError()"))
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def starting_version(thing: Any, starter: Any) -> str:
    """The signature and docstring of `thing` with the body of `starter`: the wrong version that is to be mended."""
    lines, wrong = definition(thing).splitlines(), definition(starter).splitlines()
    first, _ = _body_lines(_functions(_node(definition(thing)))[0], lines)
    body_first, body_last = _body_lines(_functions(_node(definition(starter)))[0], wrong)
    return "\n".join([*lines[:first], *wrong[body_first:body_last]])


def contract(thing: Any) -> str:
    """The signature and docstring, with an ellipsis for the body."""
    source = definition(thing)
    node = _node(source)
    lines = source.splitlines()
    for function in sorted(_functions(node), key=lambda f: f.lineno, reverse=True):
        with suppress(ExerciseError):  # a method without a body of its own stands in it whole
            first, last = _body_lines(function, lines)
            lines[first:last] = [" " * function.body[-1].col_offset + "..."]
    return "\n".join(lines)


def imports_for(things: Iterable[Any]) -> list[str]:
    """The import statements of the things' modules that bind a name they use, sorted, each once.

    None of the course's own modules, which a notebook cannot import: what is used of these must be given.
    """
    found = set()
    for thing in things:
        used = names_used(_node(definition(thing)))
        for statement in _imports(thing):
            found |= {
                _one_import(statement, alias)
                for alias in statement.names
                if (alias.asname or alias.name.split(".")[0]) in used
            }
    return sorted(found - {"from __future__ import annotations"})


def needs(thing: Any, available: Iterable[str]) -> set[str]:
    """Names that the definition uses and that neither it, Python, its imports nor `available` provide."""
    node = _node(definition(thing))
    imported = {alias.asname or alias.name.split(".")[0] for statement in _imports(thing) for alias in statement.names}
    return names_used(node) - names_bound(node) - imported - set(available) - set(dir(builtins)) - {"__class__"}


def names_used(node: ast.AST) -> set[str]:
    """Every name that is read in the tree."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def renamed(thing: Any, name: str) -> str:
    """The definition under another name; only the name behind `def` or `class` is changed."""
    source = definition(thing)
    node = _node(source)
    lines = source.splitlines()
    keyword = "class" if isinstance(node, ast.ClassDef) else "def"
    lines[0] = lines[0].replace(f"{keyword} {node.name}", f"{keyword} {name}", 1)
    return "\n".join(lines)


def _node(source: str) -> Definition:
    node = ast.parse(source).body[0]
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        raise ExerciseError(f"only functions and classes can be exercises, not `{source.splitlines()[0]}`")
    return node


def _functions(node: Definition) -> list[ast.FunctionDef]:
    return [node] if isinstance(node, ast.FunctionDef) else [n for n in node.body if isinstance(n, ast.FunctionDef)]


def _blanked(node: Definition, methods: tuple[str, ...]) -> list[ast.FunctionDef]:
    functions = _functions(node)
    if isinstance(node, ast.FunctionDef):
        return functions
    unknown = set(methods) - {function.name for function in functions}
    if unknown:
        raise ExerciseError(
            f"{node.name} has no method called {', '.join(sorted(unknown))}: correct methods= of its exercise"
        )
    if not methods:
        raise ExerciseError(f"{node.name} is a class: name the methods to blank in methods= of its exercise")
    return [function for function in functions if function.name in methods]


def _body_lines(function: ast.FunctionDef, lines: list[str]) -> tuple[int, int]:
    """The half-open range of lines of the body below the docstring, with the comments above its first statement."""
    body = function.body
    has_docstring = ast.get_docstring(function) is not None
    if has_docstring and len(body) == 1:
        raise ExerciseError(f"{function.name} has a docstring and no body: there is nothing to solve")
    if body[-1].lineno == function.lineno:
        raise ExerciseError(f"{function.name} stands on one line: write its body on a line of its own")
    first = body[0].end_lineno if has_docstring else body[0].lineno - 1
    assert first is not None
    assert function.end_lineno is not None
    while not has_docstring and lines[first - 1].strip()[:1] in ("", "#"):
        first -= 1
    return first, function.end_lineno


def _one_import(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    one: ast.stmt = (
        ast.Import([alias])
        if isinstance(statement, ast.Import)
        else ast.ImportFrom(statement.module, [alias], statement.level)
    )
    return ast.unparse(one)


def names_bound(node: ast.AST) -> set[str]:
    """Every name that is bound in the tree: parameters, targets, definitions."""
    bound = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            bound.add(inner.id)
        elif isinstance(inner, ast.arg):
            bound.add(inner.arg)
        elif isinstance(inner, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)) and inner.name:
            bound.add(inner.name)
    return bound


def _imports(thing: Any) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of the thing's module that a notebook can repeat."""
    module = inspect.getmodule(thing)
    assert module is not None
    assert module.__file__ is not None
    own = module.__name__.partition(".")[0]
    statements = ast.parse(Path(module.__file__).read_text()).body
    return [s for s in statements if isinstance(s, (ast.Import, ast.ImportFrom)) and not _is_from_a_course(s, own)]


def _is_from_a_course(statement: ast.Import | ast.ImportFrom, own: str) -> bool:
    """Whether a statement imports of the package `own`, or of another module that stands beside exercises."""
    relative = isinstance(statement, ast.ImportFrom) and statement.level > 0
    names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else [a.name for a in statement.names]
    return relative or any(
        name.partition(".")[0] == own or (name in sys.modules and is_of_a_course(sys.modules[name])) for name in names
    )


def is_of_a_course(module: ModuleType) -> bool:
    """Whether the module stands beside exercises, where a student's notebook cannot import it."""
    file = getattr(module, "__file__", None) or "site-packages"  # a built-in module has none, a namespace's is None
    return "site-packages" not in file and module.__name__.split(".")[0] not in (
        *sys.stdlib_module_names,
        "autograder",
    )
