"""A cell or call that goes too far is stopped with a reason, and everything else counts. Each attack ends by itself."""

from __future__ import annotations

import os
import time

import pytest

from autograder.sandbox import Cell, Limits, Question, Snapshot

QUICK = {"cell_seconds": 0.4, "submission_seconds": 20, "wall_factor": 40}


def asked(fork_server, source, calls, seconds=0.4, later=(), **limits):
    question = Question("f", tuple(((x,), {}) for x in calls), seconds=seconds, twice=False)
    steps = [Cell(source), Snapshot("f"), *map(Cell, later), Cell("def g(x): return -x"), Snapshot("g")]
    other = Question("g", (((1,), {}),), twice=False)
    transcript = fork_server.play(
        steps, [question, other], Limits(**{"cell_seconds": 2, "submission_seconds": 20, "wall_factor": 40, **limits})
    )
    assert transcript.answers[1][0].values == (-1,)
    return transcript.answers[0], transcript


def test_an_endless_cell_is_interrupted_and_the_next_runs(fork_server, run, text):
    stopped, after = run(fork_server, "x = 1\nprint('begun')\nwhile True: pass", "print(x)", **QUICK)
    assert (stopped.status, stopped.reason) == ("stopped", "timeout after 0.4 s")
    assert "begun" in text(stopped)
    assert "KeyboardInterrupt" in text(stopped)
    assert text(after) == "1\n"


def test_a_cell_that_swallows_interrupts_is_killed_and_the_others_run_again(fork_server, run, text):
    deaf = "import signal\nprint('deaf', flush=True)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    first, stopped, after = run(fork_server, "x = 2", deaf, "print(x)", **QUICK)
    assert first.status == "done"
    assert (stopped.status, stopped.reason) == ("stopped", "timeout after 0.4 s")
    assert "deaf" in text(stopped)
    assert text(after) == "2\n"


def test_a_cell_that_sleeps_is_stopped_by_the_wall_clock_and_says_so(numpy_template, run):
    (stopped,) = run(
        numpy_template, "import time\ntime.sleep(30)", cell_seconds=0.2, submission_seconds=5, wall_factor=3
    )
    assert stopped.status == "stopped"
    assert "wall clock" in stopped.reason


def test_many_cells_share_the_submissions_seconds(numpy_template, run):
    burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    results = run(numpy_template, *[burn] * 6, cell_seconds=5, submission_seconds=0.9, wall_factor=40)
    assert [result.status for result in results][:2] == ["done", "done"]
    assert results[-1].status == "not run"
    assert "CPU time" in results[-1].reason


def test_cells_that_use_up_their_seconds_leave_the_answers_theirs(numpy_template):
    burn = Cell("import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass")
    steps = [Cell("def f(x): return x"), Snapshot("f"), *[burn] * 6]
    limits = Limits(cell_seconds=5, submission_seconds=0.9, wall_factor=40)
    transcript = numpy_template.play(steps, [Question("f", (((5,), {}),))], limits)
    assert transcript.cells[-1].status == "not run"
    assert transcript.answers[0][0].values == (5, 5)


DEATHS = {
    "os._exit(0)": "process died: exit code 0",
    "os.kill(os.getpid(), 9)": "process died: SIGKILL",
    "import ctypes; ctypes.string_at(0)": "process died: SIGSEGV",
    "os.abort()": "process died: SIGABRT",
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_cell_that_kills_its_process_is_left_out_of_a_second_run(numpy_template, run, text, death):
    results = run(numpy_template, "import os\nx = 3", f"print('last words')\n{death}", "print(x)")
    assert [result.status for result in results] == ["done", "stopped", "done"]
    assert results[1].reason == DEATHS[death]
    assert text(results[1]) == "last words\n"
    assert text(results[2]) == "3\n"


def test_a_notebook_that_dies_in_every_cell_is_given_up(numpy_template, run):
    results = run(numpy_template, *["import os\nos._exit(1)"] * 6)
    assert [result.status for result in results] == ["stopped"] * 4 + ["not run"] * 2


def test_snapshots_outlive_a_notebook_that_dies_at_its_end(numpy_template):
    steps = [Cell("def f(x): return x"), Snapshot("f"), Cell("import os\nos._exit(0)")]
    transcript = numpy_template.play(steps, [Question("f", (((5,), {}),))])
    assert transcript.answers[0][0].values == (5, 5)
    assert transcript.cells[1].status == "stopped"


@pytest.mark.parametrize("death", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "while True: pass"])
def test_a_call_that_ends_its_process_costs_only_itself(fork_server, death):
    answers, _ = asked(fork_server, f"def f(x):\n    if x == 1:\n        {death}\n    return x", [0, 1, 2])
    assert [answer.status for answer in answers] == ["value", "stopped", "value"]
    assert answers[1].reason.startswith(("process died", "timeout after 0.4 s"))
    assert answers[2].values == (2,)


