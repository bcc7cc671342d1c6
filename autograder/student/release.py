"""The file that goes out with an assignment: public cases, their answers, and what each misconception answers.

Plain JSON, read by `check()`. It holds nothing of the hidden cases and no reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.student.compare import Mismatch, same
from autograder.student.drive import Raised, call, load_checks
from autograder.student.marking import Compare, Oracle
from autograder.student.values import from_plain, to_plain

SUFFIX = ".cases.json"


class ReleaseError(Exception):
    """The file of public cases is missing or unreadable; the sentence says what to do."""


@dataclass(frozen=True)
class PublicExercise:
    """What a student's half knows of an exercise.

    sentences : the misconceptions' names and what to tell who holds one.
    returns : what the contract says that is returned. book : where the book's pages are published.
    given : the source that the student begins with.
    """

    name: str
    oracles: tuple[Oracle, ...]
    drive: Callable[..., Any]
    compare: Compare
    sentences: dict[str, str]
    pure: bool = True
    read: str = ""
    driver: str = ""
    returns: tuple[str, ...] = ()
    book: str = ""
    given: str = ""


def write_release(path: Path, assignment: str, version: str, exercises: list[dict[str, Any]], book: str = "") -> None:
    """Write the file; `exercises` come from `describe`."""
    path.write_text(
        json.dumps(
            {
                "assignment": assignment,
                "version": version,
                "book": book,
                "exercises": {exercise["name"]: exercise for exercise in exercises},
            },
            indent=1,
        )
        + "\n"
    )


def describe(
    name: str,
    oracles: tuple[Oracle, ...],
    *,
    checks: str,
    driver: str,
    judge: str,
    tolerance: tuple[float, float] | None,
    sentences: dict[str, str],
    pure: bool,
    read: str,
    given: str,
    returns: tuple[str, ...] = (),
) -> dict[str, Any]:
    """An exercise as plain JSON."""
    return {
        "name": name,
        "checks": checks,
        "driver": driver,
        "judge": judge,
        "tolerance": tolerance,
        "sentences": sentences,
        "pure": pure,
        "read": read,
        "returns": list(returns),
        "given": given,
        "cases": [
            {
                "name": o.name,
                "kind": o.kind,
                "weight": o.weight,
                "arguments": to_plain(o.arguments),
                "keywords": to_plain(o.keywords),
                "expected": _to_plain(o.expected),
                "private": to_plain(o.private),
                "misconceptions": {key: _to_plain(value) for key, value in o.misconceptions.items()},
            }
            for o in oracles
        ],
    }


def read_exercise(names: Sequence[str], folders: Sequence[Path], types: dict[str, type]) -> PublicExercise:
    """The exercise that has one of `names`, from a file of public cases in one of `folders`; the first of each counts.

    types : the notebook's named tuples, so that the arguments have the types the notebook defined.

    Raises
    ------
    ReleaseError
        No such file, no such exercise, or a damaged file.
    """
    files = [file for folder in folders for file in sorted(folder.glob(f"*{SUFFIX}"))]
    if not files:
        raise ReleaseError(
            f"No file *{SUFFIX} stands beside this notebook: fetch the assignment again, and keep its files together "
            f"(searched: {', '.join(map(str, folders))})."
        )
    damaged = ""
    for file in files:
        try:
            whole = json.loads(file.read_text(encoding="utf-8"))
            exercises = whole["exercises"]
            plain = next((exercises[name] for name in names if exercises.get(name) is not None), None)
            if plain is not None:
                return _read(plain, types, str(whole.get("book", "")))
        except (ValueError, KeyError, TypeError, AttributeError, SyntaxError, OSError) as error:
            damaged = damaged or f"{file.name} cannot be read ({type(error).__name__}): fetch the assignment again."
    raise ReleaseError(
        damaged
        or f"There is no exercise called {names[0] if names else 'so'!r} in "
        f"{', '.join(dict.fromkeys(file.name for file in files))}: keep the function's name as it was given "
        f"(searched: {', '.join(map(str, folders))})."
    )


def _read(plain: dict[str, Any], types: dict[str, type], book: str) -> PublicExercise:
    checks = load_checks(plain["checks"]) if plain["checks"] else None
    tolerance = tuple(plain["tolerance"]) if plain["tolerance"] else None

    def default_compare(answer: Any, expected: Any, arguments: tuple, private: Any) -> Mismatch | None:
        return same(answer, expected, tolerance=tolerance)

    def judged(answer: Any, expected: Any, arguments: tuple, private: Any) -> Mismatch | None:
        found = getattr(checks, plain["judge"])(answer, expected, arguments, private)
        return Mismatch("property", found) if isinstance(found, str) else found

    oracles = tuple(
        Oracle(
            case["name"],
            from_plain(case["arguments"], types),
            from_plain(case["keywords"], types),
            _from_plain(case["expected"], types),
            case["kind"],
            case["weight"],
            from_plain(case["private"], types),
            {key: _from_plain(value, types) for key, value in case["misconceptions"].items()},
        )
        for case in plain["cases"]
    )
    return PublicExercise(
        plain["name"],
        oracles,
        getattr(checks, plain["driver"]) if plain["driver"] else call,
        judged if plain["judge"] else default_compare,
        plain["sentences"],
        plain["pure"],
        plain["read"],
        plain["driver"],
        tuple(plain.get("returns", ())),
        book,
        plain.get("given", ""),
    )


def _to_plain(value: Any) -> Any:
    if isinstance(value, Raised):
        return {"raised": value.exception}
    return to_plain(value)


def _from_plain(plain: Any, types: dict[str, type]) -> Any:
    if isinstance(plain, dict) and set(plain) == {"raised"}:
        return Raised(plain["raised"])
    return from_plain(plain, types)
