"""A snapshot: it waits with the notebook's state, and answers questions.

One that is to last runs no student code itself: it forks a process that answers, and where that dies it says so, and
the grader goes on with the next call in a fresh fork. The others answer themselves, once, which is quicker; the one
after the last cell is the notebook's process itself.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
from collections.abc import Callable
from typing import Any

from autograder.sandbox.guest import thread_pools
from autograder.sandbox.shared.messages import Channel
from autograder.student import crossing, drive, values

CALL_BYTES = 64 << 20


def fork_with_state() -> int:
    """Fork, the child's `random` going on where it is: Python would seed it afresh, and a snapshot keeps everything."""
    state = random.getstate()
    thread_pools.end_threads()
    pid = os.fork()
    if pid == 0:
        random.setstate(state)
    return pid


def be_snapshot(
    channel: Channel, waiting: dict[int, int], index: int, namespace: dict[str, Any], *, lasting: bool = False
) -> None:
    """Keep only this snapshot's channel, and answer what is asked on it. Never returns.

    What is displayed from now on must have nowhere to go: the channel of the cells' outputs is closed here.

    waiting : the descriptor of every snapshot that this process still has
    lasting : whether to fork for each batch
    """
    os.close(channel.fileno())
    for other in waiting.keys() - {index}:
        os.close(waiting[other])
    questions = Channel(socket.socket(fileno=waiting[index]), CALL_BYTES)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    while lasting:
        batch = questions.receive()
        pid = fork_with_state()
        if pid == 0:
            _answer_and_exit(questions, batch, namespace)
        _, status = os.waitpid(pid, 0)
        questions.send_bytes(b'{"died": %d}' % status, void=True)
    _answer_and_exit(questions, questions.receive(), namespace)


def _answer_and_exit(questions: Channel, batch: dict[str, Any], namespace: dict[str, Any]) -> None:
    """Answer whatever calls come. batch : the first message, which says what is asked for."""
    try:
        # closed with the process; what an answer prints is no error, whatever the locale
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8", errors="replace")  # noqa: SIM115
        answering = Answering(questions, batch, namespace)
        while True:
            answering.answer(questions.receive())
    except BaseException:
        os._exit(1)


class Answering:
    """One function, asked over one channel."""

    def __init__(self, channel: Channel, batch: dict[str, Any], namespace: dict[str, Any]) -> None:
        self._channel, self._namespace = channel, namespace
        self._most = batch["most"]  # bytes of one message
        self._function = namespace.get(batch["name"])
        self._refusal = "" if callable(self._function) else _not_there(batch["name"], self._function, namespace)
        self._driver: Callable[..., Any] = drive.call
        if not self._refusal and batch["checks"]:
            try:
                self._driver = getattr(drive.load_checks(batch["checks"]), batch["driver"] or "call", drive.call)
            except Exception as error:
                channel.send({"broken": f"checks.py failed in the session: {type(error).__name__}: {error}"[:500]})

    def answer(self, request: dict[str, Any]) -> None:
        """One answer for each call of the request, as soon as it is there."""
        for number, call in enumerate(request["calls"], request["number"]):
            data = json.dumps({"number": number, **self._reply(call, request["twice"])}).encode()
            if len(data) > self._most:
                size = f"{len(data) >> 20} MiB is more than the {self._most >> 20} MiB that may be sent"
                data = json.dumps({"number": number, "refused": f"an answer of {size}"}).encode()
            self._channel.send_bytes(data)

    def _reply(self, call: Any, twice: bool) -> dict[str, Any]:
        if self._refusal:
            return {"missing": self._refusal}
        return _call(self._driver, self._function, call, twice, self._namespace)


def _not_there(name: str, value: Any, namespace: dict[str, Any]) -> str:
    return f"{name} is not a function or class" if name in namespace else f"{name} is not defined"


def _call(driver: Callable[..., Any], function: Any, call: Any, twice: bool, namespace: dict[str, Any]) -> dict:
    """One call, or two on the same objects; each answer is written down before the next call can change it."""
    try:
        arguments, keywords = values.from_plain(call, namespace)
    except Exception as error:
        return {"refused": f"the arguments could not be built in the session: {type(error).__name__}: {error}"[:500]}
    answers: list[dict[str, Any]] = []
    for _ in range(2 if twice else 1):
        answers.append(_one(driver, function, arguments, keywords))
        if "value" not in answers[-1]:
            break
    return {"answers": answers}


def _one(driver: Callable[..., Any], function: Any, arguments: tuple, keywords: dict[str, Any]) -> dict[str, Any]:
    try:
        return crossing.reply(driver, function, arguments, keywords)
    except KeyboardInterrupt as error:  # the answer's own: nobody else is here to press a key
        found = drive.raised(error, function)
        return {"exception": found.exception, "message": found.message, "line": found.line}
