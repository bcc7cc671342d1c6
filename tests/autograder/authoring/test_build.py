"""nbgrader's source notebook, and the release that nbgrader itself makes of it."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.build import build_assignment, version_of
from autograder.authoring.source import BEGIN, END, definition
from autograder.nbgrader_adapter.exchange import steps

ASSIGNMENTS = ["descent", "networks", "chance", "composed"]
every_assignment = pytest.mark.parametrize("name", ASSIGNMENTS)


@pytest.fixture(scope="module")
def released(course_root):
    """The release of every assignment, made by nbgrader's own generate_assignment."""
    from autograder.nbgrader_adapter.course import course_of
    from autograder.settings import read_config

    course = course_of(read_config(course_root))
    for name in ASSIGNMENTS:
        steps.build(course, name)
        steps.generate(course, name)
    return lambda name: course.folder / "release" / name


def read(path):
    return nbformat.read(path, as_version=4)


def cells(notebook):
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells}


@every_assignment
def test_the_notebook_is_valid_and_every_cell_is_nbgrader_s(name, source):
    notebook = read(source / name / f"{name}.ipynb")
    nbformat.validate(notebook)
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@every_assignment
def test_every_exercise_has_a_solution_cell_and_a_check_cell_with_its_points(name, source, catalogue):
    found = cells(read(source / name / f"{name}.ipynb"))
    for entry in catalogue.assignments[name].entries:
        solution, check = found[f"solution-{entry.name}"], found[f"check-{entry.name}"]
        assert (solution.metadata.nbgrader.solution, solution.metadata.nbgrader.grade) == (True, False)
        assert (check.metadata.nbgrader.grade, check.metadata.nbgrader.locked) == (True, True)
        assert check.source == f"check({entry.name})"
        assert check.metadata.nbgrader.points == entry.points


@every_assignment
def test_a_solution_cell_is_the_reference_with_marks_in_it(name, source, catalogue):
    found = cells(read(source / name / f"{name}.ipynb"))
    for entry in catalogue.assignments[name].entries:
        lines = found[f"solution-{entry.name}"].source.splitlines()
        assert [line.strip() for line in lines].count(BEGIN) == [line.strip() for line in lines].count(END) >= 1
        plain = "\n".join(line for line in lines if line.strip() not in (BEGIN, END))
        assert plain == definition(entry.exercise.reference)


def test_points_can_be_changed_by_the_settings_and_only_there(source):
    def points(name):
        return cells(read(source / name / f"{name}.ipynb"))["check-warm_up"].metadata.nbgrader.points

    assert (points("descent"), points("composed")) == (2, 7)


def test_what_two_exercises_are_given_stands_in_the_notebook_once(source):
    notebook = read(source / "descent" / "descent.ipynb")
    assert sum("class StepState" in cell.source for cell in notebook.cells) == 1


def test_prose_code_and_questions_come_in_the_order_of_the_text(source):
    notebook = read(source / "descent" / "descent.ipynb")
    ids = [cell.metadata.nbgrader.grade_id.split("-")[0] for cell in notebook.cells]
    assert ids == [
        "title",
        "imports",
        "prose",
        "given",
        "solution",
        "check",
        "prose",
        "solution",
        "check",
        "code",
        "solution",
        "check",
        "prose",
        "solution",
        "check",
        "solution",
        "check",
        "question",
        "written",
    ]
    assert notebook.cells[0].source.splitlines()[0] == "# Going downhill"
    assert "title:" not in "".join(cell.source for cell in notebook.cells)


@every_assignment
def test_the_imports_are_what_the_exercises_need(name, source, catalogue):
    lines = cells(read(source / name / f"{name}.ipynb"))["imports"].source.splitlines()
    assert ("import torch" in lines) == catalogue.assignments[name].torch
    assert len(set(lines)) == len(lines)


@every_assignment
def test_an_assignment_without_pytorch_says_so_at_its_top_and_in_its_release(name, source, released, catalogue):
    for folder in (source / name, released(name)):
        title = cells(read(folder / f"{name}.ipynb"))["title"].source
        assert ("NumPy alone" in title) == (not catalogue.assignments[name].torch)


def test_a_written_question_is_marked_by_hand(source):
    written = read(source / "descent" / "descent.ipynb").cells[-1]
    meta = written.metadata.nbgrader
    assert (written.cell_type, meta.grade, meta.solution, meta.points) == ("markdown", True, True, 2)


