"""Who was answered when, and whose answer waits: one small SQLite file, written after the deed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

from autograder.authoring.exercise import ExerciseError

State = Literal["answered", "held", "person"]


def ledger_path(store: Path) -> Path:
    return store / "watch.db"


class Ledger:
    """A submission is known by the fingerprint of its files; times are seconds since 1970.

    answered : its feedback is out. held : it is graded, and the student has had all answers for now.
    person : it waits for a person, who releases the feedback.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        try:
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS submissions (assignment TEXT, student TEXT, submission TEXT, state TEXT,"
                " time REAL, PRIMARY KEY (assignment, student, submission))"
            )
        except sqlite3.DatabaseError as error:
            raise ExerciseError(
                f"{path} cannot be used ({error}): where it is damaged, remove it; who has an answer is seen from the "
                "exchange, and only the count of earlier answers is lost"
            ) from None

    def close(self) -> None:
        self._db.close()

    def state(self, assignment: str, student: str, submission: str) -> State | None:
        row = self._db.execute(
            "SELECT state FROM submissions WHERE assignment = ? AND student = ? AND submission = ?",
            (assignment, student, submission),
        ).fetchone()
        return row[0] if row else None

    def note(self, assignment: str, student: str, submission: str, state: State, time: float) -> None:
        """Note the state. What an earlier submission of the student waited for is over."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "DELETE FROM submissions WHERE assignment = ? AND student = ? AND state != 'answered'",
                (assignment, student),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO submissions VALUES (?, ?, ?, ?, ?)",
                (assignment, student, submission, state, time),
            )

    def count(self, student: str) -> int:
        """How many lines there are on a student."""
        return int(self._db.execute("SELECT COUNT(*) FROM submissions WHERE student = ?", (student,)).fetchone()[0])

    def forget(self, student: str) -> None:
        """Remove all lines on a student, and what the file's free pages hold of them."""
        self._db.execute("DELETE FROM submissions WHERE student = ?", (student,))
        self._db.execute("VACUUM")

    def held(self, assignment: str) -> list[tuple[str, str]]:
        """Students and submissions."""
        return self._db.execute(
            "SELECT student, submission FROM submissions WHERE assignment = ? AND state = 'held' ORDER BY time",
            (assignment,),
        ).fetchall()

    def opens(self, assignment: str, student: str, answers: int, seconds: float, now: float) -> float:
        """When the student can be answered next, where they get so many answers in so many seconds; 0 for at once."""
        if not answers:
            return 0.0
        times = self._db.execute(
            "SELECT time FROM submissions WHERE assignment = ? AND student = ? AND state = 'answered' AND time > ?"
            " ORDER BY time DESC LIMIT ?",
            (assignment, student, now - seconds, answers),
        ).fetchall()
        return float(times[-1][0]) + seconds if len(times) == answers else 0.0
