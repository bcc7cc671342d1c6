"""Cut functions and classes out of a module's text, whole or as a contract, on the boundaries that `ast` gives."""
from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class NotDefined(LookupError):
    """The module defines no such name at its top level."""


def definitions(source: str) -> dict[str, Definition]:
    """Every name that the module defines at its top level, with its node; imports do not count."""
    found: dict[str, Definition] = {}
    for node in ast.parse(source).body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({target.id: node for target in targets if isinstance(target, ast.Name)})
    return found


def _definition(source: str, name: str) -> Definition:
    try:
        return definitions(source)[name]
    except KeyError:
        raise NotDefined(name) from None


def first_line(node: Definition) -> int:
    """The line a definition starts on, its decorators included; lines count from 1."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def cut(source: str, name: str) -> str:
    """The text of one definition as it stands in the module, decorators and comments included."""
    node = _definition(source, name)
    return "\n".join(source.splitlines()[first_line(node) - 1:node.end_lineno]) + "\n"


def contract(source: str, name: str, methods: Collection[str] = ()) -> str:
    """A definition without its bodies: decorators, signature and docstring, then `...`.

    Of a class, the `methods` named lose their bodies, or all of them where none is named.
    """
    node = _definition(source, name)
    if isinstance(node, FUNCTIONS):
        return "\n".join(_stub(source, node)) + "\n"
    if not isinstance(node, ast.ClassDef):
        return cut(source, name)
    lines, kept, at = source.splitlines(), [], first_line(node)
    for method in node.body:
        if isinstance(method, FUNCTIONS) and (not methods or method.name in methods):
            kept += lines[at - 1:first_line(method) - 1] + _stub(source, method)
            at = (method.end_lineno or method.lineno) + 1
    return "\n".join(kept + lines[at - 1:node.end_lineno]) + "\n"


def _stub(source: str, node: Function) -> list[str]:
    """The lines of a function up to the end of its docstring, or of its signature, and an ellipsis for the rest."""
    lines = source.splitlines()
    end, column = _signature_end(source, node)
    head = [*lines[first_line(node) - 1:end - 1], lines[end - 1][:column]]
    if ast.get_docstring(node, clean=False) is not None:
        docstring = node.body[0]
        text = ast.get_source_segment(source, docstring, padded=True) or ""
        head += (" " * docstring.col_offset + text.lstrip()).splitlines()
    return [*head, " " * (node.col_offset + 4) + "..."]


def _signature_end(source: str, node: Function) -> tuple[int, int]:
    """Line and column just behind the colon that ends a function's signature."""
    rest = "\n".join(source.splitlines()[node.lineno - 1:]) + "\n"
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(rest).readline):
        if token.string in ("(", "[", "{"):
            depth += 1
        elif token.string in (")", "]", "}"):
            depth -= 1
        elif token.type == tokenize.OP and token.string == ":" and depth == 0:
            return node.lineno + token.end[0] - 1, token.end[1]
    raise ValueError(f"{node.name}: a signature without an end")


def code_lines(source: str) -> list[str]:
    """The lines of a piece of code without white space, comments and docstrings: what two copies have in common."""
    return list(numbered_code(source).values())


def numbered_code(source: str) -> dict[int, str]:
    """`code_lines` by their numbers, which count from 1."""
    strings = {line for node in ast.walk(ast.parse(source))
               if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
               and isinstance(node.value.value, str)
               for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines: dict[int, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT and token.start[0] not in strings:
            lines.setdefault(token.start[0], []).append("".join(token.string.split()))
    texts = {number: "".join(parts) for number, parts in sorted(lines.items())}
    return {number: text for number, text in texts.items() if text}
