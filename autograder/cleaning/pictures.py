"""Pictures that a page may show: what they claim to be, of a size that a browser can unpack."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from xml.parsers import expat

MAX_PIXELS = 50_000_000  # 200 MB when it is unpacked
MAX_SHAPES = 200_000  # of an SVG, those that are used many times counted each time
MAX_SVG_DEPTH = 100
MAX_SVG_ELEMENTS = 100_000
MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
SVG = "image/svg+xml"
_DATA = re.compile(r"data:(image/[a-z+]+);base64,", re.IGNORECASE)
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^'\")]*)")
#: What can multiply or move without end, or holds another document.
_REFUSED = {"marker", "filter", "foreignobject", "set", "iframe", "animate", "animatemotion"}
_REFUSED |= {"animatetransform", "feimage"}


def safe_picture(kind: str, text: str) -> str:
    """The picture in base64 again, without white space; '' where it is no picture of that kind, or is too large."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if kind == SVG:
        good = svg_is_small(data)
    else:
        magic = MAGIC.get(kind)
        good = magic is not None and data.startswith(magic) and _pixels(kind, data) <= MAX_PIXELS
    return base64.b64encode(data).decode() if good else ""


def safe_data_uri(uri: str) -> str | None:
    """`data:image/…;base64,…` where it holds such a picture."""
    found = _DATA.match(uri)
    picture = safe_picture(found[1].lower(), uri[found.end() :]) if found else ""
    return f"data:{found[1].lower()};base64,{picture}" if found and picture else None


def _pixels(kind: str, data: bytes) -> int:
    """By its header; 0 where that cannot be read, which no browser then shows."""
    try:
        if kind == "image/png":
            width, height = struct.unpack_from(">II", data, 16) if data[12:16] == b"IHDR" else (0, 0)
        elif kind == "image/gif":
            width, height = struct.unpack_from("<HH", data, 6)
        elif kind == "image/jpeg":
            width, height = _jpeg_size(data)
        else:
            width, height = _webp_size(data)
    except struct.error:
        return 0
    return int(width * height)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while place < len(data):
        if data[place] != 0xFF:  # what stands between two segments is passed over
            place = data.find(b"\xff", place)
            if place < 0:
                break
        marker = data[place + 1] if place + 1 < len(data) else 0
        if marker in (0x00, 0x01, 0xFF, *range(0xD0, 0xD9)):
            place += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    form = data[12:16]
    if form == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if form == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


class _TooMuch(Exception):
    """The SVG is not for a page."""


def svg_is_small(data: bytes) -> bool:
    """Whether an SVG stands for itself and draws no more than `MAX_SHAPES`, however often it uses its parts."""
    try:
        return _Drawing(data).shapes() <= MAX_SHAPES
    except (_TooMuch, expat.ExpatError, ValueError):
        return False


class _Drawing:
    """The elements of an SVG: what stands in each, and what it refers to."""

    def __init__(self, data: bytes) -> None:
        self.parts: list[list[int | str]] = []  # of each element: its children by number, what it refers to by name
        self.names: dict[str, int] = {}
        self._open: list[int] = []
        self._style = False
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _: self._end()
        parser.CharacterDataHandler = self._text
        parser.Parse(data, True)

    def shapes(self) -> int:
        """How many elements are drawn."""
        found: dict[int, int] = {}
        entered: set[int] = set()
        stack = [0]
        while stack:
            here = stack[-1]
            inner = [self.names.get(part, -1) if isinstance(part, str) else part for part in self.parts[here]]
            todo = [part for part in inner if part >= 0 and part not in found]
            if here in entered and not todo:
                stack.pop()
                found[here] = min(1 + sum(found[part] for part in inner if part >= 0), MAX_SHAPES + 1)
            elif here in entered:
                raise _TooMuch("it refers to itself")
            else:
                entered.add(here)
                if any(part in entered for part in todo):
                    raise _TooMuch("it refers to itself")
                stack += dict.fromkeys(todo)
        return found[0]

    def _doctype(self, _name: str, _system: str | None, _public: str | None, internal: int) -> None:
        if internal:  # a list of entities; the bare name of a document type is what plotting libraries write
            raise _TooMuch("it declares entities")

    def _refuse(self, *_: object) -> None:
        raise _TooMuch("it declares entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2].lower()
        if name in _REFUSED or len(self._open) >= MAX_SVG_DEPTH or len(self.parts) >= MAX_SVG_ELEMENTS:
            raise _TooMuch(f"<{name}>")
        here = len(self.parts)
        self.parts.append([])
        if self._open:
            self.parts[self._open[-1]].append(here)
        self._open.append(here)
        self._style = name == "style"
        for key, value in attributes.items():
            self._attribute(name, key.rpartition(":")[2].lower(), value, here)

    def _attribute(self, tag: str, key: str, value: str, here: int) -> None:
        if key == "id":
            self.names.setdefault(value, here)
        elif key == "href" and value.startswith("#"):
            if tag != "a":
                self.parts[here].append(value[1:])
        elif key == "href" and tag == "image" and (not value.startswith("data:image/svg") and not safe_data_uri(value)):
            raise _TooMuch("it holds a picture that is none")
        elif key == "href" and value.lower().startswith("data:image/svg"):
            raise _TooMuch("it holds another one")
        else:
            self.parts[here] += _REFERENCE.findall(value)

    def _end(self) -> None:
        self._open.pop()
        self._style = False

    def _text(self, text: str) -> None:
        if self._style and ("url" in text or "@" in text or "\\" in text):
            raise _TooMuch("its style refers to something")
