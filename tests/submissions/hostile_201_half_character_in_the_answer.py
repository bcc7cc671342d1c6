"""Half of an emoji in a comment of the answer, as a cut in an editor leaves it: an honest student can have it.

attacks: fault
mode: notebook
earns: first=full rest=full
"""


def damage(notebook):

    cell = next(c for c in notebook.cells if "def halving_step" in c.source)
    cell.source += "\n# done \ud83d"
