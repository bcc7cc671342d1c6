"""Whatever is written to the channels, the grader answers in time and blames one submission."""

from __future__ import annotations

import pytest

from autograder.sandbox import Cell, Limits, Question, Snapshot

PREAMBLE = "import socket, json, os, time\nchannel = lambda n: socket.socket(fileno=os.dup(n))\n"

#: What a cell writes to the notebook's channel, descriptor 3.
JUNK = {
    "junk": "channel(3).send(b'\\x00\\xff junk')",
    "an empty packet": "channel(3).send(b'')",
    "no JSON": "channel(3).send(b'.{{{')",
    "no object": "channel(3).send(b'.[1, 2]')",
    "deep nesting": "channel(3).send(b'.' + b'[' * 60000)",
    "half a message": "channel(3).send(b'+{\"out\": ')",
    "a message without end": "c = channel(3)\nfor _ in range(2000): c.send(b'+' + b'x' * 60000)",
    "a length of ten gigabytes": "channel(3).send(b'\\x00\\x00\\x00\\x02\\x54\\x0b\\xe4\\x00')",
    "a forged end": "channel(3).send(json.dumps({'done': 10**6, 'status': 'done'}).encode())",
    "a huge number": "channel(3).send(b'.{\"done\": ' + b'9' * 50000 + b'}')",
    "odd types": 'channel(3).send(b\'.{"out": {"a": [null]}, "data": 3, "done": []}\')',
    "a closed channel": "os.close(3)",
    "descriptors": "socket.send_fds(channel(3), [b'.{}'], [0, 1, 2])",
    "a replaced channel": "a, b = socket.socketpair()\nos.dup2(a.fileno(), 3)",
}


@pytest.mark.parametrize("kind", JUNK)
def test_junk_from_a_cell_hurts_only_that_notebook(numpy_template, run, text, kind):
    limits = {"cell_seconds": 1, "submission_seconds": 8, "wall_factor": 2}
    results = run(numpy_template, "print('before')", PREAMBLE + JUNK[kind], "print('after')", **limits)
    assert text(results[0]) == "before\n"
    assert {result.status for result in results} <= {"done", "error", "stopped", "not run"}
    assert text(run(numpy_template, "print('next')")[0]) == "next\n"


#: What a function writes to its snapshot's channel, descriptor 4.
ANSWERS = {
    "junk": "channel(4).send(b'junk')",
    "a forged answer": "channel(4).send(b'.' + json.dumps({'number': 1, 'answers': [{'value': 1}]}).encode())",
    "half an answer": "channel(4).send(b'+{\"number\"')\nos._exit(0)",
    "an answer without end": "c = channel(4)\nwhile True: c.send(b'+' + b'x' * 60000)",
    "an array that is not its size": "raw({'array': ['<f8', [1000, 1000], 'AAAA']})",
    "an array of impossible shape": "raw({'array': ['<f8', [0, 2**24, 2**24, 2**24, 2**24], '']})",
    "an array of objects": "raw({'array': ['|O', [1], 'AAAA']})",
    "a value of a million parts": "raw([0] * 900_000)",
    "a deep value": "raw(json.loads('[' * 500 + ']' * 500))",
    "no value": "raw({'pickle': 'gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAhlY2hvIGhpIZSFlFKULg=='})",
    "a lie about its death": "channel(4).send(b'!{\"died\": 0}')\ntime.sleep(30)",
}
FUNCTION = """
import inspect
def raw(value):
    frame = inspect.currentframe()
    while 'request' not in frame.f_locals: frame = frame.f_back
    number = frame.f_locals['request']['number']
    channel(4).send(b'.' + json.dumps({'number': number, 'answers': [{'value': value}]}).encode()[:65536])
    time.sleep(30)
def f(x):
    if x == 1:
        exec(ATTACK)
    return x
"""


@pytest.mark.parametrize("kind", ANSWERS)
def test_junk_from_a_function_costs_only_that_function(numpy_template, kind):
    source = PREAMBLE + FUNCTION + f"ATTACK = {ANSWERS[kind]!r}"
    steps = [Cell(source), Snapshot("f"), Cell("def g(x): return -x"), Snapshot("g")]
    f = Question("f", tuple(((x,), {}) for x in (0, 1, 2)), twice=False, seconds=0.3)
    g = Question("g", (((1,), {}),), twice=False)
    transcript = numpy_template.play(steps, [f, g], Limits(submission_seconds=10))
    first, second, _ = transcript.answers[0]
    assert first.values == (0,)
    assert second.status in ("refused", "stopped")
    assert second.reason
    assert transcript.answers[1][0].values == (-1,)


def test_a_process_that_answers_for_another_snapshot_earns_what_it_says(numpy_template):
    """It is the student's code either way; what matters is that nothing waits and nothing breaks."""
    source = """
if os.fork() == 0:
    c = channel(5)
    while c.recv(65536): c.send(b'.{"number": 0}')
    os._exit(0)
"""
    steps = [Cell(PREAMBLE + source), Cell("def f(x): return x"), Snapshot("f"), Snapshot("f")]
    transcript = numpy_template.play(
        steps, [Question("f", (((1,), {}),), seconds=0.5)] * 2, Limits(submission_seconds=6)
    )
    assert transcript.answers[0][0].values == (1, 1)
    assert len(transcript.answers[1]) == 1


def test_a_question_that_nobody_reads_is_given_up(numpy_template):
    source = """
import os, signal
def f(x): return x
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGSTOP))
"""
    steps = [Cell(source), Snapshot("f"), Cell("the snapshot before this cell is a fork")]
    transcript = numpy_template.play(steps, [Question("f", (((1,), {}),), seconds=0.3)])
    assert transcript.answers[0][0].status == "stopped"
