"""Whether an answer is still what was given: by its code, whatever its comments, docstrings and layout."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

MOST = 100_000  # characters; nothing that is given is longer
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def is_as_given(source: str, given: str) -> bool:
    """Whether a cell's source has the code that was given."""
    return bool(code := code_of(source)) and code == _given_code(given)


def is_defined_in(source: str, name: str) -> bool:
    """Whether a cell binds `name`, or changes what has it; also where that cannot be told."""
    if name not in source:
        return False
    tree = _tree("\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))))
    return tree is None or any(_defines(node, name) for node in ast.walk(tree))


def source_of(answer: Any) -> str:
    """The definition of a function or class in the cell or file that it comes from; '' where it cannot be found."""
    functions = [answer, *vars(answer).values()] if isinstance(answer, type) else [answer]
    code = next((function.__code__ for function in functions if inspect.isfunction(function)), None)
    if code is None:
        return ""
    text = "".join(linecache.getlines(code.co_filename))
    tree = _tree(text)
    found = [
        node
        for node in (tree.body if tree else ())
        if isinstance(node, Named) and node.name == getattr(answer, "__name__", "")
    ]
    return (ast.get_source_segment(text, found[-1]) or "") if found else ""


def code_of(source: str) -> str:
    """The source without comments, docstrings and layout; '' where it is no Python, or nothing but these."""
    tree = _tree(source)
    if tree is None or not tree.body:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (Named, ast.Module)):
            node.body = _without_docstring(node.body)
    try:
        return ast.dump(tree)
    except RecursionError:
        return ""


@lru_cache
def _given_code(given: str) -> str:
    return code_of(given)


def _tree(source: str) -> ast.Module | None:
    if len(source) > MOST:
        return None
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _without_docstring(body: list[Any]) -> list[Any]:
    match body:
        case [ast.Expr(ast.Constant(str())), *rest]:
            return rest
    return body


def _defines(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(found, ast.Store() | ast.Del()):
            return found == name
        case ast.FunctionDef(found) | ast.AsyncFunctionDef(found) | ast.ClassDef(found):
            return found == name
        case ast.alias():
            return name in (node.asname or node.name, node.name)
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return name in _names_in([node])
        case ast.Call(ast.Name("setattr" | "delattr"), [first, *_]):
            return name in _names_in([first])
    return False


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {inner.id for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Name)}
