"""Prints 20 MB on one line, and then for as long as it may, on both streams, the descriptors and as displays.

attacks: 21
mode: notebook
earns: first=full rest=full
slow: yes
"""

from nbformat.v4 import new_code_cell

FLOOD = """
import os, sys, time
print("x" * 20_000_000)
while time.process_time() < 30:
    print("flood " * 100)
    print("flood " * 100, file=sys.stderr)
    os.write(1, b"flood " * 1000)
    display("flood " * 100)
"""


def damage(notebook):
    notebook.cells.insert(2, new_code_cell(FLOOD))
