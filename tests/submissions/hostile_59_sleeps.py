"""Sleeps when it is asked, which takes no CPU time: the wall clock stops it, and a person looks.

attacks: own (17)
earns: first=person rest=full
"""

import time


def halving_step(params, grads, state, *, lr=0.1):
    time.sleep(30)
