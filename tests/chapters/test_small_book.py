"""The build, on a book of one page that has every piece of machinery."""
from __future__ import annotations

import json
import re


def test_figures_are_part_of_the_page_and_numbered(small_site):
    page = (small_site("full") / "chapters" / "demo.html").read_text("utf-8")
    assert page.count('<svg xmlns') >= 2
    assert 'aria-label="Two lines that cross."' in page
    assert "Fig. 1.1" in page
    assert "<strong>cross</strong>" in page


def test_mathematics_is_rendered(small_site):
    page = (small_site("full") / "chapters" / "demo.html").read_text("utf-8")
    assert page.count('class="katex"') >= 2
    assert "<math" in page


def test_a_listing_has_its_tabs_its_file_and_its_place_in_the_index(small_site):
    site = small_site("full")
    page = (site / "chapters" / "demo.html").read_text("utf-8")
    assert 'data-sync-id="numpy"' in page
    assert 'data-sync-id="pytorch"' in page
    assert "solutions/demo/reference.py" in page
    assert "demo_step (demo)" in (site / "genindex.html").read_text("utf-8")
    assert 'id="listing-demo-demo-step"' in page


def test_what_decides_a_page_s_layout_is_in_its_head_and_only_where_it_is_needed(small_site):
    """A style in the body, or a theme that a script chooses when all is shown, moves the page under the reader."""
    for name, needed in (("demo", True), ("intro", False)):
        head, body = (small_site("full") / "chapters" / f"{name}.html").read_text("utf-8").split("</head>")
        assert ("interactive/figures.css" in head) == needed
        assert "prefers-color-scheme" in head
        assert 'rel="stylesheet"' not in body


def test_no_page_has_the_scripts_that_call_another_host(small_site):
    site = small_site("full")
    assert [path for path in site.rglob("*.html") if "thebe" in path.read_text("utf-8").lower()] == []
    assert not list(site.rglob("fontawesome.js"))


def test_the_student_edition_hides_the_bodies_of_exercises_everywhere(small_site):
    site, full = small_site("student"), small_site("full")

    def holding(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*")
                if path.suffix in (".html", ".ipynb", ".md", ".js") and "_static" not in path.parts
                and re.search("secret|12345", path.read_text("utf-8"))}
    assert holding(site) == set()
    assert {"chapters/demo.html", "_sources/chapters/demo.ipynb"} <= holding(full)
    page = (site / "chapters" / "demo.html").read_text("utf-8")
    assert "is an exercise of the assignment" in page
    assert "ones_like" in page


def test_the_notebook_can_be_downloaded_and_has_the_cells(small_site):
    site = small_site("full")
    page = (site / "chapters" / "demo.html").read_text("utf-8")
    assert re.search(r'href="\.\./_sources/chapters/demo\.ipynb"', page)
    made = json.loads((site / "_sources" / "chapters" / "demo.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in made["cells"] if cell["cell_type"] == "code"]
    assert sum("plt.subplots()" in cell for cell in cells) == 3


def test_each_fault_of_a_page_stops_the_build_and_leaves_the_old_site(build_command, small_book, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.html").write_text("the old site")
    page = small_book / "chapters" / "demo.md"
    text = page.read_text("utf-8").replace("alt: Two lines that cross.", "width: 90%").replace(
        "{listing} demo.open_step", "{listing} demo.absent_step").replace("v_t = \\mu v_{t-1}", "v_t = \\frac{v_{t-1}")
    page.write_text(text)
    done = build_command("--source", str(small_book), "--out", str(out))
    assert done.returncode == 1
    assert [path.name for path in out.iterdir()] == ["old.html"]
    line = text.splitlines().index("```{listing} demo.absent_step") + 1
    assert f"demo.md:{line}: WARNING: listing: no absent_step" in done.stderr
    assert re.search(r"demo\.md:\d+: WARNING: a figure without alternative text", done.stderr)
    assert re.search(r"demo\.md:\d+: WARNING: mathematics: ", done.stderr)


def test_a_cell_that_fails_stops_the_build_and_is_shown(build_command, small_book, tmp_path):
    page = small_book / "chapters" / "demo.md"
    wrong = "\n```{code-cell} python\nassert 1 + 1 == 3, 'a claim that does not hold'\n```\n"
    page.write_text(page.read_text("utf-8") + wrong)
    done = build_command("--source", str(small_book), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert not (tmp_path / "out").exists()
    assert "AssertionError" in done.stderr
    assert "a claim that does not hold" in done.stderr
