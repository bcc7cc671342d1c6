"""Loops for ever in its cell and swallows every interrupt.

attacks: 17
earns: first=0 rest=full
slow: yes
"""

import signal
import time


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
while time.process_time() < 30:
    try:
        while time.process_time() < 30:
            pass
    except BaseException:
        pass
