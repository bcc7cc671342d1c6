"""A downloaded notebook is plain Markdown and cells, and runs where nothing of the course is installed."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import solutions
from chapters._ext import travel
from chapters._ext.notebooks import notebook
from chapters._ext.plain import Answer, Shown, Text, parts, prose
from chapters._ext.site_check import notebook_faults

ROOT = Path(__file__).parents[2]
BOOK = Path(__file__).parent / "book"
SMALL = BOOK / "solutions"
# every path of the course is taken away before the first import
PLAIN = f"""
import sys
sys.path[:] = [path for path in sys.path if path not in ("", {str(ROOT)!r}) and not path.startswith({str(ROOT)!r} + "/")
               or "site-packages" in path]
sys.meta_path[:] = [one for one in sys.meta_path if "editable" not in getattr(one, "__module__", "")]
for name in ("solutions", "chapters", "autograder", "benchmarks"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    sys.exit(name + " can be imported: this is no plain environment")
"""


def resolve(role: str, target: str) -> str:
    return f"<{role} {target}>"


def run_plainly(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook's cells one after another in a Python that does not know the course."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    code = PLAIN + "import matplotlib\nmatplotlib.use('agg')\n" + "\n".join(cells)
    script = folder / "notebook.py"
    script.write_text(code, "utf-8")
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"TMPDIR": str(folder)}
    return subprocess.run([sys.executable, "-I", str(script)], cwd=folder, env=clean, capture_output=True, text=True,
                          check=False)


def test_a_page_s_notebook_runs_where_the_course_is_not_installed(small_site, tmp_path):
    done = run_plainly(small_site("full") / "_sources" / "chapters" / "demo.ipynb", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a velocity of 10.00" in done.stdout


def test_a_page_s_notebook_says_nothing_in_the_book_s_language(small_site):
    for edition in ("full", "student"):
        assert notebook_faults(small_site(edition) / "_sources" / "chapters" / "demo.ipynb") == []


def test_the_button_downloads(small_site):
    page = (small_site("full") / "chapters" / "demo.html").read_text("utf-8")
    assert re.search(r'href="\.\./_sources/chapters/demo\.ipynb"\s+download="demo\.ipynb"', page)


@pytest.mark.parametrize(("text", "plain"), [
    ("See {eq}`a-b` and {cite:t}`x,y`.", "See <eq a-b> and <cite:t x,y>."),
    ("{ref}`the title <place>`, {doc}`momentum`", "the title, <doc momentum>"),
    ("{math}`x^2`, `{eq}`, ``{eq}`x` ``", "$x^2$, `{eq}`, ``{eq}`x` ``"),
    ("(a-label)=\n## Title", "## Title"),
    ("$$\nx = 1\n$$ (eq-x)", "$$\nx = 1 \\tag{<eq eq-x>}\n$$"),
    ("$$ x $$ and (not a label)", "$$ x $$ and (not a label)"),
])
def test_roles_and_labels_become_what_the_book_shows(text, plain):
    assert prose(text, resolve) == plain


@pytest.mark.parametrize(("text", "made"), [
    ("a\n\n```{listing} t.f, t.g\n:also: S\n```\n\nb", [Text("a"), Shown("t.f, t.g", "S"), Text("b")]),
    (":::{predict}\nWhich?\n\n- a\n- b\n---\nB. So {eq}`e`.\n:::",
     [Text("**Predict.** Which?\n\n- **A.** a\n- **B.** b"),
      Answer("<details><summary>Answer</summary>\n\n**B.** So <eq e>.\n\n</details>")]),
    ("```{method} M\nUpdate\n: $x$\n\nState\n: none\n```", [Text("**M**\n\n- **Update:** $x$\n- **State:** none")]),
    ("```{note}\n:class: tip\nSee {doc}`x`.\n```", [Text("**Note.** See <doc x>.")]),
    ("````md\n```{predict}\n```\n````", [Text("````md\n```{predict}\n```\n````")]),
])
def test_directives_become_markdown(text, made):
    assert list(parts(text, resolve)) == made


@pytest.mark.parametrize("edition", ["full", "student"])
def test_a_listing_is_a_cell_with_what_it_needs(monkeypatch, edition):
    monkeypatch.setattr(solutions, "__path__", [*solutions.__path__, str(SMALL)])
    output = nbformat.v4.new_output("stream", text="printed")
    page = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("Before.\n\n```{listing} demo.demo_step\n:also: DemoState\n```\n"),
        nbformat.v4.new_code_cell("1 + 1", outputs=[output], execution_count=7)])
    made = notebook(page, SMALL, edition, resolve, (BOOK,))
    nbformat.validate(made)
    before, listing, twin, *pointer, last = made.cells
    assert before.source == "Before."
    assert listing.source.startswith("from typing import NamedTuple\nimport numpy as np\n\n\nclass DemoState")
    assert ("secret" in listing.source) == ("secret" in twin.source) == (edition == "full")
    assert ("NotImplementedError" in listing.source) == bool(pointer) == (edition == "student")
    assert (last.source, last.outputs, last.execution_count) == ("1 + 1", [], None)


def test_what_travels_to_a_student_has_no_exercise_s_body(monkeypatch):
    monkeypatch.setattr(solutions, "__path__", [*solutions.__path__, str(SMALL)])
    sources = ["from solutions.demo import exercises, pytorch, reference"]
    full = "".join(cell.source for cell in travel.cells(sources, (BOOK, ROOT), "full"))
    student = "".join(cell.source for cell in travel.cells(sources, (BOOK, ROOT), "student"))
    assert "secret" in full
    assert "autograder/student/values.py" in full       # what is imported relatively comes along
    assert "secret" not in student
    assert "Exercise(" not in student
    assert "demo_step is an exercise of the assignment demo" in student
    assert "ones_like" in student


def test_what_an_instructor_s_file_needs_does_not_travel_to_a_student():
    sources = ["from solutions.adaptive_optimizers import exercises, reference"]
    full, student = (travel.needed(sources, (ROOT,), edition) for edition in ("full", "student"))
    assert Path("solutions/common/cases.py") in full
    assert set(student) == {Path("solutions/__init__.py"), Path("solutions/adaptive_optimizers/__init__.py"),
                            Path("solutions/adaptive_optimizers/reference.py")}


def test_a_page_that_needs_nothing_of_the_course_carries_nothing():
    assert travel.cells(["import numpy as np", "%matplotlib inline"], (ROOT,), "full") == []


def test_results_travel_with_what_reads_them():
    reads = ["from chapters._ext.results import results", 'results("optimizers.json")']
    assert {Path("benchmarks/results/optimizers.json"), Path("chapters/_ext/results.py")} <= set(
        travel.needed(reads, (ROOT,)))
