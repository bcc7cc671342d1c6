"""No attack: a right notebook that was saved with another kernel's name.

attacks: 33
mode: notebook
earns: first=full rest=full
"""


def damage(notebook):
    notebook.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
