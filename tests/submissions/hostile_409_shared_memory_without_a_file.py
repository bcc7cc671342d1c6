"""Fills memory that its forked children share and no process is charged for; it is refused, and the answer counts.

attacks: own
earns: first=full rest=full
"""

import mmap
import os

held = []
for place in (-1, "/dev/zero"):
    try:
        held.append(mmap.mmap(place if place == -1 else os.open(place, os.O_RDWR), 1 << 28))
        held[-1][:] = b"x" * (1 << 28)
    except (OSError, ValueError, MemoryError):
        pass


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
