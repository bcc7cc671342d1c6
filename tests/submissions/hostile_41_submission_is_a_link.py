"""The whole submission is a link to another student's.

attacks: 30
mode: inbound
earns: nothing
"""

import shutil


def damage(folder, places):
    shutil.rmtree(folder)
    folder.symlink_to(places["victims_inbound"])
