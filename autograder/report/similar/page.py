"""The page: one HTML file that loads nothing and runs nothing. What students wrote is data, and escaped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.cleaning.outputs import printable, readable
from autograder.files import replacing
from autograder.nbgrader_adapter.course import Course
from autograder.report.similar.pairs import FEW, Pair, Side, find_pairs
from autograder.report.similar.submissions import HandedIn, read_class

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_CHARACTERS = 12_000  # of one cell; a longer one is cut, and that is said


@dataclass(frozen=True)
class Written:
    """pairs : how many are on the page, of `all_pairs` with the score or more. left_out : what is not compared."""

    pairs: int
    all_pairs: int
    students: int
    left_out: tuple[str, ...]


def write_similar(course: Course, assignment: str, path: Path, *, least: float, most: int) -> Written:
    """Write the page on a class's answers.

    least : the score from which on a pair is shown. most : how many pairs are.

    Raises ExerciseError where there is nothing to compare, or the file cannot be written.
    """
    handed_in = read_class(course, assignment)
    pairs = find_pairs(handed_in.code, handed_in.given, least)
    with replacing(path) as file:
        file.write(render(assignment, handed_in, pairs[:most], len(pairs), least))
    return Written(len(pairs[:most]), len(pairs), len(handed_in.code), handed_in.left_out)


def render(assignment: str, handed_in: HandedIn, pairs: list[Pair], found: int, least: float) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"pieces": pieces, "readable": readable}
    students = len(handed_in.code)
    return environment.get_template("similar.html.j2").render(
        assignment=assignment,
        title=handed_in.title,
        pairs=pairs,
        found=found,
        least=least,
        few=FEW,
        students=students,
        compared=students * (students - 1) // 2,
        left_out=[printable(sentence) for sentence in handed_in.left_out],
        most_characters=MOST_CHARACTERS,
        now=datetime.now().strftime("%Y-%m-%d %H:%M"),
    )


def pieces(side: Side) -> Iterator[tuple[bool, str]]:
    """The source from its start to its end: whether the other has a piece too, and its text."""
    ends = [0, *(place for span in side.spans for place in span), len(side.source)]
    for number, (start, end) in enumerate(pairwise(ends)):
        text = side.source[start : min(end, MOST_CHARACTERS)]
        if text:
            yield number % 2 == 1, printable(text)
