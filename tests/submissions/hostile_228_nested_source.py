"""A cell of 200 kB of brackets, one of a single line of 100,000 operators, one of 50,000 lines.

attacks: own
mode: notebook
earns: first=full rest=full
page: yes
slow: yes
"""

from nbformat.v4 import new_code_cell


def damage(notebook):

    for source in ("(" * 100_000 + ")" * 100_000, "1" + "+1" * 50_000, "x = 1\n" * 50_000):
        notebook.cells.append(new_code_cell(source))
