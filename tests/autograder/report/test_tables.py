"""The figures in the README are those that were measured."""

from benchmarks import tables


def test_the_readme_shows_what_is_committed():
    text = tables.README.read_text()
    assert tables.in_readme(text, tables.read()) == text
    assert tables.comparison(tables.read()) in text
