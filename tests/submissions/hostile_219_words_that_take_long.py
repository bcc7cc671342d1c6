"""Words of 80 kB which a reader of Markdown goes through again and again.

attacks: own
mode: notebook
earns: first=full rest=full
page: yes
"""

from nbformat.v4 import new_markdown_cell


def damage(notebook):

    for piece in (r"\begin{a}", "[", "![", "*a ", "`", "<", "$a ", "> ", "~~", "<!--", "[a]: <", "|a|\n|-|\n"):
        notebook.cells.append(new_markdown_cell(piece * (80_000 // len(piece))))