def test_the_same_sources_make_the_same_files(catalogue, source, tmp_path):
    build_assignment(catalogue.assignments["descent"], tmp_path)
    for file in ("descent.ipynb", "descent.cases.json"):
        assert (tmp_path / "descent" / file).read_bytes() == (source / "descent" / file).read_bytes()


def test_notebook_and_cases_carry_one_version(source, catalogue):
    notebook = read(source / "descent" / "descent.ipynb")
    cases = json.loads((source / "descent" / "descent.cases.json").read_text())
    assert notebook.metadata.autograder.version == cases["version"] == version_of(catalogue.assignments["descent"])


@every_assignment
def test_the_release_has_the_signature_and_docstring_and_nothing_of_the_body(name, released, catalogue):
    found = cells(read(released(name) / f"{name}.ipynb"))
    for entry in catalogue.assignments[name].entries:
        if entry.exercise.starter is None:
            whole, stub = (
                ast.parse(text).body[0]
                for text in (definition(entry.exercise.reference), found[f"solution-{entry.name}"].source)
            )
            assert ast.get_docstring(stub) == ast.get_docstring(whole)
            for theirs, ours in zip(functions(whole), functions(stub), strict=True):
                assert ast.unparse(theirs.args) == ast.unparse(ours.args)
                if isinstance(whole, ast.FunctionDef) or ours.name in entry.exercise.methods:
                    assert ast.unparse(ours.body[-1]) == "raise NotImplementedError()"
                    assert len(ours.body) == 1 + bool(ast.get_docstring(ours))


def functions(node):
    return [node] if isinstance(node, ast.FunctionDef) else [f for f in node.body if isinstance(f, ast.FunctionDef)]


def test_the_release_shows_the_starter_of_what_is_to_be_mended(released):
    cell = cells(read(released("descent") / "descent.ipynb"))["solution-log_sum_exp"]
    assert cell.source.startswith('def log_sum_exp(scores):\n    """log Σ exp of the last axis, without overflow."""\n')
    assert cell.source.endswith("    return np.exp(scores).sum(axis=-1)")
    assert "autograder" not in cell.metadata


@every_assignment
def test_no_file_of_the_release_holds_a_line_of_a_reference(name, released, catalogue):
    text = "".join(file.read_text() for file in released(name).iterdir())
    for entry in catalogue.assignments[name].entries:
        for function in functions(ast.parse(definition(entry.exercise.reference)).body[0]):
            if function.name in (entry.exercise.methods or (entry.name,)):
                lines = definition(entry.exercise.reference).splitlines()[
                    function.body[-1].lineno - 1 : function.end_lineno
                ]
                assert not [line for line in lines if json.dumps(line.split("  #")[0].strip())[1:-1] in text], (
                    entry.name
                )


MOMENTUM = """
from pathlib import Path
from autograder.authoring.build import version_of
from autograder.authoring.catalogue import load_catalogue
from autograder.settings import load_settings, read_config
print(version_of(load_catalogue(load_settings(read_config(Path()))).assignment("momentum")))
"""


def test_the_version_does_not_depend_on_the_processor():
    root = Path(__file__).parents[3]
    versions = {
        subprocess.run(
            [sys.executable, "-c", MOMENTUM],
            cwd=root,
            env={**os.environ, "OPENBLAS_CORETYPE": core},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for core in ("Zen", "Haswell", "Nehalem")  # whose eigenvalues differ in their last bits
    }
    assert len(versions) == 1


def test_the_version_is_another_where_the_cases_are_drawn_in_another_way(catalogue, monkeypatch):
    assignment = catalogue.assignments["descent"]
    exercise = assignment.entries[0].exercise
    draw = exercise.draw

    def drawn_otherwise(rng):
        return draw(rng)

    assert version_of(replace(assignment, title="another")) == version_of(assignment)
    monkeypatch.setattr(exercise, "draw", drawn_otherwise)
    assert version_of(replace(assignment, title="a third")) != version_of(assignment)  # which is cached


@every_assignment
def test_the_release_keeps_the_public_cases_and_the_version(name, released, catalogue):
    assert sorted(file.name for file in released(name).iterdir()) == [f"{name}.cases.json", f"{name}.ipynb"]
    assert read(released(name) / f"{name}.ipynb").metadata.autograder.version == version_of(catalogue.assignments[name])
