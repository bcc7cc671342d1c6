"""No attack: a scatter plot of 1.3 MB, as a fine screen has it.

attacks: fault
earns: first=full rest=full
shows: kept-31337
"""

import os

display({"image/png": __import__("base64").b64encode(bytes.fromhex("89504e470d0a1a0a0000000d49484452000004000000040008020000000000") + os.urandom(1_300_000)).decode(), "text/plain": "kept-31337"}, raw=True)


def halving_step(params, grads, state, *, lr=0.1):
    t = state.t + 1
    v = state.v / 2 + grads
    return params - lr * v, type(state)(t, v)
