"""The same in front of its answers: what comes after the total is used up is not run.

attacks: 18
mode: notebook
earns: first=0 rest=0
slow: yes
"""

from nbformat.v4 import new_code_cell

BURN = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass"


def damage(notebook):
    notebook.cells[1:1] = [new_code_cell(BURN) for _ in range(30)]
