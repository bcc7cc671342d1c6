"""What `check()` shows in a notebook: a table made for reading. Its colours are the front end's own, light or dark."""

from __future__ import annotations

import html
import re
import sys
from typing import Any

from autograder.student.feedback import Feedback, Line, address_of, place, word

GREEN, RED, GREY = "#12875a", "#d0463b", "#808080"  # at least 3 to 1 on white and on JupyterLab's dark grey
RULE = "1px solid rgba(128, 128, 128, .4)"
CELL = f"padding:.3em .9em .3em 0;text-align:left;vertical-align:top;border-bottom:{RULE};font-weight:normal"
MARKS = {True: ("✓", GREEN), False: ("✗", RED), None: ("–", GREY)}


def show(feedback: Feedback, name: str, book: str = "") -> bool:
    """Show the feedback on the exercise `name` in the front end; False where there is none, as in a plain Python."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return False
    from IPython.display import display

    display({"text/plain": feedback.text(), "text/html": table(feedback, name, book)}, raw=True)
    return True


def table(feedback: Feedback, name: str, book: str = "") -> str:
    """The feedback as HTML that loads nothing: what to change, the cases, one of them folded, the link."""
    right = bool(feedback.lines) and all(line.passed for line in feedback.lines)  # an answer not begun has no lines
    advice = "".join(
        f'<p style="margin:.4em 0 .8em;padding-left:.8em;border-left:3px solid {RED};white-space:normal">'
        f"{_inline(sentence)}</p>"
        for sentence in feedback.sentences
    )
    cases = "".join(_case(text) for text in feedback.cases)
    return (
        f'<section class="autograder-check" aria-label="check({html.escape(name)})" style="color:inherit;'
        'max-width:64em;line-height:1.45">'
        f'<p style="margin:.2em 0 .6em"><b style="color:{GREEN if right else RED}" aria-hidden="true">'
        f"{MARKS[right][0]}</b> <b>{html.escape(feedback.headline)}</b></p>"
        f"{advice}{_rows(feedback.lines, name)}{cases}{_reading(feedback.read, book)}</section>"
    )


def _rows(lines: tuple[Line, ...], name: str) -> str:
    if not lines:
        return ""
    heads = "".join(
        f'<th scope="col" style="{CELL};font-weight:bold">{head}</th>' for head in ("mark", "case", "what happened")
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:0;font-size:inherit;color:inherit;'
        f'background:none" aria-label="the public cases of {html.escape(name)}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(map(_row, lines))}</tbody></table></div>"
    )


def _row(line: Line) -> str:
    mark, colour = MARKS[line.passed]
    said = word(line.passed) if line.passed is not None else "not judged"
    return (
        '<tr style="background:none">'
        f'<td style="{CELL};white-space:nowrap"><b style="color:{colour}" aria-hidden="true">{mark}</b> {said}</td>'
        f'<th scope="row" style="{CELL}">{html.escape(line.name)}</th>'
        f'<td style="{CELL};overflow-wrap:anywhere">{_inline(line.note)}</td></tr>'
    )


def _inline(text: str) -> str:
    """A sentence, with `names` as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def _case(text: str) -> str:
    name = text.partition("“")[2].partition("”")[0]
    summary = f"The case “{name}”, spelled out" if name else "One case, spelled out"
    return (
        f'<details style="margin:.8em 0"><summary style="cursor:pointer">{html.escape(summary)}</summary>'
        '<pre style="margin:.5em 0;padding:0;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;'
        f'background:none;color:inherit">{html.escape(text)}</pre></details>'
    )


def _reading(read: str, book: str) -> str:
    if not read:
        return ""
    address, words = address_of(read, book), html.escape(place(read))
    link: Any = f'<a href="{html.escape(address)}" target="_blank" rel="noopener">{words}</a>' if address else words
    return f'<p style="margin:.6em 0">Read: {link}</p>'
