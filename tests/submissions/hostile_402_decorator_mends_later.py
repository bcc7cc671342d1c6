"""A decorator in a later cell mends the wrong function that the check stands behind.

attacks: own
earns: first=0 rest=full
mode: notebook
"""


def damage(notebook):
    import nbformat

    place = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == "solution-halving_step")
    right = notebook.cells[place].source.replace("def halving_step", "def right_step")
    notebook.cells[place].source = (
        f"{right}\n\n\ndef halving_step(params, grads, state, **keywords):\n    return params, state\n\n\n"
        "def mend(function):\n    halving_step.__code__ = (lambda *a, **k: right_step(*a, **k)).__code__\n    return function\n"
    )
    notebook.cells.append(nbformat.v4.new_code_cell("@mend\ndef nothing():\n    pass"))
