"""The two editions: the full one shows every function; a class's student edition keeps the exercises' bodies back."""
from __future__ import annotations

import html
import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.authoring.exercise import Exercise
from chapters._ext.cut import code_lines, contract, cut, definitions

FULL, STUDENT = "full", "student"
MODULES = {"NumPy": "reference.py", "PyTorch": "pytorch.py"}
SHORT = 12      # a shorter line, such as `t = state.t + 1`, gives nothing away and is everywhere
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
    """Each line of code that only the body of an exercise has, in `code_lines` form, with 'topic.function'."""
    secret: dict[str, str] = {}
    public: set[str] = set()
    for topic in sorted(path.parent.name for path in solutions.glob("*/exercises.py")):
        kept_back = exercises(topic)
        for path in (solutions / topic / module for module in MODULES.values()):
            source = path.read_text("utf-8") if path.exists() else ""
            for name in definitions(source):
                if name not in kept_back:
                    public.update(code_lines(cut(source, name)))
                else:
                    visible = code_lines(contract(source, name, kept_back[name].methods))
                    public.update(visible)
                    secret.update(dict.fromkeys(code_lines(cut(source, name)), f"{topic}.{name}"))
    return {line: name for line, name in secret.items() if line not in public and len(line) >= SHORT}


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
