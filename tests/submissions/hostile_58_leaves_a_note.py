"""Leaves notes for the next submission wherever it can, and looks for those of an earlier one. (It comes twice.)

attacks: own
copies: 2
earns: first=full rest=full
never: FOUND-A-NOTE
"""

import glob
import os
import site
import subprocess
import sys

PLACES_TO_TRY = [
    ".", "/tmp", "/dev/shm", "/var/tmp", "/scratch", os.path.expanduser("~"), os.path.dirname(np.__file__),
    site.getusersitepackages(), os.path.expanduser("~/.ipython/profile_default/startup"), "/run", "/etc",
]  # fmt: skip
for place in PLACES_TO_TRY:
    if glob.glob(glob.escape(place) + "/note-for-*"):
        print("FOUND-A-NOTE", place)
for place in PLACES_TO_TRY:
    try:
        os.makedirs(place, exist_ok=True)
        open(f"{place}/note-for-{os.getpid()}", "w").close()
    except OSError:
        pass
print("FOUND-A-NOTE" if hasattr(np, "note") or "note" in os.environ else "none")
np.note = os.environ["note"] = "x"
shared = subprocess.run(["ipcs", "-a"], capture_output=True, text=True, check=False).stdout
print("FOUND-A-NOTE" if "0x00007a69" in shared else "none", sys.getrefcount(None) > 0)
subprocess.run(["ipcmk", "-M", "4096"], capture_output=True, check=False)


def halving_step(params, grads, state, *, lr=0.1):
    v = state.v / 2 + grads
    return params - lr * v, StepState(state.t + 1, v)
