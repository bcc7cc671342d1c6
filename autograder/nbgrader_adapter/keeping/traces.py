"""What a course keeps of one student, and where."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Assignment, Notebook, Student, SubmittedAssignment
from nbgrader.exchange.default import Exchange
from nbgrader.utils import notebook_hash

from autograder.authoring.errors import ExerciseError
from autograder.cleaning.outputs import readable
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.collect import SECRET, Refused, refused_students, secret_of
from autograder.nbgrader_adapter.exchange.steps import gradebook_of
from autograder.nbgrader_adapter.watch.ledger import Ledger, ledger_path
from autograder.options import nearest
from autograder.roster.kept import kept_roster

STEPS = ("submitted", "autograded", "feedback")


@dataclass(frozen=True)
class Traces:
    """What is kept of a student.

    in_gradebook, in_roster : whether there is an entry. graded : the assignments of which it has grades.
    folders : of nbgrader's steps. latest : of the store, whose files say which verdicts are the student's.
    verdicts : files to which nothing of another student refers. answers : lines of the watcher's ledger.
    refused : files that say what was not collected. inbound, cached, pages : of the exchange. logs : that name them.
    """

    student: str
    in_gradebook: bool
    graded: tuple[str, ...]
    folders: tuple[Path, ...]
    latest: tuple[Path, ...]
    verdicts: tuple[Path, ...]
    answers: int
    refused: tuple[Path, ...]
    inbound: tuple[Path, ...]
    cached: tuple[Path, ...]
    pages: tuple[Path, ...]
    logs: tuple[Path, ...]
    in_roster: bool = False

    def __bool__(self) -> bool:
        """Whether anything bears the student's name; verdicts do not."""
        found = (self.folders, self.latest, self.refused, self.inbound, self.cached, self.pages, self.logs)
        return self.in_gradebook or self.in_roster or bool(self.answers) or any(found)

    def sentences(self) -> Iterator[str]:
        """What there is, one line each."""
        if self.in_gradebook:
            yield f"the gradebook's entry of {readable(self.student)}, with {_listed(self.graded, 'grades of')}"
        if self.in_roster:
            yield f"the roster's line on {readable(self.student)}"
        yield from map(str, (*self.folders, *self.inbound, *self.cached))
        if self.pages:
            yield f"{_count(self.pages, 'page')} of feedback in {self.pages[0].parent}"
        yield from map(str, self.latest)
        if self.verdicts:
            yield (
                f"{_count(self.verdicts, 'stored verdict')} that no other student's work refers to (those of earlier "
                "submissions bear no name, so all are removed that nothing refers to now)"
            )
        if self.answers:
            yield f"{self.answers} notes of `autograder watch` on when they were answered"
        yield from (f"what {path} says of them" for path in self.refused)
        yield from (f"the lines of {path} that name them" for path in self.logs)


def find_traces(course: Course, config_folder: Path, student: str) -> Traces:
    """Raises ExerciseError where the name cannot be a student's."""
    if student in ("", ".", "..") or "/" in student or "\0" in student:
        raise ExerciseError(f"{student!r} cannot be a student's name: give the name that `autograder scores` shows")
    directory = course.directory()
    with gradebook_of(course) as gradebook:
        in_gradebook = gradebook.db.query(Student).filter(Student.id == student).count() > 0
        graded = (
            gradebook.db.query(Assignment.name)
            .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
            .filter(SubmittedAssignment.student_id == student)
        )
        graded_names = tuple(sorted(str(name) for (name,) in graded))
        notebooks = {str(name) for (name,) in gradebook.db.query(Notebook.name)}
        assignments = {str(name) for (name,) in gradebook.db.query(Assignment.name)}
    folders = tuple(folder for step in STEPS for folder in _folders(course, step, student))
    exchange = Exchange(coursedir=directory, config=course.config)
    shared, cache = Path(exchange.root) / directory.course_id, Path(exchange.cache) / directory.course_id
    inbound, cached = (_starting_with(place, student) for place in (shared / "inbound", cache))
    submissions = (*inbound, *cached, *(path.parent for folder in folders for path in folder.rglob(SECRET)))
    latest = course.store.folders_of(student)
    return Traces(
        student,
        in_gradebook,
        graded_names,
        folders,
        latest,
        course.store.unreferenced(without=latest),
        _answers(course, student),
        tuple(_refusals(course, assignments, student)),
        inbound,
        cached,
        tuple(_pages(shared / "feedback", submissions, notebooks)),
        tuple(log for log in _logs(course, config_folder) if names_in(log, student)),
        student in kept_roster(course.settings.roster_path),
    )


