"""nbgrader's steps, with the student's process kept away from the score.

Named in nbgrader_config.py, so that `nbgrader autograde`, formgrader's button and `autograder grade` all take them:

    CleanSubmission   before them: text that can be written, and of the metadata what grading needs
    RestoreCells      in place of OverwriteCells: cells that were deleted come back, and a broken one stops nobody
    SandboxExecute    in place of Execute: runs the notebook in a session and judges its answers outside
    SaveVerdicts      in place of SaveAutoGrades: writes those verdicts to the gradebook
    PutStarters       in place of ClearSolutions: an exercise that is to be mended shows its wrong version

Others are nbgrader's own, with what is open already: `nbgrader_steps.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions, Execute, OverwriteCells, SaveAutoGrades

from autograder.grading.notebook import Job, grade_notebook
from autograder.grading.store import key_of
from autograder.grading.strays import typed_into, written_elsewhere
from autograder.grading.verdict import GradedNotebook, Verdict
from autograder.nbgrader_adapter.closed import make_folders
from autograder.nbgrader_adapter.context import (
    SUBMITTED,
    course_for,
    fork_server_for,
    gradebook_for,
    is_handed_over,
)
from autograder.nbgrader_adapter.course import released_notebook
from autograder.nbgrader_adapter.gradebook.entered import fingerprint, submitted_folder
from autograder.nbgrader_adapter.notebooks.reading import CleanSubmission
from autograder.nbgrader_adapter.notebooks.submitted_files import session_files

__all__ = ["CleanSubmission", "PutStarters", "RestoreCells", "SandboxExecute", "SaveVerdicts"]
Result = tuple[NotebookNode, dict[str, Any]]


class PutStarters(ClearSolutions):
    """Blank the solutions; where an exercise has a starter, show that in place of an empty body.

    Every assignment passes here before anybody hands it in: the course's folders for that are made now.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        make_folders(CourseDirectory(config=self.config))
        result: Result = super().preprocess(nb, resources)
        return result

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        starter = cell.metadata.pop("autograder", {}).get("starter")
        cell, resources = super().preprocess_cell(cell, resources, index)
        if starter is not None:
            cell.source = starter
        return cell, resources


class RestoreCells(OverwriteCells):
    """Restore the assignment's cells: their marks, the text of locked ones, and those that were deleted.

    nbgrader's own step fails where the marks were changed or a cell was copied, and its `add_missing_cells` where the
    cell before is a read-only one; and that restores graded cells only.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info = resources["nbgrader"]
        self.notebook_id, self.assignment_id = info["notebook"], info["assignment"]
        with gradebook_for(resources) as self.gradebook:
            return self._restore(nb, resources)

    def _restore(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        marks = _marks(notebook)
        sources = [(cell.name, cell.cell_type, cell.source) for cell in notebook.source_cells]
        self._restore_marks(nb, marks)
        self._keep_words(nb, {name: (cell_type, source) for name, cell_type, source in sources}, marks)
        nb, resources = super(OverwriteCells, self).preprocess(nb, resources)  # cell by cell
        before, previous = -1, ""
        places = _places(nb)
        for name, cell_type, source in sources:
            if name not in places and (marks[name]["locked"] or "points" in marks[name]):
                self.log.warning("The cell '%s' was missing; it is put back", name)
                place = before + 1
                if "points" in marks[name]:  # never before what it is about, which may be the last cell, or anywhere
                    place = max(place, places[previous] + 1) if previous in places else len(nb.cells)
                restored = _restored(cell_type, source, marks[name])
                restored["id"] = _free_id(nb.cells, "restored", name)
                nb.cells.insert(place, restored)
                places = _places(nb)
            if places.get(name, -1) < len(nb.cells) - 1:
                before = max(before, places.get(name, -1))
            previous = name
        return nb, resources

    def _restore_marks(self, nb: NotebookNode, marks: dict[str, dict[str, Any]]) -> None:
        """Of two cells with one name the last keeps it, as nbgrader has it; a name that is no cell's goes."""
        seen = set()
        for cell in reversed(nb.cells):
            name = _grade_id(cell)
            theirs = cell.metadata.pop("nbgrader", None)
            if name in marks and name not in seen:
                seen.add(name)
                cell.metadata["nbgrader"] = from_dict(marks[name])
            elif theirs:
                self.log.warning("The cell marked as '%s' is not the assignment's, or is a copy", name)

    def _keep_words(
        self, nb: NotebookNode, sources: dict[str, tuple[str, str]], marks: dict[str, dict[str, Any]]
    ) -> None:
        """What a student typed into a locked cell stays below it, in a cell of their own: whoever marks it reads it
        there, and `SaveVerdicts` takes it for words in another place.

        Only where an answer in words is missing: the text of a release may have been mended since it was fetched.
        """
        answers = {_grade_id(cell): cell.source.split() for cell in nb.cells}
        if not any(
            mark["task"]
            or (mark["grade"] and mark["solution"] and answers.get(name, []) in ([], sources[name][1].split()))
            for name, mark in marks.items()
        ):
            return
        cells: list[NotebookNode] = []
        for cell in nb.cells:
            cells.append(cell)
            name = _grade_id(cell)
            cell_type, given = sources.get(name, ("", ""))
            code = cell.cell_type == cell_type == "code"
            if name in marks and marks[name]["locked"] and typed_into(cell.source, given, code=code):
                self.log.warning("The locked cell '%s' holds words; they are kept below it", name)
                kept = new_markdown_cell(cell.source)
                kept["id"] = _free_id([*nb.cells, *cells], "kept", name)
                if attachments := cell.get("attachments"):
                    kept["attachments"] = attachments
                cells.append(kept)
        nb.cells = cells


