"""Shows 300 displays of one name, then makes each of them 300 kB with one update.

attacks: own
earns: first=0 rest=full
"""

for _ in range(300):
    display({"text/plain": "x"}, raw=True, display_id="one")
for _ in range(3):
    display({"text/plain": "x" * 300_000}, raw=True, display_id="one", update=True)


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
