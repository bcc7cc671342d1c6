"""Takes the mark of the assignment's version out, or makes it something odd.

attacks: own (32)
mode: notebook
earns: first=full rest=full
"""


def damage(notebook):
    notebook.metadata["autograder"] = ["no", {"version": "here"}]
