"""Forks until it is refused, and leaves daemons and threads behind. (Each ends by itself after a while.)

attacks: 20
earns: first=0 rest=full
"""

import os
import subprocess
import sys
import threading
import time


def halving_step(params, grads, state, *, lr=0.1):
    return params, state


sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(40)  # hostile-leftover"]
try:
    for _ in range(3):
        subprocess.Popen(sleeper, start_new_session=True)
    for _ in range(10):
        threading.Thread(target=time.sleep, args=(40,), daemon=True).start()
    for _ in range(150):
        if os.fork() == 0:
            os.setsid()
            time.sleep(40)
            os._exit(0)
except (OSError, RuntimeError) as error:
    print("refused:", error)
os._exit(0)
