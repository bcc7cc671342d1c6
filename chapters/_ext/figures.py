"""Figures: what a cell draws as SVG is put into the page itself, and every picture must say in words what it shows."""
from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from chapters._ext.svg import NotAFigure, inline

LOGGER = logging.getLogger(__name__)


class InlineFigures(SphinxPostTransform):
    """Replace each SVG picture by its drawing. Runs after MyST-NB has chosen what to show of a cell's output."""
    default_priority = 10
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for number, image in enumerate(list(self.document.findall(nodes.image)), start=1):
            alt = (image.get("alt") or "").strip()
            if not alt:
                LOGGER.warning("a figure without alternative text: say in `mystnb: image: alt:` what it shows",
                               location=_place(image))
            path = Path(self.env.srcdir, image["uri"])
            if path.suffix == ".svg" and path.exists():
                self.replace(image, path.read_text("utf-8"), prefix=f"f{number}-", alt=alt)

    def replace(self, image: nodes.image, text: str, prefix: str, alt: str) -> None:
        try:
            drawing = inline(text, prefix=prefix, label=alt)
        except NotAFigure as error:
            LOGGER.warning("a figure that cannot stand in the page: %s", error, location=_place(image))
            return
        # the keyboard must reach what may scroll
        reach = ' tabindex="0"' if 'class="figure wide"' in drawing else ""
        raw = nodes.raw("", f'<div class="figure-frame"{reach}>{drawing}</div>', format="html")
        raw.source, raw.line = image.source, image.line
        image.replace_self(raw)


def _place(picture: nodes.Element) -> nodes.Element:
    """A node near the picture that knows its line: MyST-NB gives none to what a cell puts out."""
    around = picture
    while around.parent is not None:
        for node in around.findall(nodes.Element):
            if node.line:
                return node
        around = around.parent
    return picture


def setup(app: Sphinx) -> None:
    app.add_post_transform(InlineFigures)
