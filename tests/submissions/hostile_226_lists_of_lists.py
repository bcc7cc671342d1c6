"""Answers of a hundred thousand empty lists, and of lists in lists as deep as they may be.

attacks: own
earns: first=0 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    deep = [0.0]
    for _ in range(12):
        deep = [deep, deep]
    return [[] for _ in range(40_000)], deep
