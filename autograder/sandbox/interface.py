"""What the grader asks of a session and what it gets back. Frozen data; no process is started here.

A submission is played in two phases. First every cell runs, in order, and its outputs are kept; where a checked
function stands complete, the session keeps a *snapshot*: a forked copy of the student's process that waits. Then, with
the outputs out of the student's reach, the grader asks the snapshots. So nothing that the student's code learns
from the questions can come back in its outputs, and a crash in one function is nobody else's. Answers that the student
gets to see are asked for first, of all snapshots, for a process may hand what it was asked to another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from autograder.student import values

_OWN_PROCESSES = 12


@dataclass(frozen=True)
class Limits:
    """Bounds of one session. Seconds are CPU time; the wall clock stops a session at `wall_factor` times as much."""

    cell_seconds: float = 30
    submission_seconds: float = 120
    wall_factor: float = 3
    memory_mib: int = 2048  # address space beyond what the fork server has mapped already
    output_bytes: int = 4 << 20  # of one cell's outputs, all together; the rest is cut with a note
    outputs_bytes: int = 16 << 20  # of the notebook's
    answer_bytes: int = 4 << 20  # of what one call answers
    answers_bytes: int = 32 << 20  # of all that the grader keeps of a submission's answers
    file_mib: int = 64  # of one file
    scratch_mib: int = 256
    processes: int = 64
    descriptors: int = 256

    @property
    def wall_seconds(self) -> float:
        """The longest that a session may last."""
        return self.submission_seconds * self.wall_factor

    @property
    def traffic_bytes(self) -> int:
        """What a cell may send in all, counting what it clears, updates and writes over."""
        return 16 * self.output_bytes

    @property
    def answer_message_bytes(self) -> int:
        """The longest message with an answer: two values, in base64, and what else there is."""
        return 3 * self.answer_bytes + (1 << 20)

    def all_processes(self, snapshots: int) -> int:
        """Those of a session with `snapshots` in all: the student's, two for each snapshot, and the session's own."""
        return self.processes + 2 * snapshots + _OWN_PROCESSES


@dataclass(frozen=True)
class Cell:
    """Run this source as a notebook's cell."""

    source: str


@dataclass(frozen=True)
class Snapshot:
    """Keep the notebook's state as it is here: `name` will be asked for."""

    name: str


Step = Cell | Snapshot


@dataclass(frozen=True)
class CellResult:
    """What became of a cell.

    status : 'done'; 'error', an exception that is among the outputs; 'stopped', by a limit or a crash; 'not run'.
    reason : for a person, where the status is 'stopped' or 'not run': 'timeout after 30 s', 'process died: SIGSEGV'.
    outputs : nbformat v4 outputs, as dicts.
    """

    status: Literal["done", "error", "stopped", "not run"]
    outputs: tuple[dict[str, Any], ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """Calls to put to one snapshot.

    calls : (arguments, keywords) of each, real values; they are encoded on the way.
    checks, driver : the text of `checks.py` and the driver's name in it; '' for a plain call.
    twice : whether each call but the visible ones is made a second time on the same objects.
    seconds : CPU time for one call.
    visible : how many of the calls, the first ones, have answers that the student gets to see. Those of all questions
        are asked before any other call.
    """

    name: str
    calls: tuple[tuple[tuple, dict[str, Any]], ...]
    checks: str = ""
    driver: str = ""
    twice: bool = True
    seconds: float = 4
    visible: int = 0

    @cached_property
    def plain(self) -> tuple[bytes, ...]:
        """The calls as they are sent. NotPlain where one cannot be."""
        return tuple(json.dumps(values.to_plain(tuple(call))).encode() for call in self.calls)


@dataclass(frozen=True)
class Answer:
    """What came back from one call.

    status : 'value'; 'raised', an exception of the student's; 'refused', a value or message that cannot be read;
        'stopped', by a limit or a crash; 'missing', the name is not defined or is not callable.
    values : one value, or two where the call was made twice. Decoded outside: plain arrays, numbers and containers.
        Where only the second call failed there is one value, and the fields of 'raised' say how.
    exception, message, line : for 'raised'. The message may hold values: it is for public cases only.
    reason : for 'refused', 'stopped' and 'missing'.
    """

    status: Literal["value", "raised", "refused", "stopped", "missing"]
    values: tuple[Any, ...] = ()
    exception: str = ""
    message: str = ""
    line: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Transcript:
    """A submission played: one result a step's cell, in order, and one list of answers a snapshot."""

    cells: tuple[CellResult, ...]
    answers: tuple[tuple[Answer, ...], ...]
    layers: tuple[str, ...] = field(default=())  # the layers of protection that held
    cpu_seconds: float = 0
    peak_mib: float = 0


class Unprotected(RuntimeError):
    """Student code was not run, because protection is missing; the sentence names it and the remedy."""


@dataclass(frozen=True)
class Layer:
    """A layer of protection on this machine. sentence : what it gives, or what would mend it."""

    name: str
    holds: bool
    required: bool
    sentence: str
