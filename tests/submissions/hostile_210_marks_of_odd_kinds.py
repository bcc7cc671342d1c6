"""Marks that are lists, numbers, half characters, and of a schema of tomorrow.

attacks: own
mode: notebook
earns: first=full rest=full
"""

from nbformat.v4 import new_code_cell


def damage(notebook):

    odd = [[], 3, "\ud800", {"grade_id": ["x"], "grade": True}, {"grade_id": "\ud800", "schema_version": 10**9, "points": "\ud800"}]
    for marks in odd:
        cell = new_code_cell("1")
        cell.metadata["nbgrader"] = marks
        notebook.cells.append(cell)
