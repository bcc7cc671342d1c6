"""Grading one notebook, played by a stand-in for the session."""

from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.authoring.build import given_version, version_of
from autograder.authoring.source import definition, renamed
from autograder.grading.notebook import Job, checked_name, grade_notebook, score_test_cell
from autograder.grading.verdict import GradedNotebook, Verdict
from autograder.sandbox.interface import Answer, CellResult, Limits, Transcript

SECRET = b"a secret that only these tests have"


@pytest.fixture
def job(catalogue):
    def make(assignment="descent", student="ada"):
        known = catalogue.assignments.get(assignment)
        return Job(assignment, student, known, SECRET, 16, Limits(), {})

    return make


@pytest.fixture
def notebook(source):
    """The built notebook, with these answers in place of the references."""

    def make(assignment="descent", **answers):
        made = nbformat.read(source / assignment / f"{assignment}.ipynb", as_version=4)
        for cell in made.cells:
            name = cell.metadata.nbgrader.grade_id.removeprefix("solution-")
            if cell.metadata.nbgrader.solution and name in answers:
                cell.source = answers[name]
        return made

    return make


def scores(graded):
    return {name.removeprefix("check-"): verdict.score for name, verdict in graded.verdicts.items()}


@pytest.mark.parametrize("assignment", ["descent", "chance", "networks", "composed"])
def test_the_references_earn_everything(assignment, notebook, job, player):
    graded = grade_notebook(notebook(assignment), job(assignment), player)
    assert graded.verdicts
    assert all(verdict.score == verdict.max_score for verdict in graded.verdicts.values())
    assert not any(verdict.misconception for verdict in graded.verdicts.values())


@pytest.mark.parametrize("assignment", ["descent", "chance", "networks", "composed"])
def test_every_misconception_is_named_and_earns_less(assignment, notebook, job, player, catalogue):
    for entry in catalogue.assignments[assignment].entries:
        for wrong in entry.exercise.misconceptions:
            answer = renamed(wrong.answer, entry.name)
            graded = grade_notebook(notebook(assignment, **{entry.name: answer}), job(assignment), player)
            verdict = graded.verdicts[f"check-{entry.name}"]
            assert verdict.misconception == wrong.name
            assert verdict.score < verdict.max_score
            assert wrong.sentence in " ".join(verdict.text.split())
            others = {name: score for name, score in scores(graded).items() if name != entry.name}
            assert others == {e.name: e.points for e in catalogue.assignments[assignment].entries if e is not entry}


BLANK = "def halving_step(params, grads, state, *, lr=0.1):\n    raise NotImplementedError()"
ZERO = {
    "blank": (BLANK, "You have not begun this one"),
    "blank, of other code": (BLANK.replace("0.1", "0.2"), "It is not answered yet"),
    "deleted": ("", "halving_step is not defined in the notebook"),
    "no function": ("halving_step = 3", "halving_step is not defined in the notebook"),
    "a syntax error": ("def halving_step(:", "halving_step is not defined in the notebook"),
    "an exception": ("def halving_step(*a, **k):\n    raise ValueError('no')", "ValueError"),
    "the arguments": ("def halving_step(params, grads, state, **k):\n    return params, state", ""),
    "an object equal to everything": (
        "class A:\n    __eq__ = lambda *_: True\n    __array__ = lambda *_: 1\n"
        "def halving_step(*a, **k):\n    return A()",
        "",
    ),
}


@pytest.mark.parametrize(("answer", "word"), ZERO.values(), ids=ZERO.keys())
def test_no_answer_is_no_points_and_the_others_keep_theirs(answer, word, notebook, job, player):
    graded = grade_notebook(notebook(halving_step=answer), job(), player)
    assert scores(graded) == {"halving_step": 0, "running_mean": 2, "backtrack": 2, "log_sum_exp": 3, "warm_up": 2}
    assert word in graded.verdicts["check-halving_step"].text


