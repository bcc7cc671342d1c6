"""What is judged is what crosses: an answer as plain data, in the student's notebook as in the grader.

`check()` and the grade are one judgement because both ask by `ask` or by its halves: `reply` runs beside the student's
code and makes plain data, `received` makes the values that are judged.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.student.drive import Raised, raised, run_driver
from autograder.student.values import NotPlain, from_plain, to_plain

_TEXT = 500


@dataclass(frozen=True)
class Refused(Raised):
    """An answer that is no plain data; `message` says why."""

    exception: str = "refused"

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Stopped(Refused):
    """An answer that did not come in time; `message` says in which."""

    exception: str = "stopped"


@dataclass(frozen=True)
class NotTried(Refused):
    """In the place of an answer that was not asked for, because an earlier one did not come."""

    exception: str = "not tried"
    message: str = "not tried, because an earlier case did not end"


def ask(
    drive: Callable, answer: Any, arguments: tuple, keywords: Mapping[str, Any], *, twice: bool = True
) -> tuple[Any, ...]:
    """The answer to one question, or two to the same question.

    The objects are the same both times, so only a pure function gives the right answer twice; the caller's own are left
    alone. Where the first answer is an exception there is no second.
    """
    arguments, keywords = copy.deepcopy(arguments), copy.deepcopy(dict(keywords))
    first = received(reply(drive, answer, arguments, keywords))
    if not twice or isinstance(first, Raised):
        return (first,)
    return first, received(reply(drive, answer, arguments, keywords))


def reply(drive: Callable, answer: Any, arguments: tuple, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """One answer as plain data: its value, or the exception, or why it is neither."""
    value = run_driver(drive, answer, arguments, keywords)
    if isinstance(value, Raised):
        return {"exception": value.exception, "message": value.message, "line": value.line}
    try:
        return {"value": to_plain(value)}
    except NotPlain as error:
        return {"refused": str(error)[:_TEXT]}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an object of the student's own, which is asked for its parts here
        found = raised(error, answer)
        return {"exception": found.exception, "message": found.message, "line": found.line}


def received(plain: Mapping[str, Any]) -> Any:
    """The value that is judged, or a `Raised`."""
    if "exception" in plain:
        return Raised(plain["exception"], plain["message"], plain["line"])
    if "refused" in plain:
        return Refused(message=plain["refused"])
    try:
        return from_plain(json.loads(json.dumps(plain["value"])))
    except (NotPlain, ValueError, RecursionError) as error:
        return Refused(message=str(error)[:_TEXT])
