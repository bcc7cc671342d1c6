"""The notes on the lectures: each conflict that the chapters have settled leads to cells that show it."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"
NOTES = (CHAPTERS / "lecture_notes.md").read_text("utf-8")
PAGES = {path: path.read_text("utf-8") for path in CHAPTERS.glob("*.md") if path.name != "lecture_notes.md"}
# conflicts, as the anchors number them
SETTLED = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
           21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32)
ANCHOR = r"^\((row-{row}(?:-\w+)?)\)=\n+(#+ .*\n)?"


def sections(row: int) -> dict[str, str]:
    """The text under each anchor of a row: to the next heading of its rank, or to the next heading at all."""
    found = {}
    for text in PAGES.values():
        for anchor in re.finditer(ANCHOR.format(row=row), text, re.MULTILINE):
            rank = len(anchor[2].split()[0]) if anchor[2] else 6
            prose = re.sub(r"^```.*?^```", lambda cell: re.sub(r"^#", "%", cell[0], flags=re.M), text[anchor.end():],
                           flags=re.M | re.S)
            found[anchor[1]] = re.split(rf"^#{{1,{rank}}} ", prose, maxsplit=1, flags=re.M)[0]
    return found


@pytest.mark.parametrize("row", SETTLED)
def test_a_note_leads_to_each_settled_conflict(row):
    assert set(re.findall(rf"\((row-{row}(?:-\w+)?)\)", NOTES)) & set(sections(row))


@pytest.mark.parametrize("row", SETTLED)
def test_a_cell_there_asserts_it(row):
    for anchor, text in sections(row).items():
        assert re.search(r"^```\{code-cell\}(?:(?!^```$).)*\bassert ", text, re.M | re.S), anchor


def test_no_note_leads_nowhere():
    anchors = {anchor for text in PAGES.values() for anchor in re.findall(r"^\(([\w-]+)\)=$", text, re.M)}
    assert set(re.findall(r"\]\(((?:row|fig)-[\w-]+)\)", NOTES)) <= anchors
