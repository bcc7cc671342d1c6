"""Hands in named pipes and a socket's file beside a right notebook.

attacks: own
mode: inbound
earns: first=full rest=full
"""

import os
import socket


def damage(folder, places):
    os.mkfifo(folder / "data.csv")
    os.mkfifo(folder / "timestamp.csv")
    here = os.getcwd()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("s")
    os.chdir(here)
