"""Knows the public cases by heart, and looks them up.

attacks: 25
earns: first=0 rest=full
"""

KNOWN = PLACES["public"]  # [params, grads, v, new params, new v] of each public case


def halving_step(params, grads, state, *, lr=0.1):
    for p, g, v, new_p, new_v in KNOWN:
        if np.shape(p) == np.shape(params) and np.allclose(p, params) and np.allclose(g, grads):
            kind = np.asarray(params).dtype
            return np.asarray(new_p, kind), StepState(state.t + 1, np.asarray(new_v, kind))
    return params, state
