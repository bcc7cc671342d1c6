"""Half characters in all that a session can say: streams, displays, an exception's name, text and line, an answer.

attacks: own
earns: first=0 rest=full
"""

import sys

from IPython.display import HTML, Markdown

print("\ud800", file=sys.stderr)
print("\ud800")
display({"text/plain": "\udc00", "\udc01": "\udc02", "text/html": "\udc03"}, raw=True, metadata={"\udc04": "\udc05"})
display(HTML("\ud800"), Markdown("\udfff"))


def halving_step(params, grads, state, *, lr=0.1):
    raise type("\ud800", (Exception,), {})("\udfff")
