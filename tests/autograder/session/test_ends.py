"""What a session leaves when it ends, by itself or with its template: nothing that runs."""

import os
import signal
import time

import pytest

from autograder.session import Cell, Limits, Template, watch

from .conftest import PLAIN_LAYERS, bounded


@pytest.fixture(params=["all layers", "as in a container"])
def own_template(request):
    """One that a test may kill."""
    layers = None if request.param == "all layers" else PLAIN_LAYERS
    with Template(torch=False, layers=layers) as template:
        yield bounded(template)


def gone(pids):
    """Whether these processes end, in time."""
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(alive, pids))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def test_a_template_that_is_killed_takes_its_sessions_along(own_template):
    with own_template.session(0, Limits(), {}, 30) as live:
        pids = [*watch.tree(live.pid), live.notebook]
        assert all(map(alive, pids))
        os.kill(own_template._process.pid, signal.SIGKILL)
        own_template._process.wait()
        assert gone(pids)


def test_what_a_cell_leaves_running_ends_with_the_session(own_template, run, text):
    daemon = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
os.wait()
print("left one")
"""
    assert text(run(own_template, daemon)[0]) == "left one\n"
    root = own_template._process.pid
    deadline = time.monotonic() + 5
    while watch.children(root) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert watch.children(root) == []


def test_the_cpu_time_of_a_process_that_died_counts(own_template):
    burn = "import os, time\nwhile time.process_time() < 0.6: pass\nos._exit(3)"
    played = own_template.play([Cell(burn)], [])
    assert played.cells[0].reason == "process died: exit code 3"
    assert played.cpu_seconds >= 0.5


def test_the_first_process_of_a_session_holds_nothing_of_it(numpy_template):
    with numpy_template.session(2, Limits(), {}, 30) as live:
        held = sorted(os.readlink(f"/proc/{live.pid}/fd/{number}") for number in os.listdir(f"/proc/{live.pid}/fd"))
        assert held[:2] == ["/dev/null"] * 2
        assert held[2].startswith("pipe:")
        assert len(held) == 3
