"""nbgrader's converter and its configured steps, made once for a course, and what the steps are told of a notebook."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from autograder.nbgrader_adapter.context import Context
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.gradebook.sourcebook import SourceBook

_WRITERS = (SaveAutoGrades, AssignLatePenalties)


def grading_steps(course: Course) -> list[Any]:
    """The steps that write nothing to the gradebook."""
    return [step for step in all_steps(course) if not isinstance(step, _WRITERS)]


def entering_steps(course: Course) -> list[Any]:
    """Those that do."""
    return [step for step in all_steps(course) if isinstance(step, _WRITERS)]


@lru_cache
def converter_of(course: Course) -> Autograde:
    """nbgrader's own, made once: for its settings, its steps and the course's folders."""
    return Autograde(coursedir=course.directory(), config=course.config)


@lru_cache
def all_steps(course: Course) -> list[Any]:
    converter = converter_of(course)
    exporter = NotebookExporter(parent=converter, config=course.config)
    exporter._preprocessors = []
    for step in (*converter.sanitize_preprocessors, *converter.autograde_preprocessors):
        exporter.register_preprocessor(step)
    return [step for step in exporter._preprocessors if step.enabled]


def resources_for(context: Context, book: SourceBook, student: str, notebook: str) -> dict[str, Any]:
    """What nbgrader's steps are told of a notebook."""
    told = {"student": student, "assignment": book.assignment, "notebook": notebook}
    return {"nbgrader": {**told, "db_url": converter_of(context.course).coursedir.db_url}, **context.as_resources()}
