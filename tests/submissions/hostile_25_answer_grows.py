"""Returns values that grow while they are read: endless iterators, lists that hold themselves, gigabytes.

attacks: 19
earns: first=0 rest=full
"""

import itertools


class Grows(list):
    def __iter__(self):
        return itertools.repeat(self)

    def __len__(self):
        return 1 << 40


calls = 0


def halving_step(params, grads, state, *, lr=0.1):
    global calls
    calls += 1
    itself = []
    itself.append(itself)
    many = {i: i for i in range(200_000)}
    return (Grows(), itself, itertools.count(), np.ones(30_000_000), many, "x" * 10_000_000)[calls % 6]
