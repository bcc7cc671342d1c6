"""What real use brings: notebooks of other tools, answers that show or stand elsewhere, files beside the notebook.

One class of the second course's assignment, graded once by `autograder grade` and once by `nbgrader autograde`.
"""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from autograder.authoring.source import definition
from autograder.cli import main

TIME = "2026-01-01 00:00:00.000000 UTC"
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"aa": {"model_name": "HBoxModel"}}}


def marked(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id", "") == name)


def written(notebook):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id", "").startswith("written"))


def every_cell(key, value, kinds=("markdown", "code", "raw")):
    def spoil(notebook, folder):
        for cell in notebook.cells:
            if cell.cell_type in kinds:
                cell[key] = value

    return spoil


def colab(notebook, folder):
    notebook.nbformat_minor = 0
    notebook.metadata.widgets = WIDGETS
    for cell in notebook.cells:
        del cell["id"]
    notebook.cells.remove(marked(notebook, "check-running_mean"))


def minor_4(notebook, folder):
    notebook.nbformat_minor = 4


def answer(text):
    """Put this in the place of the answer to `running_mean`; {right} is a right one under the name `right`."""

    def spoil(notebook, folder):
        cell = marked(notebook, "solution-running_mean")
        cell.source = text.replace("{right}", cell.source.replace("def running_mean", "def right"))

    return spoil


def own_module(notebook, folder):
    (folder / "tools.py").write_text("def mix(a, b, s):\n    return a + (b - a) * s\n")
    answer("from tools import mix\ndef running_mean(m, x, n): return mix(m, x, 1 / (n + 1))")(notebook, folder)


def run_module(notebook, folder):
    (folder / "helper.py").write_text("def running_mean(m, x, n): return m + (x - m) / (n + 1)\n")
    answer("%run helper.py")(notebook, folder)


def own_data(notebook, folder):
    (folder / "data").mkdir()
    (folder / "data" / "one.txt").write_text("1")
    text = "one = int(open('data/one.txt').read())\ndef running_mean(m, x, n): return m + (x - m) / (n + one)"
    answer(text)(notebook, folder)


def tasks(notebook, folder):
    notebook.cells.insert(0, new_code_cell("import asyncio\nt = asyncio.create_task(asyncio.sleep(0, 5))"))
    answer("one = (await t) - 4\ndef running_mean(m, x, n): return m + (x - m) / (n + one)")(notebook, folder)


RIGHT = {
    "nothing odd": lambda notebook, folder: None,
    "outputs on text": every_cell("outputs", [], ("markdown",)),
    "ids in minor 4": minor_4,
    "nteract": every_cell("outputExpanded", False),
    "attachments on code": every_cell("attachments", {}, ("code",)),
    "colab": colab,
    "displays": answer("{right}\ndef running_mean(*a):\n    display(a)\n    return right(*a)"),
    "prints": answer("{right}\ndef running_mean(*a):\n    print(a, flush=True)\n    return right(*a)"),
    "plots": answer(
        "{right}\nimport matplotlib.pyplot as plt\n"
        "def running_mean(*a):\n    plt.figure(); plt.show()\n    return right(*a)"
    ),
    "a lambda": answer("{right}\nrunning_mean = lambda *a: right(*a)"),
    "partial": answer("{right}\nimport functools\nrunning_mean = functools.partial(right)"),
    "cd": answer("%cd ..\n{right}\nrunning_mean = right"),
    "own module": own_module,
    "run module": run_module,
    "own data": own_data,
    "tasks": tasks,
}


def retyped(notebook, folder):
    place = notebook.cells.index(written(notebook))
    notebook.cells[place] = new_markdown_cell("It halves, so the sum stays below two.")


def below(notebook, folder):
    place = notebook.cells.index(written(notebook))
    written(notebook).source = "YOUR ANSWER HERE"
    notebook.cells.insert(place + 1, new_markdown_cell("It halves, so the sum stays below two."))


def in_code(notebook, folder):
    written(notebook).source = "YOUR ANSWER HERE"
    notebook.cells.append(new_code_cell("# It halves, so the sum stays below two."))


def no_marks(notebook, folder):
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()


def put_into(name, text):
    """Leave the answer's cell as it was, and put words into a cell of the assignment's own; {given} is its text."""

    def spoil(notebook, folder):
        written(notebook).source = "YOUR ANSWER HERE"
        cell = marked(notebook, name) if name else question(notebook)
        cell.source = text.replace("{given}", cell.source)

    return spoil


def question(notebook):
    """The locked prose above the answer in words."""
    return notebook.cells[notebook.cells.index(written(notebook)) - 1]


def in_question_made_code(notebook, folder):
    put_into("", "It halves, so the sum stays below two.")(notebook, folder)
    cell = question(notebook)
    made = new_code_cell(cell.source, metadata=cell.metadata, id=cell.id)
    notebook.cells[notebook.cells.index(cell)] = made


def in_question_twice(notebook, folder):
    cell = question(notebook)
    copy = new_markdown_cell(cell.source, metadata=cell.metadata, id="kept-" + cell.metadata.nbgrader.grade_id)
    put_into("", "{given}\n\nIt halves, so the sum stays below two.")(notebook, folder)
    notebook.cells.insert(0, copy)


LOCKED = {
    "in question": put_into("", "{given}\n\nIt halves, so the sum stays below two."),
    "over question": put_into("", "It halves, so the sum stays below two."),
    "question made code": in_question_made_code,
    "question twice": in_question_twice,
    "in check": put_into("check-warm_up", "{given}  # it halves, so the sum stays below two"),
    "over check": put_into("check-warm_up", "It halves, so the sum stays below two."),
    "in title": put_into("title", "{given} It halves."),
}


def mended_since(notebook, folder):
    """Fetched before the text of the release was mended; the answer in words stands where it belongs."""
    for name in ("title", question(notebook).metadata.nbgrader.grade_id):
        marked(notebook, name).source += " It was worded in another way."


WORDS = {"retyped": retyped, "below": below, "in code": in_code, "no marks": no_marks} | LOCKED


def defined_below(notebook, folder):
    cell = marked(notebook, "solution-running_mean")
    notebook.cells.append(new_code_cell(cell.source))
    cell.source = given_text["solution-running_mean"]


def in_text(notebook, folder):
    cell = marked(notebook, "solution-running_mean")
    notebook.cells.append(new_markdown_cell(f"```\n{cell.source}\n```"))
    cell.source = ""


PERSON = {"defined below": defined_below, "in text": in_text}


def answered_above(notebook, folder):
    cell = marked(notebook, "solution-running_mean")
    notebook.cells.insert(notebook.cells.index(cell) + 1, new_code_cell(cell.source))
    cell.source = given_text["solution-running_mean"]


def blank(notebook, folder):
    for cell in notebook.cells:
        cell.source = given_text.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)


