"""What a student reads: a table of named cases, and the one thing to look at. As text and as HTML."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autograder.student.compare import Mismatch
from autograder.student.marking import CaseMark, Mark, Oracle
from autograder.student.shown import WIDTH, cut, shown

__all__ = ["Feedback", "Line", "address_of", "hidden_lines", "place", "public_lines", "shown", "worked_case"]

LONGEST = 300  # characters of a note in the table; the case that is spelled out has the whole reason
NOT_BEGUN = "You have not begun this one: its code is as it was given."
#: What a student reads of a hidden case, by the kind of mismatch; of any other kind, and of values, 'close' or 'wrong'.
HIDDEN_WORDS = {
    "shape": "wrong shape",
    "dtype": "wrong dtype",
    "nan": "not finite",
    "raised": "an exception",
    "stopped": "no answer",
    "refused": "no answer",
    "missing": "no answer",
}
_CELL = "text-align:left;vertical-align:top;padding:.2em .8em .2em 0"  # JupyterLab aligns right


@dataclass(frozen=True)
class Line:
    """A row of the table. passed : None where the case could not be judged. earned, of : points, where it has any."""

    name: str
    passed: bool | None
    note: str = ""
    earned: float | None = None
    of: float | None = None


@dataclass(frozen=True)
class Feedback:
    """headline : one sentence; lines : the table; advice : paragraphs, the misconception first.

    read : what to look at, an address or a page and anchor of the book: 'momentum.html#time-scale'.
    """

    headline: str
    lines: tuple[Line, ...]
    advice: tuple[str, ...] = ()
    read: str = ""

    def text(self) -> str:
        width = max((len(line.name) for line in self.lines), default=0)
        rows = [f"  {word(line.passed):5} {line.name:{width}}  {line.note}".rstrip() for line in self.lines]
        told = [_wrapped(paragraph) + "\n" for paragraph in self.sentences]
        return "\n".join(
            [
                self.headline,
                *(["", *told] if told else []),
                *rows,
                *("\n" + case for case in self.cases),
                *([f"\nRead: {place(self.read)}"] if self.read else []),
            ]
        ).rstrip()

    @property
    def sentences(self) -> list[str]:
        """The advice in one line each."""
        return [paragraph for paragraph in self.advice if "\n" not in paragraph]

    @property
    def cases(self) -> list[str]:
        """The advice that is laid out: cases that are spelled out."""
        return [paragraph for paragraph in self.advice if "\n" in paragraph]

    def html(self, book: str = "") -> str:
        """The same for a page: the advice, then the table; the mark is a word, not a colour alone.

        book : the address that the book's pages are published under; '' makes no links to it.
        """
        advice = "".join(_paragraph(paragraph) for paragraph in self.advice)
        return (
            f'<div class="verdict"><p class="headline"><b>{html.escape(self.headline)}</b></p>'
            f"{advice}{self._reading(book)}{self._table()}</div>"
        )

    def _table(self) -> str:
        if not self.lines:
            return ""
        scored = any(line.of is not None for line in self.lines)
        heads = ["mark", "case", *(["points"] if scored else []), "what happened"]
        rows = "".join(
            f'<tr class="{word(line.passed)}">'
            + _cell(f"<b>{word(line.passed)}</b>")
            + _cell(html.escape(line.name))
            + (_cell(_points(line)) if scored else "")
            + _cell(html.escape(line.note))
            + "</tr>"
            for line in self.lines
        )
        head = "".join(f'<th scope="col" style="{_CELL}">{head}</th>' for head in heads)
        return f'<table class="cases"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'

    def _reading(self, book: str) -> str:
        if not self.read:
            return ""
        address, words = address_of(self.read, book), html.escape(place(self.read))
        shown = f'<a href="{html.escape(address)}">{words}</a>' if address else words
        return f'<p class="read">Read: {shown}</p>'


def address_of(read: str, book: str = "") -> str:
    """The link of what to read; '' where it is a page of a book that has no address."""
    if read.startswith(("http://", "https://")):
        return read
    relative = book and not read.startswith("/") and ":" not in read
    return f"{book.rstrip('/')}/{read}" if relative else ""


def place(read: str) -> str:
    """'momentum.html#time-scale' in words: the chapter momentum, section “time scale”. An address stays one."""
    page, _, anchor = read.partition("#")
    if not page.endswith(".html") or ":" in page:
        return read
    chapter = "the chapter " + page.removesuffix(".html").rpartition("/")[2].replace("_", " ").replace("-", " ")
    return f"{chapter}, section “{anchor.replace('-', ' ')}”" if anchor else chapter


def public_lines(mark: Mark) -> tuple[Line, ...]:
    """One line a case, with the whole reason: for public cases only."""
    return tuple(Line(case.name, _passed(case), _short(case)) for case in mark.cases)


def hidden_lines(mark: Mark) -> tuple[Line, ...]:
    """One line a case, of its values one word of a few: an answer that sees them could spell them in any other."""
    return tuple(Line(case.name, _passed(case), _word_on(case.mismatch)) for case in mark.cases)


def _short(case: CaseMark) -> str:
    note = " ".join(case.mismatch.sentence.split()) if case.mismatch else ""
    return note if len(note) <= LONGEST else note[: LONGEST - 1] + "…"


def _passed(case: CaseMark) -> bool | None:
    return case.passed if case.judged else None


def _word_on(mismatch: Mismatch | None) -> str:
    """What a student reads of a hidden case. Nothing of it is made by the student's code but the choice."""
    if mismatch is None:
        return ""
    if mismatch.kind in ("purity", "not judged"):
        return mismatch.sentence  # one of two, about all cases together
    if mismatch.kind == "values":
        return "not finite" if mismatch.error == float("inf") else "close" if mismatch.close else "wrong"
    return HIDDEN_WORDS.get(mismatch.kind, "wrong")


def worked_case(oracle: Oracle, answer: Any, driver: str = "", reason: str = "", path: tuple[Any, ...] = ()) -> str:
    """One case spelled out: its arguments, what was expected, what came, and what is wrong with that.

    driver : the name of the function of `checks.py` that puts the answer through its paces; '' for a plain call.
    reason : the mismatch's sentence; path : its place, which is shown whatever else of a long value is not.
    """
    wrong = f"\nWhat is wrong:\n    {cut(reason)}" if reason else ""
    return f"{_asked(oracle, driver, path)}\nCame:\n    {shown(answer, path)}{wrong}"


@lru_cache(maxsize=1024)
def _asked(oracle: Oracle, driver: str, path: tuple[Any, ...]) -> str:
    """What is the same for everybody who gets this case wrong at this place."""
    arguments = [shown(argument) for argument in oracle.arguments]
    arguments += [f"{name}={shown(value)}" for name, value in oracle.keywords.items()]
    how = f"puts it through `{driver}` with" if driver else "calls it with"
    called = ",\n    ".join(arguments)
    return f"The case “{oracle.name}” {how}\n    {called}\nExpected:\n    {shown(oracle.expected, path)}"


def _paragraph(text: str) -> str:
    if "\n" in text:
        return f'<pre class="worked">{html.escape(text)}</pre>'
    return f'<p class="advice">{html.escape(text)}</p>'


def _cell(content: str) -> str:
    return f'<td style="{_CELL}">{content}</td>'


def _points(line: Line) -> str:
    return "" if line.of is None else f"{_rounded(line.earned or 0)} of {_rounded(line.of)}"


def _rounded(points: float) -> str:
    return f"{round(points, 2):g}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH)


def word(passed: bool | None) -> str:
    return {True: "right", False: "wrong", None: "—"}[passed]
