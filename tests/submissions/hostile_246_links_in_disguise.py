"""Links to script and data behind control characters, entities, case and blanks.

attacks: own
earns: first=0 rest=full
never: text/html;base64
never: alert(31337)
"""

from IPython.display import HTML, Markdown

for before in ("", "\x01", " \t", "\x0b", "&#1;", "&Tab;", "\u2028", "\x00", "d&#97;"):
    for scheme in ("data:text/html;base64,QQ==", "DATA:text/html;base64,QQ==", "javascript:alert(31337)", "vbscript:alert(31337)"):
        scheme = scheme[1:] if before.startswith("d&") else scheme
        display(HTML(f'<a href="{before}{scheme}">x</a>'), Markdown(f'<a href="{before}{scheme}">x</a>'))


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
