"""Marks by which nbconvert and JupyterLab would hide the cell from whoever marks it.

attacks: own
mode: notebook
earns: first=full rest=full
page: yes
shows: <span class="k">def</span>
"""


def damage(notebook):

    for cell in notebook.cells:
        cell.metadata["transient"] = {"remove_source": True}
        cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        cell.metadata["tags"] = ["remove_cell", "hide-input", "remove-output", "remove_input"]
        cell.metadata["hide_input"] = cell.metadata["collapsed"] = True
    notebook.metadata["hide_input"] = True
