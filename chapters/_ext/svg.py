"""Make an SVG of Matplotlib part of a page: its ink takes the page's colours, its ids are its own, it has a name."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ET

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
INK, PAPER = "currentColor", "var(--figure-paper)"
COLOURS = {"#000000": INK, "#000": INK, "black": INK, "#ffffff": PAPER, "#fff": PAPER, "white": PAPER}
WIDE = 500      # points; a wider figure keeps a readable size on a phone and scrolls inside its frame

ET.register_namespace("", SVG)


class NotAFigure(ValueError):
    """A text that is no SVG with a width and a height, or one whose style would leak into the page."""


def inline(text: str, *, prefix: str, label: str) -> str:
    """The `<svg>` element for a page.

    Parameters
    ----------
    text : an SVG file as Matplotlib writes it
    prefix : put before every id, so that two figures of a page do not share glyphs or clips
    label : the alternative text

    Pure black becomes `currentColor` and pure white the page's ground; any other colour stays, so ink that stands on
    a coloured ground in both themes is drawn in a near black or a near white.
    """
    try:
        root = ET.fromstring(text.encode("utf-8"))
    except ET.ParseError as error:
        raise NotAFigure(str(error)) from error
    if root.tag != f"{{{SVG}}}svg" or "viewBox" not in root.attrib:
        raise NotAFigure("not an SVG with a viewBox")
    _drop_frame(root)
    for element in root.iter():
        if isinstance(element.tag, str):
            _adapt(element, prefix)
    width, height = (float(x) for x in root.attrib["viewBox"].split()[2:])
    root.attrib.pop("version", None)
    root.attrib |= {
        "role": "img", "aria-label": label, "fill": INK, "class": "figure wide" if width > WIDE else "figure",
        # what Matplotlib says in a <style> for everything, which here would hold for the whole page
        "stroke-linejoin": "round", "stroke-linecap": "butt",
        "width": f"{width * 4 / 3:g}", "height": f"{height * 4 / 3:g}",
    }
    return ET.tostring(root, encoding="unicode").replace(f' xmlns:xlink="{XLINK}"', "")


def _drop_frame(root: ET.Element) -> None:
    """Remove what does not belong into a page: metadata, the global style, the figure's own ground."""
    for parent in list(root.iter()):
        for child in list(parent):
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            ground = child.get("id") == "patch_1" and parent.get("id") == "figure_1"
            if tag == "style" and not re.fullmatch(r"\s*\*\{stroke-linejoin: round; stroke-linecap: butt\}\s*",
                                                   child.text or ""):
                raise NotAFigure(f"a style for the whole page: {(child.text or '').strip()[:60]}")
            if tag in ("metadata", "style", "title") or ground:
                parent.remove(child)
    for defs in [d for d in root.findall(f"{{{SVG}}}defs") if not len(d)]:
        root.remove(defs)


def _adapt(element: ET.Element, prefix: str) -> None:
    """Give one element the page's colours and ids that are unique in the page."""
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, prefix + value)
        elif key in ("href", f"{{{XLINK}}}href"):
            del element.attrib[key]
            element.set("href", f"#{prefix}{value[1:]}" if value.startswith("#") else value)
        elif key in ("fill", "stroke"):
            element.set(key, COLOURS.get(value.lower(), value))
        else:
            value = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", value)
            if key == "style":
                value = re.sub(r"(fill|stroke|stop-color)(:\s*)([^;]+)",
                               lambda m: m[1] + m[2] + COLOURS.get(m[3].strip().lower(), m[3]), value)
            element.set(key, value)
