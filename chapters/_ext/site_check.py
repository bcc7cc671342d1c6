"""What a built site must be before it may be published; each fault is one sentence that names the page.

    python -m chapters._ext.site_check SITE
"""
from __future__ import annotations

import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chapters._ext.plain import FENCED, LABEL, ROLE

LOADED = {"img": ("src",), "script": ("src",), "iframe": ("src",), "source": ("src",), "video": ("src", "poster"),
          "audio": ("src",), "embed": ("src",), "object": ("data",), "link": ("href",), "use": ("href",)}
NOT_LOADED = {"canonical", "prev", "next", "search", "index", "author", "license", "alternate"}
SILENT = {"script", "style", "pre", "code", "annotation", "textarea"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
COLUMNS = 88        # what the page's width holds
LISTING = re.compile(r'<div class="highlight-python[ "].*?<pre>(.*?)</pre>', re.DOTALL)
RAW_TEX = re.compile(r"\$\$|\\\(|\\\[|\\begin\{")


class Page(HTMLParser):
    """Collects the faults of one page, and the local files that it needs or links."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.local: set[str] = set()
        self.silent = 0
        self.hidden = 0                 # open elements from the outermost one with aria-hidden on
        self.described = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag not in VOID and (self.hidden or has.get("aria-hidden") == "true"):
            self.hidden += 1
        self.silent += tag in SILENT
        self.described |= tag == "meta" and has.get("name") == "description" and bool(has.get("content"))
        if "katex-error" in has.get("class", ""):
            self.faults.append(f"mathematics that KaTeX could not read: {has.get('title', '')}")
        if tag == "img" and not has.get("alt", "").strip():
            self.faults.append(f"a picture without alternative text: {has.get('src')}")
        if tag == "svg" and not (has.get("aria-label", "").strip() or self.hidden):
            self.faults.append(f"a drawing without alternative text: {has.get('class', '')}")
        if tag == "html" and not has.get("lang"):
            self.faults.append("a page that does not say its language")
        loads = not (tag == "link" and NOT_LOADED & set(has.get("rel", "").split()))
        for name in LOADED.get(tag, ()) if loads else ():
            if has.get(name):
                self._address(has[name], f"<{tag}>")
        if tag == "a" and has.get("href") and not urlsplit(has["href"]).scheme:
            self.local.add(has["href"])

    def _address(self, address: str, where: str) -> None:
        if urlsplit(address).scheme in ("http", "https") or address.startswith("//"):
            self.faults.append(f"{where} loads {address} from another host")
        elif not address.startswith(("data:", "#")):
            self.local.add(address)

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= bool(self.hidden and tag not in VOID)
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent and (found := RAW_TEX.search(data)):
            around = data[max(0, found.start() - 20):found.end() + 20]
            self.faults.append(f"mathematics left as it was written: {around!r}")


def page_faults(site: Path, path: Path) -> list[str]:
    """The faults of one page: other hosts, missing files, missing words, mathematics not rendered."""
    page = Page()
    page.feed(path.read_text("utf-8"))
    for address in sorted(page.local):
        target = unquote(urlsplit(address).path)
        if target and not (path.parent / target).resolve().exists():
            page.faults.append(f"no file behind {address}")
    return page.faults


def stylesheet_faults(path: Path) -> list[str]:
    text = path.read_text("utf-8", errors="replace")
    return [f"loads {address} from another host"
            for address in re.findall(r"(?:@import\s+|url\()[\"']?((?:https?:)?//[^\"')\s]+)", text)]


def notebook_faults(path: Path) -> list[str]:
    """What a downloaded notebook says in the book's own language, which no other program reads."""
    found = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            left = [one[0] for one in ROLE.finditer(text) if one["role"]] + [one[0] for one in LABEL.finditer(text)]
            left += [one[0].split("\n")[0] for one in FENCED.finditer(text) if one["name"]]
            found += [f"left as the book writes it: {one.strip()!r}" for one in left]
    return found


def long_lines(site: Path) -> list[str]:
    """The lines of listings that are too long for the page, as 'page: line'."""
    found = []
    for path in sorted(site.rglob("*.html")):
        for listing in LISTING.findall(path.read_text("utf-8")):
            lines = html.unescape(re.sub("<[^>]*>", "", listing)).split("\n")
            found += [f"{path.relative_to(site)}: over {COLUMNS} columns: {line.strip()}"
                      for line in lines if len(line) > COLUMNS]
    return found


def faults(site: Path) -> list[str]:
    """Every fault of a site, as 'page: fault'."""
    found = []
    for path in sorted(site.rglob("*.html")):
        if "_static" not in path.relative_to(site).parts:       # the theme's own templates, which nobody opens
            found += [f"{path.relative_to(site)}: {fault}" for fault in page_faults(site, path)]
    for path in sorted(site.rglob("*.ipynb")):
        found += [f"{path.relative_to(site)}: {fault}" for fault in notebook_faults(path)]
    for path in sorted(site.rglob("*.css")):
        found += [f"{path.relative_to(site)}: {fault}" for fault in stylesheet_faults(path)]
    return found + long_lines(site)


if __name__ == "__main__":
    print("\n".join(faults(Path(sys.argv[1]))))
