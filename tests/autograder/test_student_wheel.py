"""The student's half, installed alone: it works on a release, and holds nothing of an answer."""

import ast
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.authoring.source import definition


def test_it_needs_numpy_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == ["Requires-Dist: numpy>=2"]


def test_it_holds_the_student_s_half_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        modules = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "autograder/student/check.py" in modules
    assert {name for name in modules if not name.startswith("autograder/student/")} == {"autograder/__init__.py"}
    assert all(name.endswith(".py") for name in modules)


def test_it_imports_numpy_and_the_standard_library(student_site):
    imported = set()
    for file in (student_site / "autograder").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    # torch only to make tensors, IPython only where a notebook runs in it
    assert imported - sys.stdlib_module_names == {"numpy", "torch", "IPython", "autograder"}


@pytest.mark.parametrize(
    "module",
    ["solutions", "autograder.authoring.cases", "autograder.authoring.exercise", "autograder.sandbox", "torch"],
)
def test_it_cannot_import(module, as_student, tmp_path):
    found = as_student(f"import autograder\nimport {module}", tmp_path)
    assert "ModuleNotFoundError" in found.stderr


def test_no_file_of_it_holds_a_line_of_a_reference(student_site, catalogue):
    text = "\n".join(file.read_text() for file in (student_site / "autograder").rglob("*.py"))
    for exercise in catalogue.exercises.values():
        assert exercise.name not in text
        assert _body(exercise)[-1] not in text


def test_the_file_of_public_cases_holds_no_line_of_a_reference(source, catalogue):
    for file in Path(source).rglob("*.cases.json"):
        for exercise in catalogue.exercises.values():
            assert not [line for line in _body(exercise) if line in file.read_text()], (file, exercise.name)


def _body(exercise):
    """The code lines of a reference that are long enough to be told from others' lines."""
    lines = definition(exercise.reference).split('"""')[-1].splitlines()
    return [line.split("  #")[0].strip() for line in lines if len(line.split("  #")[0].strip()) > 12]
