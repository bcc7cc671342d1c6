"""Whatever a notebook holds, it is read and can be written, or is refused with a sentence for its student."""

import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.grading.notebook import LEFT_OUT
from autograder.nbgrader_adapter.notebooks.reading import (
    CleanSubmission,
    NotGradable,
    read_submission,
    without_half_characters,
)
from autograder.nbgrader_adapter.notebooks.repair import RepairNotebook
from autograder.settings import AutograderSettings

texts = st.text(st.characters(), max_size=8)  # half characters, NUL and the rest
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
marks = st.fixed_dictionaries({}, optional={"grade_id": trees, "grade": trees, "solution": trees, "locked": trees})
metadata = st.dictionaries(texts, trees, max_size=3) | st.fixed_dictionaries({"nbgrader": marks | trees}) | trees
outputs = st.lists(st.fixed_dictionaries({"output_type": texts, "text": texts, "data": trees}) | trees, max_size=2)
cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"]), "source": texts | st.lists(texts, max_size=3)},
    optional={"metadata": metadata, "outputs": outputs, "execution_count": trees, "id": texts, "attachments": trees},
)
notebooks = st.fixed_dictionaries(
    {
        "nbformat": st.just(4),
        "nbformat_minor": st.sampled_from([0, 4, 5]),
        "cells": st.lists(cells | trees, max_size=3),
    },
    optional={"metadata": metadata},
)
quick = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def read(path, **limits):
    notebook, notes = read_submission(path, AutograderSettings(**limits))
    for step in (RepairNotebook(), CleanSubmission()):
        notebook, _ = step.preprocess(notebook, {})
    return notebook, notes


@quick
@given(notebook=notebooks | trees)
def test_whatever_it_holds_it_can_be_written_or_is_refused_in_a_sentence(notebook, tmp_path_factory):
    path = tmp_path_factory.mktemp("read") / "x.ipynb"
    path.write_text(json.dumps(notebook))
    try:
        cleaned, notes = read(path)
    except NotGradable as found:
        refusal = str(found)
    else:
        refusal = ""
    if refusal:
        assert "x.ipynb" in refusal.encode().decode()
    else:
        assert notes == []
        json.dumps(cleaned, ensure_ascii=False).encode()
        for cell in cleaned.cells:
            assert isinstance(cell.metadata.get("nbgrader", {}), dict)
            assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}


@quick
@given(trees)
def test_a_tree_without_half_characters_is_the_same_but_for_them(tree):
    found = without_half_characters(tree)
    json.dumps(found, ensure_ascii=False).encode()
    if "\\ud" not in json.dumps(tree) and "\\u0000" not in json.dumps(tree):
        assert json.dumps(found) == json.dumps(tree)


@pytest.fixture
def file(tmp_path):
    def write(*cells, **more):
        path = tmp_path / "x.ipynb"
        head = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        path.write_text(json.dumps({**head, **more}))
        return path

    return write


def code(source, **metadata):
    return {**nbformat.v4.new_code_cell(source), "metadata": metadata}


def test_a_cell_that_is_too_long_is_left_out_and_says_so(file):
    notebook, notes = read(file(code("x" * 2000), code("y = 1")), cell_kib=1)
    assert notebook.cells[0].source.startswith(LEFT_OUT + "2,000 characters, more than the 1,024")
    assert notebook.cells[1].source == "y = 1"
    assert "cell 1 of x.ipynb is left out" in notes[0]
    assert "cell_kib" in notes[0]


@pytest.mark.parametrize(
    ("cells", "more", "words"),
    [
        ([code("x" * 2000, nbgrader={"grade_id": "a", "solution": True})], {}, "the answer in cell 1"),
        ([code("x" * 1000)] * 5, {}, "have 5,000 characters"),
        ([code("1")] * 2001, {}, "2,001 cells"),
        ([code("x")], {"metadata": {"a": "x" * (1 << 20)}}, "larger than the 1 MiB"),
        ([code("x")], {"metadata": {"a": [{}] * 400_000}}, "too many parts"),
        ([code("x")], {"nbformat": 7}, "format"),
        ([None], {}, "cell 1 is none"),
    ],
)
def test_what_is_beyond_a_bound_is_refused_with_the_bound(cells, more, words, file):
    with pytest.raises(NotGradable, match=words):
        read(file(*cells, **more), cell_kib=1, notebook_mib=1 if "larger" in words else 32)


def test_saved_outputs_of_any_size_are_dropped_before_they_are_looked_at(file):
    cell = code("1")
    cell["outputs"] = [{"output_type": "nonsense", "data": "x" * 5_000_000}]
    notebook, notes = read(file(cell))
    assert (notebook.cells[0].outputs, notes) == ([], [])