def test_hard_coded_public_answers_earn_nothing_and_are_told_why(notebook, job, player, catalogue):
    from autograder.authoring.cases import public_oracles

    table = {repr(o.arguments[0]): o.expected for o in public_oracles(catalogue.exercises["log_sum_exp"])}
    answer = (
        "from numpy import array\ntable = "
        + repr(table)
        + "\ndef log_sum_exp(scores):\n    return table.get(repr(scores), 0.0)"
    )
    verdict = grade_notebook(notebook(log_sum_exp=answer), job(), player).verdicts["check-log_sum_exp"]
    assert verdict.score == 0
    assert "Every public case is right; a hidden case of the same kind is not." in verdict.text


def test_an_answer_that_changes_its_arguments_loses_the_point_for_that_alone(notebook, job, player):
    answer = (
        "def halving_step(params, grads, state, *, lr=0.1):\n    v = state.v\n    v *= 0.5\n    v += grads\n"
        "    return params - lr * v, StepState(state.t + 1, v.copy())"
    )
    verdict = grade_notebook(notebook(halving_step=answer), job(), player).verdicts["check-halving_step"]
    wrong = [name for name, *_, passed, _ in verdict.cases if not passed]
    assert wrong == ["leaves its arguments alone"]
    assert 0 < verdict.score < 4


def test_partial_credit_is_by_weight(notebook, job, player):
    answer = (
        "import numpy as np\ndef halving_step(params, grads, state, *, lr=0.1):\n"
        "    params, grads = np.float64(params), np.float64(grads)\n    v = state.v / 2 + grads\n"
        "    return params - lr * v, StepState(state.t + 1, v)"
    )
    verdict = grade_notebook(notebook(halving_step=answer), job(), player).verdicts["check-halving_step"]
    assert [name for name, *_, passed, _ in verdict.cases if not passed] == ["float32 stays float32"]
    assert verdict.score == 4 * 4 / 5


LEAK = "12345.678"


@pytest.mark.parametrize(
    "answer",
    [
        Answer("value", (12345.678,)),
        Answer("raised", (), "ValueError", LEAK, "x = 1"),
        Answer("raised", (), f"Found_{LEAK}", "", "x = 1"),
        Answer("raised", (), "ValueError", "", f"x = {LEAK}"),
        Answer("refused", reason=f"a value of type Found_{LEAK} is not an array"),
        Answer("missing", reason=LEAK),
    ],
    ids=["value", "message", "exception's name", "line", "refused value's type", "what is said to be missing"],
)
def test_what_the_session_says_of_a_hidden_case_does_not_reach_the_feedback(answer, notebook, job, catalogue):
    def play(steps, questions, limits=None, files=None):
        cells = tuple(CellResult("done") for step in steps if not hasattr(step, "name"))
        right = Answer("raised", (), "ValueError", "x", "")
        answers = []
        for question in questions:
            public = 4 if question.name == "halving_step" else 3 if question.name != "warm_up" else 2
            answers.append((right,) * public + (answer,) * (len(question.calls) - public))
        return Transcript(cells, tuple(answers))

    graded = grade_notebook(notebook(), job(), SimpleNamespace(play=play))
    verdict = graded.verdicts["check-halving_step"]
    shown = verdict.text + verdict.html + str(graded.outputs)
    assert LEAK not in shown
    assert verdict.score == 0


def test_an_exception_of_the_student_s_own_is_named_where_the_notebook_has_it(notebook, job, player):
    answer = "class Mine(Exception): pass\ndef halving_step(*a, **k):\n    raise Mine('x')"
    verdict = grade_notebook(notebook(halving_step=answer), job(), player).verdicts["check-halving_step"]
    assert "it raised Mine" in verdict.text


def test_answers_that_were_stopped_by_the_wall_clock_need_a_person(notebook, job):
    def play(steps, questions, limits=None, files=None):
        cells = tuple(CellResult("done") for step in steps if not hasattr(step, "name"))
        stopped = Answer("stopped", reason="stopped by the wall clock after 90 s")
        return Transcript(cells, tuple((stopped,) * len(q.calls) for q in questions))

    graded = grade_notebook(notebook(), job(), SimpleNamespace(play=play))
    assert all(verdict.needs_person for verdict in graded.verdicts.values())


