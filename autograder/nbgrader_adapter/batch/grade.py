"""`autograder grade`: every submission that has no grade yet, in parallel, one line each for whoever needs a person."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import OperationalError

from autograder.authoring.exercise import ExerciseError
from autograder.cleaning.outputs import printable
from autograder.nbgrader_adapter.batch import entry
from autograder.nbgrader_adapter.batch.executors import graded_submissions
from autograder.nbgrader_adapter.course import Course, require_readable
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.gradebook import scores
from autograder.nbgrader_adapter.gradebook.entered import state_of
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook, read_sourcebook
from autograder.options import nearest
from autograder.workers.cluster import answers_at
from autograder.workers.pool import Done

NO_ROOM = "the disk is full: make room, then run this again; what is graded so far is kept"


@dataclass(frozen=True)
class Trouble:
    """What a person should know about one submission."""

    student: str
    where: str
    reason: str

    def __str__(self) -> str:
        return printable(f"{self.student}: {self.where}: {self.reason}")


def grade_class(
    course: Course,
    assignment: str,
    *,
    students: Sequence[str] | None = None,
    regrade: bool = False,
    workers: int | None = None,
    scheduler: str = "",
    dry_run: bool = False,
) -> int:
    """Grade; print who was graded, a line on all, and who needs a person.

    Returns 0 where every submission has a grade, else 1.
    """
    if scheduler:
        answers_at(scheduler)
    with steps.gradebook_of(course) as gradebook, entry.one_journal(gradebook):
        book, wanted, unfit = _wanted(course, gradebook, assignment, students)
        todo = wanted if regrade else [s for s in wanted if not is_current(course, gradebook, book, s)]
        damaged: dict[str, str] = {}
        before = {row.student: row for row in scores.read_rows(gradebook, assignment, damaged)} if dry_run else {}
        new: dict[str, dict[str, float | None]] = {}
        troubles: list[Trouble] = []
        no_room: list[str] = []
        for done in graded_submissions(course, book, todo, workers or os.cpu_count() or 1, scheduler):
            if disk_is_full(done):  # nothing is entered, so what was there before stays
                no_room.append(str(done.item))
                continue
            troubles += troubles_of(done)
            if dry_run:
                new[str(done.item)] = _new_scores(done)
            else:
                troubles += settle(course, gradebook, book, done)
        found = [row for row in scores.read_rows(gradebook, assignment, damaged) if row.student in wanted]
    troubles += [Trouble(student, "gradebook", sentence) for student, sentence in damaged.items() if student in wanted]
    if no_room and dry_run:
        raise ExerciseError(f"{len(no_room)} of {len(todo)} cannot be tried: {NO_ROOM}")
    if dry_run:
        return _print_changes(before, new, troubles)
    print(f"{len(todo) - len(no_room)} graded, {len(wanted) - len(todo)} had a grade already")
    if todo:
        print("\n" + scores.table(row for row in found if row.student in set(todo)))
    print("\n" + _totals(assignment, wanted, found))
    troubles += [Trouble(name, "submission", reason) for name, reason in unfit.items()]
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    if no_room:
        raise ExerciseError(f"{len(no_room)} of {len(todo)} are not graded yet: {NO_ROOM}")
    return max(_report_waiting(wanted, found), int(bool(unfit)))


def _totals(assignment: str, wanted: list[str], found: list[scores.ScoreRow]) -> str:
    """One line on all that were looked at."""
    totals = [row.total for row in found if row.total is not None]
    if not totals:
        return f"of {len(wanted)} submitted none has a whole score; `autograder scores {assignment}` shows the table"
    mean, of = sum(totals) / len(totals), found[0].max_score
    return (
        f"of {len(wanted)} submitted {len(totals)} have a whole score, in the mean {mean:.4g} of {of:g} points; "
        f"`autograder scores {assignment}` shows the table"
    )


def disk_is_full(done: Done) -> bool:
    """Whether there was no room for what a worker writes: that tells nothing of the submission."""
    return done.result is None and done.error.startswith(
        tuple(f"OSError: [Errno {number}]" for number in (errno.ENOSPC, errno.EDQUOT))
    )


def _report_waiting(wanted: list[str], found: list[scores.ScoreRow]) -> int:
    missing = set(wanted) - {row.student for row in found}
    waiting = sorted({row.student for row in found if row.needs_person} | missing)
    to_mark = sum(row.to_mark for row in found)
    if to_mark:
        print(f"\n{to_mark} of {len(wanted)} have written answers that wait to be marked, in formgrader")
    if waiting:
        print(f"\n{len(waiting)} of {len(wanted)} need a person: {', '.join(waiting)}", file=sys.stderr)
    return int(bool(waiting))


def is_current(course: Course, gradebook: Gradebook, book: SourceBook, student: str) -> bool:
    """Whether the gradebook's scores are those of what is submitted now, against the release that is current now."""
    try:
        gradebook.find_submission(book.assignment, student)
    except MissingEntry:
        return False
    except Exception as error:
        if scores.is_of_one_entry(error):  # it is told when its grade is entered
            return False
        raise
    try:
        return course.store.entered(book.assignment, student) == state_of(course, book, student)
    except OSError:  # what cannot be read now is told when it is graded
        return False


