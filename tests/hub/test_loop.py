"""The whole loop of a class in a browser, on a real hub: release, answers, grades, feedback."""

from __future__ import annotations

import importlib
import os
import re
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook

from autograder.authoring.standalone import standalone

FIRST_THOUGHT = {"ada": "shares_swapped", "emmy": "average_of_yesterday"}  # in qhm_step; both are mended
LEFT_WRONG = "limit_of_gradient_descent"  # Emmy's largest_stable_lr, as she submits it


@pytest.fixture(scope="module")
def exercises():
    """Two exercises by name: the text of the right answer, and text and sentence of each misconception."""
    module = importlib.import_module("solutions.momentum.exercises")
    found = {}
    for exercise in (module.qhm, module.stable):
        known = {thing.__name__ for thing in exercise.given} | {"np"}
        wrong = {m.name: m for m in exercise.misconceptions}
        found[exercise.name] = SimpleNamespace(
            right=standalone(exercise.reference, exercise.name, known),
            wrong={name: standalone(m.answer, exercise.name, known) for name, m in wrong.items()},
            sentence={name: m.sentence for name, m in wrong.items()},
        )
    return found


@pytest.fixture(scope="module")
def loop(hub, desk_of, exercises):
    """The loop, once; what every step showed, by name."""
    seen = SimpleNamespace(checked={}, mended={}, validated={}, feedback={}, tools={}, links={}, scores={})
    instructor = desk_of("instructor")
    _release(instructor, seen)
    for who in FIRST_THOUGHT:
        _answer(desk_of(who), who, exercises, seen)
    _grade(hub, instructor, seen)
    for who in FIRST_THOUGHT:
        _read_feedback(hub, desk_of(who), who, seen)
    return seen


def _release(instructor, seen):
    from pages import Formgrader

    seen.tools["instructor"] = instructor.menu_entries("Nbgrader")
    formgrader = Formgrader(instructor)
    formgrader.frame.wait_for_selector("td.assign")
    seen.generated = formgrader.press("momentum", "assign")
    seen.released = formgrader.press("momentum", "release")


def _answer(student, who, exercises, seen):
    from pages import AssignmentList, Notebook

    seen.tools[who] = student.menu_entries("Nbgrader")
    assignments = AssignmentList(student)
    assignments.row("released", "momentum").wait_for()
    student.shot("assignment list")
    assignments.press("released", "momentum", "Fetch")
    assignments.row("fetched", "momentum").wait_for()
    notebook = Notebook(student, "momentum/momentum.ipynb")
    student.shot("notebook")
    qhm = exercises["qhm_step"]
    notebook.write("def qhm_step", qhm.wrong[FIRST_THOUGHT[who]])
    notebook.run_all()
    seen.checked[who] = notebook.output("check(qhm_step)")
    student.shot("check names the misconception")
    notebook.write("def qhm_step", qhm.right)
    if who == "emmy":
        notebook.write("def largest_stable_lr", exercises["largest_stable_lr"].wrong[LEFT_WRONG])
    notebook.run_all()
    seen.mended[who] = notebook.output("check(qhm_step)")
    student.shot("mended")
    seen.validated[who] = notebook.validate()
    assignments = AssignmentList(student)
    assignments.press("fetched", "momentum", "Submit")
    assignments.row("submitted", "momentum").wait_for()
    student.shot("submitted")


def _grade(hub, instructor, seen):
    from pages import Formgrader, Terminal

    formgrader = Formgrader(instructor)
    formgrader.reload()
    seen.collected = formgrader.press("momentum", "collect")
    formgrader.open_submissions("momentum")
    instructor.shot("submissions")
    ada, emmy = hub.accounts["ada"].name, hub.accounts["emmy"].name
    seen.graded = formgrader.press(ada, "autograde")
    home = hub.accounts["instructor"].home
    terminal = Terminal(instructor)
    terminal.run(f"cd course && autograder grade momentum --student {emmy} > ~/grade.txt 2>&1", home / "done")
    instructor.shot("autograder grade in a terminal")
    seen.commanded = (home / "grade.txt").read_text()
    seen.scores = scores_in(hub)
    terminal.run("autograder grade momentum --regrade --dry-run > ~/dry.txt 2>&1", home / "done")
    seen.dry = (home / "dry.txt").read_text()
    formgrader = Formgrader(instructor)
    formgrader.reload()
    seen.feedback_made = formgrader.press("momentum", "generate-feedback")
    seen.feedback_released = formgrader.press("momentum", "release-feedback")


