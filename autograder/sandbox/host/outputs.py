"""The outputs of a notebook's cells, as they come from a process that is not trusted, made into safe nbformat ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.cleaning.outputs import MARKUP, known_kinds, safe_bundle, safe_metadata, safe_text

CUT = "[the output is cut here]\n"
MAX_OUTPUTS = 1000  # of one cell
MAX_MARKUP = 2_000_000  # characters of HTML in one notebook: reading it takes the grader's time
_OVERHEAD = 64  # bytes that an output counts for besides its text
_UNFOLDED = 1 << 16


@dataclass
class _Stream:
    """Text as it came, in which a carriage return goes back to the beginning of the line."""

    name: str
    lines: list[str] = field(default_factory=list)  # whole ones
    parts: list[str] = field(default_factory=list)  # of the last line, as they came
    size: int = _OVERHEAD
    folded: int = 0  # the length of the last line when it was folded
    rest: int = 0  # what came since

    def add(self, text: str) -> None:
        whole, newline, last = text.rpartition("\n")
        if newline:
            *lines, end = ("".join(self.parts) + whole).split("\n")
            for line in (*lines, end):
                self.lines.append(_folded(line.removesuffix("\r")) + "\n")
                self.size += len(self.lines[-1])
            self.size -= self.folded + self.rest
            self.parts, self.folded, self.rest = [], 0, 0
        self.parts.append(last)
        self.rest += len(last)
        self.size += len(last)
        if self.rest > self.folded + _UNFOLDED:
            self.fold()

    def fold(self) -> None:
        """Write the last line's parts over each other."""
        line = _folded("".join(self.parts))
        self.size += len(line) - self.folded - self.rest
        self.parts, self.folded, self.rest = [line], len(line), 0

    def output(self) -> dict[str, Any]:
        text = "".join(self.lines) + _folded("".join(self.parts))
        return {"output_type": "stream", "name": self.name, "text": safe_text(text)}


@dataclass
class _Name:
    """What is displayed under one name: an update changes all of it at once, in a moment, however much that is.

    here, before : how many displays, and their bytes, in the running cell and in those before it
    """

    here: list[int] = field(default_factory=lambda: [0, 0])
    before: list[int] = field(default_factory=lambda: [0, 0])
    shown: int = 0
    bundle: dict[str, Any] = field(default_factory=dict)  # of the last update
    updated: int = 0  # how many displays there were then


@dataclass
class _Shown:
    """Any other output, as it came: it is made safe when the notebook is done, if it still stands."""

    plain: dict[str, Any]
    name: _Name = field(default_factory=_Name)
    number: int = 0  # among those of its name

    @property
    def output(self) -> dict[str, Any]:
        return {**self.plain, **(self.name.bundle if self.number < self.name.updated else {})}


