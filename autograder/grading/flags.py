"""What an instructor may want to look at in an answer that is right: told with the line, never as points.

Nothing here proves anything, and nothing here is complete: it reads the text of the answer, and of the notebook's
functions that it calls, for what answers written for the exercise hardly ever need.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress

#: Libraries whose own answer an exercise may ask to write; what the reference calls itself is not flagged.
LIBRARIES = ("torch.optim", "scipy.optimize", "sklearn", "optax", "tensorflow", "keras")
BASES = ("Optimizer", "LRScheduler", "Module")
_CHANGES = {"add", "append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
_LOOKS_ROUND = ("sys._getframe", "sys.modules", "inspect.", "gc.get_", "os.environ", "os.getppid", "traceback.")
_IDENTITIES = {"shape", "tobytes", "data_ptr", "ctypes", "strides"}
LONGEST = 200_000  # characters of a notebook that are read
MOST = 10

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def flags_of(name: str, cells: Sequence[str], reference: str) -> tuple[str, ...]:
    """One sentence for each thing to look at in the answer `name`, with the line.

    Parameters
    ----------
    cells : the sources of the notebook's code cells, in order
    reference : the source of the reference, whose own calls are no sign of anything
    """
    if sum(map(len, cells)) > LONGEST:
        return ()
    trees = [(tree, cell) for cell in cells if (tree := _parsed(cell)) is not None]
    imports = {alias: full for tree, _ in trees for alias, full in _imports(tree)}
    known = {node.name: (node, cell) for tree, cell in trees for node in tree.body if isinstance(node, _Definition)}
    top = {name for tree, _ in trees for node in tree.body for name in _bound(node)}
    allowed = set(_dotted_names(_parsed(reference) or ast.Module([], []), imports))
    found: dict[str, None] = {}
    for node, cell in _reached(name, known):
        lines = cell.splitlines()
        for part, sentence in _signs(node, imports, top, allowed):
            line = lines[part.lineno - 1].strip()[:120] if part.lineno <= len(lines) else ""
            found[f"{sentence}: `{line}`"] = None
    return tuple(found)[:MOST]


def _parsed(source: str) -> ast.Module | None:
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.parse(source)
    return None


def _reached(name: str, known: dict[str, tuple[_Definition, str]]) -> Iterator[tuple[_Definition, str]]:
    """The definition of `name`, and those of the notebook's definitions that it mentions."""
    ahead, seen = [name], set()
    while ahead:
        name = ahead.pop()
        if name in known and name not in seen:
            seen.add(name)
            yield known[name]
            ahead += [node.id for node in ast.walk(known[name][0]) if isinstance(node, ast.Name)]


def _signs(
    definition: _Definition, imports: dict[str, str], top: set[str], allowed: set[str]
) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    yield from ((part, "its answers are kept by a cache") for part in definition.decorator_list if _is_cache(part))
    for function in ast.walk(definition):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        shared = (top | _mutable_defaults(function)) - _locals(function)
        for node in ast.walk(function):
            match node:
                case ast.Global() | ast.Nonlocal():
                    yield node, "it keeps something between calls"
                case ast.Attribute() | ast.Subscript() if isinstance(node.ctx, ast.Store) and _root(node) in shared:
                    yield node, "it keeps something between calls"
                case ast.Call(ast.Attribute(value, attr)) if attr in _CHANGES and _root(value) in shared:
                    yield node, "it keeps something between calls"
                case ast.Call(ast.Name("id" | "hash")):
                    yield node, "it asks which object it was given"
                case ast.Subscript(_, index) if _names_identity(index) and not isinstance(index, ast.Constant):
                    yield node, "it looks something up by an array's shape or bytes"
                case ast.Compare(left, operators, right) if _compares_identity(left, operators, right):
                    yield node, "it goes by an array's shape or bytes"
    for part, full in _dotted(definition, imports):
        if full.startswith(_LOOKS_ROUND):
            yield part, "it looks at how it is run"
        last = full.rpartition(".")[2]
        if full.startswith(tuple(f"{name}." for name in LIBRARIES)) and last not in BASES and full not in allowed:
            yield part, f"it uses {full}"


def _is_cache(node: ast.expr) -> bool:
    node = node.func if isinstance(node, ast.Call) else node
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) in ("cache", "lru_cache")


def _names_identity(node: ast.expr) -> bool:
    """Whether an index is made of an array's shape or bytes; `w[: x.shape[0]]`, a part of it, is not."""
    match node:
        case ast.Attribute(_, attr):
            return attr in _IDENTITIES
        case ast.Call(func, arguments):
            return _names_identity(func) or any(map(_names_identity, arguments))
        case ast.Tuple(parts):
            return any(map(_names_identity, parts))
    return False


def _compares_identity(left: ast.expr, operators: Sequence[ast.cmpop], right: Sequence[ast.expr]) -> bool:
    """Whether a shape or bytes are held against a table, or against numbers written down."""
    if not (_names_identity(left) and len(right) == 1):
        return False
    if isinstance(operators[0], ast.In):
        return True
    parts = right[0].elts if isinstance(right[0], ast.Tuple) else ()
    return any(isinstance(part, ast.Constant) and part.value not in (0, 1) for part in parts)


def _mutable_defaults(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    spec = function.args
    last = [*spec.posonlyargs, *spec.args][-len(spec.defaults) :] if spec.defaults else []
    pairs = [*zip(last, spec.defaults, strict=True), *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]
    return {arg.arg for arg, value in pairs if isinstance(value, ast.List | ast.Dict | ast.Set | ast.Call)}


def _locals(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return (arguments | stored) - _mutable_defaults(function)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _Definition):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        yield from (
            part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _dotted(tree: ast.AST, imports: dict[str, str]) -> Iterator[tuple[ast.expr, str]]:
    """Every name or chain of attributes that starts at an import, with its full name; of a chain, only the whole."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner:
            parts: list[str] = []
            start: ast.expr = node
            while isinstance(start, ast.Attribute):
                parts.append(start.attr)
                start = start.value
            if isinstance(start, ast.Name) and start.id in imports:
                yield node, ".".join([imports[start.id], *reversed(parts)])


def _dotted_names(tree: ast.AST, imports: dict[str, str]) -> Iterator[str]:
    yield from (full for _, full in _dotted(tree, imports))
