"""Fills its scratch, /tmp and /dev/shm, makes files without number, and opens every descriptor.

attacks: 22
earns: first=full rest=full
"""

import os


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)


held = []
for place in (".", "/tmp", "/dev/shm", "/var/tmp", PLACES["outside"]):
    try:
        for i in range(20):
            with open(f"{place}/fill-{i}", "wb") as file:
                for _ in range(20):
                    file.write(bytes(1 << 20))
    except OSError as error:
        print(error.strerror)
try:
    for i in range(30_000):
        os.mkdir(f"d{i}")
except OSError as error:
    print(error.strerror)
try:
    while len(held) < 5000:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print(error.strerror)
