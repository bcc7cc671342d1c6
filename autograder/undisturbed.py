"""Which checks may as well be asked at the end of the notebook, because no answer could tell the difference.

A check asks for a function as it stands at the check's place. To keep that, the session forks a copy of the student's
process there, and forks are most of what a session costs. But in most notebooks nothing but definitions follows, and
the functions leave alone what they share: then one process, at the end, can answer for all.

This reads the text and decides for speed alone. Whoever deceives it changes only what their own process answers.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

#: What can be imported anywhere without a trace.
_IMPORTS = {"abc", "autograder", "collections", "copy", "dataclasses", "enum", "functools", "itertools", "math"}
_IMPORTS |= {"numbers", "numpy", "operator", "torch", "typing"}
#: Decorators that are made by a call.
_MARKS = {"dataclass", "lru_cache", "no_grad", "enable_grad", "inference_mode", "wraps"}
#: Names that see or change what the text does not show.
_REACHING = {"__import__", "delattr", "eval", "exec", "get_ipython", "globals", "locals", "setattr", "vars"}
#: Methods that set something for everybody, besides those called `set_…`.
_SETTERS = {"filterwarnings", "manual_seed", "seed", "seterr", "setstate", "simplefilter"}
_BUILTINS = set(dir(builtins))
LONGEST = 50_000  # characters of a cell that is read: a student's may be of any size


@dataclass(frozen=True)
class _Cell:
    """What matters of one cell's text.

    quiet : it defines functions, classes and constants, and does nothing else
    tame : its functions change nothing that is not theirs
    binds : (name, what is imported by it, or '') of each name that it binds
    """

    quiet: bool
    tame: bool
    binds: frozenset[tuple[str, str]] = frozenset()
    mentions: frozenset[str] = frozenset()


def undisturbed(cells: Sequence[str], checks: Sequence[str]) -> list[bool]:
    """For each cell, whether it is a check that can wait until the end.

    Parameters
    ----------
    cells : the sources of all code cells, in order
    checks : for each of them, the name that it checks; '' where it is no check
    """
    parts = [_read(source) for source in cells]
    waits = [False] * len(parts)
    if not all(part.tame for part, check in zip(parts, checks, strict=True) if not check):
        return waits
    later: set[tuple[str, str]] = set()  # what is bound in the cells after the one that is looked at
    for i in reversed(range(len(parts))):
        if checks[i]:
            waits[i] = not _disturb(later, parts[:i], checks[i])
        elif parts[i].quiet:
            later |= parts[i].binds
        else:
            break
    return waits


def _disturb(later: set[tuple[str, str]], before: Sequence[_Cell], check: str) -> bool:
    """Whether a name that is bound later means something in the cells before, unless it is one import all along."""
    meant: dict[str, set[str]] = defaultdict(set)
    for part in before:
        for name, origin in part.binds:
            meant[name].add(origin)
    known = {check, *meant}.union(*(part.mentions for part in before))
    return any(name in known and (not origin or meant[name] != {origin}) for name, origin in later)


@lru_cache(maxsize=512)
def _read(source: str) -> _Cell:
    if len(source) > LONGEST:
        return _Cell(quiet=False, tame=False)
    try:
        return _understood(ast.parse(source))
    except (SyntaxError, ValueError):  # a magic, or a mistake: IPython will know
        return _without_magics(source)
    except (RecursionError, MemoryError):  # nested as nobody writes
        return _Cell(quiet=False, tame=False)


def _understood(tree: ast.Module) -> _Cell:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    quiet = all(map(_is_definition, tree.body))
    tame = not names & _REACHING and all(_keeps_to_itself(node, frozenset()) for node in _functions(tree))
    return _Cell(quiet, tame, frozenset(_bound(tree.body)), frozenset(names))


def _without_magics(source: str) -> _Cell:
    """The cell but for the lines that IPython takes: these run in their place, and define nothing."""
    lines = source.splitlines()
    rest = [line for line in lines if not line.startswith(("%", "!"))]
    if len(rest) == len(lines) or source.lstrip().startswith("%%"):
        return _Cell(quiet=False, tame=False)
    return replace(_read("\n".join(rest)), quiet=False)


def _bound(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The names that definitions bind in their notebook, with what they import."""
    for node in body:
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name):
                yield name, ""
            case ast.Import(names):
                for alias in names:
                    top = alias.name.partition(".")[0]
                    yield alias.asname or top, alias.name if alias.asname else top
            case ast.ImportFrom(module, names):
                yield from ((alias.asname or alias.name, f"{module} {alias.name}") for alias in names)
            case _:
                yield from ((part.id, "") for part in ast.walk(node) if isinstance(part, ast.Name))


