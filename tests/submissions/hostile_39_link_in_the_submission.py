"""Hands in links to the instructor's files, to directories, and one to another submission's notebook.

attacks: 30
mode: inbound
earns: first=full rest=full
"""


def damage(folder, places):
    (folder / "loot.txt").symlink_to(places["beside"])
    (folder / "course").symlink_to(places["exercises"])
    (folder / "all").symlink_to("/etc")
    (folder / "nothing").symlink_to("/nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "other.ipynb").symlink_to(places["victim"])
