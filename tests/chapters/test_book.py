"""The course's own book, built from nothing with warnings as errors, in both editions."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from chapters._ext.edition import leaks, secret_lines
from chapters._ext.site_check import faults

ROOT = Path(__file__).parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
PAGES = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
NOTEBOOKS = [page for page in PAGES if "kernelspec" in (ROOT / f"{page}.md").read_text("utf-8")]


@pytest.mark.parametrize("edition", ["full", "student"])
def test_the_site_has_no_fault(course_site, edition):
    assert faults(course_site(edition)) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_there_and_has_a_description(course_site, page):
    text = (course_site("full") / f"{page}.html").read_text("utf-8")
    assert 'name="description"' in text


@pytest.mark.parametrize("page", PAGES)
def test_no_table_is_left_as_text(course_site, page):
    text = (course_site("full") / f"{page}.html").read_text("utf-8")
    assert not re.search(r"\|\s*[-—]+\s*\|", re.sub(r"<(pre|script).*?</\1>", "", text, flags=re.DOTALL))


def test_what_was_measured_of_grading_is_in_tables(course_site):
    written = [line for line in (ROOT / "chapters/grading.md").read_text("utf-8").splitlines() if line[:4] == "|---"]
    text = (course_site("full") / "chapters/grading.html").read_text("utf-8")
    assert text.count("<table") == len(written) + 2  # the comparison, and where the time goes


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_every_page_with_cells_offers_its_notebook(course_site, page):
    site = course_site("full")
    assert (site / "_sources" / f"{page}.ipynb").exists()
    assert f'_sources/{page}.ipynb"' in (site / f"{page}.html").read_text("utf-8")


def test_the_student_edition_keeps_the_exercises_bodies_back(course_site):
    assert leaks(course_site("student"), secret_lines(ROOT / "solutions")) == []


def test_the_full_edition_shows_them(course_site):
    assert leaks(course_site("full"), secret_lines(ROOT / "solutions")) != []
