"""Exceptions whose name, text and line are megabytes, in the cell and when asked.

attacks: own
earns: first=0 rest=full
"""


class Loud(Exception):
    def __str__(self):
        return "loud " * 2_000_000


Loud.__name__ = "L" * 10_000_000


def halving_step(params, grads, state, *, lr=0.1):
    raise Loud


raise Loud
