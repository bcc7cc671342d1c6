"""Attachments that are no pictures, or are pictures of gigapixels.

attacks: own
mode: notebook
earns: first=full rest=full
page: yes
"""

from nbformat.v4 import new_markdown_cell


def damage(notebook):

    png = "iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgAQAAAAA="
    for kind, data in (("image/png", png), ("image/svg+xml", "PHN2Zz48L3N2Zz4="), ("text/html", "PGI+"), ("image/png", "!")):
        cell = new_markdown_cell("![one](attachment:one)", attachments={"one": {kind: data}})
        notebook.cells.append(cell)