def test_no_answers_need_a_person(notebook, job):
    def play(steps, questions, limits=None, files=None):
        cells = tuple(CellResult("not run", reason="died") for step in steps if not hasattr(step, "name"))
        return Transcript(cells, tuple(() for _ in questions))

    graded = grade_notebook(notebook(), job(), SimpleNamespace(play=play))
    assert all(verdict.needs_person for verdict in graded.verdicts.values())
    assert "cell 2: died" in graded.troubles


def test_a_release_of_another_version_needs_a_person_and_says_why(notebook, job, player, catalogue):
    other = notebook()
    other.metadata.autograder.version = "0123456789abcdef"
    verdicts = grade_notebook(other, job(), player).verdicts.values()
    assert all(verdict.needs_person for verdict in verdicts)
    assert all(
        f"version 0123456789abcdef of the assignment, and the course has version "
        f"{version_of(catalogue.assignments['descent'])}" in verdict.reason
        for verdict in verdicts
    )


def test_a_course_without_the_assignment_or_the_exercise_needs_a_person(notebook, job, player):
    verdicts = grade_notebook(notebook(), job("unheard-of"), player).verdicts
    assert "no assignment called 'unheard-of'" in verdicts["check-running_mean"].reason
    verdicts = grade_notebook(notebook(), job("chance"), player).verdicts
    assert "the assignment 'chance' has no exercise called 'running_mean'" in verdicts["check-running_mean"].reason


def test_a_cell_that_is_checked_sees_the_notebook_as_it_stood_there(notebook, job, player):
    made = notebook()
    made.cells.append(new_code_cell("def running_mean(*_):\n    return 7", metadata={"nbgrader": {}}))
    assert scores(grade_notebook(made, job(), player))["running_mean"] == 2


def test_the_output_of_a_graded_cell_is_its_score_as_nbgrader_would_read_it(notebook, job, player):
    made = notebook(halving_step=BLANK)
    graded = grade_notebook(made, job(), player)
    for i, cell in enumerate(made.cells):
        if name := checked_name(cell) if cell.cell_type == "code" else "":
            (output,) = graded.outputs[i]
            assert float(output["data"]["text/plain"]) == graded.verdicts[f"check-{name}"].score


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("check(f)", "f"),
        ("check( f )  # a comment", "f"),
        ("check(f); check(g)", ""),
        ("check(f())", ""),
        ("check(f, g)", ""),
        ("check(f, x=1)", ""),
        ("check(*f)", ""),
        ("x = check(f)", ""),
        ("assert f(1) == 2", ""),
        ("check(", ""),
        ("check(f)\0", ""),
        ("", ""),
    ],
)
def test_only_a_plain_check_of_one_name_is_a_checked_cell(source, name):
    cell = new_code_cell(source, metadata={"nbgrader": {"grade": True, "solution": False}})
    assert checked_name(cell) == name


def test_a_check_in_a_cell_that_is_not_graded_is_an_ordinary_cell():
    assert checked_name(new_code_cell("check(f)")) == ""
    assert checked_name(new_code_cell("check(f)", metadata={"nbgrader": {"grade": True, "solution": True}})) == ""


def result(text):
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}}


ERROR = {"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": []}
WARNING = {"output_type": "stream", "name": "stderr", "text": "a warning"}
TEST_CELLS = {
    "ran in silence": (CellResult("done"), 3),
    "a failed assertion": (CellResult("error", (ERROR,)), 0),
    "an error that was caught on the way": (CellResult("done", (ERROR,)), 0),
    "partial credit": (CellResult("done", (result("1.5"),)), 1.5),
    "a warning costs nothing": (CellResult("done", (WARNING,)), 3),
    "a warning beside partial credit": (CellResult("done", (WARNING, result("2"))), 2),
    "a result that is no number": (CellResult("done", (result("'x'"),)), None),
    "a result that is NaN": (CellResult("done", (result("nan"),)), None),
    "more than there is": (CellResult("done", (result("300"),)), None),
    "less than nothing": (CellResult("done", (result("-1"),)), None),
    "stopped": (CellResult("stopped", (), "timeout after 30 s"), None),
    "not run": (CellResult("not run"), None),
}


