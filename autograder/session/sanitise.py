"""An instructor opens these outputs in a browser: nothing in them may run there, fetch anything or break a page."""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from typing import Any

MAX_HTML = 200_000  # characters; parsing takes time that the student chooses
_NAMES = """
a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre q s
small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var
"""
_TAGS = set(_NAMES.split())
_ATTRIBUTES = {
    "*": ["class", "title"],
    "a": ["href"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
_INVISIBLE = re.compile(r"<(style|script)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def safe_bundle(data: dict[Any, Any]) -> dict[str, Any]:
    """The representations of known kinds, each as text that is safe in a page; others are left out."""
    safe: dict[str, Any] = {}
    for kind, value in data.items():
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "".join(value)
        if kind in _IMAGES and isinstance(value, str):
            safe[kind] = _image(value, _IMAGES[kind])
        elif kind == "image/svg+xml" and isinstance(value, str):
            safe.setdefault("text/html", _as_picture(value))
        elif kind in ("text/html", "text/markdown") and isinstance(value, str):
            safe[kind] = _clean(value)
        elif kind in ("text/plain", "text/latex") and isinstance(value, str):
            safe[kind] = safe_text(value)
        elif kind == "application/json":
            safe[kind] = json.loads(safe_text(json.dumps(value)))
    return {kind: value for kind, value in safe.items() if value not in ("", None)} or {"text/plain": ""}


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


def _image(text: str, magic: bytes) -> str:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode() if data.startswith(magic) else ""


def _as_picture(svg: str) -> str:
    """An SVG as the source of an image, where browsers run no script and load nothing."""
    data = base64.b64encode(safe_text(svg).encode()).decode()
    return f'<img alt="figure" src="data:image/svg+xml;base64,{data}">'


def _clean(html: str) -> str:
    if len(html) > MAX_HTML:
        return ""
    return _cleaner().clean(_INVISIBLE.sub("", safe_text(html)))


@lru_cache(1)
def _cleaner() -> Any:
    from bleach.sanitizer import Cleaner  # type: ignore[import-untyped]  # slow to import, and few notebooks need it

    return Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, protocols={"http", "https", "mailto"}, strip=True)
