"""An instructor opens these outputs in a browser: nothing in them may run there, fetch anything or break a page."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from autograder.cleaning.markup import clean_html
from autograder.cleaning.pictures import SVG, safe_picture

MAX_NAME = 80  # characters of a name that are shown
MAX_DATA = 200_000  # characters of an output that is data for a program
LEFT_OUT = "[a picture or page is left out here: it is no such thing, or too large or too deep to be shown]"
MARKUP = ("text/html", "text/markdown", SVG)  # what takes time to read
_IMAGES = ("image/png", "image/jpeg")
_TEXTS = {*_IMAGES, *MARKUP, "text/plain", "text/latex"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def known_kinds(data: dict[Any, Any]) -> dict[str, Any]:
    """The representations that a page may show, not made safe yet, each as one text; JSON as it is, if it is short."""
    known: dict[str, Any] = {}
    for kind, value in data.items():
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "".join(value)
        is_text = kind in _TEXTS and isinstance(value, str)
        if is_text or (kind == "application/json" and len(json.dumps(value)) < MAX_DATA):
            known[kind] = value
    return known


def safe_bundle(data: dict[Any, Any]) -> dict[str, Any]:
    """The representations of known kinds, each as text that is safe in a page; others are left out."""
    safe: dict[str, Any] = {}
    for kind, value in known_kinds(data).items():
        if kind in _IMAGES:
            safe[kind] = safe_picture(kind, value)
        elif kind == SVG:
            safe.setdefault("text/html", _as_picture(value))
        elif kind in MARKUP:
            safe[kind] = clean_html(value)
        elif kind == "application/json":
            safe[kind] = json.loads(safe_text(json.dumps(value)))
        else:
            safe[kind] = safe_text(value)
    kept = {kind: value for kind, value in safe.items() if value not in ("", None)}
    if not kept:
        return {"text/plain": LEFT_OUT if safe else ""}
    return kept


def safe_metadata(metadata: dict[Any, Any]) -> dict[str, Any]:
    """The size of pictures and the background they need."""
    safe: dict[str, Any] = {}
    if metadata.get("needs_background") in ("light", "dark"):
        safe["needs_background"] = metadata["needs_background"]
    for kind in _IMAGES:
        size = metadata.get(kind)
        if isinstance(size, dict):
            wanted = {key: size.get(key) for key in ("width", "height")}
            numbers = {key: n for key, n in wanted.items() if isinstance(n, (int, float)) and 0 < n < 10_000}
            if numbers:
                safe[kind] = numbers
    return safe


def safe_text(text: str) -> str:
    """Without halves of surrogate pairs, which no file takes, and without NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def printable(text: str) -> str:
    """`text` as it may go to a terminal: what would move, colour or turn it is shown as Python writes it."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text.encode("utf-8", "backslashreplace").decode())


def readable(name: str) -> str:
    """A name that anybody may have given to a file, on one line: bytes that are no text as Python writes them."""
    bytes_ = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in name)
    found = printable(bytes_).replace("\n", "\\n").replace("\t", "\\t")
    return found if len(found) <= MAX_NAME else f"{found[:MAX_NAME]}…"


def _as_picture(svg: str) -> str:
    """An SVG as the source of an image, where browsers run no script and load nothing."""
    data = safe_picture(SVG, base64.b64encode(safe_text(svg).encode()).decode())
    return f'<img alt="figure" src="data:image/svg+xml;base64,{data}">' if data else ""
