"""Answers that stand elsewhere are seen, and a notebook's usual scratch cells are not taken for them."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.grading.strays import defined_elsewhere, defines, typed_into, written_elsewhere

GIVEN = {"nbgrader": {"grade_id": "question"}}


def notebook(*own):
    return new_notebook(cells=[new_markdown_cell("The question.", metadata=GIVEN), *own])


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell("Ten times as far."),
        new_code_cell("# ten times as far"),
        new_code_cell("'''Ten times as far.'''"),
        new_code_cell("The steady step grows by a factor of ten here"),
    ],
    ids=["text", "a comment", "a string", "prose"],
)
def test_words_of_the_students_own_are_seen(cell):
    assert written_elsewhere(notebook(cell))


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell(""),
        new_markdown_cell("The  question.\n"),
        new_code_cell("x = 1  # a note"),
        new_code_cell("%matplotlib inline"),
        new_code_cell("def f(:\n    return the one that is not done yet"),
    ],
    ids=["empty", "a copy of the question", "code", "a magic", "a mistake"],
)
def test_what_is_no_answer_in_words_is_not(cell):
    assert not written_elsewhere(notebook(cell))


def test_an_unmarked_cell_of_the_assignment_is_not_the_students():
    header = new_markdown_cell("Before you hand this in, restart the kernel.")
    assert written_elsewhere(notebook(header))
    assert not written_elsewhere(notebook(header), notebook(header))
    assert written_elsewhere(notebook(header, new_markdown_cell("Ten times as far.")), notebook(header))


@pytest.mark.parametrize(
    "text",
    [
        "Why does it help? Yes.",
        "Why does it help? Because it does help.",
        "Because the first steps are too large.",
        "Why does it help?\n\n**Answer:** $v_1$ is small",
        "Pourquoi? Parce que",
    ],
)
def test_words_in_a_locked_question_are_the_students(text):
    assert typed_into(text, "Why does it help?", code=False)


@pytest.mark.parametrize(
    "text", ["", "Why  does it\nhelp?", "Why does it", "**Why** does it help?!", "help? it does Why"]
)
def test_a_locked_question_that_only_looks_otherwise_is_not(text):
    assert not typed_into(text, "Why does it help?", code=False)


@pytest.mark.parametrize(
    "text",
    [
        "check(f)  # since the first steps are large",
        "# the first steps are large\ncheck(f)",
        '"""The first steps are large."""\ncheck(f)',
        "The first steps are large, so they are made smaller",
        "check(f)\nThe first steps are large, so they are made smaller",
    ],
)
def test_prose_in_a_locked_cell_of_code_is_the_students(text):
    assert typed_into(text, "check(f)", code=True)


@pytest.mark.parametrize(
    "text",
    ["", "# check(f)", "check(f); print('done with it')", "pass  # nothing to see here", "%time check(f)", "check(g)"],
)
def test_code_in_a_locked_cell_of_code_is_not(text):
    assert not typed_into(text, "check(f)", code=True)


@pytest.mark.parametrize(
    "text", ["def f(x): pass", "class f:", "f = lambda x: x", "f: object = 3", "  def f(x):", "async def f():"]
)
def test_a_definition_is_seen(text):
    assert defines(f"import numpy\n{text}", "f")


@pytest.mark.parametrize("text", ["def g(f): pass", "f(3)", "f == 3", "# def of f", "ff = 3", "check(f)"])
def test_what_defines_nothing_is_not(text):
    assert not defines(text, "f")


def test_a_definition_above_its_check_is_at_its_place():
    cells = [new_code_cell("def f(): pass"), new_code_cell("check(f)"), new_code_cell("f()")]
    assert not defined_elsewhere(new_notebook(cells=cells), "f", 1)
    assert defined_elsewhere(new_notebook(cells=[*cells, new_code_cell("def f(): pass")]), "f", 1)
