"""What a graded submission is answered with: feedback, or a note that says what it waits for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from nbgrader.api import Gradebook

from autograder.nbgrader_adapter.gradebook import scores
from autograder.nbgrader_adapter.watch import answers
from autograder.nbgrader_adapter.watch.answers import CollectedSubmission
from autograder.nbgrader_adapter.watch.ledger import Ledger, State

UNGRADABLE = "What you submitted cannot be graded as it is: {reason}. Mend it and submit again."
PERSON = "What you submitted has come, and a person will look at it. The feedback comes when they have."
HELD = (
    "What you submitted has come and is graded. You have been answered {answers} in {hours:g} hours, which is as "
    "often as this course answers, so the feedback comes after {when}. If you submit again until then, it will be for "
    "the newest."
)
TOO_MUCH = "What you submitted was not collected: {reason}. Clear the outputs, remove large files, and submit again."


@dataclass(frozen=True)
class Limit:
    """So many answers in so many hours; 0 answers for as many as there are submissions."""

    answers: int
    hours: float

    def __str__(self) -> str:
        return f"{_times(self.answers)} in {self.hours:g} hours"


@dataclass(frozen=True)
class GradedSubmission:
    """A submission that is in the gradebook.

    submission : the fingerprint of its files. notebooks : the assignment's, by name.
    reasons : why a person is needed, where that is known. mend : what the student can mend, where it was not gradable.
    """

    handed: CollectedSubmission
    submission: str
    notebooks: Mapping[str, object]
    reasons: tuple[str, ...] = ()
    mend: str = ""


class Replies:
    """Answers each submission once, and notes it."""

    def __init__(self, ledger: Ledger, limit: Limit) -> None:
        self.ledger, self.limit = ledger, limit
        self.waiting: set[tuple[str, str]] = set()  # assignments and students for whom a person is needed

    def reply(self, gradebook: Gradebook, graded: GradedSubmission) -> str:
        """Answer, and return the line that says so.

        Raises
        ------
        answers.NotReleased, steps.StepFailed
            Nothing went out. It can be tried again.
        """
        handed = graded.handed
        row = scores.read_row(gradebook, handed.assignment, handed.student)
        what = self._reply(graded, row)
        score = scores.number(row.total, "-") + f" of {row.max_score:g}"
        late = f", {row.penalty:g} off for being late" if row.penalty else ""
        return f"{handed.assignment}  {handed.student}  {score}{late}  {what}"

    def opens(self, assignment: str, student: str) -> float:
        """When the student can be answered, in seconds since 1970; 0 for at once."""
        return self.ledger.opens(assignment, student, self.limit.answers, self.limit.hours * 3600, time.time())

    def _reply(self, graded: GradedSubmission, row: scores.ScoreRow) -> str:
        handed, now = graded.handed, time.time()
        if not answers.has_secret(handed):
            self._note(graded, "person", now)
            return "graded; no feedback can be released, for it did not come through the exchange"
        if answers.is_answered(handed, graded.notebooks):
            self._note(graded, "answered", now)
            return "its feedback is out already"
        if row.needs_person:
            answers.tell(handed, UNGRADABLE.format(reason=graded.mend) if graded.mend else PERSON)
            self._note(graded, "person", now)
            self.waiting.add((handed.assignment, handed.student))
            return "needs a person: " + ("; ".join(graded.reasons) or "see formgrader")
        if (opens := self.opens(handed.assignment, handed.student)) > now:
            times, when = _times(self.limit.answers), answers.when(opens)
            answers.tell(handed, HELD.format(answers=times, hours=self.limit.hours, when=when))
            self._note(graded, "held", now)
            return f"held until {when}: answered {self.limit}"
        answers.answer(handed, graded.notebooks)
        self._note(graded, "answered", now)
        return "answered"

    def _note(self, graded: GradedSubmission, state: State, now: float) -> None:
        self.ledger.note(graded.handed.assignment, graded.handed.student, graded.submission, state, now)


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"
