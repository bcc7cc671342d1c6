"""No attack: a plot of 20 MB in the saved notebook, and one that is drawn again.

attacks: fault
mode: notebook
earns: first=full rest=full
"""

import base64

from nbformat.v4 import new_code_cell, new_output

PLOT = """
import os
from IPython.display import Image, display
display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + os.urandom(15_000_000), format="png"))
print("and on it goes")
"""


def damage(notebook):
    data = {"image/png": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(15_000_000)).decode()}
    notebook.cells.append(new_code_cell(PLOT, outputs=[new_output("display_data", data)]))
