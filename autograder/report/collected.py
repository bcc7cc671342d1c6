"""What the gradebook and the store of verdicts know of a class's work on one assignment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.exercise import ExerciseError
from autograder.cleaning.outputs import printable
from autograder.grading.verdict import GradedNotebook, Verdict
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.exchange.collect import refused_students
from autograder.nbgrader_adapter.gradebook import scores
from autograder.nbgrader_adapter.gradebook.enrolment import names_in
from autograder.nbgrader_adapter.gradebook.scores import ScoreRow
from autograder.roster.kept import kept_roster

UNKNOWN = "the submission could not be graded: `autograder grade --student {student} --regrade` says why"


@dataclass(frozen=True)
class Item:
    """A graded cell. name : of the exercise, or of the cell."""

    cell: str
    name: str
    points: float


@dataclass(frozen=True)
class MisconceptionCount:
    """A misconception and how many students hold it, of those whose answer has a verdict."""

    exercise: str
    name: str
    sentence: str
    students: int
    judged: int

    @property
    def words(self) -> str:
        """'rate_in_buffer' or 'RateInBuffer' as 'rate in buffer'."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name).replace("_", " ").lower()


@dataclass(frozen=True)
class Failing:
    """A hidden case and how many students fail it, of those who were asked it."""

    exercise: str
    case: str
    kind: str
    students: int
    judged: int


@dataclass(frozen=True)
class Waiting:
    """The parts of a student's work that need a person for one reason."""

    student: str
    parts: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Remark:
    """Something in a student's work that a person may want to look at. It costs no points. part : the exercise or
    notebook."""

    student: str
    part: str
    sentence: str


@dataclass(frozen=True)
class Used:
    """What a submission took. memory_mib : beyond what the process has that it was copied from."""

    student: str
    cpu_seconds: float
    memory_mib: float


@dataclass(frozen=True)
class Collected:
    """The class. submitted : how many handed in; `rows` has those with an entry in the gradebook.

    not_begun : (student, cell) of the answers that are as they were given.
    damaged : a sentence for each student's record that cannot be read, and is missing here.
    names : 'Lovelace, Ada' by student, where the gradebook has one. enrolled : how many the roster has.
    absent : who of the roster has submitted nothing.
    """

    assignment: str
    title: str
    submitted: int
    items: tuple[Item, ...]
    rows: tuple[ScoreRow, ...]
    held: tuple[MisconceptionCount, ...]
    failing: tuple[Failing, ...]
    waiting: tuple[Waiting, ...]
    used: tuple[Used, ...]
    not_begun: frozenset[tuple[str, str]] = frozenset()
    remarks: tuple[Remark, ...] = ()
    damaged: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    enrolled: int = 0
    absent: tuple[str, ...] = ()

    def named(self, student: str) -> str:
        """'Lovelace, Ada (ada)', or the account alone."""
        return f"{self.names[student]} ({student})" if self.names.get(student) else student

    @property
    def to_mark(self) -> int:
        """How many have a written answer that waits to be marked."""
        return sum(row.to_mark for row in self.rows)


def collect(course: Course, assignment: str) -> Collected:
    """Raises ExerciseError where there is no assignment of this name, or nothing has a grade."""
    with steps.gradebook_of(course) as gradebook:
        (name,) = steps.known_assignments(gradebook, [assignment])
        items = tuple(_items(steps.read_assignment(gradebook, name)))
        unread: dict[str, str] = {}
        rows = tuple(scores.read_rows(gradebook, assignment, unread))
        names = names_in(gradebook)
    roster = kept_roster(course.settings.roster_path)
    if not rows and not unread:
        raise ExerciseError(f"no submission of {assignment!r} has a grade yet: run `autograder grade {assignment}`")
    damaged = list(unread.values())
    graded = {}
    for row in rows:
        unsound: list[str] = []
        graded[row.student] = course.store.latest(assignment, row.student, unsound)
        remedy = f"`autograder grade {assignment} --student {row.student} --regrade` writes it again"
        damaged += [f"{row.student}: {sentence}: {remedy}" for sentence in unsound]
    verdicts = {student: _verdicts(found.values()) for student, found in graded.items()}
    submitted = set(steps.submitted_students(course, assignment))
    refused = refused_students(course.directory(), assignment)
    unfit = steps.unfit_students(course, assignment)
    reasons = {student: UNKNOWN.format(student=student) for student in submitted}
    reasons |= {student: f"what was submitted is not collected: {reason}" for student, reason in refused.items()}
    absent = sorted(set(reasons) - {row.student for row in rows} - set(unread))
    known = course.catalogue.assignments.get(assignment)
    waiting = [one for row in rows for one in _waiting(course, assignment, row, verdicts[row.student], items, damaged)]
    return Collected(
        assignment,
        known.title if known else assignment,
        len(submitted | {row.student for row in rows} | set(unread)) + len(unfit),
        items,
        rows,
        tuple(_held(course, items, verdicts.values())),
        tuple(_failing(items, verdicts.values())),
        (
            *waiting,
            *(Waiting(student, ("submission",), reason) for student, reason in unfit.items()),
            *(Waiting(student, ("submission",), reasons[student]) for student in absent),
        ),
        tuple(_used(student, notebooks.values()) for student, notebooks in graded.items() if notebooks),
        frozenset(
            (student, cell) for student, found in verdicts.items() for cell, one in found.items() if not one.begun
        ),
        tuple(remark for student, notebooks in graded.items() for remark in _remarks(student, notebooks)),
        tuple(dict.fromkeys(damaged)),
        names,
        len(roster),
        tuple(
            sorted(set(roster) - submitted - set(refused) - set(unfit) - set(unread) - {row.student for row in rows})
        ),
    )


