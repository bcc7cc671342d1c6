"""A reference with pieces of its text replaced: a misconception that cannot drift away from what it gets wrong."""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any, cast

from autograder.authoring.errors import ExerciseError
from autograder.authoring.source import definition, names_bound, names_used

SOURCE = "__source__"  # where a changed function or class keeps its text: `definition` reads it


def changed(reference: Any, name: str, change: Mapping[str, str]) -> Any:
    """The function or class `reference` with each old piece of `change` replaced by the new one.

    A piece is an expression, a default such as `momentum=0.9`, a keyword argument such as `axis=0`, or statements, and
    is compared as `ast.unparse` prints it, so that layout and comments do not matter. A new piece of '' deletes
    statements.

    Parameters
    ----------
    name : of the function or class returned. Its text keeps the reference's name, which a student's answer has.

    Raises
    ------
    ExerciseError
        A piece is not Python, or does not stand in the reference exactly once.
    """
    where = f"{reference.__name__}: {name}"
    if not name.isidentifier():
        raise ExerciseError(f"{where} cannot be the name of a misconception: use letters, digits and '_'")
    source = changed_text(reference, change, where)
    owner = sys.modules[reference.__module__]
    tree = ast.parse(source)
    missing = names_used(tree) - names_bound(tree) - set(vars(owner)) - set(dir(builtins))
    if missing - {"__class__"}:
        raise ExerciseError(f"{where} uses {', '.join(sorted(missing))}, which {owner.__name__} does not have")
    module = ModuleType(f"{owner.__name__}.{reference.__name__}.{name}")
    vars(module).update({key: value for key, value in vars(owner).items() if key != "__name__"})
    file = f"<{module.__name__}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for tracebacks
    try:
        exec(compile(tree, file, "exec"), vars(module))
    except Exception as error:
        raise ExerciseError(f"{where} is no Python: {type(error).__name__}: {error}") from None
    made = vars(module)[reference.__name__]
    made.__name__ = made.__qualname__ = name
    setattr(made, SOURCE, source)
    vars(module)[name] = made
    sys.modules[module.__name__] = module  # so that what it defines can be found again, by pickle among others
    return made


