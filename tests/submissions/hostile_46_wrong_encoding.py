"""No attack: a right notebook, saved as UTF-16 by some editor.

attacks: 33
mode: file
earns: first=person rest=person
"""


def damage(path):
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
