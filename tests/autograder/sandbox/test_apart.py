"""Sessions that run side by side do not see each other, and what they hold outside every account is bounded."""

from __future__ import annotations

import threading

import pytest

from autograder.sandbox import Cell, Limits
from autograder.sandbox.shared.processes import TICK, Clocks

NAME = "\\0one-name-for-all"


def side_by_side(fork_server, first, second):
    """What the second session says while the first one waits, having run its cell."""
    said = {}

    def one():
        with fork_server.session(0, Limits(), {}, 30) as live:
            live.data.send({"cell": first, "number": 1})
            live.talk(live.data, lambda message: message.get("done") == 1, _clock(), 1 << 20)
            said["second"] = fork_server.play([Cell(second)], []).cells[0]

    thread = threading.Thread(target=one)
    thread.start()
    thread.join(60)
    return said["second"]


def _clock():
    from autograder.sandbox.host.endings import Clock

    return Clock(20, 60)


def test_an_abstract_name_is_taken_in_one_session_alone(numpy_template, text):
    bind = f"import socket\nheld = socket.socket(socket.AF_UNIX)\nheld.bind('{NAME}')\nprint('bound')"
    assert text(side_by_side(numpy_template, bind, bind)) == "bound\n"


def test_the_sockets_of_another_session_are_not_listed(numpy_template, text):
    bind = f"import socket\nheld = socket.socket(socket.AF_UNIX)\nheld.bind('{NAME}')"
    look = "print('one-name' in open('/proc/net/unix').read())"
    assert text(side_by_side(numpy_template, bind, look)) == "False\n"


def test_in_a_container_no_name_can_be_bound(container_template, run, text):
    (result,) = run(container_template, f"import socket\nsocket.socket(socket.AF_UNIX).bind('{NAME}')")
    assert "Operation not permitted" in text(result)


SHARED = "import fcntl, os, struct, numpy\nfile = open(numpy.__file__)\nlock = struct.pack('hhqqi4x', {}, 0, 0, 0, 0)\n"
WAYS_TO_SEE = {
    "flock": SHARED.format(0) + "fcntl.flock(file, fcntl.LOCK_SH)",
    "whose lock is it": SHARED.format(1) + "print(fcntl.fcntl(file, fcntl.F_GETLK, lock))",
    "a lock of an open file": SHARED.format(0) + "fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)",
    "whose open file's lock is it": SHARED.format(1) + "fcntl.fcntl(file, fcntl.F_OFD_GETLK, lock)",
    "a lease": SHARED.format(0) + "fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "notes on a folder": SHARED.format(0)
    + "fcntl.fcntl(os.open(os.path.dirname(numpy.__file__), os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_ACCESS)",
    "inotify": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.inotify_init() < 0: raise OSError(ctypes.get_errno(), 'inotify')",
}


@pytest.mark.parametrize("source", WAYS_TO_SEE.values(), ids=WAYS_TO_SEE)
def test_a_file_that_all_read_tells_nothing_of_who_does(fork_server, run, source):
    (result,) = run(fork_server, source)
    assert result.outputs[-1]["ename"] in ("OSError", "PermissionError")


def test_a_database_in_the_scratch_can_be_locked(fork_server, run, text):
    source = "import sqlite3\nbook = sqlite3.connect('book.db')\nbook.execute('create table t (x)')\n"
    source += (
        "book.execute('insert into t values (3)')\nbook.commit()\nprint(book.execute('select x from t').fetchall())"
    )
    assert text(run(fork_server, source)[0]) == "[(3,)]\n"


UNCOUNTED = {
    "mmap without a file": "import mmap\nmmap.mmap(-1, 1 << 20)",
    "the device of zeros": "import mmap\nmmap.mmap(open('/dev/zero', 'r+b').fileno(), 1 << 20)",
    "a file in memory": "import os\nos.memfd_create('x')",
    "hidden from /proc": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.prctl(4, 0): raise OSError(ctypes.get_errno(), 'prctl')",
    "hidden from /proc, the long way": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.syscall(157, ctypes.c_long(4 | 1 << 32), 0): raise OSError(ctypes.get_errno(), 'prctl')",
}


@pytest.mark.parametrize("source", UNCOUNTED.values(), ids=UNCOUNTED)
def test_memory_that_is_in_nobody_s_account_is_refused(fork_server, run, source):
    (result,) = run(fork_server, source)
    assert result.outputs[-1]["ename"] in ("OSError", "PermissionError", "FileNotFoundError")


def test_what_forked_children_hold_is_in_the_record(fork_server):
    source = "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        held = b'x' * (60 << 20)\n"
    source += "        time.sleep(1.5)\n        os._exit(0)\ntime.sleep(1)"
    played = fork_server.play([Cell(source)], [], Limits(memory_mib=512))
    assert played.peak_mib >= 150


def test_sockets_are_bounded(fork_server, run):
    source = "import os, socket, time\nheld = []\nfor _ in range(6):\n    if os.fork() == 0:\n"
    source += "        held = [socket.socketpair() for _ in range(60)]\n        time.sleep(20)\ntime.sleep(5)"
    (result,) = run(fork_server, source)
    assert result.reason == "more than 256 sockets"


LOST = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range({count}):
    if os.fork() == 0:
        while time.process_time() < {seconds}: pass
        os._exit(0)
    time.sleep({pause})
    while True:
        try: os.wait()
        except ChildProcessError: break
"""


def test_the_time_of_children_that_nobody_collects_counts(fork_server):
    played = fork_server.play([Cell(LOST.format(count=3, seconds=0.6, pause=0))], [])
    assert played.cpu_seconds >= 1.2


def test_children_that_nobody_collects_are_stopped_by_the_limit(fork_server, run):
    (result,) = run(fork_server, LOST.format(count=50, seconds=0.4, pause=0), cell_seconds=1.5, wall_factor=20)
    assert result.reason == "timeout after 1.5 s"


@pytest.mark.parametrize(
    ("looks", "total"),
    [
        ([{1: (5, 0), 2: (30, 0)}, {1: (6, 0)}], 36),  # nobody waited for 2
        ([{1: (5, 0), 2: (30, 0)}, {1: (6, 31)}], 37),  # 1 did
        ([{1: (5, 0), 2: (30, 9)}, {1: (6, 40)}], 46),  # 1 did, and 2 had children
        ([{1: (5, 0), 2: (30, 0), 3: (20, 0)}, {1: (5, 21)}], 56 - 1),  # 1 waited for one of two
        ([{1: (5, 0)}, {1: (5, 0), 2: (7, 0)}, {1: (5, 0)}, {1: (6, 0)}], 13),
    ],
)
def test_what_was_seen_once_stays_counted(looks, total):
    clocks = Clocks()
    found = [clocks.total({(pid, 0): ticks for pid, ticks in look.items()}) for look in looks][-1]
    assert round(found * TICK) == total
