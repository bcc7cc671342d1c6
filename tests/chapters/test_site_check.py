"""Each fault that would spoil the site is found."""
from __future__ import annotations

import nbformat
import pytest

from chapters._ext.site_check import faults

GOOD = '<html lang="en"><head><meta name="description" content="x"></head><body>{}</body></html>'


@pytest.mark.parametrize(("body", "fault"), [
    ('<img src="data:image/png;base64,x" alt="a picture">', None),
    ('<a href="https://example.org">a link</a>', None),
    ("<p>Price: $5 and <code>$$</code></p><pre>\\(x\\)</pre>", None),
    ('<svg aria-hidden="true"></svg>', None),
    ('<span aria-hidden="true"><b>x<br></b><svg></svg></span>', None),
    ('<span aria-hidden="true"><b>x<br></b></span><svg class="figure"></svg>', "without alternative text"),
    ('<img src="data:image/png;base64,x">', "without alternative text"),
    ('<svg class="figure"></svg>', "without alternative text"),
    ('<script src="https://example.org/x.js"></script>', "another host"),
    ('<link rel="stylesheet" href="//example.org/x.css">', "another host"),
    ("<p>$$ x $$</p>", "left as it was written"),
    ("<p>\\(x\\)</p>", "left as it was written"),
    ('<span class="katex-error" title="bad">x</span>', "KaTeX could not read"),
    ('<a href="missing.html#part">x</a>', "no file behind"),
    ('<script src="missing.js"></script>', "no file behind"),
])
def test_a_fault_of_a_page_is_found(tmp_path, body, fault):
    (tmp_path / "page.html").write_text(GOOD.format(body))
    found = faults(tmp_path)
    assert (found == []) if fault is None else (len(found) == 1 and fault in found[0])


def test_a_stylesheet_that_calls_another_host_is_found(tmp_path):
    (tmp_path / "x.css").write_text('@import "https://example.org/x.css"; p { background: url(//example.org/x.png) }')
    assert len(faults(tmp_path)) == 2


@pytest.mark.parametrize(("source", "found"), [
    ("See {eq}`a`.", True), ("(label)=\n# Title", True), ("```{note}\nx\n```", True), (":::{pencil} x\n:::", True),
    ("See (1.1).", False), ("`{eq}` is a role", False), ("```python\n{x}\n```", False), ("$$ {a}`b` $$ `c`", True),
])
def test_the_book_s_language_in_a_notebook_is_found(tmp_path, source, found):
    cells = [nbformat.v4.new_markdown_cell(source), nbformat.v4.new_code_cell("x = '{eq}`a`'")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "page.ipynb")
    assert len(faults(tmp_path)) == found


def test_a_line_of_a_listing_that_is_too_long_is_a_fault(tmp_path):
    def listing(line):
        return f'<div class="highlight-python"><div class="highlight"><pre><span>x</span> = 1\n{line}</pre></div></div>'
    body = listing("y" * 88) + listing("<b>z</b>" * 89) + "<pre>" + "a" * 200 + "</pre>"
    (tmp_path / "page.html").write_text(GOOD.format(body))
    assert faults(tmp_path) == ["page.html: over 88 columns: " + "z" * 89]
