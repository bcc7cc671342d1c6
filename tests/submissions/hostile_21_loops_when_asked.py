"""Loops for ever when it is asked, and swallows every exception.

attacks: 17
earns: first=0 rest=full
slow: yes
"""

import time


def halving_step(params, grads, state, *, lr=0.1):
    while time.process_time() < 30:
        try:
            while time.process_time() < 30:
                pass
        except BaseException:
            pass
    return params, state
