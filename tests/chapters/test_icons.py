"""The small font has the theme's icons, and says which."""
from __future__ import annotations

import io

from fontTools.ttLib import TTFont

from chapters._ext.icons import ICONS, THEME, code_points, face, subset


def test_the_small_font_has_every_icon_and_little_else():
    points = code_points((THEME / "styles" / "pydata-sphinx-theme.css").read_text("utf-8"))
    font = subset(THEME / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf", points)
    assert len(points) == len(ICONS)
    assert set(TTFont(io.BytesIO(font)).getBestCmap()) == set(points)
    assert len(font) < 8_000
    assert f"U+{points[0]:x}, " in face(points)
