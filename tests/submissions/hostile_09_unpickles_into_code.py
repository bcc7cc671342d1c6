"""Answers with something that runs code where it is unpickled or copied.

attacks: 9
earns: first=0 rest=full
"""

import os


class Bomb:
    def __reduce__(self):
        return os.system, (f"echo ran > {PLACES['outside']}/unpickled",)

    __reduce_ex__ = lambda self, _: self.__reduce__()
    __deepcopy__ = lambda self, _: open(f"{PLACES['outside']}/copied", "w")


def halving_step(*_, **__):
    return Bomb(), np.array([Bomb()], dtype=object)
