"""Code cut by `ast`: the stub, the solution, and what a notebook needs for them."""

import ast
import importlib
import textwrap

import pytest

from autograder.authoring.exercise import ExerciseError
from autograder.authoring.source import (
    BEGIN,
    END,
    contract,
    definition,
    imports_for,
    is_of_a_course,
    marked_solution,
    needs,
    starting_version,
)

MODULE = '''
import functools
import numpy as np
import numpy.linalg as la
from math import sqrt as root, pi


def register(f):
    return f


@register
@functools.lru_cache
def plain(x):
    """Adds one.

    It says `### BEGIN SOLUTION` in its docstring.
    """
    # first, a thought
    y = x + 1

    return y


def bare(x, *,
         scale=2):
    # a hint
    return np.asarray(x) * scale


def whole(x): return x + 1


def text(x):
    """A string with triple quotes."""
    return """
not indented
"""


def outer(x):
    """Defines another."""
    def inner(y):
        return root(y)
    return inner(x) + la.norm(x) + helper(x)


def helper(x):
    return [z for z in x]


class Thing:
    """Holds a number."""

    def __init__(self, x):
        self.x = x

    @property
    def twice(self):
        """Two times x."""
        return 2 * self.x

    def forward(self, y):
        return self.x + y


class Child(Thing):
    def forward(self, y):
        return super().forward(y) + __class__.__name__.count("x")


def empty():
    """Nothing to solve."""


async def later(x):
    return x
'''


@pytest.fixture
def m(module_from):
    return module_from(MODULE)


def blanked(source):
    """What nbgrader's ClearSolutions makes of it."""
    lines, inside = [], False
    for line in source.splitlines():
        if BEGIN in line and line.strip() == BEGIN:
            inside = True
            lines.append(line.replace(BEGIN, "raise NotImplementedError()"))
        if not inside:
            lines.append(line)
        if line.strip() == END:
            inside = False
    return "\n".join(lines)


def test_a_definition_is_cut_without_the_decorators_that_register_it(m):
    assert definition(m.plain.__wrapped__).startswith("def plain(x):")


def test_a_solution_with_its_marks_taken_off_is_the_definition(m):
    for thing, methods in [(m.bare, ()), (m.text, ()), (m.outer, ()), (m.Thing, ("forward", "twice"))]:
        marked = [line for line in marked_solution(thing, methods).splitlines() if line.strip() not in (BEGIN, END)]
        assert "\n".join(marked) == definition(thing)


@pytest.mark.parametrize("name", ["bare", "text", "outer", "helper"])
def test_the_blanked_function_keeps_signature_and_docstring_and_nothing_of_the_body(m, name):
    whole, stub = ast.parse(definition(getattr(m, name))).body[0], ast.parse(blanked(marked_solution(getattr(m, name))))
    (stub,) = stub.body
    assert ast.dump(stub.args) == ast.dump(whole.args)
    assert ast.get_docstring(stub) == ast.get_docstring(whole)
    assert ast.unparse(stub.body[-1]) == "raise NotImplementedError()"
    assert len(stub.body) == 1 + (ast.get_docstring(whole) is not None)


def test_no_comment_of_the_body_is_left_in_the_stub(m):
    assert "hint" not in blanked(marked_solution(m.bare))
    assert "thought" not in blanked(marked_solution(m.plain.__wrapped__))


def test_of_a_class_only_the_methods_named_are_blanked(m):
    stub = blanked(marked_solution(m.Thing, ["forward"]))
    assert "self.x + y" not in stub
    assert "return 2 * self.x" in stub
    assert stub.count("NotImplementedError") == 1
    ast.parse(stub)


@pytest.mark.parametrize(
    ("name", "methods", "sentence"),
    [
        ("Thing", ["backward"], "Thing has no method called backward: correct methods= of its exercise"),
        ("Thing", [], "Thing is a class: name the methods to blank in methods= of its exercise"),
        ("empty", [], "empty has a docstring and no body: there is nothing to solve"),
        ("later", [], "only functions and classes can be exercises"),
        ("whole", [], "whole stands on one line: write its body on a line of its own"),
    ],
)
def test_what_cannot_be_an_exercise_is_refused_with_a_sentence(m, name, methods, sentence):
    with pytest.raises(ExerciseError, match=sentence):
        marked_solution(getattr(m, name), methods)


def test_a_starting_version_has_the_signature_of_one_and_the_body_of_the_other(m):
    starter = starting_version(m.text, m.bare)
    assert starter.startswith('def text(x):\n    """A string with triple quotes."""\n')
    assert starter.endswith("return np.asarray(x) * scale")
    ast.parse(starter)


def test_a_contract_changes_with_signature_and_docstring_and_not_with_the_body(module_from):
    def of(source):
        return contract(module_from(source).f)

    first = of('def f(x):\n    """Doc."""\n    return x\n')
    assert first == of('def f(x):\n    """Doc."""\n    y = x\n    return y\n')
    assert first != of('def f(x, y):\n    """Doc."""\n    return x\n')
    assert first != of('def f(x):\n    """Other."""\n    return x\n')


def test_imports_are_those_that_bind_a_name_in_use(m):
    assert imports_for([m.bare, m.outer]) == [
        "from math import sqrt as root",
        "import numpy as np",
        "import numpy.linalg as la",
    ]
    assert imports_for([m.helper]) == []


def test_what_another_module_of_the_course_has_must_be_given_and_is_not_imported():
    from solutions.capstone.reference import ablation
    from solutions.normalization.reference import standardize
    from solutions.regularization.reference import adamw_step

    assert imports_for([adamw_step, ablation, standardize]) == ["import numpy as np"]
    assert needs(adamw_step, {"adamw_step"}) == {"adam_step"}
    assert needs(adamw_step, {"adamw_step", "adam_step"}) == set()


@pytest.mark.parametrize("name", ["itertools", "sys", "json", "numpy.linalg", "autograder.student.check"])
def test_what_every_notebook_can_import_is_of_no_course(name):
    assert not is_of_a_course(importlib.import_module(name))


def test_what_a_notebook_will_lack_is_found(m):
    assert needs(m.outer, {"outer"}) == {"helper"}
    assert needs(m.outer, {"outer", "helper"}) == set()
    assert needs(m.Child, {"Child"}) == {"Thing"}
    assert needs(m.helper, {"helper"}) == set()


def test_a_nested_definition_is_cut_out_at_the_left_margin(module_from):
    made = module_from(
        textwrap.dedent("""
        def make():
            def inner(x):
                return x
            return inner
        inner = make()
    """)
    ).inner
    assert definition(made) == "def inner(x):\n    return x"
