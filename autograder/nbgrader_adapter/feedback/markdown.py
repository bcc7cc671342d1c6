"""A notebook's prose as HTML that is safe to show and needs no script: mathematics as MathML, pictures inside."""

from __future__ import annotations

import html
import os
import re
import secrets
import time
from functools import lru_cache
from typing import Any

from jinja2 import pass_context
from math_core import LatexError, LatexToMathML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.cleaning.markup import clean_html

MAX_TEX = 2000  # characters; the converter calls itself for each brace, and a stack has an end
MAX_PICTURE = 2_000_000  # bytes of one picture that a page takes in
MAX_WORDS = 20_000  # characters of one answer in words
PAGE_SECONDS = 5.0  # CPU time for the Markdown of one page
MAX_OPEN = 100
BEGINNINGS = (("\\begin{", "\\end{"), ("[", "]"), ("<!--", "-->"), ("<", ">"))
_WORD = re.compile(r"formula[0-9a-f]{16}")


@pass_context
def markdown_to_html(context: Any, source: str) -> str:
    """The filter `markdown2html` of our pages and of formgrader's."""
    cell, resources = context.get("cell", {}), context.get("resources", {})
    cell = cell if isinstance(cell, dict) else {}
    ours = cell.get("metadata", {}).get("nbgrader", {}).get("locked") and cell["cell_type"] != "code"
    spent = resources.get("markdown_seconds", 0.0)
    if not ours and len(source) > MAX_WORDS:
        source = source[:MAX_WORDS]
        note = f"<p>[it is cut here: what is longer than {MAX_WORDS:,} characters is not shown]</p>"
    else:
        note = ""
    if not ours and spent > PAGE_SECONDS:  # whatever takes long is a student's doing
        return as_it_is(source) + note
    begun = time.process_time()
    shown = render(source, cell.get("attachments", {}), str(resources.get("metadata", {}).get("path", "")))
    if isinstance(resources, dict):
        resources["markdown_seconds"] = spent + time.process_time() - begun
    return shown + note


def render(source: str, attachments: dict[str, dict[str, str]] | None = None, folder: str = "") -> str:
    """Markdown as HTML. Text that cannot be read as Markdown is shown as it is.

    attachments : the cell's. folder : where the pictures lie that it names.
    """
    renderer = _Renderer(attachments or {}, folder)
    try:
        shown = MarkdownWithMath(renderer=renderer).render(source) if _is_quickly_read(source) else None
        cleaned = clean_html(shown, renderer.in_words) if shown is not None else None
    except (RecursionError, ValueError, TypeError, KeyError, AttributeError):  # whatever a student can write
        cleaned = None
    return as_it_is(source) if cleaned is None else _WORD.sub(renderer.in_markup, cleaned)


def as_it_is(source: str) -> str:
    return f"<pre>{html.escape(source)}</pre>"


def _is_quickly_read(source: str) -> bool:
    """Whether few beginnings stand without their ends: a reader looks for the end of each through all that follows."""
    return all(source.count(begin) - source.count(end) < MAX_OPEN for begin, end in BEGINNINGS)


def mathml(tex: str, *, display: bool = False) -> str:
    """TeX as a `<math>` element; what cannot be read as TeX is shown as it is written."""
    if len(tex) <= MAX_TEX:
        try:
            shown = _converter().convert_with_local_state(tex.strip(), displaystyle=display)
        except LatexError:
            pass
        else:
            return f'<span class="display">{shown}</span>' if display else shown
    return f'<code class="tex">{html.escape(tex)}</code>'


def safe_html(text: str) -> str:
    """The filter for HTML that a cell has put out: it runs nothing and loads nothing."""
    cleaned = clean_html(text)
    return as_it_is(text) if cleaned is None else cleaned


class _Renderer(IPythonRenderer):
    """Keeps formulas aside, so that cleaning the HTML leaves them alone."""

    def __init__(self, attachments: dict[str, dict[str, str]], folder: str) -> None:
        super().__init__(
            escape=False, embed_images=bool(folder), exclude_anchor_links=True, path=folder, attachments=attachments
        )
        self.formulas: dict[str, tuple[str, str]] = {}

    def block_math(self, body: str) -> str:
        return self._keep(body, mathml(body, display=True))

    def inline_math(self, body: str) -> str:
        return self._keep(body, mathml(body))

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre>{html.escape(code)}</pre>"  # a diagram is drawn by a script

    def in_words(self, text: str) -> str:
        """An attribute's text, with the TeX of its formulas."""
        return _WORD.sub(lambda found: self.formulas.get(found[0], (found[0], ""))[0], text)

    def in_markup(self, found: re.Match[str]) -> str:
        return self.formulas.get(found[0], ("", found[0]))[1]

    def _keep(self, tex: str, shown: str) -> str:
        word = f"formula{secrets.token_hex(8)}"
        self.formulas[word] = (tex, shown)
        return word

    def _embed_image_or_attachment(self, src: str) -> str:
        name = src.removeprefix("attachment:")
        if name != src and name not in self.attachments:
            return ""
        return super()._embed_image_or_attachment(src)

    def _src_to_base64(self, src: str) -> str | None:
        file = os.path.join(self.path, src)
        if os.path.islink(file) or not os.path.isfile(file) or os.path.getsize(file) > MAX_PICTURE:
            return None
        return super()._src_to_base64(src)


@lru_cache(1)
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=0)  # a macro could nest deeper than its text is long
