"""What a step of nbgrader's pipeline works with: handed to it in nbconvert's `resources`, or found by the step itself.

Grading a class hands over what is open already: opening a gradebook costs more than most steps do. In `nbgrader
autograde` and in formgrader, which make the steps themselves, nothing is handed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.nbgrader_adapter.course import Course, course_of
from autograder.sandbox import ForkServer

_KEY = "autograder_context"
SUBMITTED = "autograder_submitted"  # the fingerprint of what was submitted, before it was graded


@dataclass(frozen=True)
class Context:
    """gradebook : one that is open, or what stands for it (`SourceBook`). fork_server : for the notebook's session."""

    course: Course
    gradebook: Any
    fork_server: ForkServer | None = None

    def as_resources(self) -> dict[str, Any]:
        return {_KEY: self}


def is_handed_over(resources: dict[str, Any]) -> bool:
    """Whether a class is graded, and not one notebook by nbgrader itself."""
    return _KEY in resources


def course_for(step: NbGraderPreprocessor, resources: dict[str, Any]) -> Course:
    context: Context | None = resources.get(_KEY)
    return context.course if context else course_of(step.config)


def fork_server_for(course: Course, resources: dict[str, Any]) -> ForkServer:
    context: Context | None = resources.get(_KEY)
    if context and context.fork_server:
        return context.fork_server
    return course.fork_server_for(resources["nbgrader"]["assignment"])


@contextmanager
def gradebook_for(resources: dict[str, Any]) -> Iterator[Any]:
    """The gradebook, left open where it was handed over."""
    context: Context | None = resources.get(_KEY)
    if context:
        yield context.gradebook
        return
    with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
        yield gradebook
