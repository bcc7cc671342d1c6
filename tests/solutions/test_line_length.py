"""The book lists these files: a page's width holds 88 columns."""
from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTED = [path for name in ("reference", "pytorch", "exercises")
          for path in sorted(ROOT.glob(f"solutions/*/{name}.py"))]


@pytest.mark.parametrize("path", LISTED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_line_is_wider_than_a_page(path):
    lines = path.read_text("utf-8").split("\n")
    assert [(number, line) for number, line in enumerate(lines, 1) if len(line) > 88] == []
