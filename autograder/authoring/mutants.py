"""Generic mutants of a reference: small mistakes, made by a pass over its tree, that the cases must tell from it."""

from __future__ import annotations

import ast
import copy
import difflib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.authoring.change import undocumented
from autograder.authoring.source import definition

EXCHANGED: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Pow: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.And: ast.Or, ast.Or: ast.And, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NO_VALUE = {"strict"}  # keyword arguments that change no value
NO_CHANGE = {"asarray", "detach"}  # functions that change no value
ONE_DIMENSIONAL = re.compile(r"^ *([\w, ]+?) : [^\n]*\(\w+,\)", re.MULTILINE)  # `trace : ndarray, (T,)` in a docstring


@dataclass(frozen=True)
class Mutant:
    """A changed text of the reference. what : the mistake, in words. diff : the lines that differ."""

    what: str
    text: str
    diff: str = ""

    def answer(self, reference: Any) -> Any:
        """The mutated function or class, in a namespace of its own; None where the text is no Python."""
        namespace = dict(vars(sys.modules[reference.__module__]))
        try:
            exec(compile(self.text, f"<mutant of {reference.__name__}>", "exec"), namespace)
        except Exception:
            return None
        return namespace[reference.__name__]

    def __str__(self) -> str:
        return f"{self.what}, {self.diff}"


def mutants(reference: Any, *, arrays: Mapping[str, str], pure: bool) -> list[Mutant]:
    """Every mutant of `reference`, each text once.

    arrays : the parameters that get arrays of floats, and the library that these are of, 'numpy' or 'torch'.
    pure : whether an argument that is changed in place is a mistake.
    """
    tree = undocumented(definition(reference))
    plain = ast.unparse(tree)
    narrow = {name.strip() for names in ONE_DIMENSIONAL.findall(reference.__doc__ or "") for name in names.split(",")}
    found: dict[str, Mutant] = {}
    for what, text in [*_pieces(tree), *_of_the_whole(tree, arrays, narrow, pure)]:
        if text != plain and text not in found:
            found[text] = Mutant(what, text, _diff(plain, text))
    return list(found.values())


