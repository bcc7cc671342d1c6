"""What the gradebook and the verdicts say of a graded notebook, put beside its cells for the page's template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

from autograder.grading.notebook import checked_name
from autograder.grading.store import Store
from autograder.grading.verdict import Verdict
from autograder.settings import load_settings

Result = tuple[NotebookNode, dict[str, Any]]
_NAME = "autograder_student"


@dataclass(frozen=True)
class CellRow:
    """A line of the page's table. score : None while a person has to look at it, or has not marked it yet."""

    anchor: str
    name: str
    score: float | None
    of: float
    mark: str
    look: str = ""


class GetVerdicts(GetGrades):
    """In place of GetGrades: the same scores, and with them what each cell is, and the verdict in words.

    In `cell.metadata.autograder`: kind ('prose', 'given', 'answer', 'own', 'verdict', 'test', 'written' or 'task') and,
    for a verdict, its HTML. In `resources["autograder"]`: the student's name where the gradebook has one, the rows of
    the page's table, and the sums.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Result:
        info = resources["nbgrader"]
        settings = load_settings(self.config)
        graded = Store(settings.store_folder).latest(info["assignment"], info["student"]).get(info["notebook"])
        verdicts: dict[str, Verdict] = graded.verdicts if graded else {}
        nb, resources = super().preprocess(nb, resources)
        rows = []
        for cell in nb.cells:
            marks = cell.metadata.get("nbgrader", {})
            cell.metadata["autograder"] = {"kind": _kind(cell)}
            if _kind(cell) == "test":
                self._close(cell)
            verdict = verdicts.get(marks.get("grade_id", ""))
            if _kind(cell) == "verdict" and verdict and verdict.feedback:
                cell.metadata["autograder"]["html"] = verdict.feedback.html(settings.book)
            if "points" in marks:
                rows.append(_row(cell, verdict))
        marked = [row for row in rows if row.score is not None]
        penalty = float(info["late_penalty"])
        resources["autograder"] = {
            "student": resources.get(_NAME, ""),
            "rows": rows,
            "waiting": len(rows) - len(marked),
            "score": max(0.0, sum(row.score or 0 for row in marked) - penalty),
            "of": sum(row.of for row in marked),
            "all": sum(row.of for row in rows),
            "penalty": penalty,
        }
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], index: int) -> Result:
        if index == 0:  # the gradebook is open here, and opening it takes longer than all else
            student = self.gradebook.find_student(self.student_id)
            names = " ".join(part for part in (student.first_name, student.last_name) if part)
            resources[_NAME] = f"{names} ({student.id})" if names else ""
        result: Result = super().preprocess_cell(cell, resources, index)
        return result

    def _get_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"], self.notebook_id, self.assignment_id, self.student_id
        )
        by_hand = grade.manual_score is not None
        cell.metadata["nbgrader"]["by_hand"] = by_hand
        if not by_hand and (grade.auto_score is None or grade.needs_manual_grade):
            cell.metadata["nbgrader"]["score"] = None

    def _close(self, cell: NotebookNode) -> None:
        """Take hidden tests out of a test cell, and with them the tracebacks, which show their lines."""
        try:
            hidden = ClearHiddenTests(parent=self)._remove_hidden_test_region(cell)
        except RuntimeError:  # delimiters without a partner: nobody knows what is hidden
            cell.source, hidden = "", True
        if hidden:
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]


def _kind(cell: NotebookNode) -> str:
    if utils.is_task(cell):
        return "task"
    if cell.cell_type != "code":
        return "written" if utils.is_solution(cell) else "prose"
    if utils.is_solution(cell):
        return "answer"
    if utils.is_grade(cell):
        return "verdict" if checked_name(cell) else "test"
    return "given" if utils.is_locked(cell) else "own"


def _row(cell: NotebookNode, verdict: Verdict | None) -> CellRow:
    marks, kind = cell.metadata["nbgrader"], cell.metadata["autograder"]["kind"]
    score, of = marks.get("score"), float(marks["points"])
    name = checked_name(cell) or {"written": "in words", "task": "task"}.get(kind, marks["grade_id"])
    return CellRow(marks["grade_id"], name, score, of, _mark(kind, score, of), _look(score, of, verdict, marks))


def _mark(kind: str, score: float | None, of: float) -> str:
    if score is None:
        return "waits" if kind in ("verdict", "test") else "unmarked"
    return "right" if score >= of else "partly" if score > 0 else "wrong"


def _look(score: float | None, of: float, verdict: Verdict | None, marks: dict[str, Any]) -> str:
    """What to look at first, in a sentence."""
    if marks.get("by_hand"):
        return "The score was given by hand."
    if verdict is None or verdict.feedback is None or score is None or score >= of:
        return ""
    advice = verdict.feedback.advice
    return advice[0] if advice and "\n" not in advice[0] else "The first case that fails is spelled out below."
