"""The dozen icons that the theme's buttons use, as a small font of their own: the whole font weighs 150 kB a page."""
from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
ICONS = ("angle-down", "angle-left", "angle-right", "arrow-up", "bars", "chevron-down", "chevron-right",
         "circle-half-stroke", "code", "download", "expand", "file", "file-pdf", "list", "magnifying-glass", "moon",
         "sun", "xmark")


def code_points(stylesheet: str, names: tuple[str, ...] = ICONS) -> list[int]:
    """Where the theme's stylesheet says that the icons stand in the font."""
    found: dict[str, int] = {}
    for selectors, point in re.findall(r"([^{}]+)\{content:\"\\([0-9a-f]+)\"", stylesheet):
        found.update(dict.fromkeys(re.findall(r"\.fa-([a-z0-9-]+):before", selectors), int(point, 16)))
    return sorted(found[name] for name in names)


def subset(font: Path, points: list[int]) -> bytes:
    """The font with those characters only, as WOFF."""
    options = Options(flavor="woff", layout_features=[], notdef_outline=False, hinting=False, desubroutinize=True)
    whole = TTFont(font)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(whole)
    whole.flavor = "woff"
    buffer = io.BytesIO()
    whole.save(buffer)
    return buffer.getvalue()


def face(points: list[int]) -> str:
    """A face of the same family. It comes later and says its range, so for these characters the browser takes it."""
    characters = ", ".join(f"U+{point:x}" for point in points)
    return ('@font-face { font-family: "Font Awesome 6 Free"; font-style: normal; font-weight: 900; '
            f'font-display: block; src: url(icons.woff) format("woff"); unicode-range: {characters}; }}\n')


def make(app: Sphinx, config: Any) -> None:
    folder = tempfile.TemporaryDirectory(prefix="icons-")
    app.connect("build-finished", lambda app, error: folder.cleanup())
    points = code_points((THEME / "styles" / "pydata-sphinx-theme.css").read_text("utf-8"))
    font = THEME / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    Path(folder.name, "icons.woff").write_bytes(subset(font, points))
    Path(folder.name, "icons.css").write_text(face(points), "utf-8")
    config.html_static_path.append(folder.name)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", make)
    app.add_css_file("icons.css", priority=910)
