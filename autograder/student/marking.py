"""From answers to a mark: which cases pass, what share of the points that is, and which misconception it shows.

The same in the student's notebook, on the public cases, and in the grader, on the hidden ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.student.compare import Mismatch, named, same, same_dtype
from autograder.student.crossing import NotTried, Refused, Stopped
from autograder.student.drive import Raised

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

    @property
    def judged(self) -> bool:
        """False for purity where no answer was right, and for a case that was not tried: nothing is known of it, and
        it earns nothing."""
        return self.mismatch is None or self.mismatch.kind != "not judged"


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
    names: Sequence[str] = (),
) -> Mark:
    """The mark for `answers`, one tuple a case: the answer, or the answers to the same call made twice.

    pure : whether a second answer that is not the first one again fails the purity case.
    recognise : whether to look for the misconception that a wrong answer shows.
    names : what the contract says that is returned, to name a wrong part by.
    """
    firsts = [judge(oracle, answer[0], compare, names) for oracle, answer in zip(oracles, answers, strict=True)]
    cases = [
        CaseMark(oracle.name, oracle.kind, oracle.weight, mismatch, answer[0])
        for oracle, answer, mismatch in zip(oracles, answers, firsts, strict=True)
    ]
    if pure:
        cases.append(CaseMark(PURITY, "purity", 1, _impurity(oracles, answers, firsts, compare)))
    look = recognise and any(mismatch for mismatch in firsts)
    return Mark(tuple(cases), _recognise(oracles, answers, firsts, compare) if look else "")


def judge(oracle: Oracle, answer: Any, compare: Compare, names: Sequence[str] = ()) -> Mismatch | None:
    """None where `answer` is right for this case."""
    where = f" at `{answer.line}`" if isinstance(answer, Raised) and answer.line else ""
    if isinstance(answer, NotTried):
        return Mismatch("not judged", answer.message)
    if isinstance(answer, Stopped):
        return Mismatch("stopped", f"{answer.message}{where and '; it was'}{where}")
    if isinstance(answer, Refused):
        return Mismatch("refused", answer.message)
    if isinstance(answer, Raised):
        return Mismatch("raised", f"it raised {answer}{where}")
    try:
        found = compare(answer, oracle.expected, oracle.arguments, oracle.private)
    except Exception as error:  # a judge that cannot read an answer has not found it right
        return Mismatch("type", f"the answer cannot be judged: {type(error).__name__}: {error}")
    if found:
        return named(found, names, oracle.expected) if names else found
    return same_dtype(answer, oracle.expected) if oracle.kind == "dtype" else None


def _impurity(
    oracles: Sequence[Oracle], answers: Sequence[tuple[Any, ...]], firsts: Sequence[Mismatch | None], compare: Compare
) -> Mismatch | None:
    right = [first is None for first in firsts]
    if any(_changed(*each, compare) for each in zip(oracles, answers, right, strict=True)):
        return Mismatch(
            "purity",
            "a second call with the same arguments gave another answer: "
            "the first call changed its arguments, or kept something between calls",
        )
    if not any(right):
        return Mismatch("not judged", "not judged, because no answer was right")
    return None


def _changed(oracle: Oracle, answer: tuple[Any, ...], right: bool, compare: Compare) -> bool:
    """Whether the second call answered otherwise; a wrong answer that cannot be compared with itself did not."""
    if right:
        return len(answer) < 2 or judge(oracle, answer[1], compare) is not None
    if len(answer) < 2:
        return False
    first, second = answer[:2]
    if isinstance(first, Raised) or isinstance(second, Raised):
        return not (isinstance(first, Raised) and isinstance(second, Raised) and first.exception == second.exception)
    try:
        return same(second, first) is not None
    except Exception:
        return False


def explains(
    name: str,
    oracles: Sequence[Oracle],
    answers: Sequence[tuple[Any, ...]],
    firsts: Sequence[Mismatch | None],
    compare: Compare,
) -> bool:
    """Whether a misconception answers every 'values' case as the student did, and every other case that is wrong."""
    return all(
        _agree(oracle, answer[0], name, compare)
        for oracle, answer, first in zip(oracles, answers, firsts, strict=True)
        if oracle.kind == "values" or (first and first.kind != "dtype")
    )


def _recognise(
    oracles: Sequence[Oracle], answers: Sequence[tuple[Any, ...]], firsts: Sequence[Mismatch | None], compare: Compare
) -> str:
    """The name of the one misconception that explains what is wrong, or ''.

    Of several, the weakest: the one that is right where the answer is. `autograder prove` tells any two apart.
    """
    if not any(first and oracle.kind == "values" for oracle, first in zip(oracles, firsts, strict=True)):
        return ""
    found = [name for name in oracles[0].misconceptions if explains(name, oracles, answers, firsts, compare)]
    if len(found) < 2:
        return "".join(found)
    right = [oracle for oracle, first in zip(oracles, firsts, strict=True) if not first and oracle.kind != "values"]
    beyond = {name: sum(bool(judge(o, o.misconceptions[name], compare)) for o in right) for name in found}
    return min(found, key=lambda name: beyond[name])


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
