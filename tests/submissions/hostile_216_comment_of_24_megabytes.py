"""A comment of 24 MB in the answer.

attacks: own
mode: notebook
earns: first=person rest=person
"""


def damage(notebook):

    cell = next(c for c in notebook.cells if "def halving_step" in c.source)
    cell.source += "\n# " + "x " * 12_000_000
