"""What a session leaves when it ends, by itself or with its fork server: nothing that runs. And who ends it."""

import os
import signal
import time

import pytest

from autograder.sandbox import Cell, ForkServer, Limits, Question, Snapshot
from autograder.sandbox.shared import processes

from .conftest import PLAIN_LAYERS, bounded

IN_TWO_STEPS = "from autograder.sandbox.guest import namespaces as world\nworld._own_pids = lambda: None\n"


@pytest.fixture(params=["all layers", "in two steps", "as in a container"])
def own_template(request, before_boot):
    """One that a test may kill; also as a plain user has it, whose sessions take one fork more."""
    if request.param == "in two steps":
        before_boot(IN_TWO_STEPS)
    layers = PLAIN_LAYERS if request.param == "as in a container" else None
    with ForkServer(torch=False, layers=layers) as fork_server:
        if request.param == "in two steps" and not fork_server._two_steps:
            pytest.skip("this machine allows no namespaces")
        yield bounded(fork_server)


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
        pids = [*processes.tree(live.pid), live.notebook]
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
    while processes.children(root) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes.children(root) == []


def test_the_cpu_time_of_a_process_that_died_counts(own_template):
    burn = "import os, time\nwhile time.process_time() < 0.6: pass\nos._exit(3)"
    played = own_template.play([Cell(burn)], [])
    assert played.cells[0].reason == "process died: exit code 3"
    assert played.cpu_seconds >= 0.5


def test_the_supervisor_of_a_session_holds_its_streams_and_one_channel(numpy_template):
    with numpy_template.session(2, Limits(), {}, 30) as live:
        supervisor = live._supervisor
        held = sorted(os.readlink(f"/proc/{supervisor}/fd/{number}") for number in os.listdir(f"/proc/{supervisor}/fd"))
    assert [name.partition(":")[0].partition(" ")[0] for name in held] == [
        "/dev/null",
        "/memfd",
        "/memfd",
        "socket",
    ]


def test_orphans_that_have_ended_take_no_place(own_template, run, text):
    fork = """
import os
for n in range(150):
    pid = os.fork()
    if pid == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.waitpid(pid, 0)
print("all")
"""
    (result,) = run(own_template, fork, processes=60)
    assert text(result) == "all\n"


def test_a_session_gets_its_own_channels_however_many_descriptors_its_template_holds(own_template):
    sources = [f"state = {k}\ndef f{k}(x): return state * 100 + x" for k in range(12)]
    steps = [step for k, source in enumerate(sources) for step in (Cell(source), Snapshot(f"f{k}"))]
    questions = [Question(f"f{k}", (((7,), {}),)) for k in range(12)]
    lanes = []  # each is one more descriptor that the fork server holds
    for _ in range(4):
        lanes += [own_template.lane() for _ in range(97)]
        played = own_template.play(steps, questions)
        assert [answers[0].values[0] for answers in played.answers] == [100 * k + 7 for k in range(12)]
    for lane in lanes:
        lane.hang_up()
