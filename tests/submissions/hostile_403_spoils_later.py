"""A right answer that a class in a later cell spoils through `cls`: the check stands before it, and nothing is lost.

attacks: own
earns: first=full rest=full
mode: notebook
"""


def damage(notebook):
    import nbformat

    place = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == "solution-halving_step")
    right = notebook.cells[place].source.replace("def halving_step", "def right_step")
    notebook.cells[place].source = (
        f"{right}\n\n\nclass Base:\n    step = staticmethod(right_step)\n\n    def __init_subclass__(cls):\n        cls.__bases__[0].step = None\n\n\n"
        "def halving_step(*arguments, **keywords):\n    return Base.step(*arguments, **keywords)\n"
    )
    notebook.cells.append(nbformat.v4.new_code_cell("class Spoil(Base):\n    pass"))
