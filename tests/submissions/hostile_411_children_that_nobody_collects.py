"""Burns its time in children that the kernel collects for it, so that no parent has their seconds.

attacks: own
earns: first=full rest=full
"""

import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        while time.process_time() < 0.2:
            pass
        os._exit(0)
time.sleep(0.3)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