class SandboxExecute(Execute):
    """Run the notebook in a session and judge its answers outside it."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any], km: Any = None) -> Result:
        info = resources["nbgrader"]
        course = course_for(self, resources)
        if not is_handed_over(resources):
            resources[SUBMITTED] = fingerprint(submitted_folder(course, info["assignment"], info["student"]))
        files, notes = session_files(course, info["assignment"], info["student"])
        job = Job(
            info["assignment"],
            info["student"],
            course.catalogue.assignments.get(info["assignment"]),
            course.settings.secret(),
            course.settings.case_sets,
            course.settings.limits,
            files,
        )
        key = key_of(nb, job, course.code)
        graded = course.store.get(key)
        if graded is None:
            graded = replace(grade_notebook(nb, job, fork_server_for(course, resources)), key=key)
            if not graded.unsure:
                course.store.put(key, graded)
        graded = replace(graded, troubles=(*notes, *graded.troubles))
        for trouble in graded.troubles:
            self.log.warning("%s, %s: %s", info["student"], info["notebook"], trouble)
        resources["autograder"] = graded
        return put_outputs(nb, graded), resources


class SaveVerdicts(SaveAutoGrades):
    """Write the verdicts to the gradebook. No verdict is no points and 'needs manual grading'."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info = resources["nbgrader"]
        self.notebook_id, self.assignment_id, self.student_id = (
            info["notebook"],
            info["assignment"],
            info["student"],
        )
        course = course_for(self, resources)

        @cache  # few notebooks have an answer in words that is untouched
        def elsewhere() -> bool:
            return written_elsewhere(nb, released_notebook(course, info["assignment"], info["notebook"]))

        self._elsewhere = elsewhere
        with gradebook_for(resources) as self.gradebook:
            nb, resources = super(SaveAutoGrades, self).preprocess(nb, resources)  # cell by cell
        graded: GradedNotebook | None = resources.get("autograder")
        if graded:
            course.store.remember(self.assignment_id, self.student_id, self.notebook_id, graded.key)
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        if utils.is_solution(cell) or cell.cell_type != "code":
            super()._add_score(cell, resources)  # a written answer: nbgrader's own rule
            grade = self._grade_of(cell)
            if grade.auto_score == 0 and self._elsewhere():  # untouched, and the notebook holds other words
                grade.auto_score, grade.needs_manual_grade = None, True
                self.gradebook.db.commit()
            return
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        grade = self._grade_of(cell)
        graded: GradedNotebook | None = resources.get("autograder")
        verdict: Verdict | None = graded.verdicts.get(grade_id) if graded else None
        grade.auto_score = verdict.score if verdict else None
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        """nbgrader's "No response." of an untouched answer, unless the answer stands, or may stand, somewhere else."""
        super()._add_comment(cell, resources)
        name = cell.metadata["nbgrader"]["grade_id"]
        comment = self.gradebook.find_comment(name, self.notebook_id, self.assignment_id, self.student_id)
        if comment.auto_comment and self._is_elsewhere(cell, resources.get("autograder")):
            comment.auto_comment = None
            self.gradebook.db.commit()

    def _is_elsewhere(self, cell: NotebookNode, graded: GradedNotebook | None) -> bool:
        if cell.cell_type != "code":
            return self._elsewhere()
        exercise = cell.metadata["nbgrader"]["grade_id"].removeprefix("solution-")
        verdicts = graded.verdicts.values() if graded else ()
        return any(verdict.exercise == exercise and verdict.score != 0 for verdict in verdicts)

    def _grade_of(self, cell: NotebookNode) -> Any:
        name = cell.metadata["nbgrader"]["grade_id"]
        return self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)


def put_outputs(nb: NotebookNode, graded: GradedNotebook) -> NotebookNode:
    """The notebook with the outputs of the session and the verdicts in it."""
    for number, (index, outputs) in enumerate(sorted(graded.outputs.items()), 1):
        cell = nb.cells[index]
        cell.execution_count = number
        cell.outputs = [from_dict(output) for output in outputs]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return nb


def _marks(notebook: Any) -> dict[str, dict[str, Any]]:
    """The metadata that nbgrader keeps in each of the assignment's cells, by name."""
    graded, tasks = ({cell.name: cell for cell in cells} for cells in (notebook.grade_cells, notebook.task_cells))
    solutions = {cell.name for cell in notebook.solution_cells}
    return {
        cell.name: {
            "schema_version": 3,
            "grade_id": cell.name,
            "grade": cell.name in graded,
            "solution": cell.name in solutions,
            "locked": cell.locked,
            "task": cell.name in tasks,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
        }
        | ({"points": (graded | tasks)[cell.name].max_score} if cell.name in graded | tasks else {})
        for cell in notebook.source_cells
    }


def _restored(cell_type: str, source: str, marks: dict[str, Any]) -> NotebookNode:
    new_cell = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}[cell_type]
    return new_cell(source, metadata={"nbgrader": from_dict(marks)})


def _free_id(cells: list[NotebookNode], what: str, name: str) -> str:
    """An id that says what the cell is, and that none of these has: a student may have used it."""
    taken = {cell.get("id") for cell in cells}
    wanted = re.sub(r"[^\w-]", "-", f"{what}-{name}", flags=re.ASCII)[:64]
    return next(found for n in count() if (found := f"{wanted[:56]}-{n}" if n else wanted) not in taken)


def _places(nb: NotebookNode) -> dict[str, int]:
    """Where each of the assignment's cells stands."""
    return {_grade_id(cell): i for i, cell in enumerate(nb.cells)}


def _grade_id(cell: NotebookNode) -> str:
    marks = cell.metadata.get("nbgrader")
    return str(marks.get("grade_id", "")) if isinstance(marks, dict) else ""
