"""No attack: one display that is updated 400 times with 30 kB.

attacks: fault
earns: first=full rest=full
shows: kept-31337
"""

handle = display({"text/plain": "."}, raw=True, display_id="live")
for step in range(400):
    display({"text/plain": "x" * 30_000}, raw=True, display_id="live", update=True)
print("kept-31337 after the updates")


def halving_step(params, grads, state, *, lr=0.1):
    t = state.t + 1
    v = state.v / 2 + grads
    return params - lr * v, type(state)(t, v)