def _diff(old: str, new: str) -> str:
    """The lines that differ, as `old` → `new`."""
    lines = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[:2] in ("- ", "+ ")]
    gone, come = ("; ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"`{gone}` → `{come}`" if gone else f"with `{come}`"


def _pieces(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """One node of the tree replaced at a time, and put back."""
    for parent, field, index, node in list(_nodes(tree)):
        for what, new in _replacements(node):
            _put(parent, field, index, new)
            yield what, ast.unparse(tree)
            _put(parent, field, index, node)


def _put(parent: ast.AST, field: str, index: int, node: ast.AST) -> None:
    if index < 0:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _nodes(top: ast.AST) -> Iterator[tuple[ast.AST, str, int, ast.AST]]:
    """Every node below with its place, but for what is given (signatures, bases) and the refusal of bad arguments."""
    for field, value in ast.iter_fields(top):
        if field in ("decorator_list", "annotation", "returns", "bases") or isinstance(value, ast.arguments):
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(node, ast.AST) and not _refuses(node) and getattr(node, "arg", "") not in NO_VALUE:
                yield top, field, index if isinstance(value, list) else -1, node
                yield from _nodes(node)


def _refuses(node: ast.AST) -> bool:
    """Whether this only raises an error: what is done with bad arguments is not judged."""
    return isinstance(node, (ast.Raise, ast.Assert)) or (
        isinstance(node, ast.If) and not node.orelse and all(isinstance(one, ast.Raise) for one in node.body)
    )


def _replacements(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in EXCHANGED:
        yield "an operator exchanged", _with(node, op=EXCHANGED[type(node.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in EXCHANGED:
        yield "a comparison changed", _with(node, ops=[EXCHANGED[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "a sign turned", node.operand
    elif isinstance(node, ast.Constant):
        for value in _moved(node.value):
            yield "a constant moved", ast.Constant(value)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            yield f"a condition that is always {value}", _with(node, test=ast.Constant(value))
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        if isinstance(node.value, (ast.BinOp, ast.Call)):
            yield "a sign turned", _with(node, value=ast.UnaryOp(ast.USub(), node.value))
        yield "a statement removed", ast.Pass()
    elif isinstance(node, (ast.Expr, ast.If, ast.For, ast.While)):
        yield "a statement removed", ast.Pass()


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for number, keyword in enumerate(node.keywords):
        if keyword.arg in NO_VALUE:
            continue
        yield "a keyword argument left out", _with(node, keywords=node.keywords[:number] + node.keywords[number + 1 :])
        if keyword.arg in ("axis", "dim") and isinstance(keyword.value, (ast.Constant, ast.UnaryOp)):
            other = 1 if ast.unparse(keyword.value) == "0" else 0
            changed = ast.keyword(keyword.arg, ast.Constant(other))
            yield (
                "an axis exchanged",
                _with(node, keywords=[*node.keywords[:number], changed, *node.keywords[number + 1 :]]),
            )
    if not isinstance(node.func, ast.Attribute) or node.func.attr in NO_CHANGE or node.keywords:
        return
    if ast.unparse(node.func.value) != "super()":
        if len(node.args) == 1 and isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "torch"):
            yield "a function left out", node.args[0]
        elif not node.args:
            yield "a function left out", node.func.value


def _moved(value: object) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    return [value * 1.1 if value else 0.1] if isinstance(value, float) else []


def _of_the_whole(
    tree: ast.Module, arrays: Mapping[str, str], narrow: set[str], pure: bool
) -> Iterator[tuple[str, str]]:
    """Keywords that are not looked at, arrays of one kind only, arguments that are changed."""
    for number, function in enumerate(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for name, default in _defaults(function.args):
            if not (isinstance(default, ast.Constant) and default.value is None):
                yield "a keyword ignored", _begun(tree, number, f"{name} = {ast.unparse(default)}")
    top = tree.body[0]
    if not isinstance(top, ast.FunctionDef):
        return
    for name, library in arrays.items():
        if name not in narrow:
            yield "for one dimension only", _begun(tree, 0, f"assert {name}.ndim == 1")
        wide = f"{name} = {name}.double()" if library == "torch" else f"{name} = {name}.astype('float64')"
        yield "in float64 only", _begun(tree, 0, wide)
        if pure and isinstance(top.body[-1], ast.Return) and top.body[-1].value is not None:
            made = copy.deepcopy(tree)
            body = made.body[0].body  # type: ignore[attr-defined]
            answer = ast.unparse(body[-1].value)
            body[-1:] = ast.parse(f"answer = {answer}\n{name} *= 0").body + ast.parse("answer").body
            body[-1] = ast.Return(ast.Name("answer"))
            yield "an argument changed in place", ast.unparse(made)


def _begun(tree: ast.Module, number: int, statement: str) -> str:
    """The number-th function of the tree with a statement before its first."""
    made = copy.deepcopy(tree)
    function = [node for node in ast.walk(made) if isinstance(node, ast.FunctionDef)][number]
    function.body[:0] = ast.parse(statement).body
    return ast.unparse(made)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional: Sequence[ast.arg] = arguments.posonlyargs + arguments.args
    pairs = [*zip(reversed(positional), reversed(arguments.defaults))]  # noqa: B905 - those before have none
    for argument, default in [*pairs, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        if default is not None:
            yield argument.arg, default


def _with(node: Any, **fields: Any) -> Any:
    """A copy of the node with other fields."""
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


Recorder = Callable[..., Any]


def array_parameters(reference: Any, ask: Callable[[Recorder], None]) -> dict[str, str]:
    """The parameters of a function that get arrays of floats while `ask` calls a stand-in for it; none for a class."""
    found: dict[str, str] = {}
    if isinstance(reference, type):
        return found
    code = reference.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    def recorder(*arguments: Any, **keywords: Any) -> Any:
        for name, value in [*zip(names, arguments, strict=False), *keywords.items()]:
            if hasattr(value, "ndim") and hasattr(value, "dtype"):
                library = type(value).__module__.split(".")[0]
                if "float" in str(value.dtype):
                    found.setdefault(name, library)
        return reference(*arguments, **keywords)

    ask(recorder)
    return found
