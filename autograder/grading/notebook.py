"""Grading one notebook: play it in a session, judge what comes back. Nothing here knows nbgrader's gradebook.

The notebook is one that nbgrader has cleaned: locked cells restored, deleted ones put back.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from autograder.authoring.build import given_version, version_of
from autograder.authoring.cases import case_set_of, hidden_oracles, public_oracles
from autograder.authoring.catalogue import Assignment
from autograder.authoring.exercise import Exercise
from autograder.authoring.source import definition
from autograder.grading.checked_exercise import CheckedExercise
from autograder.grading.flags import flags_of
from autograder.grading.judgement import judge_answers
from autograder.grading.strays import defined_elsewhere, defines
from autograder.grading.verdict import GradedNotebook, Verdict, needs_person
from autograder.sandbox.interface import Answer, Cell, CellResult, Limits, Question, Snapshot, Step, Transcript
from autograder.student.begun import is_as_given, is_defined_in

LEFT_OUT = "# This cell is left out: it has "  # what stands in the place of a cell that is too long


class Player(Protocol):
    """What plays a submission: `autograder.sandbox.ForkServer`, or a stand-in in a test."""

    def play(
        self,
        steps: Sequence[Step],
        questions: Sequence[Question | None],
        limits: Limits = ...,
        files: dict[str, bytes] | None = ...,
    ) -> Transcript: ...


@dataclass(frozen=True)
class Job:
    """assignment : None where the course has none of this name; then only ordinary test cells can be graded."""

    assignment_id: str
    student: str
    assignment: Assignment | None
    secret: bytes
    case_sets: int
    limits: Limits
    files: dict[str, bytes]

    def case_set(self, notebook: Any) -> int:
        """Which set of hidden cases this notebook meets, with the files that lie beside it."""
        files = [name + hashlib.sha256(data).hexdigest() for name, data in sorted(self.files.items())]
        text = "\0".join([*(cell.source for cell in notebook.cells if cell.cell_type == "code"), *files])
        return case_set_of(self.secret, self.assignment_id, self.student, text, self.case_sets)


def grade_notebook(notebook: Any, job: Job, player: Player) -> GradedNotebook:
    """The outputs of every code cell and the verdict on every graded one."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    checked = {i: name for i in code if (name := checked_name(notebook.cells[i]))}
    asked = {i: _asked(name, notebook.cells[i], notebook, job) for i, name in checked.items()}
    steps: list[Step] = [Snapshot(checked[i]) if i in checked else Cell(notebook.cells[i].source) for i in code]
    case_set = job.case_set(notebook)
    questions = [_question(asked[i], job, case_set) for i in code if i in checked]
    transcript = player.play(steps, questions, limits=job.limits, files=job.files)
    results = dict(zip((i for i in code if i not in checked), transcript.cells, strict=True))
    answers = dict(zip(checked, transcript.answers, strict=True))

    incomplete = any(cell.source.startswith(LEFT_OUT) for cell in notebook.cells)
    sources = [notebook.cells[i].source for i in code if i not in checked]
    verdicts: dict[str, Verdict] = {}
    outputs: dict[int, list[dict[str, Any]]] = {i: list(result.outputs) for i, result in results.items()}
    for i, item in asked.items():
        verdict = item if isinstance(item, Verdict) else _flagged(judge_answers(item, answers[i]), item, sources)
        if verdict.score == 0 and (not verdict.begun or all(_is_unanswered(answer) for answer in answers[i])):
            verdict = _without_answer(verdict, notebook, i, checked[i], results)
        if incomplete and (verdict.score or 0) < verdict.max_score and not verdict.needs_person:
            verdict = needs_person(verdict.exercise, verdict.max_score, "a cell was left out, because it is too long")
        verdicts[notebook.cells[i].metadata["nbgrader"]["grade_id"]] = verdict
        outputs[i] = [_shown(verdict)]
    for i, result in results.items():
        meta = notebook.cells[i].metadata.get("nbgrader", {})
        if meta.get("grade") and not meta.get("solution"):
            verdicts[meta["grade_id"]] = score_test_cell(result, float(meta.get("points") or 0), meta["grade_id"])
    return GradedNotebook(
        outputs,
        verdicts,
        _troubles(results),
        transcript.layers,
        transcript.cpu_seconds,
        transcript.peak_mib,
        case_set=case_set,
    )


def _is_unanswered(answer: Answer) -> bool:
    return answer.status == "missing" or answer.exception == "NotImplementedError"


def _without_answer(verdict: Verdict, notebook: Any, check: int, name: str, results: dict[int, CellResult]) -> Verdict:
    """The verdict on an answer that is not there: for a person, where it is somewhere else, or with the reason."""
    if defined_elsewhere(notebook, name, check):
        return needs_person(
            name, verdict.max_score, f"{name} is not answered at its place, but the notebook defines it in another cell"
        )
    for i, result in results.items():
        error = next((output for output in result.outputs if output["output_type"] == "error"), None)
        if i < check and verdict.feedback and defines(notebook.cells[i].source, name) and error is not None:
            said = f"{error['ename']}: {error['evalue']}"[:300]
            why = f"The cell that defines {name} ended in an exception before it was done. {said}"
            feedback = replace(verdict.feedback, advice=(why, *verdict.feedback.advice))
            return replace(verdict, feedback=feedback, explanation=f"{why}\n{verdict.explanation}")
    return verdict


