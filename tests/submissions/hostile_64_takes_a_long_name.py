"""A right notebook, with the assignment's own notebook beside it under other names and in folders.

attacks: own
mode: inbound
earns: first=full rest=full
"""

import shutil


def damage(folder, places):
    (notebook,) = folder.glob("*.ipynb")
    for name in ("copy.ipynb", "Untitled.ipynb", "sub/" + notebook.name, ".ipynb_checkpoints/" + notebook.name):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(notebook, folder / name)
    shutil.copytree(folder / "sub", folder / (notebook.name + ".d"))
