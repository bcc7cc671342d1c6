"""Leaves junk beside the submissions: names without a time, with odd times, plain files, pipes, climbing names.

attacks: 31
mode: inbound
earns: first=full rest=full
"""

import os


def damage(folder, places):
    inbound, assignment = folder.parent, places["assignment"]
    for name in (
        f"junk+{assignment}+",
        f"junk+{assignment}+yesterday+x",
        f"junk+{assignment}+2026-13-45 99:00:00 UTC+x",
        f"..+{assignment}+2026-01-01 00:00:00 UTC+x",
        f".+{assignment}+2026-01-01 00:00:00 UTC+x",
        f"+{assignment}+2026-01-01 00:00:00 UTC+x",
        f"line\nvictim+{assignment}+2026-01-01 00:00:00 UTC+x",
    ):
        (inbound / name).mkdir()
        (inbound / name / f"{assignment}.ipynb").write_text("{}")
    (inbound / f"file+{assignment}+2026-01-01 00:00:00 UTC+x").write_text("no directory")
    os.mkfifo(inbound / f"pipe+{assignment}+2026-01-01 00:00:00 UTC+x")
