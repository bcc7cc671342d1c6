"""Putting questions to a snapshot, in batches, and reading the answers without believing anything."""

from __future__ import annotations

import bisect
import itertools
import json
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.cleaning.outputs import printable
from autograder.sandbox.host.endings import Clock, Over, how_it_ended
from autograder.sandbox.host.layers import SessionError
from autograder.sandbox.host.session import Session
from autograder.sandbox.interface import Answer, Limits, Question
from autograder.sandbox.shared.messages import Channel, ChannelError, read, wait
from autograder.student import values

MAX_DEATHS = 3
SEND_SECONDS = 20.0
BATCH_BYTES = 8 << 20
_TEXT = 1000


class Lost(Exception):
    """A snapshot that answered itself is gone, or must be: what is not answered yet needs one that lasts, by itself."""


class Room:
    """The bytes that a submission's answers may take in the grader's memory, all together."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def take(self, answer: Answer) -> Answer:
        """The answer, or that it is more than is kept."""
        size = _weight(answer.values)
        if size > self.left:
            reason = f"the answers take more than {self.most >> 20} MiB together, which is more than the grader keeps"
            return Answer("refused", reason=reason)
        self.left -= size
        return answer


class _Crashed(Exception):
    """The answering process is gone; the sentence says how."""


class _Broken(Exception):
    """The batch cannot be asked at all."""


class Questioner:
    """The questions to one snapshot. `ask` goes on where it stopped, so that others can be asked in between."""

    def __init__(self, question: Question, limits: Limits, room: Room | None = None) -> None:
        self.answers: list[Answer] = []
        self._question, self._limits = question, limits
        self._room = room or Room(limits.answers_bytes)
        self._calls = _plain(question)
        self._deaths = 0

    @property
    def finished(self) -> bool:
        return len(self.answers) == len(self._calls)

    def turn_to(self, live: Session, snapshot: int, *, lasting: bool) -> None:
        """Ask this session's snapshot from now on."""
        self._live, self._channel, self._lasting = live, live.snapshots[snapshot], lasting
        self._begun = False  # whether a process of the snapshot waits for calls
        self._kills = live.kills

    def ask(self, *, visible: bool) -> None:
        """One answer for each call, or for those that students may see, whatever the other side does.

        Raises
        ------
        Lost
            The snapshot was not to last, and a call ended it or broke the protocol; the answers before that, and a
            timeout, are kept.
        """
        until = self._question.visible if visible else len(self._calls)
        if self._begun and self._kills != self._live.kills:  # killed with another snapshot's, whose time was up
            self._begun = False
            if not _saw_death(self._channel):
                self.fill(Answer("stopped", reason="the session did not recover from a timeout"))
        while len(self.answers) < until:
            try:
                self._go_on(until)
            except Over as over:
                if over.whole:
                    return self.fill(Answer("stopped", reason=str(over)))
                self._died(str(over))
                if not self._lasting:
                    raise Lost from None
                self._live.kill_answering()
                if not _saw_death(self._channel):
                    return self.fill(Answer("stopped", reason="the session did not recover from a timeout"))
            except _Crashed as crash:
                self._died(str(crash))
            except _Broken as broken:
                return self.fill(Answer("refused", reason=str(broken)))
            except ChannelError as error:
                if not self._lasting:
                    # how it ended is known once the same call has ended a process that is watched; and what came may be
                    # another function's, whose answers the same process gives
                    raise Lost from None
                return self.fill(Answer("refused", reason=f"it broke the session's protocol: {error}"))
            if self._deaths >= MAX_DEATHS:
                reason = f"not asked after {self._deaths} calls that ended the process"
                return self.fill(Answer("stopped", reason=reason))
        self._kills = self._live.kills

    def _go_on(self, until: int) -> None:
        """Ask from the first call without an answer on, a batch at a time; each answer is appended as it comes."""
        question = self._question
        if not self._begun:
            batch: dict[str, Any] = {"name": question.name, "checks": question.checks, "driver": question.driver}
            batch["most"] = self._limits.answer_message_bytes
            self._channel.send(batch, time.monotonic() + SEND_SECONDS)
            self._begun = True
        clock = Clock(question.seconds, question.seconds * self._limits.wall_factor)
        while len(self.answers) < until:
            number, calls = int.from_bytes(os.urandom(6)), _batch(self._calls[len(self.answers) : until])
            twice = json.dumps(question.twice and until > question.visible).encode()
            message = b'{"number": %d, "twice": %s, "calls": [%s]}' % (number, twice, b", ".join(calls))
            self._channel.send_bytes(message, time.monotonic() + SEND_SECONDS)
            for place in range(len(calls)):
                self.answers.append(self._answer(number + place, clock))

    def _answer(self, number: int, clock: Clock) -> Answer:
        """The next answer; `clock` bounds the time since the one before it."""
        found: list[Answer] = []

        def take(message: dict[str, Any]) -> bool:
            if isinstance(message.get("died"), int):
                raise _Crashed(how_it_ended(message["died"]))
            if "broken" in message:
                raise _Broken(_short(message["broken"]))
            if message.get("number") != number:
                raise ChannelError("it answered what was not asked")
            found.append(_answer(message, self._limits.answer_bytes))
            return True

        self._live.talk(self._channel, take, clock, self._limits.answer_message_bytes)
        return self._room.take(found[0])

    def _died(self, reason: str) -> None:
        self.answers.append(Answer("stopped", reason=reason))
        self._begun = False
        self._deaths += 1

    def fill(self, answer: Answer) -> None:
        """The same answer for all calls that have none."""
        self.answers += [answer] * (len(self._calls) - len(self.answers))


