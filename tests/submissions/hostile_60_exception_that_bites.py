"""Raises exceptions whose text, name and context do harm when somebody reads them.

attacks: own
earns: first=0 rest=full
"""

import os
import sys


class Bites(BaseException):
    def __str__(self):
        os._exit(0)

    __repr__ = __str__
    __class__ = property(lambda self: int)


class Long(Exception):
    def __str__(self):
        return "x" * 50_000_000


calls = 0


def halving_step(params, grads, state, *, lr=0.1):
    global calls
    calls += 1
    sys.setrecursionlimit(10**6)
    if calls % 3 == 0:
        return halving_step(params, grads, state)
    raise Bites if calls % 3 == 1 else Long
