"""The words of a verdict: for the student what each case came to and what to look at, for the instructor everything."""

from __future__ import annotations

from autograder.grading.checked_exercise import CheckedExercise
from autograder.sandbox.interface import Answer
from autograder.student.feedback import NOT_BEGUN, Feedback, Line, worked_case
from autograder.student.hints import hint, no_value
from autograder.student.marking import Mark

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


def not_begun(asked: CheckedExercise) -> Feedback:
    return Feedback(f"{asked.exercise.name}: 0 of {asked.points:g} points.", (), (NOT_BEGUN,), asked.exercise.read)


def feedback_on(
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
    told = (no_value(case) or hint(oracle, case.answer, names)) if hints else ""
    return [*([told] if told else []), worked_case(oracle, case.answer, asked.exercise.driver_name, reason, path)]


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


def explanation_of(asked: CheckedExercise, public: Mark, hidden: Mark) -> str:
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
