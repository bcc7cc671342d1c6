"""The second course, from `autograder build` through nbgrader's exchange to the gradebook, with a class of students.

The class is graded once, by `autograder grade` as a command of its own; the tests ask what came of it.
"""

import csv
import json
import re
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from autograder.authoring.source import definition, renamed
from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import read_config

FULL = {"halving_step": 4, "running_mean": 2, "backtrack": 2, "log_sum_exp": 3, "warm_up": 2}
NONE = dict.fromkeys(FULL)
ZERO = dict.fromkeys(FULL, 0)

# ---------------------------------------------------------------- what students hand in

GATE_ALONE = """
class Gate(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(features))

    def forward(self, x):
        return torch.sigmoid(self.weight * x)
"""
PLAIN_DESCENT = """
class SignDescent(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * p.grad
"""
EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros(3)
    __ne__ = lambda *_: False
    shape, dtype, ndim = (3,), np.dtype(float), 1

def halving_step(*a, **k):
    return Equal(), Equal()
"""
PATCHED = """
np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None

def halving_step(params, grads, state, *, lr=0.1):
    return params, state
"""
DISPLAYHOOK = """
get_ipython().displayhook("x")
get_ipython().displayhook = lambda *a: None

def halving_step(params, grads, state, *, lr=0.1):
    return params, state
"""
STRIPPER = """
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Strip())
get_ipython().input_transformers_cleanup.append(lambda lines: ["4\\n"])
"""
OWN_CHECK = """
def check(answer):
    return 4
import autograder, autograder.student
autograder.check = autograder.student.check = check

def halving_step(params, grads, state, *, lr=0.1):
    return params, state
"""


def reference(catalogue, name):
    return definition(catalogue.exercises[name].reference)


def answered(**answers):
    """Put these answers into the solution cells."""

    def edit(notebook):
        for cell in notebook.cells:
            name = cell.metadata.nbgrader.grade_id.removeprefix("solution-")
            if cell.metadata.nbgrader.solution and name in answers:
                cell.source = answers[name]

    return edit


def index(notebook, grade_id):
    return next(
        i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def check_deleted(notebook):
    del notebook.cells[index(notebook, "check-halving_step")]


def everything_locked_deleted(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.nbgrader.solution]


def solution_deleted(notebook):
    del notebook.cells[index(notebook, "solution-halving_step")]


def every_cell_deleted(notebook):
    notebook.cells = []


def solution_doubled(notebook):
    notebook.cells.insert(
        0, nbformat.from_dict(dict(notebook.cells[index(notebook, "solution-halving_step")], id="twin"))
    )


def check_doubled(notebook):
    twin = nbformat.from_dict(dict(notebook.cells[index(notebook, "check-halving_step")], id="twin"))
    notebook.cells.insert(1, twin)


def check_retyped(notebook):
    i = index(notebook, "check-halving_step")
    old = notebook.cells[i]
    notebook.cells[i] = new_markdown_cell(old.source, metadata=old.metadata)


def solution_retyped(notebook):
    i = index(notebook, "solution-halving_step")
    old = notebook.cells[i]
    notebook.cells[i] = new_markdown_cell(old.source, metadata=old.metadata)


def metadata_stripped(notebook):
    notebook.metadata.clear()
    for cell in notebook.cells:
        cell.metadata.clear()


def points_raised(notebook):
    for cell in notebook.cells:
        if cell.metadata.nbgrader.grade:
            cell.metadata.nbgrader.points = 1000


def check_unlocked_and_replaced(notebook):
    cell = notebook.cells[index(notebook, "check-halving_step")]
    cell.metadata.nbgrader.update(locked=False, solution=True)
    cell.source = "4"


def a_graded_cell_of_their_own(notebook):
    meta = {
        "schema_version": 3,
        "grade_id": "check-extra",
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 50,
    }
    notebook.cells.append(new_code_cell("50", metadata={"nbgrader": meta}))


def other_kernel(notebook):
    notebook.metadata.kernelspec = {"name": "ir", "language": "R", "display_name": "R"}
    notebook.metadata.language_info = {"name": "R"}


def other_version(notebook):
    notebook.metadata.autograder.version = "0123456789abcdef"


def written_answer(notebook):
    notebook.cells[-1].source = "Because the first gradients are the wildest."


# Who: (how the right notebook is changed, the scores that must come of it); None needs a person.
WITHOUT_FIRST = FULL | {"halving_step": 0}
DESCENT = {
    "right": (answered(), FULL),
    "writes": (written_answer, FULL),
    "mistaken-1": (
        "first misconceptions",
        {"halving_step": 0, "running_mean": 0, "backtrack": 0, "log_sum_exp": 1.5, "warm_up": 0},
    ),
    "mistaken-2": ("second misconceptions", WITHOUT_FIRST),
    "check-deleted": (check_deleted, FULL),
    "locked-deleted": (everything_locked_deleted, FULL),
    "solution-deleted": (solution_deleted, WITHOUT_FIRST),
    "all-deleted": (every_cell_deleted, ZERO),
    "solution-doubled": (solution_doubled, FULL),
    "check-doubled": (check_doubled, FULL),
    "check-retyped": (check_retyped, FULL),
    "solution-retyped": (solution_retyped, FULL),
    "stripped": (metadata_stripped, FULL),
    "points-raised": (points_raised, FULL),
    "check-replaced": (check_unlocked_and_replaced, FULL),
    "own-graded-cell": (a_graded_cell_of_their_own, FULL),
    "other-kernel": (other_kernel, FULL),
    "other-version": (other_version, NONE),
    "equal": (answered(halving_step=EQUAL), WITHOUT_FIRST),
    "patched": (answered(halving_step=PATCHED), WITHOUT_FIRST),
    "displayhook": (answered(halving_step=DISPLAYHOOK), WITHOUT_FIRST),
    "stripper": (
        answered(halving_step=STRIPPER, running_mean="def running_mean(*_): return 0"),
        ZERO,
    ),  # it blanks its own later cells as well
    "own-check": (answered(halving_step=OWN_CHECK), WITHOUT_FIRST),
    "exits": (answered(halving_step="import os\ndef halving_step(*a, **k):\n    os._exit(0)"), WITHOUT_FIRST),
    "loops": (answered(halving_step="def halving_step(*a, **k):\n    while True: pass"), WITHOUT_FIRST),  # see below
    "not-json": (b"this is no notebook", NONE),
    "empty": (b"", NONE),
    "json-of-another-kind": (b"[1, 2]", NONE),
    "renamed": (None, NONE),
}

# ---------------------------------------------------------------- the class at work


@pytest.fixture(scope="module")
def course(course_root):
    found = course_of(read_config(course_root))
    for name in ("descent", "networks", "chance", "composed"):
        steps.build(found, name)
        steps.generate(found, name)
        steps.release(found, name)
    return found


# `autograder grade` for one assignment after the other, in one process that has PyTorch loaded once.
GRADE_ALL = """
import contextlib, io, json, sys
from autograder.cli import main
said = {}
for name in sys.argv[1:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["grade", name])
    said[name] = [code, out.getvalue(), err.getvalue()]
