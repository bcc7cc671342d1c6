"""A bar over formgrader's navigation, by the class names of its style sheet, with a link elsewhere.

attacks: own
earns: first=0 rest=full
never: navbar
never: position
never: modal
"""

from IPython.display import HTML, Markdown

BAR = '<div class="navbar navbar-fixed-top" style="position:fixed" id="modal"><a href="https://example.org">Next</a></div>'
display(HTML(BAR), Markdown(BAR), HTML(f'<table class="dataframe modal"><tr><td class="modal">{BAR}</td></tr></table>'))


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
