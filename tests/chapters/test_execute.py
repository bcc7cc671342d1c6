"""The pages' cells are run before Jupyter Book, several pages at once."""
from __future__ import annotations

import shutil
from pathlib import Path

from jupyter_cache import get_cache

from chapters._ext.execute import execute, notebooks

ROOT = Path(__file__).parents[2]


def test_every_page_of_the_book_that_has_cells_is_found():
    found = {page.relative_to(ROOT).as_posix() for page in notebooks(ROOT)}
    assert found == {path.relative_to(ROOT).as_posix() for path in (ROOT / "chapters").glob("*.md")
                     if "\nkernelspec:" in path.read_text("utf-8")}


def test_what_the_cells_put_out_is_kept_for_jupyter_book(small_book, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{small_book}:{ROOT}")
    execute(small_book, tmp_path / "cache")
    record, = get_cache(tmp_path / "cache").list_cache_records()
    assert record.uri == str(small_book / "chapters" / "demo.md")
    kept = get_cache(tmp_path / "cache").get_cache_bundle(record.pk).nb
    assert any(cell.get("outputs") for cell in kept.cells)


def test_a_page_whose_outputs_are_there_is_not_run_again(small_book, tmp_path, monkeypatch):
    """The other edition of a book takes them."""
    monkeypatch.setenv("PYTHONPATH", f"{small_book}:{ROOT}")
    execute(small_book, tmp_path / "cache")
    before, = get_cache(tmp_path / "cache").list_cache_records()
    shutil.copytree(tmp_path / "cache", tmp_path / "other")
    shutil.rmtree(small_book / "solutions")             # its cells could not be run now
    execute(small_book, tmp_path / "other")
    after, = get_cache(tmp_path / "other").list_cache_records()
    assert (after.created, after.hashkey) == (before.created, before.hashkey)
