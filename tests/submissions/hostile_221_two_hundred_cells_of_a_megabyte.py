"""Two hundred cells that print a megabyte each.

attacks: own
mode: notebook
earns: first=full rest=full
page: yes
slow: yes
"""

from nbformat.v4 import new_code_cell


def damage(notebook):

    notebook.cells += [new_code_cell("for _ in range(1000): print('x' * 999)") for _ in range(200)]
