"""HTML of a student's: what is left of it is harmless, in proportion to what came, and what honest cells put out."""

import base64
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.cleaning.markup import MAX_DEPTH, clean_html
from autograder.cleaning.pictures import safe_data_uri, safe_picture, svg_is_small

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def data(picture, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}"


SMALL = data(PNG + struct.pack(">II", 1024, 768))


@pytest.mark.parametrize(
    "markup",
    [
        '<table class="dataframe"><tbody><tr><th scope="row">a</th></tr></tbody></table>',
        '<div class="highlight"><pre><span class="k">def</span></pre></div>',
        '<p>a <a href="https://example.org/x?y=z#w">link</a>, <a href="#here">here</a></p>',
        "<details><summary>more</summary>less</details>",
        f'<img src="{SMALL}" alt="a plot">',
    ],
)
def test_what_honest_cells_put_out_stays(markup):
    assert clean_html(markup) == markup


@pytest.mark.parametrize("class_", ["navbar navbar-fixed-top", "modal", "btn", "dataframe modal"])
@pytest.mark.parametrize("tag", ["div", "table", "span", "a", "p"])
def test_no_class_of_the_page_s_own_style_survives(tag, class_):
    cleaned = clean_html(f'<{tag} class="{class_}" id="x" style="position:fixed">x</{tag}>')
    assert not re.search("nav|modal|btn|style|id=", cleaned)


@pytest.mark.parametrize("before", ["", "\x01", " \t", "\x0b", "&#1;", "&Tab;", "&#x2028;", "\x7f", "\x85"])
@pytest.mark.parametrize("scheme", ["data:text/html,x", "DATA:text/html,x", "javascript:x", "vbscript:x", "file:///x"])
def test_no_link_runs_or_holds_a_page(before, scheme):
    assert "href" not in clean_html(f'<a href="{before}{scheme}">x</a>')


@pytest.mark.parametrize("size", [(60_000, 60_000), (1, 2**31), (2**32 - 1, 2**32 - 1)])
def test_a_picture_that_unpacks_to_gigabytes_is_its_text(size):
    picture = data(PNG + struct.pack(">II", *size))
    assert clean_html(f'<img src="{picture}" alt="a plot">') == "[picture: a plot]"


@pytest.mark.parametrize(
    ("kind", "picture"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 60_000, 60_000)),
        ("image/jpeg", b"\xff\xd8\xff\xc2\0\x11\x08" + struct.pack(">HH", 65_535, 65_535)),
        ("image/gif", b"GIF89a" + struct.pack("<HH", 60_000, 60_000)),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff\xff\x0f\xff\xff\x0f"),
        ("image/png", b"GIF89a" + bytes(20)),
        ("image/bmp", b"BM" + bytes(20)),
    ],
)
def test_no_other_kind_is_larger_or_is_not_what_it_claims(kind, picture):
    assert safe_picture(kind, base64.b64encode(picture).decode()) == ""
    assert safe_data_uri(data(picture, kind)) is None


NESTED = "".join(f'<g id="a{i + 1}">{f"<use href={chr(34)}#a{i}{chr(34)}/>" * 10}</g>' for i in range(9))


@pytest.mark.parametrize(
    "inside",
    [
        f'<circle id="a0" r="1"/>{NESTED}<use href="#a9"/>',
        '<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g>',
        '<g id="a"><use href="#a"/></g>',
        '<marker id="m"><path d="M0 0"/></marker><path marker-mid="url(#m)" d="M0 0"/>',
        '<pattern id="p"><rect fill="url(#p)"/></pattern><rect fill="url(#p)"/>',
        "<filter><feTurbulence/></filter>",
        "<foreignObject><p>x</p></foreignObject>",
        "<style>rect { fill: url(#p) }</style>",
        f'<image href="{data(PNG + struct.pack(">II", 60_000, 60_000))}"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        "<g>" * 200 + "</g>" * 200,
        "<g",
    ],
)
def test_a_drawing_that_multiplies_or_is_none_is_not_shown(inside):
    assert not svg_is_small(SVG.format(inside).encode())


def test_a_drawing_that_declares_entities_is_not_shown():
    assert not svg_is_small(b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>')


def test_a_drawing_as_plotting_libraries_write_it_is_shown():
    marks = '<defs><path id="m" d="M0 0"/></defs>' + '<use xlink:href="#m" x="1"/>' * 40_000
    head = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'
    clip = '<clipPath id="c"><rect/></clipPath><g clip-path="url(#c)"/><style>*{stroke-linejoin: round}</style>'
    assert svg_is_small((head + SVG.format(marks + clip)).encode())


@pytest.mark.parametrize(
    "markup",
    [
        "<b title=1>" * 5000 + "<p>" * 5000,
        "".join(f"<font color={i}><p>" for i in range(2000)),
        "".join(f"<a href=#{i}><p>" for i in range(3000)),
        "<div>" * 6000,
        "<i>" * 3000 + "</i>" * 3000,
        "<p>" * 30_000,
        "x" * 300_000,
    ],
)
def test_what_would_multiply_or_is_too_deep_is_refused(markup):
    assert clean_html(markup) is None


pieces = st.sampled_from(["<b>", "<i>", "<p>", "</p>", "</b>", "<a href=#x>", "<table>", "<tr>", "<td>", "<div>", "x"])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(pieces, max_size=60), st.integers(1, 60))
def test_what_comes_out_is_in_proportion_to_what_came(parts, times):
    markup = "".join(parts) * times
    cleaned = clean_html(markup)
    assert cleaned is None or len(cleaned) <= 4 * len(markup) + 1000
    if cleaned is not None:
        assert clean_html(cleaned) is not None or cleaned.count("<") > MAX_DEPTH