def require_known(course: Course, traces: Traces) -> None:
    """Raises ExerciseError where there is nothing of the student."""
    if traces:
        return
    with gradebook_of(course) as gradebook:
        known = [str(name) for (name,) in gradebook.db.query(Student.id)]
    raise ExerciseError(
        f"nothing is kept here of a student called {traces.student!r}{nearest(traces.student, known)}: "
        "`autograder scores ASSIGNMENT` shows the names"
    )


def of_student(student: str) -> re.Pattern[bytes]:
    """The name where it stands for itself, and not in a longer one."""
    return re.compile(rb"(?<![\w.-])" + re.escape(student.encode("utf-8", "surrogateescape")) + rb"(?![\w-])")


def names_in(log: Path, student: str) -> bool:
    pattern = of_student(student)
    with log.open("rb") as lines:
        return any(pattern.search(line) for line in lines)


def _folders(course: Course, step: str, student: str) -> Iterator[Path]:
    """The student's folders of a step: one, where the settings put the assignments below it, else one for each."""
    directory = course.directory()
    name = str(getattr(directory, f"{step}_directory"))
    place = Path(directory.format_path(name, student, "*"))
    if place.parent.name == student and place.name == "*":
        found = [place.parent] if place.parent.is_dir() else []
    else:
        found = list(map(Path, glob.glob(directory.format_path(name, glob.escape(student), "*"))))
    yield from sorted(found)


def _starting_with(folder: Path, student: str) -> tuple[Path, ...]:
    """Submissions as the exchange names them: student+assignment+time, and more. A name may hold a + itself."""
    with suppress(FileNotFoundError, NotADirectoryError):
        names = [entry.name for entry in folder.iterdir()]
        pattern = re.compile(rf"{re.escape(student)}\+[^+]+\+\d[^+]*(\+[^+]*)?", re.DOTALL)
        return tuple(folder / name for name in sorted(names) if pattern.fullmatch(name))
    return ()


def _pages(folder: Path, submissions: tuple[Path, ...], notebooks: set[str]) -> Iterator[Path]:
    """Released feedback is named after the submission's secret and the notebook."""
    names = set()
    for submission in submissions:
        with suppress(Refused, OSError):
            secret = secret_of(str(submission))
            known = notebooks | {file.stem for file in submission.glob("*.ipynb")}
            names |= {f"{notebook_hash(secret=secret, notebook_id=name)}.html" for name in known}
    yield from (folder / name for name in sorted(names) if (folder / name).is_file())


def _answers(course: Course, student: str) -> int:
    path = ledger_path(course.store.folder)
    if not path.is_file():
        return 0
    ledger = Ledger(path)
    try:
        return ledger.count(student)
    finally:
        ledger.close()


def _refusals(course: Course, assignments: set[str], student: str) -> Iterator[Path]:
    folder = course.folder / ".refused"
    names = assignments | {file.stem for file in folder.glob("*.json")}
    yield from (
        folder / f"{name}.json" for name in sorted(names) if student in refused_students(course.directory(), name)
    )


def _logs(course: Course, config_folder: Path) -> Iterator[Path]:
    """nbgrader's own, where the settings name one, and what earlier versions of it wrote without being told."""
    named = [
        str(section["logfile"])
        for section in course.config.values()
        if isinstance(section, dict) and section.get("logfile")
    ]
    places = {config_folder / name for name in (*named, ".nbgrader.log")} | {course.folder / ".nbgrader.log"}
    yield from sorted(path for path in places if path.is_file())


def _count(things: tuple[Path, ...], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _listed(names: tuple[str, ...], what: str) -> str:
    return f"{what} {', '.join(names)}" if names else "no grades"
