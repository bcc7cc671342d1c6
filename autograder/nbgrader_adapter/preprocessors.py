"""nbgrader's steps, with the student's process kept away from the score.

Named in nbgrader_config.py, so that `nbgrader autograde`, formgrader's button and `autograder grade` all take them:

    RestoreCells      in place of OverwriteCells: cells that were deleted come back, and a broken one stops nobody
    SandboxExecute    in place of Execute: runs the notebook in a session and judges its answers outside
    SaveVerdicts      in place of SaveAutoGrades: writes those verdicts to the gradebook
    PutStarters       in place of ClearSolutions: an exercise that is to be mended shows its wrong version
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearSolutions, Execute, OverwriteCells, SaveAutoGrades

from autograder.grading import Job, grade_notebook
from autograder.nbgrader_adapter.course import course_of, files_of, player_for
from autograder.store import key_of
from autograder.verdict import Graded, Verdict

Result = tuple[NotebookNode, dict[str, Any]]


class PutStarters(ClearSolutions):
    """Blank the solutions; where an exercise has a starter, show that in place of an empty body."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        starter = cell.metadata.pop("autograder", {}).get("starter")
        cell, resources = super().preprocess_cell(cell, resources, index)
        if starter is not None:
            cell.source = starter
        return cell, resources


class RestoreCells(OverwriteCells):
    """Restore locked cells, and put back those that were deleted, each behind its nearest predecessor that is left.

    nbgrader's own `add_missing_cells` fails where that predecessor is a read-only cell, and restores graded cells only.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        self.add_missing_cells = False
        nb, resources = super().preprocess(nb, resources)
        info = resources["nbgrader"]
        with Gradebook(info["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(info["notebook"], info["assignment"])
            graded = {cell.name: cell for cell in (*notebook.grade_cells, *notebook.task_cells)}
            solutions = {cell.name for cell in notebook.solution_cells}
            tasks = {cell.name for cell in notebook.task_cells}
            before = -1
            for source in notebook.source_cells:
                here = next((i for i, cell in enumerate(nb.cells) if _grade_id(cell) == source.name), None)
                if here is None and (source.name in graded or source.locked):
                    self.log.warning("The cell '%s' was missing; it is put back", source.name)
                    here = before + 1
                    nb.cells.insert(
                        here,
                        self._restored(source, graded.get(source.name), source.name in solutions, source.name in tasks),
                    )
                before = before if here is None else max(before, here)
        return nb, resources

    def _restored(self, source: Any, graded: Any, is_solution: bool, is_task: bool) -> NotebookNode:
        cell = self.missing_cell_transform(source, graded.max_score if graded else 0, is_solution, is_task)
        cell.source = source.source
        cell["id"] = re.sub(r"[^\w-]", "-", f"restored-{source.name}", flags=re.ASCII)[:64]
        if graded is None:
            cell.metadata.nbgrader.update(grade=False, locked=True)
            del cell.metadata.nbgrader["points"]
        return cell


class SandboxExecute(Execute):
    """Run the notebook in a session and judge its answers outside it."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any], km: Any = None) -> Result:
        info = resources["nbgrader"]
        course = course_of(self.config)
        job = Job(
            info["assignment"],
            info["student"],
            course.catalogue.assignments.get(info["assignment"]),
            course.settings.secret(),
            course.settings.case_sets,
            course.settings.limits,
            files_of(course, info["assignment"]),
        )
        key = key_of(nb, job)
        graded = course.store.get(key)
        if graded is None:
            graded = replace(grade_notebook(nb, job, player_for(course, job)), key=key)
            if not graded.unsure:
                course.store.put(key, graded)
        course.store.remember(info["assignment"], info["student"], info["notebook"], key)
        for trouble in graded.troubles:
            self.log.warning("%s, %s: %s", info["student"], info["notebook"], trouble)
        resources["autograder"] = graded
        return put_outputs(nb, graded), resources


class SaveVerdicts(SaveAutoGrades):
    """Write the verdicts to the gradebook. No verdict is no points and 'needs manual grading'."""

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        if utils.is_solution(cell) or cell.cell_type != "code":
            super()._add_score(cell, resources)  # a written answer: nbgrader's own rule
            return
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
        graded: Graded | None = resources.get("autograder")
        verdict: Verdict | None = graded.verdicts.get(grade_id) if graded else None
        grade.auto_score = verdict.score if verdict else None
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
        self.gradebook.db.commit()


def put_outputs(nb: NotebookNode, graded: Graded) -> NotebookNode:
    """The notebook with the outputs of the session and the verdicts in it."""
    for count, (index, outputs) in enumerate(sorted(graded.outputs.items()), 1):
        cell = nb.cells[index]
        cell.execution_count = count
        cell.outputs = [from_dict(output) for output in outputs]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return nb


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
