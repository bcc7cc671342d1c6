"""A notebook's prose as HTML that is safe to show and needs no script: mathematics as MathML, pictures inside."""

from __future__ import annotations

import html
import os
import re
import secrets
from functools import lru_cache
from typing import Any

from bleach.sanitizer import Cleaner  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from jinja2 import pass_context
from math_core import LatexError, LatexToMathML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

MAX_TEX = 2000  # characters; the converter calls itself for each brace, and a stack has an end
MAX_PICTURE = 2_000_000  # bytes of one picture that a page takes in
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml", "image/webp")
_NAMES = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol
p pre q s small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var
"""
_ATTRIBUTES = {
    "*": ["class", "title"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "ol": ["start"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
_WORD = re.compile(r"formula[0-9a-f]{16}")
_INVISIBLE = re.compile(r"<(style|script)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)


@pass_context
def markdown_to_html(context: Any, source: str) -> str:
    """The filter `markdown2html` of our pages and of formgrader's."""
    cell, resources = context.get("cell", {}), context.get("resources", {})
    attachments = cell.get("attachments", {}) if isinstance(cell, dict) else {}
    return render(source, attachments, str(resources.get("metadata", {}).get("path", "")))


def render(source: str, attachments: dict[str, dict[str, str]] | None = None, folder: str = "") -> str:
    """Markdown as HTML. Text that cannot be read as Markdown is shown as it is.

    attachments : the cell's. folder : where the pictures lie that it names.
    """
    renderer = _Renderer(attachments or {}, folder)
    try:
        cleaned = safe_html(MarkdownWithMath(renderer=renderer).render(source))
    except (RecursionError, ValueError, TypeError, KeyError, AttributeError):  # whatever a student can write
        return f"<pre>{html.escape(source)}</pre>"
    return _with_formulas(cleaned, renderer.formulas)


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
    """HTML that runs nothing and loads nothing. A picture from elsewhere becomes its alternative text."""
    soup = BeautifulSoup(_cleaner().clean(_INVISIBLE.sub("", text)), "html.parser")
    for link in soup.find_all("a", href=re.compile(r"^\s*data:", re.IGNORECASE)):
        del link["href"]
    for picture in soup.find_all("img"):
        if not str(picture.get("src", "")).startswith(tuple(f"data:{kind};base64," for kind in PICTURES)):
            picture.replace_with(f"[picture: {picture.get('alt') or 'not in the notebook'}]")
        elif not picture.get("alt"):
            picture["alt"] = "a picture that the notebook does not describe"
    return str(soup)


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


def _with_formulas(cleaned: str, formulas: dict[str, tuple[str, str]]) -> str:
    """Put the formulas in their places; inside an attribute, their TeX."""
    if not formulas:
        return cleaned
    soup = BeautifulSoup(cleaned, "html.parser")
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            if isinstance(value, str):
                element[name] = _WORD.sub(lambda found: formulas.get(found[0], (found[0], ""))[0], value)
    return _WORD.sub(lambda found: formulas[found[0]][1] if found[0] in formulas else found[0], str(soup))


@lru_cache(1)
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=0)  # a macro could nest deeper than its text is long


@lru_cache(1)
def _cleaner() -> Cleaner:
    return Cleaner(
        tags=set(_NAMES.split()), attributes=_ATTRIBUTES, protocols={"http", "https", "mailto", "data"}, strip=True
    )
