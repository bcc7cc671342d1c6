"""Reads address 0 after its right answer: the cell is lost with the process, the others are not.

attacks: 15
earns: first=0 rest=full
"""

import ctypes


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


ctypes.string_at(0)
