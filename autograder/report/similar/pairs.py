"""Which two students share forms of code that neither what they were given nor the class explains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from autograder.report.similar.forms import WINDOW, code_tokens, forms

FEW = 4  # students; a form that more have, and more than one in COMMON of the class, is the class's
COMMON = 20


@dataclass(frozen=True)
class CodeCell:
    """A cell that was handed in. name : of the exercise, or its place."""

    name: str
    source: str


@dataclass(frozen=True)
class Side:
    """One student's code in a pair. spans : of the source, from and to, that the other has too."""

    source: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SharedCell:
    """A cell of the assignment in which something is shared, as each of two has it."""

    name: str
    first: Side
    second: Side


@dataclass(frozen=True)
class Pair:
    """Two students whose code is alike.

    score : the shared tokens, each counted once where only these two have it, half where one more has it, and so on.
    shares : the part of each one's own code that the other has too. Own is what is neither given nor the class's.
    """

    first: str
    second: str
    score: float
    shares: tuple[float, float]
    cells: tuple[SharedCell, ...]


Places = dict[tuple[int, int], float]  # cell and token, with the weight of its form


def find_pairs(class_: Mapping[str, tuple[CodeCell, ...]], given: Iterable[str], least: float) -> list[Pair]:
    """The pairs with a score of at least `least`, highest first.

    class_ : what each student handed in. given : code that explains a likeness, such as the release and the reference.
    """
    known = {form for source in given for form in forms(source)}
    places = _places(class_, known)
    most = max(FEW, len(class_) // COMMON)
    rare = {form: of for form, of in places.items() if len(of) <= most}
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for form, of in rare.items():
        for pair in combinations(sorted(of), 2):
            shared[pair].append(form)
    own = _own_tokens(rare)
    found = []
    for (first, second), found_forms in shared.items():
        if WINDOW * sum(1 / (len(rare[form]) - 1) for form in found_forms) < least:
            continue  # it cannot come to so much
        covered = [_covered(rare, found_forms, student) for student in (first, second)]
        score = min(sum(one.values()) for one in covered)
        if score >= least:
            shares = (len(covered[0]) / own[first], len(covered[1]) / own[second])
            cells = _cells(class_[first], class_[second], covered[0], covered[1])
            found.append(Pair(first, second, score, shares, cells))
    return sorted(found, key=lambda pair: (-pair.score, pair.first, pair.second))


def _places(
    class_: Mapping[str, tuple[CodeCell, ...]], known: Collection[str]
) -> dict[str, dict[str, list[tuple[int, int]]]]:
    """Where each student has each form that is not known: by form, by student, cells and tokens."""
    places: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for student, cells in class_.items():
        for number, cell in enumerate(cells):
            for start, form in enumerate(forms(cell.source)):
                if form not in known:
                    places.setdefault(form, {}).setdefault(student, []).append((number, start))
    return places


def _own_tokens(rare: Mapping[str, Mapping[str, list[tuple[int, int]]]]) -> dict[str, int]:
    """How many tokens of each student are in forms that few have."""
    own: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for of in rare.values():
        for student, places in of.items():
            own[student].update((cell, start + i) for cell, start in places for i in range(WINDOW))
    return {student: len(tokens) for student, tokens in own.items()}


def _covered(rare: Mapping[str, Mapping[str, list[tuple[int, int]]]], found: Iterable[str], student: str) -> Places:
    covered: Places = {}
    for form in found:
        weight = 1 / (len(rare[form]) - 1)
        for cell, start in rare[form][student]:
            for token in range(start, start + WINDOW):
                covered[cell, token] = max(weight, covered.get((cell, token), 0))
    return covered


def _cells(
    first: tuple[CodeCell, ...], second: tuple[CodeCell, ...], in_first: Places, in_second: Places
) -> tuple[SharedCell, ...]:
    """The cells with something shared, and the other's cell of the same name beside each."""
    sides = [
        {cell.name: Side(cell.source, _spans(cell.source, number, covered)) for number, cell in enumerate(cells)}
        for cells, covered in ((first, in_first), (second, in_second))
    ]
    nothing = Side("", ())
    names = dict.fromkeys(name for side in sides for name, one in side.items() if one.spans)
    return tuple(SharedCell(name, sides[0].get(name, nothing), sides[1].get(name, nothing)) for name in names)


def _spans(source: str, number: int, covered: Places) -> tuple[tuple[int, int], ...]:
    """Where covered tokens stand in the source; those in a row together."""
    spans: list[tuple[int, int]] = []
    before = False
    for place, token in enumerate(code_tokens(source)):
        here = (number, place) in covered
        if here and before:
            spans[-1] = (spans[-1][0], token.end)
        elif here:
            spans.append((token.start, token.end))
        before = here
    return tuple(spans)
