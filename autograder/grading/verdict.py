"""The verdict on one graded cell: computed outside the student's process, kept in the store, sent to the gradebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.authoring.exercise import Exercise
from autograder.sandbox.interface import Answer
from autograder.student.compare import Mismatch
from autograder.student.crossing import Refused
from autograder.student.drive import Raised
from autograder.student.feedback import NOT_BEGUN, Feedback, Line, hidden_lines, worked_case
from autograder.student.hints import hint
from autograder.student.marking import Mark, Oracle, explains, mark


@dataclass(frozen=True)
class Verdict:
    """score : None where a person is needed; `reason` says why.

    cases : (name, kind, weight, passed, note) of each hidden case.
    feedback : what the student reads; None for an ordinary test cell.
    explanation : everything, hidden values included: for the instructor's eyes.
    begun : whether the code is another than what was given; what is not begun says nothing of what anybody believes.
    flags : what a person may want to look at in the answer, each with its line. They cost nothing.
    """

    exercise: str
    score: float | None
    max_score: float
    reason: str = ""
    misconception: str = ""
    cases: tuple[tuple[str, str, float, bool, str], ...] = ()
    feedback: Feedback | None = None
    explanation: str = ""
    begun: bool = True
    flags: tuple[str, ...] = ()

    @property
    def needs_person(self) -> bool:
        return self.score is None

    @property
    def text(self) -> str:
        return self.feedback.text() if self.feedback else ""

    @property
    def html(self) -> str:
        return self.feedback.html() if self.feedback else ""

    def to_json(self) -> dict[str, Any]:
        told = self.feedback and {**vars(self.feedback), "lines": [vars(line) for line in self.feedback.lines]}
        return {**vars(self), "feedback": told}

    @staticmethod
    def from_json(plain: dict[str, Any]) -> Verdict:
        cases = tuple(tuple(case) for case in plain["cases"])
        told = _feedback_from(plain["feedback"])
        return Verdict(**{**plain, "cases": cases, "feedback": told, "flags": tuple(plain["flags"])})


def _feedback_from(plain: dict[str, Any] | None) -> Feedback | None:
    if plain is None:
        return None
    lines = tuple(Line(**line) for line in plain["lines"])
    return Feedback(plain["headline"], lines, tuple(plain["advice"]), plain["read"])


def needs_person(exercise: str, max_score: float, reason: str) -> Verdict:
    """No verdict, no points, a flag for a person."""
    feedback = Feedback(f"{exercise}: a person will look at this.", (), (reason,))
    return Verdict(exercise, None, max_score, reason, feedback=feedback, explanation=reason)


@dataclass(frozen=True)
class CheckedExercise:
    """What was put to a student's answer: the oracles in the order of the calls, public ones first.

    as_given : whether the code is what was given; asked only where the answers are not right.
    """

    exercise: Exercise
    points: float
    public: tuple[Oracle, ...]
    hidden: tuple[Oracle, ...]
    as_given: Callable[[], bool] = lambda: False


def judge_answers(asked: CheckedExercise, answers: tuple[Answer, ...]) -> Verdict:
    """The verdict: the score from the hidden cases, the words from the public ones."""
    exercise, count = asked.exercise, len(asked.public)
    if len(answers) != count + len(asked.hidden):
        return needs_person(exercise.name, asked.points, "the session gave no answers")
    if unsure := next(
        (answer.reason for answer in answers if answer.status == "stopped" and "wall clock" in answer.reason), ""
    ):
        return needs_person(exercise.name, asked.points, unsure)
    public = _mark(exercise, asked.public, answers[:count], pure=False)  # asked once, which is enough for the words
    # what each misconception answers to hidden cases takes its time, and is not asked where the public ones tell
    hidden = _mark(exercise, asked.hidden, answers[count:], pure=exercise.pure, recognise=public.right)
    if not hidden.right and asked.as_given():
        return _not_begun(asked, public, hidden)
    score = round(asked.points * hidden.share, 2)
    lines = hidden_lines(hidden)
    held = _held(asked, public, hidden, answers[count:])
    feedback = _feedback(asked, public, hidden, held, score, lines, answers)
    return Verdict(
        exercise.name,
        score,
        asked.points,
        misconception=held,
        cases=tuple(
            (case.name, case.kind, case.weight, case.passed, line.note)
            for case, line in zip(hidden.cases, lines, strict=True)
        ),
        feedback=feedback,
        explanation=_explain(asked, public, hidden),
    )


def _not_begun(asked: CheckedExercise, public: Mark, hidden: Mark) -> Verdict:
    name, points = asked.exercise.name, asked.points
    feedback = Feedback(f"{name}: 0 of {points:g} points.", (), (NOT_BEGUN,), asked.exercise.read)
    marks = [Mark(mark.cases) for mark in (public, hidden)]  # whatever misconception was given to be mended
    explanation = f"It is not begun: its code is as it was given.\n{_explain(asked, *marks)}"
    return Verdict(name, 0.0, points, feedback=feedback, explanation=explanation, begun=False)


def _mark(
    exercise: Exercise, oracles: tuple[Oracle, ...], answers: tuple[Answer, ...], *, pure: bool, recognise: bool = True
) -> Mark:
    values = [_values(answer) for answer in answers]
    result = mark(oracles, values, exercise.compare, pure=pure, recognise=recognise, names=exercise.returns)
    cases = [
        replace(case, mismatch=Mismatch(answer.status, answer.reason)) if answer.reason else case
        for case, answer in zip(result.cases, answers, strict=False)
    ]
    return Mark((*cases, *result.cases[len(answers) :]), result.misconception)


def _values(answer: Answer) -> tuple[Any, ...]:
    """The values, or a `Raised` in their place: what did not come back as a value is not right."""
    if answer.status == "value" and answer.values:
        return answer.values
    if answer.status == "refused":
        return (Refused(message=answer.reason),)
    return (Raised(answer.exception or answer.status, answer.message or answer.reason, answer.line),)


def _held(asked: CheckedExercise, public: Mark, hidden: Mark, answers: tuple[Answer, ...]) -> str:
    """The misconception that explains everything that is wrong, public and hidden, or ''."""
    if not public.misconception:
        return hidden.misconception
    values = [_values(answer) for answer in answers]
    firsts = [case.mismatch for case in hidden.cases[: len(answers)]]
    known = explains(public.misconception, asked.hidden, values, firsts, asked.exercise.compare)
    return public.misconception if known else ""


def _feedback(
    asked: CheckedExercise,
    public: Mark,
    hidden: Mark,
    held: str,
    score: float,
    lines: tuple[Line, ...],
    answers: tuple[Answer, ...],
) -> Feedback:
    exercise = asked.exercise
    headline = f"{exercise.name}: {score:g} of {asked.points:g} points."
    lines = _scored(lines, hidden, asked.points)
    if hidden.right:
        return Feedback(headline, lines)
    if any(answer.status == "missing" for answer in answers):
        missing = f"{exercise.name} is not defined in the notebook, or it is no function or class."
        return Feedback(headline, (), (missing,), exercise.read)
    if all(answer.exception == "NotImplementedError" for answer in answers):
        return Feedback(headline, (), ("It is not answered yet: it raises NotImplementedError.",), exercise.read)
    # which misconception the hidden cases alone show is the record's: code that answers them could choose it
    sentence = [wrong.sentence for wrong in exercise.misconceptions if wrong.name == held == public.misconception]
    case = [] if sentence and public.first_wrong is None else _first_wrong(asked, public, hidden, hints=not held)
    return Feedback(headline, lines, (*sentence, *case), exercise.read)


def _scored(lines: tuple[Line, ...], hidden: Mark, points: float) -> tuple[Line, ...]:
    """The lines with what each case is worth, and a word on a case that is right and does not count."""
    total = sum(case.weight for case in hidden.cases)
    counts = hidden.share > 0
    scored = []
    for line, case in zip(lines, hidden.cases, strict=True):
        of = points * case.weight / total
        note = line.note or ("" if counts or not case.passed else "counts when a case of values is right")
        scored.append(Line(line.name, line.passed, note, of if case.passed and counts else 0.0, of))
    return tuple(scored)


def _first_wrong(asked: CheckedExercise, public: Mark, hidden: Mark, *, hints: bool) -> list[str]:
    """The first public case that is wrong, spelled out; without one, what else there is to say."""
    worked = public.first_wrong
    if worked is None:
        kinds = {case.mismatch.kind for case in hidden.cases if case.mismatch}
        if kinds == {"purity"}:
            return [next(case.mismatch.sentence for case in hidden.cases if case.mismatch)]
        return [ONLY_HIDDEN + _likely(kinds, hidden)]
    case, oracle, names = public.cases[worked], asked.public[worked], asked.exercise.returns
    reason, path = (case.mismatch.sentence, case.mismatch.path) if case.mismatch else ("", ())
    told = hint(oracle, case.answer, names) if hints else ""
    return [*([told] if told else []), worked_case(oracle, case.answer, asked.exercise.driver_name, reason, path)]


ONLY_HIDDEN = "Every public case is right; a hidden case of the same kind is not. "
LIKELY = {
    "raised": "There your function raises an exception: look for a border of the domain, or for a size, a type or a "
    "sign that no public case has.",
    "unbounded": "There a number is NaN or infinite and should not be: look for an exponential that overflows, a "
    "logarithm of 0, or a division by 0.",
    "shape": "There the shape is another: look for a number of dimensions or a size that was written down.",
    "dtype": "There the dtype is another: look for an array or a constant that brings its own.",
    "stopped": "There it does not come to an end in time.",
}


def _likely(kinds: set[str], hidden: Mark) -> str:
    """Where to look, by the kind of what is wrong; nothing here depends on a hidden case's values."""
    wrong = [case for case in hidden.cases if case.mismatch and case.judged and case.kind != "purity"]
    unbounded = [case.mismatch.kind == "nan" or case.mismatch.error == float("inf") for case in wrong if case.mismatch]
    if unbounded and all(unbounded):
        return LIKELY["unbounded"]
    kinds = kinds - {"purity", "not judged"}
    if len(kinds) == 1 and (likely := LIKELY.get(*kinds)):
        return likely
    return (
        "Look for a value that was written down where it should be computed, for a border of the domain, or for "
        "numbers so large or so small that digits are lost on the way."
    )


