"""The proofs of an exercise: an honest reference, misconceptions told apart, no free points, cases with power.

What a set of hidden cases buys: the reference, the misconceptions, right and wrong answers and mutants are tried on the
public cases and on `sets` hidden ones, because what they earn depends on the numbers drawn. Trivial answers are tried
on one set: they fail whatever is drawn.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.authoring.cases import check_draws, hidden_oracles, public_oracles
from autograder.authoring.clock import cpu_time
from autograder.authoring.errors import ExerciseError
from autograder.authoring.exercise import Exercise
from autograder.authoring.mutants import Mutant, array_parameters, mutants
from autograder.authoring.trivial import moved, trivial_functions, trivial_values, widened
from autograder.student.crossing import ask
from autograder.student.drive import Raised, run_driver
from autograder.student.marking import Mark, Oracle, judge, mark

SETS = 4  # of hidden cases
LUCK = 0.15  # of the points, by which a wrong answer's share may depend on the set
Cases = tuple[Oracle, ...]


@dataclass(frozen=True)
class Failure:
    """case : the case, misconception or answer that it is about; what : what is wrong, and what to do."""

    exercise: str
    case: str
    what: str

    def __str__(self) -> str:
        return f"{self.exercise}: {self.case}: {self.what}"


@dataclass(frozen=True)
class Answers:
    """What a course supplies beside its exercises: right answers written otherwise, and wrong ones.

    untellable : the names of wrong answers that no case can tell, and why.
    """

    right: Sequence[Callable] = ()
    wrong: Sequence[Callable] = ()
    untellable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """What was tried on one exercise, and what failed.

    survivors : the mutants that lost no points on some set, and are not named as equivalent.
    luck : the most by which the share of the points that one misconception earns depends on the set.
    """

    exercise: Exercise
    cases: int = 0
    mutants: int = 0
    survivors: tuple[Mutant, ...] = ()
    luck: float = 0.0
    failures: tuple[Failure, ...] = ()


def prove(exercise: Exercise, answers: Answers | None = None, *, sets: int = SETS, with_mutants: bool = True) -> Proof:
    """Try everything on one exercise."""
    answers = answers or Answers()
    if "torch" in sys.modules:  # on arrays as small as these, threads wait for one another most of the time
        sys.modules["torch"].set_num_threads(1)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a wrong answer may well divide by zero
        try:
            check_draws(exercise, range(sets + 1))
            drawn = [public_oracles(exercise), *(hidden_oracles(exercise, b"prove", "prove", n) for n in range(sets))]
        except ExerciseError as error:
            return Proof(exercise, failures=(Failure(exercise.name, "cases", str(error)),))
        failures = [
            Failure(exercise.name, case, what)
            for case, what in dict.fromkeys(
                (
                    *_told(exercise),
                    *_reference(exercise, drawn),
                    *_misconceptions(exercise, drawn),
                    *_trivial(exercise, drawn[-1]),
                    *_right(exercise, answers, drawn),
                    *_wrong(exercise, answers, drawn[1:]),
                )
            )
        ]
        made, survivors = _mutants(exercise, drawn) if with_mutants else (0, {})
        named = {equivalent.text for equivalent in exercise.equivalents}
        if with_mutants:
            failures += [
                Failure(exercise.name, str(mutant), f"this mutant keeps all points on {lost} of {len(drawn)} sets of "
                        "cases: add a case that tells it, or name it with equivalent() and a reason")
                for mutant, lost in survivors.items() if mutant.text not in named
            ]  # fmt: skip
            alive = {mutant.text for mutant in survivors}
            failures += [
                Failure(exercise.name, "equivalent()", "no mutant that keeps its points is this one any more, so take "
                        f"it out: {equivalent.reason}")
                for equivalent in exercise.equivalents if equivalent.text not in alive
            ]  # fmt: skip
        luck, unlucky = _luck(exercise, drawn)
        if luck > LUCK:
            what = f"what it earns depends on the set, by {luck:.0%} of the points: let it fail the same cases always"
            failures.append(Failure(exercise.name, unlucky, what))
    alone = tuple(mutant for mutant in survivors if mutant.text not in named)
    return Proof(exercise, len(drawn[0]), made, alone, luck, tuple(failures))


def mark_of(exercise: Exercise, answer: Any, cases: Sequence[Oracle], *, recognise: bool = False) -> Mark:
    """The mark that `answer` gets on these cases, asked without a session."""
    given = [_asked(exercise, answer, oracle) for oracle in cases]
    return mark(cases, given, exercise.compare, pure=exercise.pure, recognise=recognise)


def loses(exercise: Exercise, answer: Any, cases: Sequence[Oracle]) -> bool:
    """Whether `answer` has less than all points on these cases; it is asked no more once that is known."""
    for oracle in cases:
        given = _asked(exercise, answer, oracle)
        if judge(oracle, given[0], exercise.compare) or (exercise.pure and judge(oracle, given[1], exercise.compare)):
            return True
    return False


def _asked(exercise: Exercise, answer: Any, oracle: Oracle) -> tuple[Any, ...]:
    return ask(exercise.drive, answer, oracle.arguments, oracle.keywords, twice=exercise.pure)


def _wrong_cases(result: Mark) -> list[str]:
    return [f"{case.name} ({case.mismatch.sentence})" for case in result.cases if case.mismatch]


def _told(exercise: Exercise) -> Iterator[tuple[str, str]]:
    if not exercise.misconceptions:
        yield "misconceptions", "it knows none: name at least one wrong answer that people really give"
    for wrong in exercise.misconceptions:
        if not wrong.sentence.strip().endswith((".", "?", "!")):
            yield wrong.name, "its sentence does not end as one: write what the student should read"
    if exercise.read and ("#" not in exercise.read or exercise.read.endswith("#")):
        yield "read", f"{exercise.read!r} names no anchor of a page: write page.html#anchor"


def _reference(exercise: Exercise, drawn: Sequence[Cases]) -> Iterator[tuple[str, str]]:
    for number, cases in enumerate(drawn):
        for case in _wrong_cases(mark_of(exercise, exercise.reference, cases)):
            yield case, "the reference fails its own case: correct it, or let it leave its arguments alone (pure=)"
        rng = np.random.default_rng(number)
        for oracle in cases:
            given = run_driver(exercise.drive, exercise.reference, moved(oracle.arguments, rng), oracle.keywords)
            if found := judge(oracle, given, exercise.compare):
                yield (
                    oracle.name,
                    (
                        f"the reference fails where its arguments are moved by one unit in the last place "
                        f"({found.sentence}): draw numbers that are less delicate, or widen the tolerance"
                    ),
                )
            wide = run_driver(exercise.drive, exercise.reference, widened(oracle.arguments), oracle.keywords)
            if not isinstance(wide, Raised) and _differs(exercise, oracle, wide):
                yield oracle.name, "the reference fails in a wider precision: widen the tolerance of this case's dtype"


def _differs(exercise: Exercise, oracle: Oracle, answer: Any) -> bool:
    try:
        return exercise.compare(answer, oracle.expected, oracle.arguments, oracle.private) is not None
    except Exception:
        return True


def _misconceptions(exercise: Exercise, drawn: Sequence[Cases]) -> Iterator[tuple[str, str]]:
    for wrong in exercise.misconceptions:
        for cases in drawn:
            given = [(oracle.misconceptions[wrong.name],) * 2 for oracle in cases]
            result = mark(cases, given, exercise.compare, pure=exercise.pure)
            if not any(case.kind == "values" and not case.passed for case in result.cases):
                yield wrong.name, "this misconception passes every 'values' case: add one that it fails"
            elif result.misconception != wrong.name:
                taken = f"taken for {result.misconception}" if result.misconception else "not recognised"
                yield wrong.name, f"this misconception is {taken}: add a 'values' case that tells them, or merge them"
            else:
                continue
            break


def _luck(exercise: Exercise, drawn: Sequence[Cases]) -> tuple[float, str]:
    """How much a misconception's share of the points depends on the set, at most, and which one's."""
    found = [(0.0, "")]
    for wrong in exercise.misconceptions:
        shares = []
        for cases in drawn:
            given = [(oracle.misconceptions[wrong.name],) * 2 for oracle in cases]
            shares.append(mark(cases, given, exercise.compare, pure=exercise.pure, recognise=False).share)
        found.append((max(shares) - min(shares), wrong.name))
    return max(found)


def _trivial(exercise: Exercise, cases: Cases) -> Iterator[tuple[str, str]]:
    for name, answer in trivial_functions().items():
        if share := mark_of(exercise, answer, cases).share:
            yield name, f"a function that hands this back earns {share:.0%}: change the cases that it passes"
    for oracle in cases:
        for name, value in trivial_values(oracle).items() if oracle.kind == "values" else ():
            if judge(oracle, value, exercise.compare) is None:
                yield oracle.name, f"{name} as the answer passes: make it an 'edge' case, or draw other numbers"
    if exercise.starter is not None and (share := mark_of(exercise, exercise.starter, cases).share):
        yield "starter", f"the version to be mended earns {share:.0%} as it stands: change the cases that it passes"


def _right(exercise: Exercise, answers: Answers, drawn: Sequence[Cases]) -> Iterator[tuple[str, str]]:
    for answer in answers.right:
        for cases in drawn:
            if failed := _wrong_cases(mark_of(exercise, answer, cases)):
                yield _name(answer), f"this right answer fails {failed[0]}: the case asks for what the text does not"
                break


def _wrong(exercise: Exercise, answers: Answers, drawn: Sequence[Cases]) -> Iterator[tuple[str, str]]:
    for answer in answers.wrong:
        kept = sum(not loses(exercise, answer, cases) for cases in drawn)
        if kept and _name(answer) not in answers.untellable:
            yield (
                _name(answer),
                (
                    f"this wrong answer keeps all points on {kept} of {len(drawn)} hidden sets: add a case that tells "
                    "it, or name it as untellable, with the reason"
                ),
            )
        elif not kept and _name(answer) in answers.untellable:
            yield _name(answer), "it is named as untellable and loses points on every hidden set: take the name out"
    for name in set(answers.untellable) - {_name(answer) for answer in answers.wrong}:
        yield name, "it is named as untellable, and no wrong answer is called so: take the name out"


def _mutants(exercise: Exercise, drawn: Sequence[Cases]) -> tuple[int, dict[Mutant, int]]:
    """How many mutants there are, and on how many sets each survivor keeps all points."""

    def ask(recorder: Callable) -> None:
        for oracle in drawn[0]:
            _asked(exercise, recorder, oracle)

    arrays = array_parameters(exercise.reference, ask)
    started = time.process_time()
    loses(exercise, exercise.reference, drawn[0])
    bound = 0.2 + 10 * (time.process_time() - started)
    made, survivors = 0, {}
    for mutant in mutants(exercise.reference, arrays=arrays, pure=exercise.pure):
        answer = mutant.answer(exercise.reference)
        if answer is None:
            continue
        made += 1
        with suppress(TimeoutError):  # what does not end on one set is told by it
            if kept := sum(_keeps(exercise, answer, cases, bound) for cases in drawn):
                survivors[mutant] = kept
    return made, survivors


def _keeps(exercise: Exercise, answer: Any, cases: Cases, bound: float) -> bool:
    """Whether `answer` keeps all points on one set, for which it has `bound` seconds of CPU time."""
    with cpu_time(bound):
        return not loses(exercise, answer, cases)


def _name(answer: Callable) -> str:
    return getattr(answer, "__name__", repr(answer))
