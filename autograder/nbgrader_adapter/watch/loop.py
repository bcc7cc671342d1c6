"""Rounds until it is stopped: collect what is new, have it graded, answer each student.

Everything is noted when it is done, and can be done again: what a crash leaves undone is found at the next start, in
the exchange, the gradebook and the ledger.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime

from nbgrader.api import MissingEntry
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from autograder.authoring.exercise import ExerciseError
from autograder.nbgrader_adapter.batch.grade import disk_is_full, is_current, settle, troubles_of
from autograder.nbgrader_adapter.batch.submission import NotGradable
from autograder.nbgrader_adapter.course import Course, course_of, require_readable
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.fork_servers import ForkServers
from autograder.nbgrader_adapter.gradebook.entered import fingerprint
from autograder.nbgrader_adapter.gradebook.sourcebook import read_sourcebook
from autograder.nbgrader_adapter.watch import answers
from autograder.nbgrader_adapter.watch.graders import Graders, Task
from autograder.nbgrader_adapter.watch.inbound import Arrivals, Inbound, collector_for
from autograder.nbgrader_adapter.watch.ledger import Ledger, ledger_path
from autograder.nbgrader_adapter.watch.replies import TOO_MUCH, GradedSubmission, Limit, Replies
from autograder.nbgrader_adapter.watch.retries import Later
from autograder.nbgrader_adapter.watch.signals import Stop
from autograder.nbgrader_adapter.watch.single_instance import only_watcher
from autograder.workers.pool import Done

MOST_LINES = 20  # of refusals in one round: anybody can fill the inbound directory with junk


def watch(
    config: Config,
    assignments: Sequence[str],
    *,
    every: float = 1.0,
    limit: Limit | None = None,
    workers: int | None = None,
    once: bool = False,
    fork_servers: ForkServers | None = None,
) -> int:
    """Answer submissions until SIGTERM or Ctrl-C; or, with `once`, those that are there.

    every : seconds between two looks at the exchange. workers : processes to grade in; one a core, and at least two,
    so that a submission that takes long keeps nobody waiting. fork_servers : those that were launched already

    Returns 0; with `once` 1 where a person is needed or something could not be done.

    Raises
    ------
    ExerciseError
        Another watcher is at work, an assignment is not released, or the exchange is not one that can be watched.
    Unprotected
        This machine does not protect the grader from student code.
    """
    course = course_of(config, fork_servers)
    settings = course.settings
    limit = limit or Limit(settings.watch_answers, settings.watch_hours)
    _require(course, assignments)
    with only_watcher(course.store.folder / "watch.lock"), closing(Ledger(ledger_path(course.store.folder))) as ledger:
        watcher = Watcher(config, course, assignments, Replies(ledger, limit), workers or max(2, os.cpu_count() or 1))
        with Stop() as stop, watcher.graders:
            return watcher.run(stop, every, once=once)


def _require(course: Course, assignments: Sequence[str]) -> None:
    """Before anything is written."""
    try:
        with steps.gradebook_of(course) as gradebook:
            for name in assignments:
                steps.require_assignment(course, gradebook, name)
                require_readable(course, name, read_sourcebook(gradebook, name).notebooks)
    except SQLAlchemyError as error:
        raise ExerciseError(f"the gradebook cannot be read: {_sentence(error)}") from None


class Watcher:
    """One course's assignments under watch."""

    def __init__(self, config: Config, course: Course, assignments: Sequence[str], desk: Replies, workers: int) -> None:
        self._config, self._course, self._replies = config, course, desk
        self._inbounds = {name: Inbound(course, name) for name in dict.fromkeys(assignments)}
        try:
            with steps.gradebook_of(course) as gradebook:
                for name in self._inbounds:
                    read_sourcebook(gradebook, name)
        except SQLAlchemyError as error:
            raise ExerciseError(f"the gradebook cannot be read: {_sentence(error)}") from None
        self.graders = Graders(course, list(self._inbounds), workers)
        self._later = Later()
        self._broken = ""  # why the exercises cannot be loaded again

    def run(self, stop: Stop, every: float, *, once: bool) -> int:
        self._say(f"watching {', '.join(self._inbounds)}; students are answered at most {self._replies.limit}")
        self._catch_up()
        next_look = 0.0
        while not stop:
            if looked := time.monotonic() >= next_look:
                next_look = time.monotonic() + every
                self._load_again()
                arrived = [self._take_in(inbound) for inbound in self._inbounds.values()]
                self._try_again()
                self._answer_held()
            for task, done in self.graders.finished(min(1.0, max(0.0, next_look - time.monotonic()))):
                self._enter(task, done)
            if once and looked and not any(arrived) and not self.graders.busy:
                break
        self.graders.finish_begun(self._enter)
        return int(once and bool(self._replies.waiting or len(self._later)))

    def _catch_up(self) -> None:
        """Take up what an earlier watcher, or `nbgrader collect`, left."""
        for inbound in self._inbounds.values():
            arrivals = inbound.look(self._course)
            self._say_refused(inbound, arrivals)
            if arrivals.students:
                self._collect(inbound, arrivals.students)
            for student, reason in steps.unfit_students(self._course, inbound.assignment).items():
                self._say(f"{inbound.assignment}  {student}  {reason}")
            for student in steps.submitted_students(self._course, inbound.assignment):
                self._consider(inbound.assignment, student)

    def _take_in(self, inbound: Inbound) -> bool:
        """Collect what is new and see what is to be done about it. Returns whether there was anything."""
        assignment, arrivals = inbound.assignment, inbound.look(self._course)
        self._say_refused(inbound, arrivals)
        busy = self.graders.students(assignment)  # what is being graded is not exchanged for another
        ready = {
            student: names
            for student, names in arrivals.students.items()
            if student not in busy and not self._later.waits((assignment, student))
        }
        for student, names in ready.items():
            if len(names) > 1:
                self._say(f"{assignment}  {student}  {len(names)} submissions came; the newest is graded")
            self._collect(inbound, {student: names}, student)
            if not self._later.waits((assignment, student)):
                self._consider(assignment, student)
        return bool(ready)

    def _collect(self, inbound: Inbound, students: dict[str, list[str]], student: str = "*") -> None:
        collector = collector_for(self._course, inbound.assignment, student)
        reason = ""
        try:
            collector.start()
        except Exception as error:  # nbgrader's step opens the gradebook, which may be locked
            reason = _sentence(error)
        for name, entries in students.items():
            if why := reason or next((collector.failed[entry] for entry in entries if entry in collector.failed), ""):
                self._postpone(inbound.assignment, name, f"it cannot be collected: {why}")
            else:
                inbound.collected(entries)

    def _consider(self, assignment: str, student: str) -> None:
        """Grade or answer what is collected, where that has not been done."""
        if student in self.graders.students(assignment):
            return
        try:
            handed = answers.collected(self._course, assignment, student)
            submission = fingerprint(handed.folder)
            if self._replies.ledger.state(assignment, student, submission) is None:
                with steps.gradebook_of(self._course) as gradebook:
                    book = read_sourcebook(gradebook, assignment)
                    if not is_current(self._course, gradebook, book, student):
                        if self._broken:
                            raise ExerciseError(self._broken)
                        self.graders.give(Task(book, student, submission))
                        return
                    self._say(self._replies.reply(gradebook, GradedSubmission(handed, submission, book.notebooks)))
        except Exception as error:  # whatever it is, it is this submission's alone
            self._postpone(assignment, student, _sentence(error))
        else:
            self._later.done((assignment, student))

    def _enter(self, task: Task, done: Done) -> None:
        """Put what was graded into the gradebook, and answer."""
        assignment, student = task.book.assignment, task.student
        try:
            handed = answers.collected(self._course, assignment, student)
            if fingerprint(handed.folder) != task.submission:  # somebody collected while it was graded
                self._consider(assignment, student)
                return
            with steps.gradebook_of(self._course) as gradebook:
                if done.error.startswith(f"{ExerciseError.__name__}: "):
                    raise ExerciseError(done.error.partition(": ")[2])  # the course is to blame, and can be mended
                if disk_is_full(done):
                    raise ExerciseError("there is no room on the disk to grade it: make room")
                troubles = [*troubles_of(done), *settle(self._course, gradebook, task.book, done)]
                for trouble in troubles:
                    print(trouble, file=sys.stderr, flush=True)
                reasons = tuple(dict.fromkeys(trouble.reason for trouble in troubles))
                graded = GradedSubmission(handed, task.submission, task.book.notebooks, reasons, _mendable(done))
                try:
                    self._say(self._replies.reply(gradebook, graded))
                except MissingEntry:  # the gradebook took nothing
                    raise ExerciseError("; ".join(reasons) or "it is not in the gradebook") from None
        except Exception as error:  # the next submission is not to blame
            self._postpone(assignment, student, _sentence(error))
        else:
            self._later.done((assignment, student))

    def _try_again(self) -> None:
        for assignment, student in self._later.due():
            self._consider(assignment, student)

    def _answer_held(self) -> None:
        for assignment in self._inbounds:
            for student, submission in self._replies.ledger.held(assignment):
                if self._replies.opens(assignment, student) > time.time() or self._later.waits((assignment, student)):
                    continue
                handed = answers.collected(self._course, assignment, student)
                try:
                    if fingerprint(handed.folder) == submission:  # or a newer one is being graded
                        with steps.gradebook_of(self._course) as gradebook:
                            notebooks = read_sourcebook(gradebook, assignment).notebooks
                            self._say(self._replies.reply(gradebook, GradedSubmission(handed, submission, notebooks)))
                except Exception as error:
                    self._postpone(assignment, student, _sentence(error))
                else:
                    self._later.done((assignment, student))

    def _load_again(self) -> None:
        """Grade by the exercises as they are now."""
        if self.graders.busy:
            return
        try:
            course = course_of(self._config)
        except ExerciseError as error:
            if str(error) != self._broken:
                self._broken = str(error)
                self._say(f"the exercises have changed and cannot be loaded, so submissions wait: {error}")
            return
        self._broken = ""
        if course is not self._course:
            self._course = course
            self.graders.renew(course)
            self._later.hasten()
            self._say("the exercises have changed and are loaded again")

    def _say_refused(self, inbound: Inbound, arrivals: Arrivals) -> None:
        for sentence in arrivals.refused[:MOST_LINES]:
            self._say(f"{inbound.assignment}  {sentence}")
        if (more := len(arrivals.refused) - MOST_LINES) > 0:
            self._say(f"{inbound.assignment}  {more} more entries of {inbound.folder} are not collected")
        for name, reason in arrivals.too_much.items():
            student = name.rsplit("+", 3)[0]
            handed = answers.CollectedSubmission(self._course, inbound.assignment, student, inbound.folder / name)
            try:
                answers.tell(handed, TOO_MUCH.format(reason=reason))
            except ExerciseError as error:
                print(f"{student}: {error}", file=sys.stderr, flush=True)

    def _postpone(self, assignment: str, student: str, reason: str) -> None:
        if self._later.postpone((assignment, student), reason):
            self._say(f"{assignment}  {student}  not answered yet, and tried again: {reason}")

    def _say(self, line: str) -> None:
        print(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {line}", flush=True)


def _mendable(done: Done) -> str:
    """What is wrong with a submission that its student can mend; '' where the grader is to blame, or nothing is."""
    kind, _, text = done.error.partition(": ")
    return text.rstrip(".") if kind == NotGradable.__name__ else ""


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split("[SQL:")[0].split())[:500]
    return text if isinstance(error, ExerciseError) else f"{type(error).__name__}: {text}"
