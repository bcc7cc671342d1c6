"""Works in place on what it is given, and returns that.

attacks: 26
earns: first=3.2 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v
    v /= 2
    v += grads
    params -= lr * v
    return params, StepState(state.t + 1, v)