def _batch(calls: Sequence[bytes]) -> Sequence[bytes]:
    """The first of the calls, as many as one message may hold; one at least."""
    sizes = list(itertools.accumulate(map(len, calls)))
    return calls[: max(1, bisect.bisect_right(sizes, BATCH_BYTES))]


def _plain(question: Question) -> tuple[bytes, ...]:
    try:
        return question.plain
    except values.NotPlain as error:
        raise SessionError(f"the arguments of a case of {question.name} cannot be sent: {error}") from None


def _answer(message: dict[str, Any], most: int) -> Answer:
    """The answer in one message; anything unexpected is refused."""
    match message:
        case {"missing": str(reason)}:
            return Answer("missing", reason=_short(reason))
        case {"refused": str(reason)}:
            return Answer("refused", reason=_short(reason))
        case {"answers": [first]}:
            return _single(first, most)
        case {"answers": [first, second]}:
            return _both(_single(first, most), _single(second, most))
    raise ChannelError("an answer is malformed")


def _single(part: Any, most: int) -> Answer:
    match part:
        case {"value": plain}:
            try:
                value = values.from_plain(plain)
            except Exception as error:  # whatever it is, it was made by what came
                return Answer("refused", reason=_short(f"the answer cannot be read: {error}"))
            if _weight(value) > most:
                return Answer("refused", reason=f"an answer of more than {most >> 20} MiB is not kept")
            return Answer("value", (value,))
        case {"exception": str(name), "message": str(message), "line": str(line)}:
            return Answer("raised", exception=_short(name), message=_short(message), line=_short(line))
        case {"refused": str(reason)}:
            return Answer("refused", reason=_short(reason))
    raise ChannelError("an answer is malformed")


def _both(first: Answer, second: Answer) -> Answer:
    """Two answers as one. Where only the first is a value, that is what counts, and there is no second."""
    if first.status != "value":
        return first
    if second.status == "value":
        return Answer("value", first.values + second.values)
    return Answer("value", first.values, second.exception, second.message, second.line)


def _saw_death(channel: Channel) -> bool:
    """Whether the waiting process reports, in time, that what it forked is gone. Late answers are passed over."""
    deadline = time.monotonic() + 3.0
    try:
        while True:
            for raw in channel.drain():
                if b'"died"' in raw and "died" in read(raw):
                    return True
            wait([channel], deadline)
    except ChannelError:
        return False


def _weight(value: Any) -> int:
    """About what a decoded value takes in memory."""
    if isinstance(value, np.ndarray):
        return 128 + value.nbytes
    if isinstance(value, (list, tuple)):
        return 64 + sum(8 + _weight(item) for item in value)
    if isinstance(value, dict):
        return 64 + sum(32 + _weight(key) + _weight(item) for key, item in value.items())
    return 64 + len(value) if isinstance(value, str) else 32


def _short(text: Any) -> str:
    return printable(str(text)[:_TEXT])