def _items(assignment: Any) -> Iterable[Item]:
    for notebook in assignment.notebooks:
        order = {cell.name: place for place, cell in enumerate(notebook.source_cells)}
        for cell in sorted(notebook.grade_cells, key=lambda cell: order.get(cell.name, 0)):
            name = "in words" if cell.cell_type != "code" else cell.name.removeprefix("check-")
            yield Item(cell.name, name, float(cell.max_score))


def _verdicts(graded: Iterable[GradedNotebook]) -> dict[str, Verdict]:
    return {cell: verdict for notebook in graded for cell, verdict in notebook.verdicts.items()}


def _held(course: Course, items: tuple[Item, ...], verdicts: Iterable[dict[str, Verdict]]) -> list[MisconceptionCount]:
    """Most held first."""
    judged: Counter[str] = Counter()
    held: Counter[tuple[str, str]] = Counter()
    for verdict in _judged(items, verdicts):
        judged[verdict.exercise] += 1
        if verdict.misconception:
            held[verdict.exercise, verdict.misconception] += 1
    return [
        MisconceptionCount(exercise, name, _sentence(course, exercise, name), students, judged[exercise])
        for (exercise, name), students in sorted(held.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def _sentence(course: Course, exercise: str, name: str) -> str:
    known = course.catalogue.exercises.get(exercise)
    return next((wrong.sentence for wrong in known.misconceptions if wrong.name == name), "") if known else ""


def _failing(items: tuple[Item, ...], verdicts: Iterable[dict[str, Verdict]]) -> list[Failing]:
    """Those that somebody fails, by their share of failures."""
    asked: Counter[tuple[str, str, str]] = Counter()
    failed: Counter[tuple[str, str, str]] = Counter()
    for verdict in _judged(items, verdicts):
        for name, kind, _, passed, _ in verdict.cases:
            asked[verdict.exercise, name, kind] += 1
            failed[verdict.exercise, name, kind] += not passed
    found = [Failing(*case, students, asked[case]) for case, students in failed.items() if students]
    return sorted(found, key=lambda case: (-case.students / case.judged, case.exercise, case.case))


def _judged(items: tuple[Item, ...], verdicts: Iterable[dict[str, Verdict]]) -> Iterable[Verdict]:
    """The verdicts with a score, of cells that the assignment has now. What is not begun tells nothing."""
    cells = {item.cell for item in items}
    for found in verdicts:
        yield from (
            verdict for cell, verdict in found.items() if cell in cells and not verdict.needs_person and verdict.begun
        )


def _waiting(
    course: Course,
    assignment: str,
    row: ScoreRow,
    verdicts: dict[str, Verdict],
    items: tuple[Item, ...],
    damaged: list[str],
) -> list[Waiting]:
    parts: dict[str, list[str]] = {}
    for item in items:
        if item.cell in row.cells and row.cells[item.cell] is None and item.cell not in row.written:
            verdict = verdicts.get(item.cell)
            reason = verdict.reason if verdict else _reason_shown(course, assignment, row.student, item.cell, damaged)
            parts.setdefault(reason or UNKNOWN.format(student=row.student), []).append(item.name)
    return [Waiting(row.student, tuple(names), reason) for reason, names in parts.items()]


def _reason_shown(course: Course, assignment: str, student: str, cell: str, damaged: list[str]) -> str:
    """The reason in the graded notebook: a verdict that the wall clock made is not kept in the store."""
    directory = course.directory()
    folder = Path(directory.format_path(directory.autograded_directory, student, assignment))
    for file in sorted(folder.glob("*.ipynb")):
        try:
            shown: dict[str, Any] = next(
                (
                    found
                    for found in nbformat.read(file, as_version=4).cells
                    if found.metadata.get("nbgrader", {}).get("grade_id") == cell
                ),
                {},
            )
            said = (output.evalue for output in shown.get("outputs", ()) if output.get("ename") == "NeedsAPerson")
            if reason := next(said, ""):
                return str(reason)
        except Exception as error:  # whatever is in a damaged file
            remedy = f"`autograder grade {assignment} --student {student} --regrade` writes it again"
            damaged.append(f"{student}: {file} cannot be read ({type(error).__name__}): {remedy}")
    return ""


def _remarks(student: str, notebooks: dict[str, GradedNotebook]) -> Iterable[Remark]:
    """The flags of the answers, and what did not end well in the cells."""
    for name, graded in notebooks.items():
        for verdict in graded.verdicts.values():
            yield from (Remark(student, verdict.exercise, printable(flag)) for flag in verdict.flags)
        yield from (Remark(student, name, printable(trouble)) for trouble in graded.troubles)


def _used(student: str, notebooks: Iterable[GradedNotebook]) -> Used:
    found = list(notebooks)
    return Used(student, sum(graded.cpu_seconds for graded in found), max(graded.peak_mib for graded in found))
