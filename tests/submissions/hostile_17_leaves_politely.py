"""Calls exit, quit and sys.exit in the cell and in the function; they end nothing and are no answer.

attacks: 15
earns: first=0 rest=full
"""

import sys


def halving_step(params, grads, state, *, lr=0.1):
    sys.exit(0)


exit()
quit()
sys.exit(0)