given_text: dict[str, str] = {}
COMMENTED = {"answered above": answered_above, "blank": blank, "mended since": mended_since}


def needs_torch(notebook, folder):
    cell = marked(notebook, "solution-running_mean")
    cell.source = f"import torch\n{cell.source}"


NOTHING = {"needs torch": needs_torch}
KINDS = RIGHT | WORDS | PERSON | NOTHING | COMMENTED


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, second_course):
    course = second_course(tmp_path_factory.mktemp("faults") / "course", "descent")
    release = course.folder / "release" / "descent"
    right = {e.name: definition(e.exercise.reference) for e in course.catalogue.assignments["descent"].entries}
    given = nbformat.read(release / "descent.ipynb", as_version=4)
    given_text.update({cell.metadata.nbgrader.grade_id: cell.source for cell in given.cells})
    for student, spoil in KINDS.items():
        folder = course.folder / "submitted" / student / "descent"
        shutil.copytree(release, folder)
        notebook = nbformat.read(folder / "descent.ipynb", as_version=4)
        for name, text in right.items():
            marked(notebook, f"solution-{name}").source = text
        written(notebook).source = "My own words."
        spoil(notebook, folder)
        text = nbformat.versions[4].writes_json(notebook)  # as it is, valid or not
        (folder / "descent.ipynb").write_text(text)
        (folder / "timestamp.txt").write_text(TIME)
    return course.settings.folder


