"""Metadata of numbers that JSON does not have, of 400 digits, and of a name twice.

attacks: own
mode: file
earns: first=full rest=full
"""


def damage(path):
    text = path.read_text(encoding="utf-8")
    odd = f'"odd": [NaN, Infinity, -Infinity, 1e999, {"9" * 400}], "odd": {{}}, '
    path.write_text(text.replace('"metadata": {', '"metadata": {' + odd))
