"""Three of nbgrader's own steps, which work with a gradebook that is open already and check no cell's marks twice,
and one more.

RestoreKernel   in place of OverwriteKernelspec
LatePenalties   in place of AssignLatePenalties
CheckMarks      in place of CheckCellMetadata
NoteEntered     after them: what nbgrader or formgrader has graded is not graded again by `autograder grade`
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from nbformat.notebooknode import NotebookNode, from_dict
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, NbGraderPreprocessor, OverwriteKernelspec

from autograder.nbgrader_adapter.context import SUBMITTED, course_for, gradebook_for, is_handed_over
from autograder.nbgrader_adapter.gradebook.entered import note_notebook
from autograder.nbgrader_adapter.gradebook.sourcebook import read_sourcebook

Result = tuple[NotebookNode, dict[str, Any]]
_MOST = 1000  # characters of marks that are worth keeping: a student's may be of any size


class RestoreKernel(OverwriteKernelspec):
    """The kernel is the assignment's."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info = resources["nbgrader"]
        with gradebook_for(resources) as gradebook:
            kernel = gradebook.find_notebook(info["notebook"], info["assignment"]).kernelspec
        if kernel is not None and (kernel := json.loads(kernel)):
            nb.metadata["kernelspec"] = kernel
        return nb, resources


class LatePenalties(AssignLatePenalties):
    """A notebook's penalty for lateness, by the course's plug-in, between nothing and its score."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info = resources["nbgrader"]
        self.init_plugin()
        with gradebook_for(resources) as gradebook:
            late = gradebook.find_submission(info["assignment"], info["student"]).total_seconds_late
            notebook = gradebook.find_submission_notebook(info["notebook"], info["assignment"], info["student"])
            notebook.late_submission_penalty = None
            if late > 0:
                penalty = self.plugin_inst.late_submission_penalty(info["student"], notebook.score, late)
                if penalty is not None:
                    notebook.late_submission_penalty = self._check_late_penalty(notebook, penalty)
            gradebook.db.commit()
        return nb, resources


class CheckMarks(CheckCellMetadata):
    """Every cell's marks are as nbgrader's schema has them; where one's are not, nbgrader says so."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        if all(map(_is_right, nb.cells)):
            return nb, resources
        return super().preprocess(nb, resources)


class NoteEntered(NbGraderPreprocessor):
    """Note that the scores are in the gradebook. `autograder grade` does that itself, and hands over a context."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info, submitted = resources["nbgrader"], resources.get(SUBMITTED, "")
        if is_handed_over(resources) or not submitted:
            return nb, resources
        course = course_for(self, resources)
        directory = course.directory()
        folder = directory.format_path(directory.submitted_directory, info["student"], info["assignment"])
        with gradebook_for(resources) as gradebook:
            book = read_sourcebook(gradebook, info["assignment"])
            timestamp = gradebook.find_submission(info["assignment"], info["student"]).timestamp
        when = directory.get_existing_timestamp(folder)
        if when is None or when == timestamp:  # else it was collected after nbgrader had looked at it
            note_notebook(course, book, info["student"], info["notebook"], submitted)
        return nb, resources


def _is_right(cell: NotebookNode) -> bool:
    if "nbgrader" not in cell.metadata:
        return True
    marks = json.dumps(cell.metadata["nbgrader"], sort_keys=True)
    return len(marks) <= _MOST and _were_right(cell.cell_type, marks)


@lru_cache(maxsize=4096)
def _were_right(cell_type: str, marks: str) -> bool:
    cell = from_dict({"cell_type": cell_type, "metadata": {"nbgrader": json.loads(marks)}, "source": ""})
    try:
        MetadataValidator().validate_cell(cell)
    except Exception:  # of whatever kind: the step itself finds it again, and says it as nbgrader does
        return False
    return True
