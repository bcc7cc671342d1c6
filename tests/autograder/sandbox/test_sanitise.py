"""Outputs that an instructor opens in a browser do nothing there."""

from __future__ import annotations

import base64

import pytest

from autograder.cleaning.outputs import safe_bundle, safe_metadata, safe_text
from autograder.sandbox.host.outputs import Recorder

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe src='http://x'></iframe>",
        "<style>@import 'http://x'</style>",
        "<div style='background:url(http://x)'>x</div>",
        "<scr<script>ipt>alert(1)</script>",
        "<form action='http://x'><input></form>",
        "<meta http-equiv=refresh content='0;url=http://x'>",
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "text/markdown"])
def test_markup_that_runs_or_fetches_is_taken_out(html, kind):
    safe = str(safe_bundle({kind: html, "text/plain": "x"}).get(kind, "")).lower()
    for word in ("<script", "onerror", "javascript:", "<iframe", "@import", "style=", "<form", "<meta", "<svg", "<img"):
        assert word not in safe


def test_a_data_frames_table_stays():
    html = '<div><style scoped>th {x}</style><table class="dataframe"><tr><th>a</th></tr></table></div>'
    assert (
        safe_bundle({"text/html": html})["text/html"]
        == ('<div><table class="dataframe"><tbody><tr><th>a</th></tr></tbody></table></div>')
        or "<th>a</th>" in safe_bundle({"text/html": html})["text/html"]
    )


def test_an_svg_becomes_a_picture():
    safe = safe_bundle({"image/svg+xml": "<svg onload='alert(1)'><script>1</script></svg>"})
    assert set(safe) == {"text/html"}
    assert safe["text/html"].startswith('<img alt="figure" src="data:image/svg+xml;base64,')


@pytest.mark.parametrize("data", ['"><script>alert(1)</script>', "AAAA", "not base64!", PNG + "'>"])
def test_what_is_no_png_is_left_out(data):
    assert "image/png" not in safe_bundle({"image/png": data})


def test_a_png_stays():
    assert safe_bundle({"image/png": PNG + "\n"}) == {"image/png": PNG}


@pytest.mark.parametrize("kind", ["application/javascript", "application/vnd.bokehjs_exec.v0+json", "text/x-evil", 3])
def test_unknown_kinds_are_left_out(kind):
    assert safe_bundle({kind: "alert(1)"}) == {"text/plain": ""}


def test_metadata_are_sizes_and_backgrounds_only():
    metadata = {"image/png": {"width": 10, "height": '"><script>'}, "needs_background": "light", "isolated": True}
    assert safe_metadata(metadata) == {"image/png": {"width": 10}, "needs_background": "light"}


def test_halves_of_surrogate_pairs_can_be_written_to_a_file():
    assert safe_text("a\ud800\0b").encode() == b"a?b"


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"out": 1},
        {"out": "stream", "name": "x", "text": "y"},
        {"out": "result", "data": {}},
        {"out": "error", "ename": [], "evalue": 0, "traceback": None},
        {"out": "display"},
    ],
)
def test_what_is_no_output_is_passed_over(message):
    recorder = Recorder(1000)
    recorder.begin()
    recorder.take(message)
    assert recorder.cells == [[]]
