"""The figures' colours can be seen and told apart on both grounds."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from chapters._ext import style

STYLESHEET = Path(__file__).parents[2] / "chapters" / "_static" / "course.css"
CSS = STYLESHEET.read_text("utf-8").partition("@media print")[0]
GROUNDS = re.findall(r"--pst-color-background: (#[0-9a-f]+);", CSS)
TEXTS = list(zip(GROUNDS, re.findall(r"--pst-color-text-muted: (#[0-9a-f]+);", CSS), strict=True))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    values = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_there_is_a_light_ground_and_a_dark_one():
    assert len(GROUNDS) == 2
    assert luminance(GROUNDS[0]) > 0.9
    assert luminance(GROUNDS[1]) < 0.02


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", style.COLOURS)
def test_a_line_stands_out_by_three_to_one(colour, ground):
    assert contrast(colour, ground) >= 3


@pytest.mark.parametrize(("ground", "text"), TEXTS)
def test_muted_text_stands_out_by_four_and_a_half_to_one(ground, text):
    assert contrast(text, ground) >= 4.5


def test_no_line_is_told_by_its_colour_alone():
    assert len(style.COLOURS) == len(set(style.COLOURS)) == len(set(style.DASHES)) == len(style.DASHES)
