"""Hands in files whose names are no UTF-8, hold line ends and control characters, or are very deep.

attacks: own
mode: submitted
earns: first=full rest=full
"""

import os


def damage(folder, places):
    for name in (b"\xff\xfe.csv", b"line\nvictim: grade: 100", b"\x1b[2Jclear", "☃ x.csv".encode(), b"a" * 250):
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write("1\n")
    (folder / "x\nvictim: submission: 100").symlink_to("/etc/hostname")
    deep = folder
    for _ in range(60):
        deep = deep / "deep"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