def checked_name(cell: Any) -> str:
    """The exercise of a cell `check(name)` that nbgrader grades; '' for any other cell."""
    meta = cell.metadata.get("nbgrader", {})
    if not meta.get("grade") or meta.get("solution"):
        return ""
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError):
        return ""
    match body:
        case [ast.Expr(ast.Call(ast.Name("check"), [ast.Name(name)], []))]:
            return name
    return ""


def score_test_cell(result: CellResult, points: float, grade_id: str) -> Verdict:
    """The score of an ordinary test cell, as nbgrader gives it, but for two things.

    A warning on stderr costs nothing, and a cell that did not run to its end needs a person.
    The cell was judged beside the student's code, so this score is not tamper-proof.
    """
    if result.status in ("stopped", "not run"):
        return needs_person(grade_id, points, result.reason or "the cell did not run to its end")
    score = points
    if result.status == "error" or any(output["output_type"] == "error" for output in result.outputs):
        score = 0.0
    else:
        shown = next((o for o in result.outputs if o["output_type"] == "execute_result"), None)
        if shown is not None:
            try:
                score = float("".join(shown["data"].get("text/plain", "")))
            except ValueError:
                return needs_person(grade_id, points, "the test cell's result is not a number")
            if not 0 <= score <= points:
                return needs_person(
                    grade_id, points, f"the test cell's result {score:g} is not within 0 and {points:g}"
                )
    return Verdict(
        grade_id, score, points, explanation="an ordinary test cell: scored in the session, not tamper-proof"
    )


def _troubles(results: dict[int, CellResult]) -> tuple[str, ...]:
    """A line for each cell that did not end well; of those that were not run for one reason, for the first."""
    troubles, said = [], set()
    for i, result in results.items():
        if result.reason and not (result.status == "not run" and result.reason in said):
            troubles.append(f"cell {i + 1}: {result.reason}")
            said.add(result.reason)
    return tuple(troubles)


def _asked(name: str, cell: Any, notebook: Any, job: Job) -> CheckedExercise | Verdict:
    """What to ask of a checked function, or the verdict that it cannot be graded."""
    points = float(cell.metadata["nbgrader"].get("points") or 0)
    if job.assignment is None:
        return needs_person(
            name, points, f"the course has no assignment called {job.assignment_id!r} to check {name} by"
        )
    entry = next((entry for entry in job.assignment.entries if entry.name == name), None)
    if entry is None:
        return needs_person(name, points, f"the assignment {job.assignment_id!r} has no exercise called {name!r}")
    marks = notebook.metadata.get("autograder", {})
    theirs = marks.get("version", "") if isinstance(marks, dict) else ""
    if theirs and theirs != (ours := version_of(job.assignment)):
        return needs_person(
            name,
            points,
            f"it was made from version {str(theirs)[:16]} of the assignment, and the course has "
            f"version {ours} now: grade it with that version's course, or release again",
        )
    return CheckedExercise(
        entry.exercise,
        points,
        public_oracles(entry.exercise),
        hidden_oracles(entry.exercise, job.secret, job.assignment_id, job.case_set(notebook)),
        lambda: _as_given(entry.exercise, notebook, cell),
    )


def _as_given(exercise: Exercise, notebook: Any, check: Any) -> bool:
    """Whether the solution's cell has the code that was given, and no other cell of the student's before the check
    defines the name."""
    name, given = exercise.name, ""
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell is check:
            break
        if cell.cell_type != "code" or meta.get("locked"):
            continue
        if meta.get("grade_id") == f"solution-{name}":
            given = cell.source
        elif is_defined_in(cell.source, name):
            return False
    return is_as_given(given, given_version(exercise))


def _flagged(verdict: Verdict, asked: CheckedExercise, sources: Sequence[str]) -> Verdict:
    """The verdict with what a person may want to look at, where there are points to doubt."""
    if not verdict.score:
        return verdict
    return replace(verdict, flags=flags_of(asked.exercise.name, sources, definition(asked.exercise.reference)))


def _question(asked: CheckedExercise | Verdict, job: Job, case_set: int) -> Question | None:
    return None if isinstance(asked, Verdict) else _put(asked.exercise, job.secret, job.assignment_id, case_set)


@lru_cache(maxsize=4096)
def _put(exercise: Exercise, secret: bytes, assignment: str, case_set: int) -> Question:
    """What is put to everyone who gets this case set: public cases first. Made once, and once encoded."""
    public, hidden = public_oracles(exercise), hidden_oracles(exercise, secret, assignment, case_set)
    return Question(
        exercise.name,
        tuple((oracle.arguments, oracle.keywords) for oracle in (*public, *hidden)),
        exercise.checks_source,
        exercise.driver_name,
        exercise.pure,
        exercise.seconds,
        visible=len(public),
    )


def prepare(assignment: Assignment, name: str, secret: bytes, case_sets: Iterable[int]) -> None:
    """Have the references answer these case sets now, and the misconceptions the public cases.

    Processes that are forked from here need not do it again, each for itself.
    """
    for entry in assignment.entries:
        for oracle in public_oracles(entry.exercise):
            for wrong in oracle.misconceptions:
                oracle.misconceptions[wrong]
        for case_set in case_sets:
            _put(entry.exercise, secret, name, case_set)


def _shown(verdict: Verdict) -> dict[str, Any]:
    """The verdict as the cell's output; its plain text is the score, as nbgrader's own reading would have it."""
    if verdict.needs_person:
        return {
            "output_type": "error",
            "ename": "NeedsAPerson",
            "evalue": verdict.reason,
            "traceback": [f"NeedsAPerson: {verdict.reason}"],
        }
    return {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {"text/plain": f"{verdict.score:g}", "text/html": verdict.html},
    }
