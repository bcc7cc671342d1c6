"""Answers of long strings full of markup and control characters, many of them.

attacks: own
earns: first=0 rest=full
page: yes
never: <script>alert(31337)
"""


def halving_step(params, grads, state, *, lr=0.1):
    return tuple(("<script>alert(31337)</script>\x1b[2J\u202e" * 200)[:9999] for _ in range(500))
