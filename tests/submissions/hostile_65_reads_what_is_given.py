"""No attack: prints the file that comes with the assignment. It shows that the search for planted words finds them.

attacks: none
earns: first=full rest=full
reads: given
"""

print(open("given.txt").read())


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
