"""Hands in a named pipe in place of its notebook: whoever opens it waits for ever.

attacks: own
mode: submitted
earns: first=person rest=person
"""

import os


def damage(folder, places):
    (notebook,) = folder.glob("*.ipynb")
    notebook.unlink()
    os.mkfifo(notebook)
    os.mkfifo(folder / "data.csv")
