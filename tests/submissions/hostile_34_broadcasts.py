"""Returns right values in a shape that only broadcasts to the one that is asked for.

attacks: 27
earns: first=0 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    v = (state.v / 2 + grads)[None]
    return params - lr * v, StepState(state.t + 1, v)
