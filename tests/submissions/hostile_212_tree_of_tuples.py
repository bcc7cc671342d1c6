"""Answers a tree that is six wide and six deep, which the words on it would spell out.

attacks: own
earns: first=0 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    tree = (0.125,) * 6
    for _ in range(5):
        tree = (tree,) * 6
    return tree
