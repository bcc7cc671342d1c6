"""Hands in a time that is none, which lateness is reckoned from.

attacks: own
mode: submitted
earns: first=full rest=full
"""


def damage(folder, places):
    (folder / "timestamp.txt").write_bytes(b"\xff the day before yesterday")