class Recorder:
    """Takes the messages of every cell in order and keeps what a notebook would show at its end.

    What is cleared, updated or written over counts no more.

    Parameters
    ----------
    most : bytes of one cell's outputs
    most_in_all : bytes of the notebook's
    """

    def __init__(self, most: int, most_in_all: int | None = None) -> None:
        self.most = most
        self.most_in_all = 4 * most if most_in_all is None else most_in_all
        self._cells: list[list[_Stream | _Shown | dict[str, Any]]] = []
        self._here = 0  # bytes of this cell
        self._before = 0  # and of those before it
        self._clear = False
        self._names: dict[str, _Name] = {}
        self._touched: list[_Name] = []  # by this cell

    def begin(self) -> None:
        """A new cell."""
        self._before += self._here
        self._here = 0
        for name in self._touched:
            name.before = [old + new for old, new in zip(name.before, name.here, strict=True)]
            name.here = [0, 0]
        self._touched.clear()
        self._cells.append([])
        self._clear = False

    def adopt(self, outputs: Sequence[dict[str, Any]]) -> None:
        """A cell that does not run again, with the outputs it had."""
        self.begin()
        self._cells[-1].extend(outputs)
        self._here = sum(map(_size, outputs))

    @property
    def count(self) -> int:
        """How many cells there are."""
        return len(self._cells)

    @property
    def cells(self) -> list[list[dict[str, Any]]]:
        """The outputs of each cell, made safe."""
        markup = MAX_MARKUP
        done: list[list[dict[str, Any]]] = []
        for cell in self._cells:
            done.append([])
            for kept in cell:
                if isinstance(kept, _Shown):
                    output = kept.output
                    markup -= sum(_size(value) for kind, value in output.get("data", {}).items() if kind in MARKUP)
                    done[-1].append(_safe(output, markup=markup >= 0))
                else:
                    done[-1].append(kept.output() if isinstance(kept, _Stream) else kept)
        return done

    def take(self, message: dict[str, Any]) -> None:
        """One message of the running cell. What is not an output is passed over."""
        match message:
            case {"out": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
                self._stream(name, text)
            case {"out": "display", "data": dict(data), "metadata": dict(metadata), "id": identity}:
                named = self._names.setdefault(identity, _Name()) if isinstance(identity, str) else _Name()
                self._show({"output_type": "display_data", **_bundle(data, metadata)}, named)
            case {"out": "update", "data": dict(data), "metadata": dict(metadata), "id": str(identity)}:
                if identity in self._names:
                    self._update(_bundle(data, metadata), self._names[identity])
            case {"out": "result", "data": dict(data), "metadata": dict(metadata), "count": int(count)}:
                count = count if 0 <= count < 10**6 else 0
                output = {"output_type": "execute_result", "execution_count": count}
                self._show({**output, **_bundle(data, metadata)}, _Name())
            case {"out": "error", "ename": str(name), "evalue": str(value), "traceback": list(lines)}:
                lines = [line for line in lines[:1000] if isinstance(line, str)]
                self._show({"output_type": "error", "ename": name, "evalue": value, "traceback": lines}, _Name())
            case {"out": "clear", "wait": bool(later)}:
                self._clear = later
                if not later:
                    self._empty()
            case {"out": "cut"}:
                self._cut()

    def _stream(self, name: str, text: str) -> None:
        self._clear_if_due()
        here = self._cells[-1]
        stream = here[-1] if here else None
        if not text:
            return
        if not (isinstance(stream, _Stream) and stream.name == name):
            if len(here) >= MAX_OUTPUTS or self._room < _OVERHEAD:
                return self._cut()
            stream = _Stream(name)
            here.append(stream)
            self._here += stream.size
        if self._room < len(text) and "\r" in text:
            self._here -= stream.size
            stream.fold()
            self._here += stream.size
            text = "\n".join("\r" * line.startswith("\r") + _folded(line) for line in text.split("\n"))
        room = max(self._room, 0)
        if "\r" in text:  # it may stand on what is there already
            room += stream.folded
        self._here -= stream.size
        stream.add(text[:room])
        self._here += stream.size
        if room < len(text):
            self._cut()

    def _show(self, output: dict[str, Any], name: _Name) -> None:
        self._clear_if_due()
        size = _size(output) + _OVERHEAD
        if size > self._room or len(self._cells[-1]) >= MAX_OUTPUTS:
            return self._cut()
        self._cells[-1].append(_Shown(output, name, name.shown))
        self._here += size
        name.shown += 1
        name.here = [name.here[0] + 1, name.here[1] + size]
        self._touched.append(name)

    def _update(self, bundle: dict[str, Any], name: _Name) -> None:
        size = _size(bundle) + _OVERHEAD
        here, before = (size * count - old for count, old in (name.here, name.before))
        if here > self.most - self._here or here + before > self.most_in_all - self._here - self._before:
            return self._cut()
        self._here += here
        self._before += before
        name.here[1] += here
        name.before[1] += before
        name.bundle, name.updated = bundle, name.shown

    @property
    def _room(self) -> int:
        return min(self.most, self.most_in_all - self._before) - self._here

    def _clear_if_due(self) -> None:
        if self._clear:
            self._empty()
            self._clear = False

    def _empty(self) -> None:
        self._cells[-1].clear()
        self._here = 0
        for name in self._touched:
            name.here = [0, 0]

    def _cut(self) -> None:
        here = self._cells[-1]
        stream = here[-1] if here else None
        if not isinstance(stream, _Stream):
            stream = _Stream("stdout")
            here.append(stream)
        if stream.lines[-1:] == [CUT] and not any(stream.parts):
            return
        stream.lines += [_folded("".join(stream.parts)), CUT]
        stream.parts, stream.folded, stream.rest = [], 0, 0
        self._here += len(CUT)


def _safe(output: dict[str, Any], *, markup: bool) -> dict[str, Any]:
    if output["output_type"] == "error":
        words = {key: safe_text(output[key]) for key in ("ename", "evalue")}
        return {"output_type": "error", **words, "traceback": [safe_text(line) for line in output["traceback"]]}
    data = output["data"] if markup else {kind: value for kind, value in output["data"].items() if kind not in MARKUP}
    return {**output, "data": safe_bundle(data)}


def _bundle(data: dict, metadata: dict) -> dict[str, Any]:
    return {"data": known_kinds(data), "metadata": safe_metadata(metadata)}


def _folded(line: str) -> str:
    """What is seen of a line in which carriage returns go back to its beginning; one at the end is kept."""
    if "\r" not in line:
        return line
    seen = ""
    for part in reversed(line.split("\r")):
        seen += part[len(seen) :]
    return seen + "\r" * line.endswith("\r")


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_size, value)) + 8
    return len(value) if isinstance(value, str) else 8