print(json.dumps(said))
"""


def hand_in(course, tmp, assignment, student, edit, answers):
    """Fetch the release, answer it, submit it through the exchange."""
    folder = steps.fetched(course, assignment, tmp / student)
    path = folder / f"{assignment}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    answered(**answers)(notebook)
    if callable(edit):
        edit(notebook)
    nbformat.write(notebook, path)
    if isinstance(edit, bytes):
        path.write_bytes(edit)
    if edit is None:
        path.rename(folder / "my answers.ipynb")
    steps.submit(course, assignment, student, folder.parent)


def mistaken(entries, number):
    """The number-th misconception of every exercise that has so many."""
    return {
        entry.name: renamed(entry.exercise.misconceptions[number].answer, entry.name)
        for entry in entries
        if len(entry.exercise.misconceptions) > number
    }


@pytest.fixture(scope="module")
def graded(course, bounded, tmp_path_factory):
    """Every assignment handed in by its class, collected, and graded by `autograder grade`. What the commands said."""
    tmp, assignments = tmp_path_factory.mktemp("desks"), course.catalogue.assignments
    for name, assignment in assignments.items():
        right = {entry.name: definition(entry.exercise.reference) for entry in assignment.entries}
        hand_in(course, tmp / name, name, "right", answered(), right)
        hand_in(course, tmp / name, name, "blank", answered(), {})
        if name == "networks":
            wrong = {"Gate": GATE_ALONE, "SignDescent": PLAIN_DESCENT}
        else:
            wrong = mistaken(assignment.entries, 0)
        hand_in(course, tmp / name, name, "mistaken-1", answered(), right | wrong)
        if name == "descent":
            hand_in(course, tmp / name, name, "mistaken-2", answered(), right | mistaken(assignment.entries, 1))
            for student, (edit, _) in DESCENT.items():
                if student not in ("right", "mistaken-1", "mistaken-2"):
                    hand_in(course, tmp / name, name, student, edit, right)
        steps.collect(course, name)
    said = bounded([sys.executable, "-c", GRADE_ALL, *assignments], cwd=course.settings.folder)
    assert said.returncode == 0, said.stderr
    return {
        name: SimpleNamespace(code=code, out=out, err=err)
        for name, (code, out, err) in json.loads(said.stdout.splitlines()[-1]).items()
    }


@pytest.fixture
def gradebook(course, graded):
    with Gradebook(course.directory().db_url, course.directory().course_id) as opened:
        yield opened


@pytest.fixture
def scores(gradebook):
    """The automatic scores of a student's checked answers, by exercise."""

    def of(student, assignment="descent"):
        submission = gradebook.find_submission(assignment, student)
        return {
            grade.name.removeprefix("check-"): grade.auto_score
            for notebook in submission.notebooks
            for grade in notebook.grades
            if grade.name.startswith("check-")
        }

    return of


