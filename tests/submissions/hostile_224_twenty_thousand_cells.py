"""Twenty thousand cells.

attacks: own
mode: notebook
earns: first=person rest=person
"""

from nbformat.v4 import new_markdown_cell


def damage(notebook):

    notebook.cells += [new_markdown_cell(str(number)) for number in range(20_000)]
