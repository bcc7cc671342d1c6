"""Half characters in saved outputs, attachments and the traceback of an error.

attacks: own
mode: notebook
earns: first=full rest=full
"""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output


def damage(notebook):

    outputs = [new_output("stream", text="\ud800"), new_output("display_data", {"text/html": "\ud800", "\ud800": "x"})]
    outputs.append(new_output("error", ename="\udfff", evalue="\udfff", traceback=["\udfff"]))
    notebook.cells.append(new_code_cell("1", outputs=outputs))
    notebook.cells.append(new_markdown_cell("![](attachment:\ud800)", attachments={"\ud800": {"image/png": "\ud800"}}))
