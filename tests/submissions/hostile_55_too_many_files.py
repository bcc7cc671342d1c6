"""Hands in a directory tree deeper than a path may be long, and a file of a terabyte that takes no space.

attacks: own
mode: inbound
earns: first=full rest=full
"""

import os


def damage(folder, places):
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(300):
        os.mkdir("a" * 50)
        os.chdir("a" * 50)
    os.chdir(here)
    with open(folder / "sparse.bin", "wb") as file:
        file.truncate(250 << 20)
