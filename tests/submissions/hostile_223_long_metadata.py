"""Metadata of a hundred kilobytes in each of 100 cells.

attacks: own
mode: notebook
earns: first=full rest=full
"""

from nbformat.v4 import new_markdown_cell


def damage(notebook):

    for number in range(100):
        notebook.cells.append(new_markdown_cell(str(number), metadata={"long": "x" * 100_000, "tags": [f"{i:1000}" for i in range(100)]}))