@pytest.mark.parametrize(("cell", "score"), TEST_CELLS.values(), ids=TEST_CELLS.keys())
def test_an_ordinary_test_cell_is_scored_as_nbgrader_scores_it(cell, score):
    verdict = score_test_cell(cell, 3.0, "test-1")
    assert verdict.score == score
    assert verdict.needs_person is (score is None)
    assert verdict.reason or score is not None


def test_verdicts_survive_being_written_down(notebook, job, player):
    import json

    graded = grade_notebook(notebook(halving_step=BLANK), job(), player)
    back = GradedNotebook.from_json(json.loads(json.dumps(graded.to_json())))
    assert back == graded
    assert all(isinstance(verdict, Verdict) for verdict in back.verdicts.values())


# ------------------------------------------------------------------------------------------------------- not begun


def given_cell(catalogue, name):
    return given_version(catalogue.exercises[name])


@pytest.mark.parametrize("name", ["log_sum_exp", "halving_step"])  # one with a starter, one that is blank
@pytest.mark.parametrize("touch", ["{}", "# tomorrow\n{}\n\n# or the day after"])
def test_what_is_as_it_was_given_is_not_begun(name, touch, notebook, job, player, catalogue):
    answer = touch.format(given_cell(catalogue, name))
    verdict = grade_notebook(notebook(**{name: answer}), job(), player).verdicts[f"check-{name}"]
    assert (verdict.begun, verdict.score, verdict.misconception, verdict.cases) == (False, 0.0, "", ())
    assert "You have not begun this one" in verdict.text
    assert "not begun" in verdict.explanation


def test_a_starter_whose_variable_has_another_name_is_begun(notebook, job, player, catalogue):
    answer = given_cell(catalogue, "log_sum_exp").replace("scores", "values")
    assert grade_notebook(notebook(log_sum_exp=answer), job(), player).verdicts["check-log_sum_exp"].begun


@pytest.mark.parametrize("other", ["log_sum_exp = print", "def log_sum_exp(scores):\n    return scores"])
def test_an_answer_in_another_cell_than_its_own_is_begun(other, notebook, job, player, catalogue):
    made = notebook(log_sum_exp=given_cell(catalogue, "log_sum_exp"))
    place = next(i for i, cell in enumerate(made.cells) if cell.source == "check(log_sum_exp)")
    made.cells.insert(place, new_code_cell(other))
    assert grade_notebook(made, job(), player).verdicts["check-log_sum_exp"].begun


def test_a_right_answer_that_reaches_an_untouched_cell_in_another_way_keeps_its_points(
    notebook, job, player, catalogue
):
    """It cannot be known all that a cell may do; what is right is begun."""
    made = notebook(log_sum_exp=given_cell(catalogue, "log_sum_exp"))
    place = next(i for i, cell in enumerate(made.cells) if cell.source == "check(log_sum_exp)")
    right = definition(catalogue.exercises["log_sum_exp"].reference)
    made.cells.insert(place, new_code_cell(f"exec({right!r})"))
    verdict = grade_notebook(made, job(), player).verdicts["check-log_sum_exp"]
    assert (verdict.begun, verdict.score) == (True, verdict.max_score)


@pytest.mark.parametrize("name", ["log_sum_exp", "halving_step"])
@pytest.mark.parametrize("new_cell", [new_code_cell, new_markdown_cell])
def test_an_answer_below_an_untouched_cell_s_check_is_for_a_person(name, new_cell, notebook, job, player, catalogue):
    made = notebook(**{name: given_cell(catalogue, name)})
    made.cells.append(new_cell(definition(catalogue.exercises[name].reference)))
    assert grade_notebook(made, job(), player).verdicts[f"check-{name}"].needs_person


def test_whether_it_is_begun_is_kept_with_the_verdict(notebook, job, player, catalogue):
    graded = grade_notebook(notebook(log_sum_exp=given_cell(catalogue, "log_sum_exp")), job(), player)
    assert GradedNotebook.from_json(graded.to_json()) == graded
