"""From answers to a mark: which cases pass, what share of the points that is, and which misconception it shows.

The same in the student's notebook, on the public cases, and in the grader, on the hidden ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .compare import Mismatch, same_dtype
from .drive import Raised

Compare = Callable[[Any, Any, tuple, Any], "Mismatch | None"]
PURITY = "leaves its arguments alone"


@dataclass(frozen=True, eq=False)
class Oracle:
    """One case with what the reference answers to it.

    kind : 'values'; 'edge' and 'dtype' count only where a 'values' case passes.
    misconceptions : what each misconception answers, by its name.
    """

    name: str
    arguments: tuple
    keywords: dict[str, Any]
    expected: Any
    kind: str = "values"
    weight: float = 1
    private: Any = None
    misconceptions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseMark:
    """How one case went. `mismatch` is None where it passed; `answer` is what came."""

    name: str
    kind: str
    weight: float
    mismatch: Mismatch | None
    answer: Any = None

    @property
    def passed(self) -> bool:
        return self.mismatch is None


@dataclass(frozen=True)
class Mark:
    """cases : in order, the purity case last. misconception : its name, or ''."""

    cases: tuple[CaseMark, ...]
    misconception: str = ""

    @property
    def share(self) -> float:
        """The part of the points earned, in [0, 1]. Without a passing 'values' case nothing is."""
        if not any(case.passed for case in self.cases if case.kind == "values"):
            return 0.0
        return sum(case.weight for case in self.cases if case.passed) / sum(case.weight for case in self.cases)

    @property
    def right(self) -> bool:
        return all(case.passed for case in self.cases)

    @property
    def first_wrong(self) -> int | None:
        """The index of the first case that failed, values first."""
        wrong = [i for i, case in enumerate(self.cases) if not case.passed]
        return min(wrong, key=lambda i: (self.cases[i].kind != "values", i), default=None)


def mark(
    oracles: Sequence[Oracle],
    answers: Sequence[tuple[Any, ...]],
    compare: Compare,
    *,
    pure: bool,
    recognise: bool = True,
) -> Mark:
    """The mark for `answers`, one tuple a case: the answer, or the answers to the same call made twice.

    pure : whether a second answer that is wrong where the first was right fails the purity case.
    recognise : whether to look for the misconception that a wrong answer shows.
    """
    firsts = [judge(oracle, answer[0], compare) for oracle, answer in zip(oracles, answers, strict=True)]
    cases = [
        CaseMark(oracle.name, oracle.kind, oracle.weight, mismatch, answer[0])
        for oracle, answer, mismatch in zip(oracles, answers, firsts, strict=True)
    ]
    if pure:
        cases.append(CaseMark(PURITY, "purity", 1, _impurity(oracles, answers, firsts, compare)))
    look = recognise and any(mismatch for mismatch in firsts)
    return Mark(tuple(cases), _recognise(oracles, answers, compare) if look else "")


def judge(oracle: Oracle, answer: Any, compare: Compare) -> Mismatch | None:
    """None where `answer` is right for this case."""
    if isinstance(answer, Raised):
        where = f" at `{answer.line}`" if answer.line else ""
        return Mismatch("raised", f"it raised {answer}{where}")
    try:
        found = compare(answer, oracle.expected, oracle.arguments, oracle.private)
    except Exception as error:  # a judge that cannot read an answer has not found it right
        return Mismatch("type", f"the answer cannot be judged: {type(error).__name__}: {error}")
    return found or (same_dtype(answer, oracle.expected) if oracle.kind == "dtype" else None)


def _impurity(
    oracles: Sequence[Oracle], answers: Sequence[tuple[Any, ...]], firsts: Sequence[Mismatch | None], compare: Compare
) -> Mismatch | None:
    judged = [(oracle, answer) for oracle, answer, first in zip(oracles, answers, firsts, strict=True) if not first]
    if not judged:
        return Mismatch("purity", "no answer was right, so this was not judged")
    if any(len(answer) < 2 or judge(oracle, answer[1], compare) for oracle, answer in judged):
        return Mismatch(
            "purity",
            "a second call with the same arguments gave another answer: "
            "the first call changed its arguments, or kept something between calls",
        )
    return None


def _recognise(oracles: Sequence[Oracle], answers: Sequence[tuple[Any, ...]], compare: Compare) -> str:
    """The name of the misconception that answers every 'values' case as the student did, or ''."""
    values = [(oracle, answer[0]) for oracle, answer in zip(oracles, answers, strict=True) if oracle.kind == "values"]
    for name in values[0][0].misconceptions if values else ():
        if all(_agree(oracle, answer, name, compare) for oracle, answer in values) and any(
            judge(oracle, answer, compare) for oracle, answer in values
        ):
            return name
    return ""


def _agree(oracle: Oracle, answer: Any, name: str, compare: Compare) -> bool:
    theirs = oracle.misconceptions[name]
    if isinstance(theirs, Raised) or isinstance(answer, Raised):
        return (
            isinstance(theirs, Raised)
            and isinstance(answer, Raised)
            and theirs.exception == answer.exception != "NotImplementedError"
        )
    try:
        return compare(answer, theirs, oracle.arguments, oracle.private) is None
    except Exception:  # an answer that cannot be compared is not this misconception's
        return False
