"""`assignment.md`: prose with markers at the exercises' places, read into blocks.

```{exercise} adam_step        the given code, the solution cell and the check cell
```
```{code}                      a locked code cell
```
```{written} 2                 a question that a person marks, with its points
Why …?
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from autograder.authoring.exercise import ExerciseError

KINDS = ("exercise", "code", "written")
FENCE = re.compile(r"^(?P<fence>`{3,})\{(?P<kind>[\w-]+)\}[ \t]*(?P<argument>.*?)[ \t]*$")


@dataclass(frozen=True)
class Marker:
    kind: str
    argument: str
    line: int


@dataclass(frozen=True)
class Block:
    """kind : 'prose' or a marker's kind."""

    kind: str
    argument: str
    body: str
    line: int


def read_text(path: Path) -> tuple[str, str, list[Marker]]:
    """Title, text below the front matter, and the markers."""
    try:
        raw = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExerciseError(f"{path} cannot be read: {error}") from None
    title = ""
    if raw.startswith("---\n"):
        head, _, raw = raw[4:].partition("\n---\n")
        try:
            title = str((yaml.safe_load(head) or {}).get("title", ""))
        except (yaml.YAMLError, AttributeError):
            raise ExerciseError(f"{path}: the front matter is not YAML") from None
        raw = "\n" * (head.count("\n") + 3) + raw  # so that lines keep their numbers
    markers = [Marker(block.kind, block.argument, block.line) for block in blocks(raw, path) if block.kind != "prose"]
    return title, raw, markers


def blocks(text: str, path: Path) -> Iterator[Block]:
    """The text as prose and marked blocks, in order."""
    prose: list[str] = []
    opened: re.Match[str] | None = None
    body: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if opened is not None:
            if line.rstrip() == opened["fence"]:
                yield _block(opened, body, start, path)
                opened = None
            else:
                body.append(line)
        elif match:
            if match["kind"] not in KINDS:
                raise ExerciseError(
                    f"{path}: line {number}: unknown marker {{{match['kind']}}}; known are "
                    + ", ".join(f"{{{kind}}}" for kind in KINDS)
                )
            if "\n".join(prose).strip():
                yield Block("prose", "", "\n".join(prose).strip(), number)
            opened, body, prose, start = match, [], [], number
        else:
            prose.append(line)
    if opened is not None:
        raise ExerciseError(f"{path}: the marker in line {start} is not closed")
    if "\n".join(prose).strip():
        yield Block("prose", "", "\n".join(prose).strip(), 0)


def _block(opened: re.Match[str], body: list[str], line: int, path: Path) -> Block:
    kind, argument, text = opened["kind"], opened["argument"], "\n".join(body).strip("\n")
    if kind == "exercise" and not argument.isidentifier():
        raise ExerciseError(f"{path}: line {line}: {{exercise}} wants the name of one exercise, not {argument!r}")
    if kind == "written" and not (re.fullmatch(r"\d+(\.\d+)?", argument) and text.strip()):
        raise ExerciseError(f"{path}: line {line}: {{written}} wants its points and a question")
    if kind == "code" and not text.strip():
        raise ExerciseError(f"{path}: line {line}: {{code}} is empty")
    return Block(kind, argument, text, line)
