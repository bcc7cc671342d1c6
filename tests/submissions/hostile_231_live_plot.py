"""No attack: a plot that is drawn 150 times over while it learns; the last frame and what follows stay.

attacks: fault
earns: first=full rest=full
shows: kept-31337
"""

import base64
import os

from IPython.display import clear_output

HEAD = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000400000004000802000000")
for step in range(150):
    frame = base64.b64encode(HEAD + os.urandom(45_000)).decode()
    display({"image/png": frame, "text/plain": f"frame {step}"}, raw=True)
    clear_output(wait=True)
print("kept-31337 after the plot")


def halving_step(params, grads, state, *, lr=0.1):
    t = state.t + 1
    v = state.v / 2 + grads
    return params - lr * v, type(state)(t, v)
