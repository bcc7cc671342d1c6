"""An assignment's prose and exercises, made into nbgrader's source notebook and the file of public cases."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.authoring.assignment_text import Block, blocks
from autograder.authoring.cases import check_draws, public_oracles
from autograder.authoring.catalogue import Assignment, Entry
from autograder.authoring.exercise import Exercise, ExerciseError
from autograder.authoring.source import (
    contract,
    definition,
    imports_for,
    marked_solution,
    needs,
    starting_version,
    unsolved,
)
from autograder.student.release import SUFFIX, describe, write_release
from autograder.student.values import NotPlain

IMPORT_CHECK = "from autograder import check"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def build_assignment(assignment: Assignment, source_folder: Path, book: str = "") -> Path:
    """Write `<source>/<name>/<name>.ipynb` and the public cases beside it; both or neither.

    book : where the book's pages are published, for the links that `check()` shows.

    Raises
    ------
    ExerciseError
        An exercise or marker cannot work; nothing is written.
    """
    for entry in assignment.entries:
        _check_exercise(entry.exercise)
    released = [described(entry.exercise) for entry in assignment.entries]
    version = version_of(assignment)
    notebook = _notebook(assignment, version)
    folder = source_folder / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=source_folder) as draft:
        names = [f"{assignment.name}.ipynb", f"{assignment.name}{SUFFIX}"]
        nbformat.write(notebook, str(Path(draft) / names[0]))
        write_release(Path(draft) / names[1], assignment.name, version, released, book)
        for name in names:
            os.replace(Path(draft) / name, folder / name)
    return folder / names[0]


#: What stands below the title of an assignment whose sessions have no PyTorch.
NUMPY_ALONE = (
    "All answers here use NumPy alone. PyTorch is not there when they are graded: a cell with `import torch` ends in "
    "an error then, and what it defines does not count."
)


@lru_cache
def version_of(assignment: Assignment) -> str:
    """A fingerprint of what a submission must agree with to be graded: contracts, given code, cases, drivers.

    Of what computes the cases, not of their numbers: the last bits of a factorisation depend on the processor, and a
    release is graded on other machines than the one it was made on.
    """
    content = [
        [
            entry.name,
            contract(entry.exercise.reference),
            [definition(given) for given in entry.exercise.given],
            [_code(thing) for thing in (entry.exercise.reference, entry.exercise.draw)],
            _marking(entry.exercise),
            [(oracle.name, oracle.kind, oracle.weight) for oracle in public_oracles(entry.exercise)],
        ]
        for entry in assignment.entries
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _code(thing: Any) -> str:
    """The definition, whatever its comments and layout."""
    return ast.unparse(ast.parse(definition(thing)))


def _marking(exercise: Exercise) -> dict[str, Any]:
    """How an answer is called and judged, and what is said of it."""
    return {
        "checks": exercise.checks_source,
        "driver": exercise.driver_name,
        "judge": exercise.judge_name,
        "tolerance": exercise.tolerance,
        "sentences": {wrong.name: wrong.sentence for wrong in exercise.misconceptions},
        "pure": exercise.pure,
        "read": exercise.read,
    }


@lru_cache
def given_version(exercise: Exercise) -> str:
    """What goes out in the cell of its solution."""
    if exercise.starter is not None:
        return starting_version(exercise.reference, exercise.starter)
    return unsolved(exercise.reference, exercise.methods)


def described(exercise: Exercise) -> dict[str, Any]:
    """What `check()` is given of an exercise: its public cases, and how an answer to them is judged."""
    try:
        given = given_version(exercise)
        marking = _marking(exercise)
        return describe(exercise.name, public_oracles(exercise), given=given, **marking, returns=exercise.returns)
    except NotPlain as error:
        raise ExerciseError(f"{exercise.name}: a public case or its answer cannot be written down: {error}") from None


def _check_exercise(exercise: Exercise) -> None:
    check_draws(exercise)
    available = {given.__name__ for given in exercise.given} | {exercise.name}
    for thing in (exercise.reference, *exercise.given):
        if missing := needs(thing, available):
            raise ExerciseError(
                f"{exercise.name}: {thing.__name__} uses {', '.join(sorted(missing))}, which the notebook "
                "will not have: add it to given="
            )


def _notebook(assignment: Assignment, version: str) -> nbformat.NotebookNode:
    entries = {entry.name: entry for entry in assignment.entries}
    title = f"# {assignment.title}" if assignment.torch else f"# {assignment.title}\n\n{NUMPY_ALONE}"
    cells = [_locked_prose(title, "title"), _locked_code(_header(assignment), "imports")]
    given: set[str] = set()
    for number, block in enumerate(blocks(assignment.text, assignment.path)):
        cells += _block_cells(block, number, entries, given)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # the same notebook from the same sources
    noted = {"assignment": assignment.name, "version": version, "torch": assignment.torch}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "autograder": noted})
    nbformat.validate(notebook)
    return notebook


def _header(assignment: Assignment) -> str:
    things = [thing for entry in assignment.entries for thing in (entry.exercise.reference, *entry.exercise.given)]
    imports = {*imports_for(things), *(["import torch"] if assignment.torch else [])}
    return "\n".join([*sorted(imports), "", IMPORT_CHECK]).strip()


def _block_cells(block: Block, number: int, entries: dict[str, Entry], given: set[str]) -> Iterator[Any]:
    if block.kind == "prose":
        yield _locked_prose(block.body, f"prose-{number}")
    elif block.kind == "code":
        yield _locked_code(block.body, f"code-{number}")
    elif block.kind == "written":
        yield _locked_prose(block.body, f"question-{number}")
        yield _cell(
            new_markdown_cell("*Your answer*"),
            f"written-{number}",
            grade=True,
            solution=True,
            points=float(block.argument),
        )
    else:
        yield from _exercise_cells(entries[block.argument], given)


def _exercise_cells(entry: Entry, given: set[str]) -> Iterator[Any]:
    exercise = entry.exercise
    fresh = [thing for thing in exercise.given if thing.__name__ not in given]
    given |= {thing.__name__ for thing in fresh}
    if fresh:
        yield _locked_code("\n\n\n".join(definition(thing) for thing in fresh), f"given-{exercise.name}")
    solution = new_code_cell(marked_solution(exercise.reference, exercise.methods))
    if exercise.starter is not None:
        solution.metadata["autograder"] = {"starter": given_version(exercise)}
    yield _cell(solution, f"solution-{exercise.name}", solution=True)
    yield _cell(
        new_code_cell(f"check({exercise.name})"), f"check-{exercise.name}", grade=True, locked=True, points=entry.points
    )


def _locked_prose(text: str, grade_id: str) -> Any:
    return _cell(new_markdown_cell(text), grade_id, locked=True)


def _locked_code(text: str, grade_id: str) -> Any:
    return _cell(new_code_cell(text), grade_id, locked=True)


def _cell(
    cell: Any,
    grade_id: str,
    *,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: float | None = None,
) -> Any:
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    } | ({} if points is None else {"points": points})
    return cell
