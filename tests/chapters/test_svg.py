"""A drawing of Matplotlib becomes part of a page without disturbing it."""
from __future__ import annotations

import io
import re

import matplotlib
import pytest
from matplotlib.figure import Figure

from chapters._ext.style import COLOURS, FIXED_DARK, SETTINGS
from chapters._ext.svg import PAPER, NotAFigure, inline


def draw(kind: str = "lines", size: tuple[float, float] = (4, 3)) -> str:
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=size)
        ax = figure.subplots()
        if kind == "heat":
            ax.imshow([[0, 1], [1, 2]])
            ax.plot(0, 0, "o", color=FIXED_DARK)
        else:
            ax.plot([0, 1], [0, 1], color=COLOURS[0], label=r"$\theta_t$")
            ax.legend()
        ax.set(xlabel=r"step $t$", title="Title")
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def lines() -> str:
    return inline(draw(), prefix="f1-", label='A line & a "label"')


def test_ink_and_paper_follow_the_page(lines):
    assert not re.search(r"#000000|#ffffff", lines)
    assert "currentColor" in lines
    assert PAPER in lines


def test_colours_stay(lines):
    assert COLOURS[0] in lines


def test_the_figure_has_no_ground_of_its_own(lines):
    assert 'id="f1-patch_1"' not in lines
    assert 'id="f1-axes_1"' in lines


def test_it_is_named_for_those_who_do_not_see_it(lines):
    assert 'role="img"' in lines
    assert 'aria-label="A line &amp; a &quot;label&quot;"' in lines


def test_nothing_in_it_reaches_the_page(lines):
    assert not re.search(r"<style|<metadata|<\?xml|<!DOCTYPE|xmlns:|xlink", lines)


def test_two_figures_share_no_id(lines):
    other = inline(draw(), prefix="f2-", label="another")
    ids = set(re.findall(r' id="([^"]+)"', lines))
    assert ids
    assert not ids & set(re.findall(r' id="([^"]+)"', other))


def test_every_reference_inside_leads_somewhere(lines):
    ids = set(re.findall(r' id="([^"]+)"', lines))
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', lines))
    assert used
    assert {a or b for a, b in used} <= ids


def test_a_heat_map_keeps_its_picture_and_the_marks_on_it():
    text = inline(draw("heat"), prefix="f1-", label="heat")
    assert 'href="data:image/png;base64,' in text
    assert FIXED_DARK in text


def test_a_wide_figure_says_so():
    assert 'class="figure wide"' in inline(draw(size=(10, 3)), prefix="", label="wide")


@pytest.mark.parametrize("text", ["no xml", "<svg/>", '<html xmlns="http://www.w3.org/1999/xhtml"/>',
                                  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
                                  '<style>p {color: red}</style></svg>'])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(NotAFigure):
        inline(text, prefix="", label="x")
