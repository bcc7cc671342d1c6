"""The processes that grade: warm between submissions, and one that takes long keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from autograder.authoring.exercise import ExerciseError
from autograder.nbgrader_adapter.batch.executors import warm_up
from autograder.nbgrader_adapter.batch.submission import NotGradable, SubmissionResult, grade_submission
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook
from autograder.sandbox import ForkServer, SessionError
from autograder.workers.pool import Crew, Done

MAX_TRIALS = 3
KNOWN = (NotGradable.__name__, ExerciseError.__name__, SessionError.__name__)  # taken care of apart
Lanes = dict[str, ForkServer]  # by the assignment's name


@dataclass(frozen=True)
class Task:
    """submission : the fingerprint of its files. trial : which one it is. sure : whether the wall clock is believed."""

    book: SourceBook
    student: str
    submission: str
    trial: int = 1
    sure: bool = False


class Graders:
    """A crew that outlives its fork server: where the machinery fails, both start anew and the task is repeated."""

    def __init__(self, course: Course, assignments: list[str], workers: int) -> None:
        self._assignments, self._workers = assignments, workers
        self._tasks: dict[tuple[str, str], Task] = {}
        self._unsure: list[Task] = []  # the wall clock stopped them: again, when nobody else is in work
        self._man(course)

    def __enter__(self) -> Graders:
        return self

    def __exit__(self, *_: object) -> None:
        self._crew.__exit__()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def students(self, assignment: str) -> set[str]:
        """Whose submissions are in work."""
        return {student for name, student in self._tasks if name == assignment}

    def give(self, task: Task) -> None:
        self._tasks[_key(task)] = task
        self._crew.give(task)

    def finished(self, seconds: float) -> list[tuple[Task, Done]]:
        """What is graded, each a `Done` of the student: waits for the next, or this long."""
        if self._unsure and not self._crew.unfinished:
            self._crew.give(self._unsure.pop(0))
        final, lost = [], []
        for done in self._crew.finished(seconds):
            task: Task = done.item
            kind = done.error.partition(": ")[0]
            if kind == SessionError.__name__ and task.trial < MAX_TRIALS:
                lost.append(task)
            elif kind.isidentifier() and kind not in KNOWN and task.trial < MAX_TRIALS:
                self.give(replace(task, trial=task.trial + 1))  # such as `autograder grade` at the same submission
            elif _is_sure(done):
                del self._tasks[_key(task)]
                final.append((task, replace(done, item=task.student)))
            else:
                again = self._tasks[_key(task)] = replace(task, sure=True)
                self._unsure.append(again)
        if lost:
            self._start_anew(lost)
        return final

    def finish_begun(self, enter: Callable[[Task, Done], None]) -> None:
        """Wait for what is in work; forget what has not been begun."""
        self._crew.forget_waiting()
        while self._crew.unfinished:
            for done in self._crew.finished():
                if done.result is not None and _is_sure(done):
                    enter(done.item, replace(done, item=done.item.student))

    def renew(self, course: Course) -> None:
        """Grade by another course from now on. Nothing may be in work."""
        self._crew.__exit__()
        self._man(course)

    def _man(self, course: Course) -> None:
        """Have everything loaded, and every case answered by the references, before processes are forked."""
        warm_up(course, dict.fromkeys(self._assignments, range(course.settings.case_sets)))

        def equip() -> Lanes:
            return {name: course.fork_server_for(name).lane() for name in self._assignments}

        def unequip(lanes: Lanes) -> None:
            for lane in lanes.values():
                lane.hang_up()

        def work(lanes: Lanes, task: Task) -> SubmissionResult:
            return grade_submission(course, task.book, task.student, lanes[task.book.assignment])

        self._course = course

        def seconds(task: Task) -> float:
            return course.settings.worker_seconds(len(task.book.notebooks))

        self._crew: Crew[Task, SubmissionResult] = Crew(work, self._workers, equip, unequip, seconds)

    def _start_anew(self, lost: list[Task]) -> None:
        """The fork server is gone, or does not answer: every worker's line to it is dead."""
        self._crew.__exit__()
        self._man(self._course)
        for key, task in self._tasks.items():
            if not any(task is other for other in self._unsure):
                again = replace(task, trial=task.trial + any(task is other for other in lost))
                self._tasks[key] = again
                self._crew.give(again)


def _key(task: Task) -> tuple[str, str]:
    return task.book.assignment, task.student


def _is_sure(done: Done) -> bool:
    return done.result is None or not done.result.unsure or done.item.sure
