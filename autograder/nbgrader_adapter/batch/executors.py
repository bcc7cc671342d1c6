"""Who grades: forked processes on this machine, or a Dask cluster."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from autograder.grading.notebook import prepare
from autograder.nbgrader_adapter.batch import submission
from autograder.nbgrader_adapter.batch.submission import SubmissionResult, grade_submission
from autograder.nbgrader_adapter.course import Course, course_of
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook
from autograder.sandbox import ForkServer
from autograder.settings import read_config
from autograder.workers.cluster import ends_worker_after, map_dask
from autograder.workers.pool import Done, map_forked
from autograder.workers.progress import Progress
from autograder.workers.threads import use_one_thread

Executor = Callable[[list[str]], Iterator[Done]]


def graded_submissions(
    course: Course, book: SourceBook, students: list[str], workers: int, scheduler: str = ""
) -> Iterator[Done]:
    """Every submission graded, as they come, with a line that says how far it is.

    What the wall clock stopped is graded again when everything else is done, alone, and then believed.
    """
    if not students:
        return
    progress = Progress(len(students), f"grading {book.assignment}")
    execute = _on_cluster(course, book, scheduler) if scheduler else _forked(course, book, workers)
    again = []
    for done in execute(students):
        if (workers > 1 or scheduler) and done.result is not None and done.result.unsure:
            again.append(str(done.item))
            continue
        yield done
        progress.step()
    if again:
        for done in _forked(course, book, 1)(again):
            yield done
            progress.step()


def _forked(course: Course, book: SourceBook, workers: int) -> Executor:
    def work(lane: ForkServer, student: str) -> SubmissionResult:
        return grade_submission(course, book, student, lane)

    def execute(students: list[str]) -> Iterator[Done]:
        warm_up(course, {book.assignment: range(course.settings.case_sets)})
        fork_server = course.fork_server_for(book.assignment)
        longest = course.settings.worker_seconds(len(book.notebooks))
        return map_forked(work, students, workers, fork_server.lane, ForkServer.hang_up, lambda _: longest)

    return execute


def warm_up(course: Course, case_sets: Mapping[str, Iterable[int]]) -> None:
    """Have fork servers load, and the references answer these case sets of each assignment, before workers are forked.

    All of it in one thread: see `autograder.workers.threads`.
    """
    use_one_thread()
    for name in case_sets:
        course.launch_fork_server(name)
    submission.prepare(course)
    for name, numbers in case_sets.items():
        if assignment := course.catalogue.assignments.get(name):
            prepare(assignment, name, course.settings.secret(), numbers)
    for name in case_sets:
        course.fork_server_for(name)
    gc.set_threshold(20_000, 20, 20)  # little here is circular
    gc.collect()
    gc.freeze()  # what is there now stays: no collection needs to go through it, and forks go on sharing it


def _on_cluster(course: Course, book: SourceBook, scheduler: str) -> Executor:
    work = partial(grade_remotely, str(course.settings.folder), book)
    longest = course.settings.worker_seconds(len(book.notebooks))
    return lambda students: map_dask(work, students, scheduler, longest)


def grade_remotely(root: str, book: SourceBook, student: str) -> SubmissionResult:
    """Grade one submission on a Dask worker, which sees the course's folder at the same path.

    The worker's fork server is started with its first submission.
    """
    course = course_of(read_config(Path(root)))
    tally = course.store.folder / "stalls" / book.assignment / student
    with ends_worker_after(course.settings.worker_seconds(len(book.notebooks)), tally):
        return grade_submission(course, book, student, course.fork_server_for(book.assignment))
