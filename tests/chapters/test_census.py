"""The census: every topic that the lectures name has a place in the book, and the place is there."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHAPTERS = HERE.parents[1] / "chapters"
GROUPS = ("Update schedules", "Momentum", "Learning rates", "Adaptive methods", "Activations and gradient flow",
          "Initialization", "Normalization", "Regularization", "Layers", "Representation learning", "Model selection")
LINES = [line for line in (HERE / "census.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")]
TOPICS = [tuple(part.strip() for part in line.split("|")) for line in LINES if not line.startswith("[")]


def anchors(page: str) -> set[str]:
    """The labels of a page and the ids of its headings, as its source has them; of what stands in a fence, none."""
    text = (CHAPTERS / f"{page}.md").read_text("utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1`*$", "", text, flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", prose, re.M)
    return {re.sub(r"[^a-z0-9]+", "-", one.lower()).strip("-") for one in headings} | set(
        re.findall(r"^\(([\w-]+)\)=$", prose, re.M))


def test_the_groups_are_the_lectures():
    assert tuple(line.strip("[]") for line in LINES if line.startswith("[")) == GROUPS


@pytest.mark.parametrize(("topic", "place"), TOPICS, ids=[topic for topic, _ in TOPICS])
def test_a_topic_has_its_place(topic, place):
    page, _, anchor = place.partition("#")
    assert anchor in anchors(page), f"{topic}: chapters/{page}.md has no heading or label {anchor!r}"


def test_every_chapter_of_the_parts_is_somebodys_place():
    toc = (CHAPTERS.parent / "_toc.yml").read_text("utf-8")
    parts = toc[toc.index("Part I:"):toc.index("caption: Grading")]
    assert {place.split("#")[0] for _, place in TOPICS} == set(re.findall(r"file: chapters/(\w+)", parts))


def test_an_anchor_that_is_not_there_is_found():
    assert "a-heading-of-no-page" not in anchors("dropout")
    assert {"row-12", "which-probability", "two-conventions"} <= anchors("dropout")
