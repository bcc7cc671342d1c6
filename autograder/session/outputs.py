"""The outputs of a notebook's cells, as they come from a process that is not trusted, made into safe nbformat ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .sanitise import safe_bundle, safe_metadata, safe_text

CUT = "[the output is cut here]\n"
MAX_OUTPUTS = 1000  # of one cell
_OVERHEAD = 64  # bytes that an output counts for besides its text


class Recorder:
    """Takes the messages of every cell in order and keeps what a notebook would show.

    Parameters
    ----------
    most : bytes of one cell's outputs
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.cells: list[list[dict[str, Any]]] = []
        self._room = most
        self._clear = False
        self._displays: dict[str, list[dict[str, Any]]] = {}

    def begin(self) -> None:
        """A new cell."""
        self.cells.append([])
        self._room = self.most
        self._clear = False

    def adopt(self, outputs: Sequence[dict[str, Any]]) -> None:
        """A cell that does not run again, with the outputs it had."""
        self.cells.append(list(outputs))

    def take(self, message: dict[str, Any]) -> None:
        """One message of the running cell. What is not an output is passed over."""
        match message:
            case {"out": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
                self._stream(name, text)
            case {"out": "display", "data": dict(data), "metadata": dict(metadata), "id": identity}:
                self._display(data, metadata, identity)
            case {"out": "update", "data": dict(data), "metadata": dict(metadata), "id": str(identity)}:
                self._update(data, metadata, identity)
            case {"out": "result", "data": dict(data), "metadata": dict(metadata), "count": int(count)}:
                self._result(data, metadata, count)
            case {"out": "error", "ename": str(name), "evalue": str(value), "traceback": list(lines)}:
                lines = [safe_text(line) for line in lines[:1000] if isinstance(line, str)]
                error = {"output_type": "error", "ename": safe_text(name), "evalue": safe_text(value)}
                self._append({**error, "traceback": lines}, [name, value, *lines])
            case {"out": "clear", "wait": bool(later)}:
                self._clear = later
                if not later:
                    self.cells[-1].clear()
            case {"out": "cut"}:
                self._cut()

    def _stream(self, name: str, text: str) -> None:
        self._clear_if_due()
        here = self.cells[-1]
        if len(text) > self._room:
            text = text[: max(self._room, 0)]
            cut = True
        else:
            cut = False
        self._room -= len(text) + (0 if here and here[-1].get("name") == name else _OVERHEAD)
        if text and here and here[-1].get("name") == name:
            here[-1]["text"] += safe_text(text)
        elif text and len(here) < MAX_OUTPUTS:
            here.append({"output_type": "stream", "name": name, "text": safe_text(text)})
        if cut:
            self._cut()

    def _display(self, data: dict, metadata: dict, identity: Any) -> None:
        output = {"output_type": "display_data", **_bundle(data, metadata)}
        if self._append(output, data) and isinstance(identity, str):
            self._displays.setdefault(identity, []).append(output)

    def _update(self, data: dict, metadata: dict, identity: str) -> None:
        if self._affords(data):
            for output in self._displays.get(identity, ()):
                output.update(_bundle(data, metadata))

    def _result(self, data: dict, metadata: dict, count: int) -> None:
        count = count if 0 <= count < 10**6 else 0
        self._append({"output_type": "execute_result", "execution_count": count, **_bundle(data, metadata)}, data)

    def _append(self, output: dict[str, Any], weighed: Any) -> bool:
        self._clear_if_due()
        if not self._affords(weighed) or len(self.cells[-1]) >= MAX_OUTPUTS:
            self._cut()
            return False
        self.cells[-1].append(output)
        return True

    def _affords(self, weighed: Any) -> bool:
        self._room -= _size(weighed) + _OVERHEAD
        return self._room >= 0

    def _clear_if_due(self) -> None:
        if self._clear:
            self.cells[-1].clear()
            self._clear = False

    def _cut(self) -> None:
        self._room = 0
        here = self.cells[-1]
        if not (here and here[-1].get("text", "").endswith(CUT)):
            here.append({"output_type": "stream", "name": "stdout", "text": CUT})


def _bundle(data: dict, metadata: dict) -> dict[str, Any]:
    return {"data": safe_bundle(data), "metadata": safe_metadata(metadata)}


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_size(key) + _size(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 8
