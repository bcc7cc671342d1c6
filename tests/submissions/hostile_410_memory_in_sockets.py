"""Keeps megabytes in the buffers of sockets that nobody reads, and lets go of them in time.

attacks: own
earns: first=full rest=full
"""

import socket

held = []
try:
    for _ in range(110):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        held.append((ours, theirs))
        try:
            while True:
                ours.send(bytes(4096))
        except BlockingIOError:
            pass
except OSError:
    pass
held.clear()


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
