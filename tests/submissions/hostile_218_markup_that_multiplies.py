"""Elements that are never closed, which every paragraph after them opens again: 33 kB that become 10 MB.

attacks: own
earns: first=0 rest=full
page: yes
"""

from IPython.display import HTML

for tag in ("b", "font", "a", "code"):
    display(HTML("".join(f"<{tag} title={i} href=#{i}><p>" for i in range(1500))))
    display(HTML("".join(f"<{tag} class=c{i}>" for i in range(1000)) + "<p>" * 4000))


def halving_step(params, grads, state, *, lr=0.1):
    return params, state
