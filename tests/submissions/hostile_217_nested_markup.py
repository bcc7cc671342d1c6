"""Markup that is nested six thousand deep, closed and not closed, in each kind of cell.

attacks: own
earns: first=0 rest=full
page: yes
"""

from IPython.display import HTML, Markdown

for tag in ("div", "b", "blockquote", "i", "table", "ul"):
    display(HTML(f"<{tag}>" * 6000), HTML(f"<{tag}>" * 3000 + f"</{tag}>" * 3000), Markdown(f"<{tag}>" * 3000))


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
