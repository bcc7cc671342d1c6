"""Answers with half characters, as a value and as the keys of a dict.

attacks: own
earns: first=0 rest=full
"""


def halving_step(params, grads, state, *, lr=0.1):
    return {"\ud800": "\udfff"}, ["\ud83d"]
