"""Answers 17 MB to every call.

attacks: 29
earns: first=0 rest=full
slow: yes
"""

import numpy as np


def halving_step(params, grads, state, *, lr=0.1):
    return np.zeros(17 << 17), state