def test_a_function_that_always_dies_is_asked_three_times(numpy_template):
    answers, _ = asked(numpy_template, "import os\ndef f(x): os._exit(3)", range(6))
    assert [answer.status for answer in answers] == ["stopped"] * 6
    assert [answer.reason for answer in answers[:3]] == ["process died: exit code 3"] * 3
    assert answers[5].reason == "not asked after 3 calls that ended the process"


def test_a_call_that_takes_all_memory_costs_only_itself(numpy_template):
    source = "import numpy as np\ndef f(x):\n    return float(np.ones(x).sum())"
    answers, _ = asked(numpy_template, source, [10, 10**11, 11], seconds=5)
    assert [answer.status for answer in answers] == ["value", "raised", "value"]
    assert answers[1].exception in ("MemoryError", "_ArrayMemoryError")


def test_a_cell_that_takes_all_memory_gets_a_memory_error(fork_server, run):
    grow = "held = []\nfor _ in range(3000):\n    held.append(bytearray(1 << 20))"
    (result,) = run(fork_server, grow, memory_mib=200)
    assert result.outputs[-1]["ename"] == "MemoryError"


def test_processes_that_take_memory_together_are_stopped(fork_server, run):
    grow = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        held = bytearray(120 << 20)
        for i in range(0, len(held), 4096): held[i] = 1
        time.sleep(8)
        os._exit(0)
time.sleep(8)
"""
    result, after = run(fork_server, grow, "1", memory_mib=300)
    assert (result.status, result.reason) == ("stopped", "out of memory: more than 450 MiB")
    assert after.status == "done"


def test_a_fork_bomb_meets_its_limit(numpy_template, run, text):
    bomb = """
import os, time
made = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
except OSError as error:
    time.sleep(0.5)  # so that the grader looks too, and lets what the kernel allows
    print("refused", made < 100)
"""
    result, after = run(numpy_template, bomb, "print('on')", processes=30)
    assert text(result) == "refused True\n"
    assert text(after) == "on\n"


def test_a_flood_of_output_is_cut_with_a_note(fork_server, run, text):
    (result,) = run(fork_server, "for i in range(200_000): print('x' * 100)", output_bytes=50_000)
    assert result.status == "done"
    assert len(text(result)) < 51_000
    assert text(result).endswith("[the output is cut here]\n")


def test_a_flood_on_the_descriptor_is_cut_too(numpy_template, run, text):
    source = "import os\nfor _ in range(100): os.write(1, b'y' * 100_000)"
    (result,) = run(numpy_template, source, output_bytes=50_000)
    assert len(text(result)) < 51_000


def test_a_flood_of_displays_is_cut_too(numpy_template, run):
    (result,) = run(numpy_template, "for i in range(5000): display(i)", output_bytes=50_000)
    assert len(result.outputs) <= 1001


def test_the_disk_is_not_filled(fork_server, run, text):
    fill = """
try:
    for name in range(60):
        with open(f"fill{name}", "wb") as file:
            file.write(bytes(5 << 20))
    print("filled")
except OSError as error:
    print("refused")
"""
    (result,) = run(fork_server, fill + "import time\ntime.sleep(0.5)", scratch_mib=40)
    assert "refused" in text(result) or "MiB of files" in result.reason


def test_a_file_is_not_longer_than_it_may_be(fork_server, run):
    (result,) = run(fork_server, "open('long', 'wb').write(bytes(9 << 20));", file_mib=8)
    assert result.outputs[0]["ename"] == "OSError"


def test_descriptors_run_out_inside(numpy_template, run):
    (result,) = run(numpy_template, "held = [open('/dev/null') for _ in range(500)]", descriptors=64)
    assert result.outputs[0]["ename"] == "OSError"


def test_what_a_notebook_leaves_running_is_gone_afterwards(fork_server, run, tmp_path):
    mark = f"leftover-{os.getpid()}-{time.monotonic_ns()}"
    daemon = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(15) # {mark}"])
if os.fork() == 0:
    if os.fork() == 0:
        os.execl(sys.executable, sys.executable, "-S", "-c", "import time; time.sleep(15) # {mark}")
    os._exit(0)
time.sleep(0.1)
"""
    run(fork_server, daemon)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and running(mark):
        time.sleep(0.05)
    assert running(mark) == []


def running(mark: str) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if mark.encode() in file.read():
                        found.append(int(name))
            except OSError:
                continue
    return found
