"""The verdict on one graded cell, and a notebook's: kept in the store, sent to the gradebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autograder.student.feedback import Feedback, Line


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