def _wanted(
    course: Course, gradebook: Gradebook, assignment: str, students: Sequence[str] | None
) -> tuple[SourceBook, list[str], dict[str, str]]:
    """What is graded, whose submissions, and who cannot be named, with the reason."""
    steps.require_assignment(course, gradebook, assignment)
    book = read_sourcebook(gradebook, assignment)
    require_readable(course, assignment, book.notebooks)
    submitted = steps.submitted_students(course, assignment)
    unfit = {} if students else steps.unfit_students(course, assignment)
    if not submitted and not unfit:
        raise ExerciseError(
            f"nothing is submitted for {assignment!r} in {course.folder}: run `nbgrader collect {assignment}`"
        )
    if unknown := set(students or ()) - set(submitted):
        near = nearest(min(unknown), submitted)
        raise ExerciseError(f"{', '.join(sorted(unknown))} submitted nothing for {assignment!r}{near}")
    return book, [student for student in submitted if not students or student in students], unfit


def settle(course: Course, gradebook: Gradebook, book: SourceBook, done: Done) -> list[Trouble]:
    """Enter what was graded in the gradebook; without it, leave the submission to a person.

    Whatever one submission holds, the others are graded: what cannot be entered is left to a person too, and is
    returned. What is the gradebook's own trouble or the disk's is raised.
    """
    student, result = str(done.item), done.result
    if result is not None:
        try:
            entry.enter(course, gradebook, book, result)
            course.store.note_entered(book.assignment, student, state_of(course, book, student, result.fingerprint))
            return []
        except (OSError, OperationalError):
            raise
        except Exception as error:
            found = [Trouble(student, "submission", f"its grade cannot be entered: {sentence(error)}")]
    else:
        found = []
    try:
        entry.set_aside(course, gradebook, book, student)
    except (OSError, OperationalError):
        raise
    except Exception as error:
        found.append(Trouble(student, "submission", f"the gradebook takes no entry of it: {sentence(error)}"))
    return found


def sentence(error: Exception) -> str:
    """An exception in one line that a terminal can show."""
    return printable(f"{type(error).__name__}: {error}".partition("\n")[0][:300])


def troubles_of(done: Done) -> list[Trouble]:
    student, result = str(done.item), done.result
    if result is None:
        return [Trouble(student, "submission", done.error)]
    found = [Trouble(student, "files", note) for note in result.notes]
    for name, (_, graded) in result.notebooks.items():
        for cell, verdict in graded.verdicts.items():
            if verdict.needs_person:
                found.append(Trouble(student, f"{name}, {cell}", verdict.reason))
        found += [Trouble(student, name, trouble) for trouble in graded.troubles]
    return found


def _new_scores(done: Done) -> dict[str, float | None]:
    if done.result is None:
        return {}
    return {
        cell: verdict.score for _, graded in done.result.notebooks.values() for cell, verdict in graded.verdicts.items()
    }


def _print_changes(
    before: dict[str, scores.ScoreRow], after: dict[str, dict[str, float | None]], troubles: list[Trouble]
) -> int:
    """Who would change, from what to what."""
    changed = 0
    for student, cells in after.items():
        old = before[student].automatic if student in before else {}
        for cell, score in cells.items():
            if old.get(cell) != score:
                changed += 1
                by_hand = student in before and cell in before[student].by_hand
                print(
                    f"{student}: {cell}: {scores.number(old.get(cell), 'none')} -> {scores.number(score)}"
                    + (" (a score given by hand stays)" if by_hand else "")
                )
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    print(f"{changed} scores of {len(after)} submissions would change; nothing was written")
    return 0
