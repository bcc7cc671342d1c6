"""What checks an answer in the page: it runs in the reader's browser, and as well wherever the student's half does.

It is given the answer as text. What comes back is plain: the table as HTML, what the answer printed, what it raised.
"""
from __future__ import annotations

import io
import json
import linecache
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.student.caller import named_tuples
from autograder.student.check import judge_publicly
from autograder.student.display import table
from autograder.student.release import read_exercise

GIVEN, ANSWER = "<cell-given>", "<cell-answer>"     # named as cells, which the student's half tells from its own code
MOST = 10_000                                       # characters of what is printed


class Said(io.StringIO):
    """What is printed, up to a length; the rest is dropped, so that a loop that prints fills no memory."""

    def write(self, text: str) -> int:
        room = MOST - self.tell()
        if room > 0:
            super().write(text if len(text) <= room else text[:room] + "\n… [cut here]")
        return len(text)


def run(name: str, answer: str, file: str, book: str = ".") -> str:
    """`judge` as JSON, for the page."""
    return json.dumps(judge(name, answer, Path(file), book))


def judge(name: str, answer: str, file: Path, book: str = ".") -> dict[str, Any]:
    """Define the answer as a notebook would, below what it is given, and put it to the public cases of the file.

    book : where the book's chapters are, seen from the page.
    """
    notebook, kept, said = ModuleType("__main__"), sys.modules["__main__"], Said()
    sys.modules["__main__"] = notebook              # where named tuples are looked up, as in a notebook
    try:
        with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings():
            warnings.simplefilter("default")
            found = _judged(name, answer, file, book, notebook)
    finally:
        sys.modules["__main__"] = kept
    return {"right": False, "html": "", "error": "", "headline": ""} | found | {"printed": said.getvalue()}


def _judged(name: str, answer: str, file: Path, book: str, notebook: ModuleType) -> dict[str, Any]:
    try:
        _define(GIVEN, json.loads(file.read_text("utf-8"))["exercises"][name]["before"], notebook)
        _define(ANSWER, answer, notebook)
    except BaseException as error:      # SystemExit as well; the page ends what does not end by itself
        return {"error": explained(error), "headline": f"{name}: your code ended in {type(error).__name__}."}
    if not callable(thing := vars(notebook).get(name)):
        missing = f"Nothing that can be called has the name {name}: keep it as it was given."
        return {"error": missing, "headline": missing}
    exercise = read_exercise([name], [file.parent], named_tuples(None))
    feedback, right = judge_publicly(exercise, thing)
    return {"right": right, "html": table(feedback, name, book), "headline": feedback.headline}


def _define(cell: str, source: str, notebook: ModuleType) -> None:
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    exec(compile(source, cell, "exec", dont_inherit=True), vars(notebook))


def explained(error: BaseException) -> str:
    """An exception with the lines of the answer that it came through, and none of ours."""
    last = traceback.format_exception_only(error)
    if isinstance(error, SyntaxError) and error.filename == ANSWER:
        return f"Line {error.lineno}:\n" + "".join(last[1:]).rstrip()
    lines = [f"Line {frame.lineno}: {frame.line}\n" for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == ANSWER]
    return ("".join(lines) + "".join(last)).rstrip()