def _read_feedback(hub, student, who, seen):
    from pages import AssignmentList

    assignments = AssignmentList(student)
    assignments.refresh()
    assignments.press("submitted", "momentum", "Fetch Feedback")
    folder = hub.accounts[who].home / "momentum" / "feedback"
    (page,) = student.wait_for_files(folder, "*/momentum.html")
    student.shot("feedback fetched")
    asked = []
    student.page.on("request", lambda request: asked.append(request.url))
    place = page.relative_to(hub.accounts[who].home)
    student.page.goto(f"{hub.address}/user/{student.name}/files/{place}")
    seen.feedback[who] = student.page.locator("body").inner_text()
    student.shot("feedback")
    student.page.get_by_role("link", name="largest_stable_lr").first.click()
    student.shot("feedback further down")
    seen.links[who] = [url for url in asked if not url.startswith(hub.address)]


def scores_in(hub):
    """Every graded cell's automatic score, by student and cell, as the gradebook holds it."""
    folder = hub.accounts["instructor"].home / "course" / "classroom"
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (submission.student.id.rsplit("-", 1)[-1], grade.name): (grade.auto_score, grade.max_score)
            for submission in gradebook.assignment_submissions("momentum")
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def test_students_have_the_list_of_assignments_alone(loop):
    for who in FIRST_THOUGHT:
        assert [entry for entry in loop.tools[who] if entry] == ["Assignment List"]


def test_instructors_have_formgrader(loop):
    assert "Formgrader" in loop.tools["instructor"]


def test_formgrader_generates_and_releases(loop):
    assert "Success" in loop.generated
    assert "Released as: deep-training momentum" in loop.released


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_check_names_the_misconception(loop, exercises, who):
    assert _flat(exercises["qhm_step"].sentence[FIRST_THOUGHT[who]]) in _flat(loop.checked[who])


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_check_shows_no_traceback(loop, who):
    assert "Traceback" not in loop.checked[who]
    assert "autograder/student" not in loop.checked[who]


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_check_says_that_the_mended_answer_is_right(loop, who):
    assert re.search(r"✓ qhm_step: all \d+ public cases are right", loop.mended[who])


def test_validate_says_what_check_says(loop, exercises):
    assert _flat(exercises["largest_stable_lr"].sentence[LEFT_WRONG]) in _flat(loop.validated["emmy"])
    assert "check(qhm_step)" not in loop.validated["ada"]  # it lists what fails


def test_both_are_collected(loop, hub):
    for who in FIRST_THOUGHT:
        assert hub.accounts[who].name in loop.collected


def test_formgrader_s_button_gives_the_verdicts(loop):
    assert "Success" in loop.graded
    assert loop.scores["ada", "check-qhm_step"] == (4, 4)
    assert loop.scores["ada", "check-largest_stable_lr"][0] == 0


def test_the_command_gives_the_verdicts(loop):
    assert loop.scores["emmy", "check-qhm_step"] == (4, 4), loop.commanded
    assert loop.scores["emmy", "check-largest_stable_lr"][0] < loop.scores["emmy", "check-largest_stable_lr"][1]


def test_button_and_command_agree(loop):
    assert "0 scores of 2 submissions would change" in loop.dry


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_the_feedback_gives_the_reasons(loop, who):
    assert "qhm_step" in loop.feedback[who]
    assert "one step from rest" in loop.feedback[who]


def test_the_feedback_names_the_misconception_that_was_left(loop, exercises):
    assert _flat(exercises["largest_stable_lr"].sentence[LEFT_WRONG]) in _flat(loop.feedback["emmy"])
    assert _flat(exercises["largest_stable_lr"].sentence[LEFT_WRONG]) not in _flat(loop.feedback["ada"])


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_the_feedback_holds_no_answer_and_no_traceback(loop, who):
    assert "eigvalsh" not in loop.feedback["ada"]  # the reference's way; Ada has not answered that
    assert "Traceback" not in loop.feedback[who]


@pytest.mark.parametrize("who", FIRST_THOUGHT)
def test_the_feedback_asks_no_other_host(loop, who):
    assert loop.links[who] == []


@pytest.mark.parametrize(("who", "other"), [("ada", "emmy"), ("emmy", "ada")])
def test_nobody_opens_another_s_feedback(loop, hub, desk_of, who, other):
    home = hub.accounts[other].home
    (page,) = (home / "momentum" / "feedback").glob("*/momentum.html")
    assert hub.run_as(who, "cat", page).returncode != 0
    assert hub.run_as(who, "ls", hub.folder / "exchange" / "deep-training" / "feedback").returncode != 0
    place = f"{hub.address}/user/{hub.accounts[other].name}/files/{page.relative_to(home)}"
    answer = desk_of(who).page.context.request.get(place)
    assert answer.status in (403, 404)


def test_every_step_left_a_picture(loop, shots):
    assert len(list(shots.glob("*.png"))) >= 20
    if folder := os.environ.get("HUB_SHOTS"):  # to be looked at
        for file in shots.glob("*.png"):
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, file.name), "wb") as copy:
                copy.write(file.read_bytes())


def _flat(text):
    return " ".join(text.split())
