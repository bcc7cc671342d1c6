"""Fills a registry by __init_subclass__ in a later cell, and answers right only once it is filled.

attacks: own
earns: first=0 rest=full
mode: notebook
"""


def damage(notebook):
    import nbformat

    place = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == "solution-halving_step")
    right = notebook.cells[place].source.replace("def halving_step", "def right_step")
    notebook.cells[place].source = (
        f"{right}\n\n\nclass Base:\n    known = []\n\n    def __init_subclass__(cls):\n        cls.__mro__[1].known.append(cls)\n\n\n"
        "def halving_step(*arguments, **keywords):\n    return right_step(*arguments, **keywords) if Base.known else None\n"
    )
    notebook.cells.append(nbformat.v4.new_code_cell("class Mend(Base):\n    pass"))
