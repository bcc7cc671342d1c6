"""Which room of the grader may know which: the arrows between its folders go one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder

ROOT = Path(autograder.__file__).parent
MAY_KNOW = {  # of the grader itself; a room may always know its own
    "student": (),
    "sandbox/guest": ("sandbox.shared", "student"),
    "sandbox/shared": ("student", "sandbox.interface"),
    "sandbox/host": ("sandbox", "student", "cleaning", "authoring.errors", "settings"),
    "cleaning": (),
    "authoring": ("authoring", "student", "settings", "sandbox.interface", "sandbox.shared", "files", "options"),
    "grading": ("authoring", "student", "sandbox.interface", "settings", "files"),
    "roster": ("authoring.errors", "files", "options"),
    "workers": ("authoring.errors", "authoring.exercise"),
}


def imported(file: Path) -> Iterator[str]:
    """The full names of the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or file.is_relative_to(ROOT / "student"), f"{file}: say where it comes from"
            if node.level == 0:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_KNOW)
def test_a_room_knows_no_other_than_it_may(room):
    own = room.replace("/", ".")
    allowed = tuple(f"autograder.{name}" for name in (own, *MAY_KNOW[room]))
    for file in files(room):
        for name in imported(file):
            if name.split(".")[0] == "autograder":
                assert name == "autograder" or name.startswith(allowed), f"{file.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("package", ["nbgrader", "nbconvert", "sqlalchemy"])
def test_the_adapter_alone_knows_nbgrader(package):
    for file in ROOT.rglob("*.py"):
        if not file.is_relative_to(ROOT / "nbgrader_adapter"):
            assert package not in {name.split(".")[0] for name in imported(file)}, file.relative_to(ROOT)


def test_the_grader_knows_no_topic_of_any_course():
    for file in ROOT.rglob("*.py"):
        assert not {name.split(".")[0] for name in imported(file)} & {"solutions", "chapters", "tests"}, file
