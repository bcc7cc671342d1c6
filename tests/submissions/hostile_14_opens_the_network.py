"""Connects to a listener on this machine, sends a datagram, and asks pip for a package there.

attacks: 14
earns: first=full rest=full
"""

import socket
import subprocess
import sys

here = ("127.0.0.1", PLACES["port"])
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for family, address in ((socket.AF_INET, here), (socket.AF_INET6, ("::1", here[1]))):
        try:
            with socket.socket(family, kind) as sock:
                sock.settimeout(0.2)
                sock.connect(address)
                sock.send(b"REACHED")
        except OSError as error:
            print(error)
index = f"--index-url=http://127.0.0.1:{here[1]}/"
pip = [
    sys.executable,
    "-S",
    "-c",
    f"import socket; socket.create_connection({here!r}, 0.2).send(b'REACHED')  # {index}",
]
print(subprocess.run(pip, capture_output=True, check=False).returncode)


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
