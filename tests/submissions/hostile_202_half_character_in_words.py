"""Half characters in the prose, in a cell of one's own and in a raw one.

attacks: fault
mode: notebook
earns: first=full rest=full
"""

from nbformat.v4 import new_markdown_cell, new_raw_cell


def damage(notebook):

    notebook.cells[0].source += "\udc00"
    notebook.cells.append(new_markdown_cell("I think \ud83d so"))
    notebook.cells.append(new_raw_cell("\udfff"))
