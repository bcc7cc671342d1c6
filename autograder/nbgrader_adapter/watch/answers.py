"""What goes out to one student: their feedback, or a note in its place, released by nbgrader's own step.

nbgrader finds a page by its name: a hash of the submission's secret, which its student alone has, and the notebook's
name. So every notebook that was submitted can have a page, also one that the assignment does not know.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.utils import notebook_hash

from autograder.authoring.exercise import ExerciseError
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.exchange.collect import SECRET, Refused, secret_of

MAX_PAGES = 20
MARK = '<meta name="autograder" content="note">'
PAGE = f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
{MARK}
<title>{{title}}</title>
<style>body {{{{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}}}</style>
<h1>{{title}}</h1>
<p>{{text}}</p>
<p>Submitted: {{time}}</p>
</html>
"""


class NotReleased(ExerciseError):
    """Nothing went out; the sentence says why. It can be tried again."""


@dataclass(frozen=True)
class CollectedSubmission:
    """A submission: in the exchange or collected. folder : where its secret and its time are."""

    course: Course
    assignment: str
    student: str
    folder: Path

    @property
    def time(self) -> str:
        """When it was submitted, as nbgrader's client wrote it in the directory's name or its file."""
        if (file := self.folder / "timestamp.txt").is_file():
            return file.read_text(errors="replace").strip()
        return self.folder.name.split("+")[-2] if self.folder.name.count("+") > 2 else ""

    @property
    def notebooks(self) -> list[str]:
        """The names of the notebooks in it, as far as a page can be named after them."""
        found = [file.stem for file in sorted(self.folder.glob("*.ipynb"))]
        return [name for name in found if name.isprintable()][:MAX_PAGES]

    def page(self, notebook: str) -> Path:
        """Where the exchange has the notebook's page. Raises NotReleased where the submission has no secret."""
        directory = self.course.directory()
        name = notebook_hash(secret=_secret(self), notebook_id=notebook)
        return Path(_releaser(self, directory).root) / directory.course_id / "feedback" / f"{name}.html"


def collected(course: Course, assignment: str, student: str) -> CollectedSubmission:
    directory = course.directory()
    folder = directory.format_path(directory.submitted_directory, student, assignment)
    return CollectedSubmission(course, assignment, student, Path(folder))


def has_secret(handed: CollectedSubmission) -> bool:
    """Whether feedback can be released: what was put into `submitted` by hand has no page in the exchange."""
    try:
        return bool(secret_of(str(handed.folder)))
    except Refused:
        return False


def is_answered(handed: CollectedSubmission, notebooks: Mapping[str, object]) -> bool:
    """Whether feedback is out, be it the watcher's or released by hand, for each graded notebook that was submitted.

    notebooks : the assignment's, by name.
    """
    graded = [name for name in handed.notebooks if name in notebooks]
    return bool(graded) and all(_is_feedback(handed.page(name)) for name in graded)


def answer(handed: CollectedSubmission, notebooks: Mapping[str, object]) -> None:
    """Generate the feedback and release it to this student; notebooks that are not graded get a note that says so.

    Raises
    ------
    NotReleased, steps.StepFailed
        nbgrader could not generate or release it.
    """
    course, assignment, student = handed.course, handed.assignment, handed.student
    others = {
        name: f"{name}.ipynb is not one of the assignment's notebooks ({', '.join(notebooks)}) and was not graded."
        for name in handed.notebooks
        if name not in notebooks
    }
    if others:  # first, for the feedback is what says that the student was answered
        _put_notes(handed, others)
    steps.feedback(course, assignment, student)
    directory = course.directory()
    _release(handed, directory)


def tell(handed: CollectedSubmission, text: str) -> None:
    """Release a note in the place of feedback, under the name of each notebook that was submitted.

    Raises
    ------
    NotReleased
        nbgrader could not release it.
    """
    _put_notes(handed, dict.fromkeys(handed.notebooks, text))


def when(time: float) -> str:
    """A time for people, in this machine's zone."""
    return datetime.fromtimestamp(time, UTC).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _put_notes(handed: CollectedSubmission, texts: Mapping[str, str]) -> None:
    """Notes go out from a folder of their own, or `nbgrader generate_feedback` would take them for feedback."""
    secret = _secret(handed)
    directory = handed.course.directory()
    directory.feedback_directory = ".notes"
    folder = Path(directory.format_path(directory.feedback_directory, handed.student, handed.assignment))
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        (folder / SECRET).write_text(secret)
        (folder / "timestamp.txt").write_text(handed.time)
        for name, text in texts.items():
            page = PAGE.format(
                title=html.escape(f"{handed.assignment}: {name}"), text=html.escape(text), time=html.escape(handed.time)
            )
            (folder / f"{name}.html").write_text(page, encoding="utf-8")
        if texts:
            _release(handed, directory)
    except OSError as error:
        raise NotReleased(f"the note could not be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _release(handed: CollectedSubmission, directory: CourseDirectory) -> None:
    """nbgrader's own step, for one student; then see that the pages are there, for it passes over what it cannot read.

    directory : names the folder that the pages are in.
    """
    directory.assignment_id, directory.student_id = handed.assignment, handed.student
    app = _releaser(handed, directory)
    folder = Path(directory.format_path(directory.feedback_directory, handed.student, handed.assignment))
    try:
        app.start()
        for page in folder.glob("*.html"):
            if handed.page(page.stem).read_bytes() != page.read_bytes():
                raise NotReleased(f"{page.name} of {handed.student} did not reach the exchange")
    except OSError as error:
        raise NotReleased(f"{Path(app.root)} does not take the feedback: {error.strerror or error}") from None
    except ExchangeError as error:
        raise NotReleased(f"the feedback is not released: {error}") from None


def _releaser(handed: CollectedSubmission, directory: CourseDirectory) -> Any:
    config = handed.course.config
    return ExchangeFactory(config=config).ReleaseFeedback(
        coursedir=directory, authenticator=Authenticator(config=config), config=config
    )


def _secret(handed: CollectedSubmission) -> str:
    try:
        return secret_of(str(handed.folder))
    except (Refused, OSError) as error:
        raise NotReleased(f"no feedback can be released to {handed.student}: {error}") from None


def _is_feedback(page: Path) -> bool:
    try:
        with page.open(encoding="utf-8", errors="replace") as file:
            return MARK not in file.read(2000)
    except FileNotFoundError:
        return False
