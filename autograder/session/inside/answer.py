"""A snapshot: it waits with the notebook's state, and answers questions.

One that is to last runs no student code itself: it forks a process that answers, and where that dies it says so, and
the grader goes on with the next call in a fresh fork. The others answer themselves, once, which is quicker; the last
one, after which nothing is run, is the notebook's process itself.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
from collections.abc import Callable
from typing import Any

from autograder.student import drive, values

from ..wire import Channel

CALL_BYTES = 64 << 20
ANSWER_BYTES = 48 << 20


def fork_with_state() -> int:
    """Fork, the child's `random` going on where it is: Python would seed it afresh, and a snapshot keeps everything."""
    state = random.getstate()
    pid = os.fork()
    if pid == 0:
        random.setstate(state)
    return pid


def wait_for_questions(
    channel: Channel, snapshots: list[int], index: int, namespace: dict[str, Any], *, lasting: bool
) -> None:
    """Keep only the snapshot's own channel, and answer each batch that is asked for. Never returns."""
    os.close(channel.fileno())
    for number, descriptor in enumerate(snapshots):
        if number > index:
            os.close(descriptor)
    questions = Channel(socket.socket(fileno=snapshots[index]), CALL_BYTES)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
    while True:
        batch = questions.receive()
        pid = fork_with_state() if lasting else 0
        if pid == 0:
            try:
                _answer(questions, batch, namespace)
            except BaseException:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        questions.send_bytes(b'{"died": %d}' % status, void=True)


def _answer(channel: Channel, batch: dict[str, Any], namespace: dict[str, Any]) -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (closed with the process)
    function = namespace.get(batch["name"])
    refusal = "" if callable(function) else _not_there(batch["name"], function, namespace)
    driver: Callable[..., Any] = drive.call
    if not refusal and batch["checks"]:
        try:
            driver = getattr(drive.load_checks(batch["checks"]), batch["driver"] or "call", drive.call)
        except Exception as error:
            channel.send({"broken": f"checks.py failed in the session: {type(error).__name__}: {error}"[:500]})
            return
    while True:
        request = channel.receive()
        for number, call in enumerate(request["calls"], request["number"]):
            reply = {"missing": refusal} if refusal else _call(driver, function, call, request["twice"], namespace)
            data = json.dumps({"number": number, **reply}).encode()
            if len(data) > ANSWER_BYTES:
                size = f"{len(data) >> 20} MiB is more than the {ANSWER_BYTES >> 20} MiB that may be sent"
                data = json.dumps({"number": number, "refused": f"an answer of {size}"}).encode()
            channel.send_bytes(data)


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
        value = drive.run_driver(driver, function, arguments, keywords)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: they end nothing here
        value = drive.raised(error)
    if isinstance(value, drive.Raised):
        return {"exception": value.exception, "message": value.message, "line": value.line}
    try:
        return {"value": values.to_plain(value)}
    except values.NotPlain as error:
        return {"refused": str(error)[:500]}
    except BaseException as error:
        return {"refused": f"the answer could not be read: {type(error).__name__}"[:500]}
