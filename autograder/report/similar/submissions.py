"""The code that a class handed in, and the code that explains why answers are alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.authoring.errors import ExerciseError
from autograder.authoring.standalone import standalone
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.notebooks.reading import NotGradable, read_submission
from autograder.report.similar.forms import MOST_TOKENS, code_tokens
from autograder.report.similar.pairs import CodeCell


@dataclass(frozen=True)
class HandedIn:
    """code : by student, the cells that are not as they were given. given : what explains a likeness.

    left_out : a sentence for each student some of whose work is not compared.
    """

    title: str
    code: dict[str, tuple[CodeCell, ...]]
    given: tuple[str, ...]
    left_out: tuple[str, ...]


def read_class(course: Course, assignment: str) -> HandedIn:
    """Raises ExerciseError where there is no such assignment, or fewer than two have handed it in."""
    with steps.gradebook_of(course) as gradebook:
        steps.require_assignment(course, gradebook, assignment)
    given = tuple(dict.fromkeys((*_given(course, assignment), *_mistakes(course, assignment))))
    students = steps.submitted_students(course, assignment)
    if len(students) < 2:
        raise ExerciseError(
            f"{len(students) or 'nobody'} has handed in {assignment!r}, and it takes two to compare: "
            f"`nbgrader collect {assignment}` takes in what the exchange has"
        )
    code: dict[str, tuple[CodeCell, ...]] = {}
    left_out = [f"{student}: {reason}" for student, reason in steps.unfit_students(course, assignment).items()]
    directory = course.directory()
    for student in students:
        folder = Path(directory.format_path(directory.submitted_directory, student, assignment))
        code[student], sentences = _code_of(course, folder, frozenset(given))
        left_out += [f"{student}: {sentence}" for sentence in sentences]
    found = course.catalogue.assignments.get(assignment)
    return HandedIn(found.title if found else assignment, code, given, tuple(left_out))


def _code_of(course: Course, folder: Path, given: frozenset[str]) -> tuple[tuple[CodeCell, ...], list[str]]:
    cells: dict[str, CodeCell] = {}
    sentences, tokens = [], 0
    for file in sorted(folder.glob("*.ipynb")):
        try:
            notebook, _ = read_submission(file, course.settings)
        except (NotGradable, OSError) as error:
            sentences.append(str(error))
            continue
        for name, source in _sources(notebook):
            if source in given:
                continue
            tokens += len(code_tokens(source))
            if tokens > MOST_TOKENS:
                sentences.append(f"{file.name} has more than {MOST_TOKENS:,} tokens of code; the rest is not compared")
                break
            cells.setdefault(name, CodeCell(name, source))
    return tuple(cells.values()), sentences


def _sources(notebook: NotebookNode) -> Iterable[tuple[str, str]]:
    """The code cells that hold something, by their mark, or their place where they have none."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.source.strip():
            marks = cell.metadata.get("nbgrader", {})
            mark = marks.get("grade_id") if isinstance(marks, dict) else None
            name = mark.removeprefix("solution-") if isinstance(mark, str) and mark else f"cell {number}"
            yield name, str(cell.source)


def _given(course: Course, assignment: str) -> Iterable[str]:
    """The code of the release and of its source, which has the references."""
    directory = course.directory()
    for step in (directory.release_directory, directory.source_directory):
        for file in sorted(Path(directory.format_path(step, ".", assignment)).glob("*.ipynb")):
            try:
                notebook, _ = read_submission(file, course.settings)
            except NotGradable as error:
                raise ExerciseError(
                    f"{file} cannot be read ({error}): `nbgrader generate_assignment {assignment} "
                    "--force` writes the release again"
                ) from None
            yield from (source for _, source in _sources(notebook))


def _mistakes(course: Course, assignment: str) -> Iterable[str]:
    """The wrong answers that the course knows by name: two students who share one share a misconception."""
    found = course.catalogue.assignments.get(assignment)
    for entry in found.entries if found else ():
        names = {thing.__name__ for thing in entry.exercise.given}
        for wrong in entry.exercise.misconceptions:
            yield standalone(wrong.answer, entry.name, names)
