"""Prints 20 MB on one line, and then for as long as it may, on both streams and on the descriptors.

attacks: 21
earns: first=full rest=full
slow: yes
"""

import os
import sys
import time


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


print("x" * 20_000_000)
while time.process_time() < 30:
    print("flood " * 100)
    print("flood " * 100, file=sys.stderr)
    os.write(1, b"flood " * 1000)
    display("flood " * 100)
