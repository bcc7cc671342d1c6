"""Half characters in the notebook's metadata, the kernel's name, a cell's keys, tags and id.

attacks: own
mode: notebook
earns: first=full rest=full
"""


def damage(notebook):

    notebook.metadata["\ud800"] = {"\ud801": ["\ud802"]}
    notebook.metadata.kernelspec = {"name": "python3\ud800", "display_name": "\ud83d"}
    for number, cell in enumerate(notebook.cells):
        cell.metadata["\udc00"] = cell.metadata["tags"] = ["\udc01"]
        cell["id"] = f"{number}\udc02"
