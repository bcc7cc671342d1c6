"""Standard output and error of the notebook's process, in one order with what subprocesses and C code write.

Descriptors 1 and 2 are two files in memory that every process of the session appends to. They are read, sent and
emptied before any other output, when the writer changes, when they grow, and when the cell ends. What a process that
dies leaves in them is read by its parent.
"""

from __future__ import annotations

import codecs
import fcntl
import io
import os
from collections.abc import Callable, Sequence
from typing import Any

NAMES = {1: "stdout", 2: "stderr"}
_GROWN = 1 << 16
_LEFT = 8192
TRAFFIC = 16  # how often a cell may send what it may show: it may clear, update and write over that


def make_files() -> list[int]:
    """Two empty files, for 1 and 2."""
    files = [os.memfd_create(name) for name in NAMES.values()]
    for file in files:
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
    return files


def place_files(files: Sequence[int]) -> None:
    """Make them descriptors 1 and 2, and 0 an input that holds nothing. These three are closed before."""
    null = os.open(os.devnull, os.O_RDONLY)  # the lowest that is free: 0
    os.set_inheritable(null, True)  # for what a cell runs
    for number, file in zip(NAMES, files, strict=True):
        os.dup2(file, number)


def left_over(files: Sequence[int]) -> dict[str, str]:
    """What was written to them and not sent yet, by the streams' names; of much of it, the beginning."""
    return {
        name: os.pread(file, _LEFT, 0).decode("utf-8", "replace")
        for name, file in zip(NAMES.values(), files, strict=True)
    }


class Collector:
    """Sends what is in the two files, in the order in which the writers took turns."""

    def __init__(self, send: Callable[[dict[str, Any]], None], most: int) -> None:
        self.send = send
        self.most = most  # bytes of one cell
        self.room = most
        self.traffic = TRAFFIC * most
        self._last = 1
        self._decoders = {number: codecs.getincrementaldecoder("utf-8")("replace") for number in NAMES}

    def begin(self) -> None:
        """A new cell starts with all its room."""
        self.room = self.most
        self.traffic = TRAFFIC * self.most

    def clear(self) -> None:
        """What was shown is to go: it takes no room, and counts among what was sent."""
        self.room = self.most if self.traffic > 0 else 0

    def sync(self) -> None:
        """Send what both files hold."""
        for number in NAMES:
            self._sync(number)

    def _sync(self, number: int) -> None:
        while data := os.pread(number, _GROWN, 0):
            size = os.fstat(number).st_size
            rest = os.pread(number, size, len(data)) if size > len(data) and self.room > 0 else b""
            os.ftruncate(number, 0)
            self.offer(number, data + rest)

    def offer(self, number: int, data: bytes) -> None:
        """Send a stream's bytes as far as there is room."""
        room = min(self.room + data.rfind(b"\r") + 1, self.traffic)  # a carriage return writes over what came before
        text = self._decoders[number].decode(data[: max(room, 0)])
        if self.room > 0:
            for start in range(0, len(text), _GROWN):
                self.send({"out": "stream", "name": NAMES[number], "text": text[start : start + _GROWN]})
            if len(data) > room:
                self.send({"out": "cut"})
        self.traffic -= len(data)
        self.room = min(self.room - (len(data) - data.rfind(b"\r") - 1), self.traffic)

    def turn(self, number: int) -> None:
        """Before writing to one stream: what the other holds came first."""
        if number != self._last:
            self._last = number
            self._sync(3 - number)


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a notebook."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, number: int, collector: Collector) -> None:
        self._number = number
        self._collector = collector
        self._since = 0
        self.buffer = io.FileIO(number, "wb", closefd=False)
        self.name = f"<{NAMES[number]}>"

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._collector.room <= 0:
            return len(text)
        self._collector.turn(self._number)
        view = memoryview(text.encode("utf-8", "replace"))
        while view:
            # a piece at a time, so that a file's size limit is never met by what is only on its way
            written = os.write(self._number, view[:_GROWN])
            view = view[written:]
            self._since += written
            if self._since >= _GROWN:
                self.flush()
                if self._collector.room <= 0:
                    break
        return len(text)

    def flush(self) -> None:
        self._since = 0
        self._collector._sync(self._number)

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True
