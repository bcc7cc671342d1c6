"""Puts script into everything that an instructor opens in a browser.

attacks: own
earns: first=0 rest=full
never: <script>alert(31337)
never: onerror=alert(31337)
"""

from IPython.display import HTML, SVG, Javascript, Markdown

EVIL = "<script>alert(31337)</script><img src=x onerror=alert(31337)>"
display(HTML(EVIL), Markdown(EVIL), Javascript("alert(31337)"))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(31337)'>{EVIL}</svg>"))
display({"text/html": [EVIL], "application/vnd.evil+json": EVIL, "text/latex": "$$x$$"}, raw=True)


def halving_step(params, grads, state, *, lr=0.1):
    return EVIL, EVIL
