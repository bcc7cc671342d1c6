"""A wrong answer, whose cell is there twice, once retyped, with marks that are no marks.

attacks: 32
mode: notebook
earns: first=0 rest=full
"""

import copy

from nbformat.v4 import new_markdown_cell


def damage(notebook):
    index = next(i for i, cell in enumerate(notebook.cells) if "def halving_step" in cell.source)
    wrong = notebook.cells[index]
    wrong.source = "def halving_step(params, grads, state, *, lr=0.1):\n    return params, state"
    notebook.cells.insert(1, copy.deepcopy(wrong))
    notebook.cells.insert(1, new_markdown_cell(wrong.source, metadata=copy.deepcopy(wrong.metadata)))
    notebook.cells[0].metadata["nbgrader"] = ["odd"]
    notebook.cells[1].metadata["nbgrader"]["points"] = 1e9
    notebook.metadata["autograder"] = {"version": ""}
