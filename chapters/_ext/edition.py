"""The two editions: the full one shows every function; a class's student edition keeps the exercises' bodies back."""
from __future__ import annotations

import ast
import html
import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.authoring.exercise import Exercise
from autograder.authoring.source import starting_version
from chapters._ext.cut import code_lines, contract, cut, definitions, numbered_code

FULL, STUDENT = "full", "student"
MODULES = {"NumPy": "reference.py", "PyTorch": "pytorch.py"}
SHORT = 12      # a shorter line, such as `t = state.t + 1`, gives nothing away and is everywhere
WORDS = {"enumerate", "len", "range", "reversed", "zip"}    # calls that every loop has
READABLE = {".html", ".ipynb", ".md", ".js", ".json", ".txt", ".inv"}


def exercises(topic: str) -> dict[str, Exercise]:
    """The exercises of a topic by the name of their function; none where the topic has no `exercises.py`."""
    name = f"solutions.{topic}.exercises"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name + ".").startswith(error.name + "."):
            return {}
        raise
    return {value.name: value for value in vars(module).values() if isinstance(value, Exercise)}


def shown(source: str, name: str, exercise: Exercise | None) -> str:
    """What the book shows of a definition: all of it, or the contract where it is an exercise that is kept back."""
    return cut(source, name) if exercise is None else contract(source, name, exercise.methods)


def secret_lines(solutions: Path) -> dict[str, str]:
    """Each line of code that only the body of an exercise has, in `code_lines` form, with 'topic.function'.

    A line is not secret where it computes nothing, as `return total`, where it is part of a public line, or where the
    assignment hands it out: in the wrong version that is to be mended, or in its drivers and judges.
    """
    secret: dict[str, str] = {}
    public: set[str] = set()
    for topic in sorted(path.parent.name for path in solutions.glob("*/exercises.py")):
        kept_back = exercises(topic)
        for exercise in kept_back.values():
            public.update(code_lines(exercise.checks_source))
            if exercise.starter is not None:
                public.update(code_lines(starting_version(exercise.reference, exercise.starter)))
        for path in (solutions / topic / module for module in MODULES.values()):
            source = path.read_text("utf-8") if path.exists() else ""
            for name in definitions(source):
                if name not in kept_back:
                    public.update(code_lines(cut(source, name)))
                else:
                    visible = code_lines(contract(source, name, kept_back[name].methods))
                    public.update(visible, plain_lines(cut(source, name)))
                    secret.update(dict.fromkeys(code_lines(cut(source, name)), f"{topic}.{name}"))
    shown_anyway = "\n".join(public)
    return {line: name for line, name in secret.items() if line not in shown_anyway and len(line) >= SHORT}


def plain_lines(source: str) -> list[str]:
    """The lines whose statement computes nothing: `return grads[::-1]` or `for t in range(300):`."""
    lines = numbered_code(source)
    return [lines[node.lineno] for node in ast.walk(ast.parse(source))
            if isinstance(node, (ast.Return, ast.For, ast.Assign)) and not any(map(_computes, _head(node)))]


def _head(node: ast.Return | ast.For | ast.Assign) -> list[ast.AST]:
    """What a statement's first line is made of: all that is in it, of a loop what it goes over."""
    parts = [node.target, node.iter] if isinstance(node, ast.For) else [node]
    return [inner for part in parts for inner in ast.walk(part)]


def _computes(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id in WORDS)
    return isinstance(node, (ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda, ast.comprehension))


def readable_text(path: Path) -> str:
    """A file of the site as its reader can see it, without tags and white space."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".html":
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    elif path.suffix in (".ipynb", ".json"):
        text = "\n".join(_strings(json.loads(text)))
    return "".join(text.split())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def leaks(site: Path, secret: dict[str, str], files: Iterable[Path] | None = None) -> list[str]:
    """One sentence for each file of the site that shows a line of an exercise's body."""
    found = []
    for path in sorted(files or site.rglob("*")):
        if path.suffix in READABLE and path.is_file():
            text = readable_text(path)
            names = sorted({name for line, name in secret.items() if line in text})
            found += [f"{path.relative_to(site)} shows code of the exercise {name}" for name in names]
    return found
