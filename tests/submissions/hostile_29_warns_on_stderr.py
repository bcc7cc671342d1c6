"""No attack: a right answer that warns and logs on stderr. It must cost nothing.

attacks: 23
earns: first=full rest=full
"""

import logging
import sys
import warnings


def halving_step(params, grads, state, *, lr=0.1):
    warnings.warn("this will be removed in a later version", DeprecationWarning, stacklevel=2)
    print("lr is", lr, file=sys.stderr)
    np.float64(1) / np.float64(0)
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


warnings.warn("careful", stacklevel=1)
logging.getLogger().warning("careful")
print("careful", file=sys.stderr)