def _is_definition(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef():
            asked = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            return all(map(_is_mark, node.decorator_list)) and all(map(_is_plain, asked))
        case ast.ClassDef():
            return (
                all(map(_is_mark, node.decorator_list))
                and all(map(_is_plain, node.bases))
                and not node.keywords
                and all(map(_is_definition, node.body))
            )
        case ast.Import(names):
            return all(alias.name.partition(".")[0] in _IMPORTS for alias in names)
        case ast.ImportFrom(module, names, level):
            inside = (module or "").partition(".")[0] in _IMPORTS
            return inside and not level and all(alias.name != "*" for alias in names)
        case ast.Assign(targets, value):
            return all(isinstance(target, ast.Name) for target in targets) and _is_plain(value)
        case ast.AnnAssign(ast.Name(), _, value):
            return value is None or _is_plain(value)
        case ast.Expr(ast.Constant()) | ast.Pass():
            return True
    return False


def _is_mark(node: ast.expr) -> bool:
    """Whether this is a decorator that only marks."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in _MARKS and all(map(_is_plain, [*node.args, *(keyword.value for keyword in node.keywords)]))
    return _is_plain(node)


def _is_plain(node: ast.expr) -> bool:
    """Whether the value is there as soon as it is read: nothing is called, nothing computed but numbers."""
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value) | ast.UnaryOp(operand=value):
            return _is_plain(value)
        case ast.BinOp(ast.Constant(), _, ast.Constant()):
            return True
        case ast.Tuple(parts) | ast.List(parts) | ast.Set(parts):
            return all(map(_is_plain, parts))
        case ast.Subscript(value, index):
            return _is_plain(value) and _is_plain(index)
    return False


_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def _functions(node: ast.AST) -> Iterator[_Function]:
    """The outermost functions beneath a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield child
        else:
            yield from _functions(child)


def _keeps_to_itself(function: _Function, around: frozenset[str]) -> bool:
    """Whether a function changes only what it was given or has made. around : the names of the functions around it."""
    own = around | _locals(function)
    for node in _inside(function):
        match node:
            case ast.Global():
                return False
            case ast.Attribute() | ast.Subscript() if isinstance(node.ctx, (ast.Store, ast.Del)):
                if _root(node) not in own | {""}:
                    return False
            case ast.Expr(ast.Call(func)):
                if isinstance(func, ast.Attribute) and _root(func) not in own | _BUILTINS | {""}:
                    return False  # an answer that nobody wants was asked for what it does
            case ast.Call(ast.Attribute(attr=attr) as func):
                if (attr in _SETTERS or attr.startswith("set_")) and _root(func) not in own | {""}:
                    return False
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                if not _keeps_to_itself(node, own):
                    return False
    return True


def _inside(function: _Function) -> Iterator[ast.AST]:
    """Every node of a function; of the functions in it, only themselves."""
    ahead = list(ast.iter_child_nodes(function))
    while ahead:
        node = ahead.pop()
        yield node
        if not isinstance(node, _Function):
            ahead += ast.iter_child_nodes(node)


def _locals(function: _Function) -> frozenset[str]:
    """The names that a function binds."""
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    for node in _inside(function):
        match node:
            case ast.Name(name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
    return frozenset(names)


def _root(node: ast.expr) -> str:
    """The name at which a chain of attributes, items and calls starts; '' where it starts at no name."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