def _explain(asked: CheckedExercise, public: Mark, hidden: Mark) -> str:
    """Every case with its reason, and each wrong one spelled out."""
    parts = []
    for title, oracles, marked in (("Public cases", asked.public, public), ("Hidden cases", asked.hidden, hidden)):
        parts.append(title)
        for index, case in enumerate(marked.cases):
            word = "right" if case.passed else f"wrong: {case.mismatch.sentence}" if case.mismatch else ""
            parts.append(f"  {case.name} ({case.kind}, weight {case.weight:g}): {word}")
            if not case.passed and index < len(oracles):
                path = case.mismatch.path if case.mismatch else ()
                worked = worked_case(oracles[index], case.answer, asked.exercise.driver_name, path=path)
                parts.append("    " + worked.replace("\n", "\n    "))
        parts.append(f"  misconception: {marked.misconception or 'none recognised'}")
    return "\n".join(parts)


@dataclass(frozen=True)
class GradedNotebook:
    """A notebook graded.

    outputs : by the index of the code cell in the notebook.
    verdicts : by grade_id.
    troubles : what a person should know, with the cell: 'cell 4: timeout after 30 s'.
    """

    outputs: dict[int, list[dict[str, Any]]]
    verdicts: dict[str, Verdict]
    troubles: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    cpu_seconds: float = 0
    peak_mib: float = 0
    case_set: int = 0
    key: str = field(default="", compare=False)

    @property
    def unsure(self) -> bool:
        """Whether the wall clock stopped something: on a quieter machine it might have ended well."""
        reasons = [*self.troubles, *(verdict.reason for verdict in self.verdicts.values())]
        return any("wall clock" in reason for reason in reasons)

    def to_json(self) -> dict[str, Any]:
        return {
            "outputs": {str(k): v for k, v in self.outputs.items()},
            "troubles": list(self.troubles),
            "verdicts": {k: v.to_json() for k, v in self.verdicts.items()},
            "layers": list(self.layers),
            "cpu_seconds": self.cpu_seconds,
            "peak_mib": self.peak_mib,
            "case_set": self.case_set,
            "key": self.key,
        }

    @staticmethod
    def from_json(plain: dict[str, Any]) -> GradedNotebook:
        return GradedNotebook(
            {int(k): v for k, v in plain["outputs"].items()},
            {k: Verdict.from_json(v) for k, v in plain["verdicts"].items()},
            tuple(plain["troubles"]),
            tuple(plain["layers"]),
            plain["cpu_seconds"],
            plain["peak_mib"],
            plain["case_set"],
            plain["key"],
        )
