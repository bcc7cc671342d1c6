"""Notebooks as other tools write them are made valid, with their sources and marks as they were."""

import copy

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.nbgrader_adapter.notebooks.repair import repaired


@pytest.fixture
def notebook():
    marks = {"nbgrader": {"grade_id": "a", "solution": True, "grade": False, "schema_version": 3}}
    return new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("x = 1", metadata=marks)])


def every(key, value):
    def spoil(notebook):
        for cell in notebook.cells:
            cell[key] = copy.deepcopy(value)

    return spoil


def minor(number):
    def spoil(notebook):
        notebook.nbformat_minor = number
        if number == 0:
            for cell in notebook.cells:
                del cell["id"]

    return spoil


def put(where, key, value):
    def spoil(notebook):
        {"notebook": notebook, "metadata": notebook.metadata, "text": notebook.cells[0], "code": notebook.cells[1],
         "cell metadata": notebook.cells[1].metadata}[where][key] = value  # fmt: skip

    return spoil


WIDGETS = {"application/vnd.jupyter.widget-state+json": {"aa": {"model_name": "HBoxModel"}}}
SPOILT = {
    "VS Code's outputs on text": put("text", "outputs", []),
    "an execution count on text": put("text", "execution_count", None),
    "ids in minor 4": minor(4),
    "Colab's minor 0": minor(0),
    "a minor of the future": minor(9),
    "nteract's keys": every("outputExpanded", False),
    "attachments on code": put("code", "attachments", {}),
    "attachments that are none": put("text", "attachments", {"a.png": 3}),
    "widgets without a state": put("metadata", "widgets", WIDGETS),
    "no outputs": lambda notebook: notebook.cells[1].pop("outputs"),
    "outputs that are none": put("code", "outputs", [{"output_type": "stream"}]),
    "ids that are none": every("id", "not an id!"),
    "one id for all": every("id", "same"),
    "no ids": lambda notebook: [cell.pop("id") for cell in notebook.cells],
    "a key of its own at the top": put("notebook", "worksheets", []),
    "tags that are none": put("cell metadata", "tags", "mine"),
    "a name that is a number": put("cell metadata", "name", 3),
    "collapsed as a word": put("cell metadata", "collapsed", "yes"),
    "a kernel without a name": put("metadata", "kernelspec", {"display_name": "Python"}),
    "authors as a word": put("metadata", "authors", "me"),
}


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.filterwarnings("ignore")
def test_it_is_valid_and_holds_what_it_held(notebook, kind):
    SPOILT[kind](notebook)
    found = repaired(notebook)
    nbformat.validate(found)
    assert [cell.source for cell in found.cells] == ["# Title", "x = 1"]
    assert found.cells[1].metadata.nbgrader.grade_id == "a"
    assert "widgets" not in found.metadata


def test_a_cell_of_an_unknown_kind_is_kept_as_text(notebook):
    notebook.cells[0].cell_type = "heading"
    assert repaired(notebook).cells[0].cell_type == "raw"


def test_a_sound_notebook_stays_as_it_is(notebook):
    assert repaired(copy.deepcopy(notebook)) == notebook