def grades(root):
    """Each student's automatic score by cell; None where a person is needed."""
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        return {
            submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
            for submission in gradebook.assignment_submissions("descent")
        }


def comments(root, student):
    """What is said below each of a student's answers."""
    with Gradebook(f"sqlite:///{root}/classroom/gradebook.db", "second-course") as gradebook:
        notebook = gradebook.find_submission("descent", student).notebooks[0]
        return {comment.name: comment.auto_comment for comment in notebook.comments}


@pytest.fixture(scope="module")
def ours(handed_in, tmp_path_factory):
    root = shutil.copytree(handed_in, tmp_path_factory.mktemp("ours") / "course")
    assert main(["--course", str(root), "grade", "descent"]) == 1  # somebody needs a person
    return root


@pytest.mark.filterwarnings("ignore")
def test_nbgraders_own_pass_gives_the_same(ours, handed_in, tmp_path, nbgrader):
    root = shutil.copytree(handed_in, tmp_path / "course")
    nbgrader((root, "autograde", "descent"))
    assert grades(root) == grades(ours)


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_answer_has_its_points(ours, kind):
    found = grades(ours)[kind]
    full = grades(ours)["nothing odd"]
    assert found == full
    assert found["check-running_mean"] == 2


@pytest.mark.parametrize("kind", WORDS)
def test_words_in_another_place_are_for_a_person(ours, kind):
    (name,) = [name for name in grades(ours)[kind] if name.startswith("written")]
    assert grades(ours)[kind][name] is None


@pytest.mark.parametrize("kind", LOCKED)
def test_words_in_a_locked_cell_stand_below_it_for_who_marks_them(ours, kind):
    notebook = nbformat.read(ours / f"classroom/autograded/{kind}/descent/descent.ipynb", as_version=4)
    (kept,) = [cell for cell in notebook.cells if "halves" in cell.source]
    assert "nbgrader" not in kept.metadata
    assert kept.cell_type == "markdown"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_the_text_of_an_earlier_release_is_not_taken_for_words(ours):
    notebook = nbformat.read(ours / "classroom/autograded/mended since/descent/descent.ipynb", as_version=4)
    assert not any("another way" in cell.source for cell in notebook.cells)
    assert grades(ours)["mended since"] == grades(ours)["nothing odd"]


@pytest.mark.parametrize("kind", PERSON)
def test_a_function_in_another_place_is_for_a_person(ours, kind):
    assert grades(ours)[kind]["check-running_mean"] is None


@pytest.mark.parametrize(
    ("kind", "answer"),
    [(kind, "written") for kind in WORDS]
    + [(kind, "solution-running_mean") for kind in PERSON]
    + [("answered above", "solution-running_mean")],
)
def test_what_is_answered_in_another_place_is_not_called_no_response(ours, kind, answer):
    (said,) = [said for name, said in comments(ours, kind).items() if name.startswith(answer)]
    assert said is None


def test_what_is_not_answered_is_called_no_response(ours):
    assert set(comments(ours, "blank").values()) == {"No response."}


def test_an_import_that_there_is_not_is_said_in_the_feedback(ours):
    assert grades(ours)["needs torch"]["check-running_mean"] == 0
    notebook = nbformat.read(ours / "classroom/autograded/needs torch/descent/descent.ipynb", as_version=4)
    html = str(marked(notebook, "check-running_mean").outputs)
    assert "The cell that defines running_mean ended in an exception" in html
    assert "this assignment is solved with NumPy alone" in html
