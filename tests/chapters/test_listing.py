"""A listing shows what stands in the files, and in a student edition no more than it may."""
from __future__ import annotations

import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from sphinx.highlighting import PygmentsBridge

import solutions
from chapters._ext.edition import STUDENT, exercises, leaks, plain_lines, secret_lines
from chapters._ext.listing import UnknownListing, fold_docstrings, pointer, read_listing

SMALL = Path(__file__).parent / "book" / "solutions"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small book's topic, beside the course's own."""
    monkeypatch.setattr(solutions, "__path__", [*solutions.__path__, str(SMALL)])
    return SMALL


def test_a_twin_has_a_tab():
    assert [panel.label for panel in read_listing(SMALL, "demo.demo_step").panels] == ["NumPy", "PyTorch"]


def test_without_a_twin_there_is_one_tab():
    assert [panel.label for panel in read_listing(SMALL, "demo.open_step").panels] == ["NumPy"]


def test_what_is_shown_also_comes_first_where_it_is_defined():
    numpy, torch = read_listing(SMALL, "demo.demo_step", "DemoState").panels
    assert numpy.code.startswith("class DemoState")
    assert torch.code.startswith("def demo_step")


def test_several_names_stand_in_the_order_asked():
    code = read_listing(SMALL, "demo.open_step, demo.demo_step").panels[0].code
    assert code.index("def open_step") < code.index("def demo_step")


@pytest.mark.parametrize(("names", "also"), [("demo.nothing", ""), ("demo.demo_step", "Nothing"),
                                             ("nowhere.demo_step", ""),
                                             ("demo_step", ""), ("demo.demo_step, other.demo_step", "")])
def test_an_unknown_name_is_refused(names, also):
    with pytest.raises(UnknownListing):
        read_listing(SMALL, names, also)


def test_exercises_are_known_by_the_name_of_their_function(demo):
    assert set(exercises("demo")) == {"demo_step", "demo_layer"}
    assert exercises("no_such_topic") == {}


def test_a_student_edition_shows_the_contract_of_an_exercise_in_both_tabs(demo):
    listing = read_listing(demo, "demo.demo_step", edition=STUDENT)
    assert [panel.code.endswith("...\n") for panel in listing.panels] == [True, True]
    assert not any("secret" in panel.code for panel in listing.panels)
    assert pointer(listing) == "`demo_step` is an exercise of the assignment *demo*: its body is yours to write there."


def test_a_student_edition_shows_other_functions_whole(demo):
    assert "np.ones_like" in read_listing(demo, "demo.open_step", edition=STUDENT).panels[0].code


def test_secret_lines_are_those_that_only_an_exercise_has(demo):
    secret = secret_lines(demo)
    assert any("12345" in line for line in secret)
    assert not any("ones_like" in line for line in secret)
    assert not any("comment" in line or "demonstration" in line for line in secret)


def test_a_line_that_computes_nothing_is_no_secret():
    body = """
        def secret(state, grads):
            for t in range(len(grads)):
                velocity = grads[::-1]
                for g in grads * 12345:
                    step = norm(velocity)
                    other = g if t else step
            return velocity, step
        """
    assert plain_lines(dedent(body)) == ["fortinrange(len(grads)):", "returnvelocity,step", "velocity=grads[::-1]"]


def test_what_a_public_line_shows_is_no_secret(demo, tmp_path):
    shutil.copytree(demo / "demo", tmp_path / "demo")
    reference = tmp_path / "demo" / "reference.py"
    reference.write_text(reference.read_text() + "\n\ndef public(state, grads):\n"
                         "    return dict(secret_velocity=0.9 * state.v + grads * 12345)\n")
    assert any("secret_velocity=" in line for line in secret_lines(demo))
    assert not any("secret_velocity=" in line for line in secret_lines(tmp_path))


@pytest.mark.parametrize(("name", "text"), [
    ("page.html", "<pre><span>secret_velocity</span> <span>=</span> 0.9 * state.v + grads * 12345</pre>"),
    ("page.md", "secret_velocity = 0.9 * state.v + grads * 12345"),
    ("page.ipynb", '{"cells": [{"source": ["secret_velocity = 0.9 *", " state.v + grads * 12345"]}]}'),
    ("page.js", 'x = "torch_secret = state.v.mul(0.9).add(grads, alpha=12345)"'),
])
def test_a_leak_is_found_in_every_kind_of_file(demo, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert leaks(tmp_path, secret_lines(demo)) == [f"{name} shows code of the exercise demo.demo_step"]


def test_a_docstring_is_folded_behind_its_first_line_and_no_letter_is_lost():
    code = read_listing(SMALL, "demo.open_step").panels[0].code
    highlighted = PygmentsBridge("html", "github-light").highlight_block(code, "python")
    folded = fold_docstrings(highlighted)
    assert re.sub("<[^>]*>", "", folded) == re.sub("<[^>]*>", "", highlighted)
    hidden, = re.findall('<span class="docstring">(.*?)</span></span>', folded, re.DOTALL)
    assert "Parameters" in hidden
    assert "One step" not in hidden
    assert "ones_like" not in hidden


@pytest.mark.parametrize("code", ['def f():\n    """One line."""\n    return """a\nb"""\n', "x = 1\n"])
def test_nothing_is_folded_where_no_docstring_is_long(code):
    highlighted = PygmentsBridge("html", "github-light").highlight_block(code, "python")
    assert "docstring" not in fold_docstrings(highlighted)
