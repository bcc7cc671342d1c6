"""Brings graded cells of its own, unlocks the assignment's, and writes scores into them.

attacks: 32
mode: notebook
earns: first=0 rest=full
"""

from nbformat.v4 import new_code_cell


def damage(notebook):
    for cell in notebook.cells:
        if "def halving_step" in cell.source:
            cell.source = "def halving_step(*_, **__):\n    return 1"
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade_id") == "check-halving_step":
            marks.update(locked=False, solution=True, points=1000)
            cell.source = "4"
    marks = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False, "points": 50}
    notebook.cells.append(new_code_cell("50", metadata={"nbgrader": {**marks, "grade_id": "check-extra"}}))
