"""Returns float64 where float32 was given: one case of five.

attacks: 27
earns: first=3.2 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    params, v = np.asarray(params, np.float64), np.asarray(state.v, np.float64) / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
