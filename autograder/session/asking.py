"""Putting questions to a snapshot, one call at a time, and reading the answers without believing anything."""

from __future__ import annotations

import os
import time
from typing import Any

from autograder.student import values

from .ends import Clock, Over, how_it_ended
from .interface import Answer, Limits, Question
from .layers import SessionError
from .live import Live
from .sanitise import safe_text
from .wire import Channel, ChannelError, read, wait

MAX_DEATHS = 3
SEND_SECONDS = 20.0
ANSWER_BYTES = 56 << 20
_TEXT = 1000


class _Crashed(Exception):
    """The answering process is gone; the sentence says how."""


class _Broken(Exception):
    """The batch cannot be asked at all."""


def ask(live: Live, snapshot: int, question: Question, limits: Limits) -> tuple[Answer, ...]:
    """One answer for each of the question's calls, whatever the other side does."""
    answers: list[Answer] = []
    deaths = 0
    calls = [_plain(call, question) for call in question.calls]
    channel = live.snapshots[snapshot]
    while len(answers) < len(calls):
        try:
            _batch(live, channel, question, calls, limits, answers)
        except Over as over:
            if over.whole:
                return _fill(answers, calls, Answer("stopped", reason=str(over)))
            answers.append(Answer("stopped", reason=str(over)))
            live.kill_answering()
            if not _saw_death(channel):
                return _fill(answers, calls, Answer("stopped", reason="the session did not recover from a timeout"))
            deaths += 1
        except _Crashed as crash:
            answers.append(Answer("stopped", reason=str(crash)))
            deaths += 1
        except _Broken as broken:
            return _fill(answers, calls, Answer("refused", reason=str(broken)))
        except ChannelError as error:
            return _fill(answers, calls, Answer("refused", reason=f"it broke the session's protocol: {error}"))
        if deaths >= MAX_DEATHS:
            reason = f"not asked after {deaths} calls that ended the process"
            return _fill(answers, calls, Answer("stopped", reason=reason))
    return tuple(answers)


def not_asked(question: Question, reason: str) -> tuple[Answer, ...]:
    """The answers of a snapshot that does not exist."""
    return tuple(Answer("stopped", reason=reason) for _ in question.calls)


def _plain(call: tuple[tuple, dict[str, Any]], question: Question) -> Any:
    try:
        return values.to_plain(tuple(call))
    except values.NotPlain as error:
        raise SessionError(f"the arguments of a case of {question.name} cannot be sent: {error}") from None


def _batch(
    live: Live, channel: Channel, question: Question, calls: list[Any], limits: Limits, answers: list[Answer]
) -> None:
    """Ask from the first call without an answer on; each answer is appended as it comes."""
    batch = {"name": question.name, "checks": question.checks, "driver": question.driver, "twice": question.twice}
    channel.send(batch, time.monotonic() + SEND_SECONDS)
    clock = Clock(question.seconds, question.seconds * limits.wall_factor)
    while len(answers) < len(calls):
        number = int.from_bytes(os.urandom(6))
        found: list[Answer] = []

        def take(message: dict[str, Any], number: int = number, found: list[Answer] = found) -> bool:
            if isinstance(message.get("died"), int):
                raise _Crashed(how_it_ended(message["died"]))
            if "broken" in message:
                raise _Broken(_short(message["broken"]))
            if message.get("number") != number:
                raise ChannelError("it answered what was not asked")
            found.append(_answer(message))
            return True

        channel.send({"call": calls[len(answers)], "number": number}, time.monotonic() + SEND_SECONDS)
        live.talk(channel, take, clock, ANSWER_BYTES)
        answers.extend(found)


def _answer(message: dict[str, Any]) -> Answer:
    """The answer in one message; anything unexpected is refused."""
    match message:
        case {"missing": str(reason)}:
            return Answer("missing", reason=_short(reason))
        case {"refused": str(reason)}:
            return Answer("refused", reason=_short(reason))
        case {"answers": [first]}:
            return _single(first)
        case {"answers": [first, second]}:
            return _both(_single(first), _single(second))
    raise ChannelError("an answer is malformed")


def _single(part: Any) -> Answer:
    match part:
        case {"value": plain}:
            try:
                return Answer("value", (values.from_plain(plain),))
            except Exception as error:  # whatever it is, it was made by what came
                return Answer("refused", reason=_short(f"the answer cannot be read: {error}"))
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


def _fill(answers: list[Answer], calls: list[Any], answer: Answer) -> tuple[Answer, ...]:
    return (*answers, *[answer] * (len(calls) - len(answers)))


def _short(text: Any) -> str:
    return safe_text(str(text))[:_TEXT]
