"""Functions are cut on the boundaries that Python itself sees."""
from __future__ import annotations

import ast
from pathlib import Path

import pytest

from chapters._ext.cut import FUNCTIONS, NotDefined, code_lines, contract, cut, definitions

MODULES = sorted(Path(__file__).parents[2].glob("solutions/*/*.py"))
SOURCE = '''\
import functools
from other import borrowed

LIMIT = 3


@functools.cache
def decorated(x: dict[str, int], *, lr=1e-3
              ) -> int:
    """One line.

    Two: with a colon.
    """
    # a comment
    y = x            # y = x
    def inner():
        """Inside."""
    return y


def bare(x):
    # nothing but a comment
    return x


def short(x): return x + 1


class Optimizer:
    """A class."""
    rate: float = 1.0

    def __init__(self, lr):
        """Set it up."""
        self.lr = lr

    @property
    def doubled(self):
        return 2 * self.lr

    limit = LIMIT
'''


def test_a_function_is_cut_with_its_decorators_and_comments():
    text = cut(SOURCE, "decorated")
    assert text.startswith("@functools.cache\ndef decorated")
    assert text.endswith("    return y\n")
    assert "# y = x" in text


def test_a_contract_is_signature_and_docstring_and_no_more():
    text = contract(SOURCE, "decorated")
    assert text.startswith("@functools.cache\ndef decorated")
    assert text.endswith('    """\n    ...\n')
    assert "comment" not in text
    assert "inner" not in text


@pytest.mark.parametrize("name", ["bare", "short"])
def test_a_contract_without_a_docstring_ends_with_the_signature(name):
    assert contract(SOURCE, name) == f"def {name}(x):\n    ...\n"


def test_a_class_loses_the_bodies_of_the_methods_named():
    text = contract(SOURCE, "Optimizer", ["doubled"])
    assert "self.lr = lr" in text
    assert "2 * self.lr" not in text
    assert "    @property\n    def doubled(self):\n        ...\n" in text
    assert text.endswith("    limit = LIMIT\n")


def test_a_class_loses_every_body_where_no_method_is_named():
    text = contract(SOURCE, "Optimizer")
    assert "self.lr" not in text
    assert '"""Set it up."""' in text
    assert "rate: float = 1.0" in text


def test_constants_are_definitions_and_imports_are_not():
    assert cut(SOURCE, "LIMIT") == "LIMIT = 3\n"
    with pytest.raises(NotDefined):
        cut(SOURCE, "borrowed")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_contract_of_the_course_keeps_signature_and_docstring(path):
    source = path.read_text("utf-8")
    for name, node in definitions(source).items():
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            stub = definitions(contract(source, name))[name]
            assert isinstance(stub, (*FUNCTIONS, ast.ClassDef))
            assert ast.get_docstring(stub) == ast.get_docstring(node)
            if isinstance(node, FUNCTIONS) and isinstance(stub, FUNCTIONS):
                assert ast.unparse(stub.args) == ast.unparse(node.args)


def test_code_lines_have_no_space_comments_and_docstrings():
    assert code_lines(cut(SOURCE, "bare")) == ["defbare(x):", "returnx"]
    assert "Twowithacolon" not in "".join(code_lines(SOURCE))
    assert "y=x" in code_lines(cut(SOURCE, "decorated"))
