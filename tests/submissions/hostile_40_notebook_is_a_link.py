"""Hands in a link to the instructor's own notebook, with the solutions, as its notebook.

attacks: 30
mode: inbound
earns: first=person rest=person
"""


def damage(folder, places):
    (notebook,) = folder.glob("*.ipynb")
    notebook.unlink()
    notebook.symlink_to(f"{places['classroom']}/source/{notebook.stem}/{notebook.name}")
