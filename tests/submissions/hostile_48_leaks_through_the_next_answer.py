"""Hands its hidden cases on to the next exercise, whose public case the feedback spells out.

attacks: own (13)
mode: notebook
earns: first=0 rest=0
"""

FIRST = """
import os, tempfile
PLACE = os.path.join(tempfile.gettempdir(), "loot")
calls = 0
def halving_step(params, grads, state, *, lr=0.1):
    global calls
    calls += 1
    if calls > 8:       # the public cases, each asked twice
        with open(PLACE, "a") as file:
            file.write(" ".join(map(repr, np.ravel(params).tolist())) + " ")
    return params, state
"""
SECOND = """
def {name}(*_, **__):
    return open(PLACE).read()[-150:] if os.path.exists(PLACE) else "nothing yet"
"""


def damage(notebook):
    for cell in notebook.cells:
        for name in ("running_mean", "log_sum_exp"):
            if f"def {name}" in cell.source and cell.metadata.nbgrader.solution:
                cell.source = SECOND.format(name=name)
        if "def halving_step" in cell.source:
            cell.source = FIRST