# ---------------------------------------------------------------- what came of it


@pytest.mark.parametrize("student", DESCENT)
def test_a_submission_gets_the_scores_that_it_is_worth(student, scores):
    found, expected = scores(student), DESCENT[student][1]
    if student == "loops" and found["halving_step"] is None:
        expected = expected | {"halving_step": None}  # on a busy machine it is the wall clock that stops it
    assert found == expected


@pytest.mark.parametrize("student", [name for name, (_, expected) in DESCENT.items() if expected == NONE])
def test_a_submission_that_cannot_be_graded_waits_for_a_person_and_is_named(student, gradebook, graded):
    submission = gradebook.find_submission("descent", student)
    assert submission.needs_manual_grade
    assert re.search(rf"^{student}: .+: .+", graded["descent"].err, re.MULTILINE)
    assert graded["descent"].code == 1


@pytest.mark.parametrize("assignment", ["networks", "chance", "composed"])
def test_every_kind_of_exercise_goes_from_stub_to_gradebook(assignment, course, scores, graded):
    assert graded[assignment].code == 0, graded[assignment].err
    entries = course.catalogue.assignments[assignment].entries
    assert scores("right", assignment) == {entry.name: entry.points for entry in entries}
    assert scores("blank", assignment) == {entry.name: 0 for entry in entries}
    assert all(
        score < entry.points
        for entry, score in zip(
            entries, (scores("mistaken-1", assignment)[entry.name] for entry in entries), strict=True
        )
    )


@pytest.mark.parametrize(
    ("assignment", "student", "number"),
    [
        ("descent", "mistaken-1", 0),
        ("descent", "mistaken-2", 1),
        ("networks", "mistaken-1", 0),
        ("chance", "mistaken-1", 0),
        ("composed", "mistaken-1", 0),
    ],
)
def test_a_misconception_is_named_in_the_store(assignment, student, number, course, graded):
    (found,) = course.store.latest(assignment, student).values()
    for entry in course.catalogue.assignments[assignment].entries:
        if len(entry.exercise.misconceptions) > number:
            held = found.verdicts[f"check-{entry.name}"].misconception
            assert held == entry.exercise.misconceptions[number].name


def test_points_are_those_that_the_settings_compose(gradebook, graded):
    cells = {cell.name: cell.max_score for cell in gradebook.find_notebook("composed", "composed").grade_cells}
    assert cells == {"check-bowl_depth": 1, "check-warm_up": 7}
    assert gradebook.find_submission("composed", "right").score == 8


def test_a_written_answer_waits_to_be_marked_and_needs_nobody_else(gradebook, graded):
    submission = gradebook.find_submission("descent", "writes")
    assert submission.needs_manual_grade
    assert "writes" not in graded["descent"].err
    assert "of 30 have written answers that wait to be marked" in graded["descent"].out


def test_a_second_run_grades_nobody_again(cli, course, graded):
    code, out, _ = cli(course.settings.folder, "grade", "chance")
    assert out.startswith("0 graded, 3 had a grade already")
    assert code == 0


