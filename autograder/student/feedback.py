"""What a student reads: a table of named cases, and the one thing to look at. As text and as HTML."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .drive import Raised
from .marking import Mark, Oracle
from .values import is_tensor

WIDTH = 100


@dataclass(frozen=True)
class Line:
    """A row of the table. passed : None where the case could not be judged."""

    name: str
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class Feedback:
    """headline : one sentence; lines : the table; advice : paragraphs, the misconception first; read : a link."""

    headline: str
    lines: tuple[Line, ...]
    advice: tuple[str, ...] = ()
    read: str = ""

    def text(self) -> str:
        width = max((len(line.name) for line in self.lines), default=0)
        rows = [f"  {_word(line.passed):5} {line.name:{width}}  {line.note}".rstrip() for line in self.lines]
        return "\n".join(
            [
                self.headline,
                *rows,
                *("\n" + _wrapped(paragraph) for paragraph in self.advice),
                *([f"\nRead: {self.read}"] if self.read else []),
            ]
        )

    def html(self) -> str:
        """The same as a table; the mark is a word, not a colour alone."""
        rows = "".join(
            f'<tr><td style="text-align:left;padding:.2em .8em .2em 0"><b>{_word(line.passed)}</b></td>'
            f'<td style="text-align:left;padding:.2em .8em .2em 0">{html.escape(line.name)}</td>'
            f'<td style="text-align:left;padding:.2em .8em .2em 0">{html.escape(line.note)}</td></tr>'
            for line in self.lines
        )
        advice = "".join(f"<p>{_paragraph(paragraph)}</p>" for paragraph in self.advice)
        read = (
            f'<p>Read: <a href="{html.escape(self.read)}">{html.escape(self.read)}</a></p>'
            if self.read.startswith(("http://", "https://"))
            else f"<p>Read: {html.escape(self.read)}</p>"
            if self.read
            else ""
        )
        return (
            f"<p><b>{html.escape(self.headline)}</b></p><table><thead><tr><th>mark</th><th>case</th><th>what happened"
            f"</th></tr></thead><tbody>{rows}</tbody></table>{advice}{read}"
        )


def public_lines(mark: Mark) -> tuple[Line, ...]:
    """One line a case, with the whole reason: for public cases only."""
    return tuple(Line(case.name, case.passed, case.mismatch.sentence if case.mismatch else "") for case in mark.cases)


def hidden_lines(mark: Mark) -> tuple[Line, ...]:
    """One line a case with nothing that tells of its values: the kind of mismatch, or the error's power of ten."""
    return tuple(Line(case.name, case.passed, _guarded(case)) for case in mark.cases)


def _guarded(case: Any) -> str:
    if case.mismatch is None:
        return ""
    if case.mismatch.kind == "raised":
        line = f" at `{case.answer.line}`" if case.answer.line else ""
        return f"it raised {case.answer.exception}{line}"
    if case.mismatch.kind == "values" and case.mismatch.error is not None:
        if not math.isfinite(case.mismatch.error):
            return "off without bound"
        return f"off by about 1e{math.floor(math.log10(case.mismatch.error or 1e-300)):+03d}"
    return {
        "type": "not the kind of value asked for",
        "shape": "another shape",
        "dtype": "another dtype",
        "nan": "NaN in the wrong place",
        "purity": case.mismatch.sentence,
        "stopped": case.mismatch.sentence,
        "refused": "not a value that can be read",
        "missing": "not defined",
    }.get(case.mismatch.kind, "not the property asked for")


def worked_case(oracle: Oracle, answer: Any, driver: str = "") -> str:
    """One case spelled out: its arguments, what was expected and what came.

    driver : the name of the function of `checks.py` that puts the answer through its paces; '' for a plain call.
    """
    arguments = [shown(argument) for argument in oracle.arguments]
    arguments += [f"{name}={shown(value)}" for name, value in oracle.keywords.items()]
    how = f"puts it through `{driver}` with" if driver else "calls it with"
    called = ",\n    ".join(arguments)
    return (
        f"The case “{oracle.name}” {how}\n    {called}"
        f"\nExpected:\n    {shown(oracle.expected)}\nCame:\n    {shown(answer)}"
    )


def shown(value: Any) -> str:
    """A value in a few lines, with the shape and dtype of arrays."""
    if isinstance(value, Raised):
        return f"the exception {value.exception}" + (f": {value.message}" if value.message else "")
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        with np.printoptions(precision=6, threshold=20, edgeitems=3, linewidth=100):
            body = str(value).replace("\n", "\n    ")
        return f"{body}  (shape {value.shape}, {value.dtype})" if value.ndim else f"{value} ({value.dtype})"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        inner = ", ".join(f"{name}={shown(item)}" for name, item in zip(value._fields, value, strict=True))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, (tuple, list)):
        return _bracketed(value)
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _bracketed(value: Sequence[Any]) -> str:
    inner = ", ".join(shown(item) for item in value[:6]) + (", ..." if len(value) > 6 else "")
    return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"


def _paragraph(text: str) -> str:
    if "\n" in text:
        return f"<pre>{html.escape(text)}</pre>"
    return html.escape(text)


def _wrapped(text: str) -> str:
    return text if "\n" in text else textwrap.fill(text, WIDTH)


def _word(passed: bool | None) -> str:
    return {True: "right", False: "wrong", None: "—"}[passed]
