"""Fills many cells behind its answers with just less than a cell's seconds: the total is bounded too.

attacks: 18
mode: notebook
earns: first=full rest=full
slow: yes
"""

from nbformat.v4 import new_code_cell

BURN = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass"


def damage(notebook):
    notebook.cells += [new_code_cell(BURN) for _ in range(30)]
