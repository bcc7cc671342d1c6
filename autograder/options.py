"""What stands behind the commands' options: numbers with bounds, mistakes in one sentence, and the nearest name."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from autograder.authoring.errors import ExerciseError


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence, with where to read on."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"argument COMMAND: invalid choice: '(.*)' \(choose from (.*)\)$", message, re.DOTALL)
        if unknown:
            known = re.findall(r"[\w-]+", unknown[2])
            message = f"there is no command {unknown[1]!r}{nearest(unknown[1], known)}; there are: {', '.join(known)}"
        message = message.removeprefix("argument ")
        raise ExerciseError(f"{message}; `{self.prog} --help` says what there is")


def nearest(name: str, known: Iterable[str]) -> str:
    """' (did you mean this one?)' where a known name is close, else ''."""
    names = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f" (did you mean {names[found[0]]!r}?)" if found else ""


def whole(lowest: int) -> Callable[[str], int]:
    """A reader of whole numbers from `lowest` on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if number < lowest:
            raise argparse.ArgumentTypeError(f"a whole number of at least {lowest} is wanted, not {text!r}")
        return number

    return read


def above_zero(text: str) -> float:
    """A number that is finite and above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"a number above 0 is wanted, not {text!r}")
    return number


def address(text: str) -> str:
    """The address of a Dask scheduler, looked at for its form."""
    if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://[^\s/:]+:\d{1,5}|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d{1,5}", text):
        raise argparse.ArgumentTypeError(f"an address such as tcp://host:8786 is wanted, not {text!r}")
    return text


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help whose examples keep their lines."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"max_help_position": 28, **options})
