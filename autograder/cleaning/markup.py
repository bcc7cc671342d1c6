"""A student's HTML made safe to show: nothing in it runs, loads, lies over the page or takes long.

The cleaning is nh3's. Ours are its rules, the bounds that keep a parser's time and a page's size in proportion to what
came, and a look at pictures (`pictures.py`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from autograder.cleaning.pictures import safe_data_uri

MAX_HTML = 200_000  # characters of one piece, pictures in it not counted
MAX_TAGS = 20_000
MAX_DEPTH = 100
MAX_LINK = 500  # characters
#: Elements that are open when a paragraph begins are opened in it again: this bounds what that can come to.
MAX_REOPENED = 8_000_000

_NAMES = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol
p pre q s small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var
"""
_TAGS = set(_NAMES.split())
_ATTRIBUTES = {
    "a": {"href"},
    "abbr": {"title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?![\w-])[^<>]*", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/[\w+.-]{1,20};base64,[A-Za-z0-9+/=]*")
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:[^">]|"[^"]*")*>')
_IMG = re.compile(r'<img(?:[^">]|"[^"]*")*>')
_VOID = {"br", "col", "hr", "img"}
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029<>]")

Change = Callable[[str], str]


def clean_html(text: str, change: Change = str) -> str | None:
    """The safe part of `text`, well-formed; None where it is too long, too deep or would multiply.

    change : what is done to the text of an attribute
    """
    text = text.encode("utf-8", "replace").decode()
    bare = _PICTURE.sub("", text)
    tags = bare.count("<")
    reopened = tags * sum(min(len(found[0]), MAX_LINK) for found in _FORMATTING.finditer(bare))
    if len(bare) > MAX_HTML or tags > MAX_TAGS or reopened > MAX_REOPENED:
        return None
    cleaned: str = _cleaner(change).clean(text)
    if len(cleaned) > 4 * len(text) + 1000:
        return None
    return _IMG.sub(_shown_picture, cleaned) if _depth(cleaned) <= MAX_DEPTH else None


def _cleaner(change: Change) -> Any:
    import nh3
    from pygments.token import STANDARD_TYPES

    def keep(tag: str, name: str, value: str) -> str | None:
        if (tag, name) == ("a", "href"):
            return _safe_link(value)
        if (tag, name) == ("img", "src"):
            return safe_data_uri(value)
        return change(value)

    highlighting = {"highlight", *filter(None, STANDARD_TYPES.values())}
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        link_rel=None,
        url_schemes={"http", "https", "mailto", "data"},
        # no other class: a page's own style sheet could put what has it over everything else
        allowed_classes={"table": {"dataframe"}, "div": {"highlight"}, "span": highlighting, "code": {"tex"}},
    )


def _safe_link(link: str) -> str | None:
    scheme = _SCHEME.match(link)
    strange = len(link) > MAX_LINK or _NO_TEXT.search(link) or (":" in link.partition("/")[0] and not scheme)
    return None if strange or (scheme and scheme[1].lower() not in ("http", "https", "mailto")) else link


def _depth(cleaned: str) -> int:
    depth = deepest = 0
    for found in _TAG.finditer(cleaned):
        depth += -1 if found[1] else found[2] not in _VOID
        deepest = max(deepest, depth)
    return deepest


def _shown_picture(found: re.Match[str]) -> str:
    """A picture has its data in it and an alternative text, or is that text."""
    tag = found[0]
    alternative = re.search(r' alt="([^"]*)"', tag)
    words = alternative[1] if alternative else ""
    if ' src="' not in tag:
        return html.escape(f"[picture: {html.unescape(words) or 'not in the notebook'}]")
    if not words:
        described = '<img alt="a picture that the notebook does not describe"'
        return described + re.sub(r' alt="[^"]*"', "", tag).removeprefix("<img")
    return tag
