"""Code as tokens, and the forms of its passages.

A form is that of WINDOW tokens in a row, with each variable replaced by its number in the order in which they appear
there. So it stays when everything is renamed, commented and laid out anew, and differs when variables change places.
These are the k-grams of Schleimer, Wilkerson and Aiken (2003, doi:10.1145/872757.872770), all of them: answers are
short, so there is no need to pick a few by winnowing.
"""

from __future__ import annotations

import builtins
import tokenize
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from keyword import iskeyword
from tokenize import COMMENT, ENDMARKER, NEWLINE, NL, NUMBER, STRING, TokenInfo

WINDOW = 12  # tokens; `m = b * m + (1 - b) * g` has 13
MOST_TOKENS = 20_000  # of one student
LONGEST_LINE = 1000  # characters; what stands behind is not compared. It bounds what a hostile line costs.
OWNERS = ("self", "cls")
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class CodeToken:
    """word : what it is compared by; for a variable its name. start, end : where it stands in the source."""

    word: str
    variable: bool
    start: int
    end: int


@lru_cache(maxsize=1 << 14)
def code_tokens(source: str) -> tuple[CodeToken, ...]:
    """The tokens of a cell, without comments, docstrings and layout. Code that is no Python has some too.

    Beyond MOST_TOKENS there is one, so that it can be seen that there are more.
    """
    lines = source.split("\n")
    shorn = [line.lstrip() for line in lines]  # without indentation, none can be wrong
    offsets, place = [], 0
    for line, rest in zip(lines, shorn, strict=True):
        offsets.append(place + len(line) - len(rest))
        place += len(line) + 1
    found: list[CodeToken] = []
    for token in islice(_statements(rest[:LONGEST_LINE] for rest in shorn), MOST_TOKENS + 1):
        start, end = (offsets[row - 1] + column for row, column in (token.start, token.end))
        found.append(_code_token(token, found, start, end))
    return tuple(found)


def _statements(lines: Iterator[str]) -> Iterator[TokenInfo]:
    """The tokens of code, up to where it can no longer be read; a string that is a whole statement says nothing."""
    held: TokenInfo | None = None
    first = True
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(lambda: next((f"{line}\n" for line in lines), "")):
            if token.type in (COMMENT, NL, ENDMARKER) or (token.type != NEWLINE and not token.string.strip()):
                continue
            if held is not None and token.type != NEWLINE:
                yield held
            held = None
            if token.type == STRING and first:
                held = token
            elif token.type != NEWLINE:
                yield token
            first = token.type == NEWLINE


def _code_token(token: TokenInfo, before: list[CodeToken], start: int, end: int) -> CodeToken:
    text = token.string
    if token.type == STRING:
        return CodeToken("''", False, start, end)
    if token.type == NUMBER:
        return CodeToken(_number(text), False, start, end)
    # what belongs to a library keeps its name; what a class calls its own can be renamed
    attribute = bool(before) and before[-1].word == "." and (len(before) < 2 or before[-2].word not in OWNERS)
    variable = text.isidentifier() and not (attribute or iskeyword(text) or text in BUILTINS)
    return CodeToken(text, variable, start, end)


@lru_cache(maxsize=1 << 14)
def forms(source: str) -> tuple[str, ...]:
    """The form that begins at each token of a cell, but for the last few."""
    tokens = code_tokens(source)
    return tuple(_form(tokens[start : start + WINDOW]) for start in range(len(tokens) - WINDOW + 1))


def _form(tokens: tuple[CodeToken, ...]) -> str:
    numbers: dict[str, int] = {}
    return " ".join(
        f"\0{numbers.setdefault(token.word, len(numbers))}" if token.variable else token.word for token in tokens
    )


def _number(text: str) -> str:
    """2, 2. and 2.0 are the same."""
    try:
        return f"{float(text.replace('_', '')):g}"
    except ValueError:
        return text