def changed_each(reference: Any, changes: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """The reference once for each change, by the name that the changed one gets."""
    return [changed(reference, name, change) for name, change in changes.items()]


def changed_text(reference: Any, change: Mapping[str, str], where: str) -> str:
    """The text of `reference` with the pieces replaced. `where` begins the sentence of an error."""
    before = _plain(definition(reference))
    tree = ast.parse(before)
    replace_pieces(tree, change, where)
    source = ast.unparse(tree)
    if source == before:
        raise ExerciseError(f"{where} changes nothing of the reference")
    return source


@lru_cache(maxsize=64)
def _plain(source: str) -> str:
    """A definition as `ast.unparse` prints it, without docstrings. Its misconceptions all begin with it."""
    return ast.unparse(undocumented(source))


def undocumented(source: str) -> ast.Module:
    """The tree of a definition without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def replace_pieces(tree: ast.Module, change: Mapping[str, str], where: str) -> None:
    """Replace each old piece in the tree."""
    if not change:
        raise ExerciseError(f"{where} names no piece of the reference to be changed")
    found = [(old, new, _one_place(tree, old, where)) for old, new in change.items()]
    taken: set[int] = set()
    for old, _, place in found:
        inside = {id(node) for top in place.nodes for node in ast.walk(top) if isinstance(node, (ast.expr, ast.stmt))}
        if inside & taken:
            raise ExerciseError(f"{where} changes `{old}`, which shares text with another piece: make them one")
        taken |= inside
    # statements last, and from the end of a body: what stands before keeps its index
    for old, new, place in sorted(found, key=lambda one: -one[2].index):
        place.put(old, new, where)


@dataclass(frozen=True)
class _Place:
    """Where a piece stands: the nodes from `index` on in the list `field` of `parent`, or `field` itself (index -1)."""

    kind: str  # 'statements', 'expression', 'keyword' or 'default'
    parent: ast.AST
    field: str
    index: int
    nodes: list[Any]

    def put(self, old: str, new: str, where: str) -> None:
        """Put the new piece there, which must be of the kind of the old one."""
        pieces: list[Any] = _parsed(new, where)
        if self.kind != "statements":
            pieces = [_fitting(self.kind, old, piece) for piece in pieces]
            if len(pieces) != 1 or pieces[0] is None:
                raise ExerciseError(f"{where} puts `{new}` in the place of `{old}`, where only its own kind can stand")
        if self.index < 0:
            setattr(self.parent, self.field, pieces[0])
            return
        entries = getattr(self.parent, self.field)
        entries[self.index : self.index + len(self.nodes)] = pieces
        if not entries and self.field == "body":
            entries.append(ast.Pass())


def _fitting(kind: str, old: str, new: ast.stmt) -> ast.AST | None:
    """What of the new piece stands where an expression, a keyword argument or a default stood, or None."""
    if kind == "expression":
        return new.value if isinstance(new, ast.Expr) else None
    pair = _pair(new)
    if pair is None or (kind == "default" and pair[0] != old.split("=")[0].strip()):
        return None
    return ast.keyword(*pair) if kind == "keyword" else pair[1]


def _one_place(tree: ast.Module, old: str, where: str) -> _Place:
    piece = _parsed(old, where)
    if not piece:
        raise ExerciseError(f"{where} changes an empty piece: name what stands in the reference")
    places = list(_places(tree, piece))
    if len(places) != 1:
        raise ExerciseError(
            f"{where} changes `{old}`, which stands in the reference {len(places)} times, as `ast.unparse` prints it: "
            "it must stand there exactly once"
        )
    return places[0]


def _places(tree: ast.Module, piece: list[ast.stmt]) -> Iterator[_Place]:
    """Every place of these statements, or of the one expression, keyword argument or default that they are."""
    texts = [ast.unparse(statement) for statement in piece]
    whole = piece[0].value if len(piece) == 1 and isinstance(piece[0], ast.Expr) else None
    pair = _pair(piece[0]) if len(piece) == 1 else None
    for parent in ast.walk(tree):
        if isinstance(parent, (ast.expr_context, ast.operator, ast.Constant, ast.Name)):
            continue
        if pair and isinstance(parent, ast.arguments):
            yield from _defaults(parent, pair)
        for field, value in ast.iter_fields(parent):
            entries = value if isinstance(value, list) else [value]
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield from _runs(parent, field, value, piece, texts)
                continue
            for index, node in enumerate(entries):
                at = index if entries is value else -1
                if whole is not None and not isinstance(parent, ast.Expr) and _same(node, whole, texts[0]):
                    yield _Place("expression", parent, field, at, [node])
                elif pair and _same(node, ast.keyword(*pair), f"{pair[0]}={ast.unparse(pair[1])}"):
                    yield _Place("keyword", parent, field, at, [node])


def _runs(
    parent: ast.AST, field: str, entries: list[ast.stmt], piece: list[ast.stmt], texts: list[str]
) -> Iterator[_Place]:
    """Where the statements of the piece stand one after the other."""
    for index in range(len(entries) - len(piece) + 1):
        run = entries[index : index + len(piece)]
        if all(map(_same, run, piece, texts)):
            yield _Place("statements", parent, field, index, list(run))


def _defaults(arguments: ast.arguments, pair: tuple[str, ast.expr]) -> Iterator[_Place]:
    """The parameter of this name, where it has this default."""
    positional = (arguments.posonlyargs + arguments.args)[-len(arguments.defaults) :] if arguments.defaults else []
    for field, names in (("defaults", positional), ("kw_defaults", arguments.kwonlyargs)):
        for index, (name, default) in enumerate(zip(names, getattr(arguments, field), strict=True)):
            if name.arg == pair[0] and default is not None and ast.unparse(default) == ast.unparse(pair[1]):
                yield _Place("default", arguments, field, index, [default])


def _same(node: object, piece: ast.AST, text: str) -> bool:
    return type(node) is type(piece) and ast.unparse(cast(ast.AST, node)) == text


def _pair(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """Name and value of `name = value`, which `name=value` of a call or signature is read as."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    return None


def _parsed(piece: str, where: str) -> list[ast.stmt]:
    try:
        return ast.parse(textwrap.dedent(piece).strip()).body
    except SyntaxError as error:
        raise ExerciseError(f"{where}: `{piece}` is no Python: {error.msg}") from None