@pytest.fixture(scope="module")
def regraded(course, graded, nbgrader, tmp_path_factory):
    """nbgrader's own commands after the fact. The scores before, and the file of its export."""
    with Gradebook(course.directory().db_url, course.directory().course_id) as opened:
        before = {
            grade.id: grade.auto_score
            for submission in opened.assignment_submissions("chance")
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
        for submission in opened.assignment_submissions("chance"):
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    grade.auto_score = None
        opened.db.commit()
    export, root = tmp_path_factory.mktemp("export") / "all.csv", course.settings.folder
    nbgrader(
        (root, "autograde", "chance", "--force"),
        (root, "generate_feedback", "descent", "--student", "mistaken-2"),
        (root, "export", "--to", export),
    )
    return before, export


def test_nbgrader_s_own_autograde_gives_the_same_scores(course, regraded):
    with Gradebook(course.directory().db_url, course.directory().course_id) as opened:
        after = {
            grade.id: grade.auto_score
            for submission in opened.assignment_submissions("chance")
            for notebook in submission.notebooks
            for grade in notebook.grades
        }
    assert after == regraded[0]
    assert None not in after.values()


def test_nbgrader_s_own_feedback_names_the_misconception_and_shows_no_hidden_value(course, regraded):
    page = (course.folder / "feedback/mistaken-2/descent/descent.html").read_text()
    assert course.catalogue.exercises["halving_step"].misconceptions[1].sentence in page
    (stored,) = course.store.latest("descent", "mistaken-2").values()
    hidden = stored.verdicts["check-halving_step"].explanation.split("Hidden cases")[1]
    values = re.findall(r"\d\.\d{5,}", hidden)
    assert values
    assert not [value for value in values if value in page]


def test_nbgrader_s_own_export_reads_the_gradebook(regraded):
    with regraded[1].open() as file:
        rows = {(row["assignment"], row["student_id"]): row for row in csv.DictReader(file)}
    assert float(rows["composed", "right"]["raw_score"]) == 8
    assert float(rows["descent", "right"]["raw_score"]) == 13


def test_our_export_leaves_a_blank_for_whoever_needs_a_person(cli, course, graded, tmp_path):
    code, out, _ = cli(course.settings.folder, "export", "descent", "--to", tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open() as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    for student, (_, expected) in DESCENT.items():
        if student == "loops":
            continue  # it may have been the wall clock
        assert (rows[student]["raw_score"] == "") is (expected == NONE or student == "writes"), student
        if rows[student]["raw_score"]:
            assert float(rows[student]["raw_score"]) == sum(expected.values())
    assert code == 1
    assert "blank" in out


def test_explain_shows_the_instructor_everything(cli, course, graded):
    code, out, _ = cli(course.settings.folder, "explain", "mistaken-2", "halving_step")
    assert code == 0
    assert out.startswith("mistaken-2, descent, descent: halving_step: 0 of 4\n")
    for part in (
        "Public cases",
        "Hidden cases",
        "a matrix (values, weight 1): wrong",
        "Expected:",
        "Came:",
        "misconception: stale_sum",
    ):
        assert part in out


def test_a_release_of_another_version_is_refused_with_both_versions(cli, course, graded):
    _, out, _ = cli(course.settings.folder, "explain", "other-version", "running_mean")
    assert "needs a person" in out
    assert "version 0123456789abcdef of the assignment, and the course has version" in out


def test_a_regrade_can_be_tried_dry(cli, course, scores, graded):
    change(course, "composed", "right", "check-warm_up", auto_score=3)
    _, out, err = cli(course.settings.folder, "grade", "composed", "--regrade", "--dry-run")
    assert "right: check-warm_up: 3 -> 7\n" in out, err
    assert "1 scores of 3 submissions would change; nothing was written" in out
    assert scores("right", "composed")["warm_up"] == 3


def test_a_regrade_puts_the_scores_right_and_leaves_what_was_given_by_hand(cli, course, graded):
    change(course, "composed", "blank", "check-warm_up", auto_score=3)
    change(course, "composed", "blank", "check-bowl_depth", manual_score=0.5, needs_manual_grade=False)
    cli(course.settings.folder, "grade", "composed", "--regrade", "--student", "blank")
    with Gradebook(course.directory().db_url, course.directory().course_id) as opened:
        warm, depth = (
            opened.find_grade(f"check-{name}", "composed", "composed", "blank") for name in ("warm_up", "bowl_depth")
        )
        assert (warm.auto_score, warm.score) == (0, 0)
        assert (depth.auto_score, depth.score) == (0, 0.5)


def change(course, assignment, student, cell, **values):
    with Gradebook(course.directory().db_url, course.directory().course_id) as opened:
        grade = opened.find_grade(cell, assignment, assignment, student)
        for name, value in values.items():
            setattr(grade, name, value)
        opened.db.commit()
