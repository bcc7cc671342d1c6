"""No attack: a bar of a million characters which each carriage return writes over.

attacks: fault
earns: first=full rest=full
shows: kept-31337
"""

import sys

for step in range(12_000):
    sys.stderr.write(f"\rstep {step:6} " + "#" * 100)
print("kept-31337 after the bar")


def halving_step(params, grads, state, *, lr=0.1):
    t = state.t + 1
    v = state.v / 2 + grads
    return params - lr * v, type(state)(t, v)
