"""Who grades: forked processes on this machine, or a Dask cluster."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from autograder.cluster import ends_worker_after, map_dask
from autograder.grading import prepare
from autograder.nbgrader_adapter import batch
from autograder.nbgrader_adapter.batch import Draft, draft
from autograder.nbgrader_adapter.course import Course, course_of, pinned
from autograder.nbgrader_adapter.sourcebook import SourceBook
from autograder.nbgrader_adapter.templates import launch_template, template_for, use_template
from autograder.pool import Done, map_forked
from autograder.progress import Progress
from autograder.session import Template
from autograder.settings import read_config
from autograder.threads import use_one_thread

Executor = Callable[[list[str]], Iterator[Done]]


def drafts(course: Course, book: SourceBook, students: list[str], workers: int, scheduler: str = "") -> Iterator[Done]:
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
    def work(lane: Template, student: str) -> Draft:
        use_template(course, book.assignment, lane)
        with pinned(course):  # every submission of one command by the exercises that it began with
            return draft(course, book, student)

    def execute(students: list[str]) -> Iterator[Done]:
        warm_up(course, {book.assignment: range(course.settings.case_sets)})
        template = template_for(course, book.assignment)
        longest = course.settings.worker_seconds(len(book.notebooks))
        return map_forked(work, students, workers, template.lane, Template.hang_up, lambda _: longest)

    return execute


def warm_up(course: Course, case_sets: Mapping[str, Iterable[int]]) -> None:
    """Have templates load, and the references answer these case sets of each assignment, before workers are forked.

    All of it in one thread: see `autograder.threads`.
    """
    use_one_thread()
    for name in case_sets:
        launch_template(course, name)
    batch.prepare(course)
    for name, numbers in case_sets.items():
        if assignment := course.catalogue.assignments.get(name):
            prepare(assignment, name, course.settings.secret(), numbers)
    for name in case_sets:
        template_for(course, name)
    gc.set_threshold(20_000, 20, 20)  # little here is circular
    gc.collect()
    gc.freeze()  # what is there now stays: no collection needs to go through it, and forks go on sharing it


def _on_cluster(course: Course, book: SourceBook, scheduler: str) -> Executor:
    work = partial(draft_remotely, str(course.settings.folder), book)
    longest = course.settings.worker_seconds(len(book.notebooks))
    return lambda students: map_dask(work, students, scheduler, longest)


def draft_remotely(root: str, book: SourceBook, student: str) -> Draft:
    """Grade one submission on a Dask worker, which sees the course's folder at the same path.

    The worker's template is started with its first submission.
    """
    course = course_of(read_config(Path(root)))
    tally = course.store.folder / "stalls" / book.assignment / student
    with ends_worker_after(course.settings.worker_seconds(len(book.notebooks)), tally):
        return draft(course, book, student)
