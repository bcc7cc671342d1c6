"""The files of the course that a downloaded notebook needs: they travel in its first cells, as text for the reader."""
from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import nbformat

from chapters._ext.cut import contract, definitions, first_line
from chapters._ext.edition import FULL, MODULES, exercises

PACKAGES = ("solutions", "chapters", "benchmarks", "autograder")
RESULTS = Path("benchmarks/results")
NOTE = """**Run this first.** The course's functions that this page uses stand in the folded cells below, as files, \
and need no installation. Besides them the page needs NumPy, Matplotlib, and on some pages PyTorch and scikit-learn: \
`%pip install numpy matplotlib torch scikit-learn`."""
FOLDER = '''import sys
import tempfile
from pathlib import Path

course = Path(tempfile.mkdtemp(prefix="course-"))
sys.path.insert(0, str(course))


def course_file(name, text):
    """Write one file of the course where Python finds it."""
    path = course / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")'''


def imported(source: str, path: Path | None = None) -> Iterator[str]:
    """The names of modules that a cell, or a file of the course, imports; some may be functions of one.

    Of a file only what it imports when it is loaded counts: what a function imports, such as Sphinx, may be lacking.
    """
    tree = parsed(source)
    for node in ast.walk(tree) if path is None else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = list(path.parts[:-node.level]) if path is not None and node.level else []
            module = ".".join([*around, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parsed(source: str) -> ast.Module:
    """The code, or nothing where IPython's own syntax stands in it."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def module_files(name: str, roots: Sequence[Path]) -> Iterator[Path]:
    """The files of a module of the course and of the packages around it, relative to the root that has them."""
    *around, last = name.split(".")
    if (around or [last])[0] not in PACKAGES:
        return
    for depth in range(1, len(around) + 1):
        yield Path(*around[:depth], "__init__.py")
    for path in (Path(*around, f"{last}.py"), Path(*around, last, "__init__.py")):
        if any((root / path).is_file() for root in roots):
            yield path


def instructors(path: Path) -> bool:
    """Whether a file names mistakes or marks answers, and so stays with the instructor in a student edition."""
    return path.parts[0] == "autograder" or path.name in ("exercises.py", "checks.py")


def needed(cells: Iterable[str], roots: Sequence[Path], edition: str = FULL) -> dict[Path, str]:
    """Every file of the course that the cells need, directly or not, with its text.

    `roots` are searched in their order. What the edition withholds brings nothing along. A text in the code that is
    the name of a file of results brings that file.
    """
    found: dict[Path, str] = {}
    waiting: list[tuple[str, Path | None]] = [(cell, None) for cell in cells]
    while waiting:
        source, origin = waiting.pop()
        wanted = {path for name in imported(source, origin) for path in module_files(name, roots)}
        wanted |= {RESULTS / node.value for node in ast.walk(parsed(source)) if isinstance(node, ast.Constant)
                   and isinstance(node.value, str) and node.value.endswith(".json") and "/" not in node.value}
        for path in sorted(wanted - set(found)):
            place = next((root / path for root in roots if (root / path).is_file()), None)
            if place is not None and (edition == FULL or not instructors(path)):
                found[path] = place.read_text("utf-8")
                waiting += [(found[path], path)] if path.suffix == ".py" else []
    return dict(sorted(found.items()))


def kept_back(path: Path, source: str) -> str:
    """A file of `solutions/` as a student edition may give it away: the exercises without their bodies."""
    if path.name not in MODULES.values():
        return source
    topic = path.parent.name
    lines = source.splitlines()
    held = exercises(topic)
    nodes = [(name, node) for name, node in definitions(source).items() if name in held]
    for name, node in sorted(nodes, key=lambda one: -one[1].lineno):
        body = unwritten(contract(source, name, held[name].methods), topic, name)
        lines[first_line(node) - 1:node.end_lineno] = body.rstrip("\n").split("\n")
    return "\n".join(lines) + "\n"


def unwritten(stub: str, topic: str, name: str) -> str:
    """A contract that says what is missing when it is called."""
    said = f'raise NotImplementedError("{name} is an exercise of the assignment {topic}: write it first")'
    return "\n".join(line.replace("...", said) if line.strip() == "..." else line for line in stub.split("\n"))


def cells(sources: Iterable[str], roots: Sequence[Path], edition: str) -> list[nbformat.NotebookNode]:
    """The cells that come before a page's own; none where it needs nothing of the course."""
    files = needed(sources, roots, edition)
    if edition != FULL:
        files = {path: kept_back(path, text) for path, text in files.items()}
    if not files:
        return []
    written = [nbformat.v4.new_code_cell(f"course_file({path.as_posix()!r}, {quoted(text)})",
                                         metadata={"jupyter": {"source_hidden": True}})
               for path, text in files.items()]
    return [nbformat.v4.new_markdown_cell(NOTE), nbformat.v4.new_code_cell(FOLDER), *written]


def quoted(text: str) -> str:
    """A text as a literal that can be read, where Python can write it so."""
    plain = f"r'''{text}'''"
    return plain if "'''" not in text and text.endswith("\n") else repr(text)
