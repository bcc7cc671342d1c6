"""A snapshot answers from the state at its place in the notebook, after all outputs are out of reach."""

from __future__ import annotations

import random

import numpy as np
import pytest

from autograder.sandbox import Cell, ForkServer, Limits, Question, SessionError, Snapshot


def calls(*arguments):
    return tuple(((argument,), {}) for argument in arguments)


def ask(fork_server, source, question, *later):
    transcript = fork_server.play([Cell(source), Snapshot(question.name), *map(Cell, later)], [question])
    return transcript.answers[0], transcript


def test_an_answer_comes_back_for_each_call(fork_server):
    (first, second), _ = ask(
        fork_server, "def f(x, *, k=2):\n    return k * x", Question("f", (((np.ones(2),), {}), ((3,), {"k": 5})))
    )
    np.testing.assert_array_equal(first.values[0], [2.0, 2.0])
    assert len(first.values) == 2
    assert second.values == (15, 15)


def test_a_snapshot_keeps_the_state_at_its_place(numpy_template):
    steps = [Cell("k = 1\ndef f(x): return k * x"), Snapshot("f"), Cell("k = 10"), Snapshot("f"), Cell("del f")]
    transcript = numpy_template.play(steps, [Question("f", calls(7))] * 2)
    assert [answers[0].values[0] for answers in transcript.answers] == [7, 70]


def test_a_snapshot_keeps_the_seeds_of_the_notebook(numpy_template):
    source = """
import random, numpy as np
random.seed(1)
np.random.seed(1)
def f(x):
    return random.random(), np.random.rand()
"""

    (answer,), _ = ask(numpy_template, source, Question("f", calls(0), twice=False))
    assert answer.values[0] == (random.Random(1).random(), np.random.RandomState(1).rand())


def test_a_call_leaves_no_trace_for_the_next_question(numpy_template):
    source = "n = 0\ndef f(x):\n    global n\n    n += 1\n    return n"
    steps = [Cell(source), Snapshot("f"), Snapshot("f")]
    transcript = numpy_template.play(steps, [Question("f", calls(0), twice=False)] * 2)
    assert [answers[0].values for answers in transcript.answers] == [(1,), (1,)]


def test_hidden_arguments_never_reach_the_outputs(fork_server):
    source = """
import os, threading, atexit
seen = []
def f(x):
    seen.append(x)
    print("leak", x)
    os.write(1, b"leak 31337")
    display("leak")
    open("seen.txt", "a").write(str(x))
    atexit.register(print, "leak", x)
    raise ValueError(x)
"""
    later = "import os, time\ntime.sleep(0.2)\nprint(seen, os.path.exists('seen.txt'))"
    (answer,), transcript = ask(fork_server, source, Question("f", calls(31337)), later, "print(seen)")
    assert answer.status == "raised"
    assert [result.outputs[0]["text"] for result in transcript.cells[1:]] == ["[] False\n", "[]\n"]
    assert "31337" not in str(transcript.cells)


def test_an_exception_names_the_students_own_line(numpy_template):
    (answer,), _ = ask(numpy_template, "def f(x):\n    return x.missing", Question("f", calls(1)))
    assert (answer.status, answer.exception, answer.line) == ("raised", "AttributeError", "return x.missing")


@pytest.mark.parametrize(
    ("source", "reason"), [("x = 1", "f is not defined"), ("f = 3", "f is not a function or class")]
)
def test_a_missing_function_is_said_to_be_missing(numpy_template, source, reason):
    answers, _ = ask(numpy_template, source, Question("f", calls(1, 2)))
    assert [(answer.status, answer.reason) for answer in answers] == [("missing", reason)] * 2


@pytest.mark.parametrize("body", ["raise SystemExit", "exit()", "raise KeyboardInterrupt", "import sys; sys.exit(1)"])
def test_leaving_inside_a_function_is_an_exception(numpy_template, body):
    answers, _ = ask(
        numpy_template, f"def f(x):\n    if x: {body}\n    return x", Question("f", calls(1, 0), twice=False)
    )
    assert answers[0].status in ("raised", "value")
    assert answers[1].values == (0,)


def test_a_driver_of_the_checks_runs_beside_the_student(numpy_template):
    checks = "def many(answer, x, n):\n    return [x := answer(x) for _ in range(n)]"
    question = Question("f", (((1, 3), {}),), checks=checks, driver="many")
    (answer,), _ = ask(numpy_template, "def f(x): return 2 * x", question)
    assert answer.values == ([2, 4, 8], [2, 4, 8])


def test_named_tuples_become_the_students_own_class(numpy_template):
    from collections import namedtuple

    State = namedtuple("State", "m t")
    source = """
from typing import NamedTuple
class State(NamedTuple):
    m: object
    t: int
def f(s):
    return type(s) is State, s.t + 1
"""
    (answer,), _ = ask(numpy_template, source, Question("f", calls(State(1.0, 2))))
    assert answer.values[0] == (True, 3)


def test_what_changes_its_arguments_shows_in_the_second_answer(numpy_template):
    (answer,), _ = ask(numpy_template, "def f(x):\n    x += 1\n    return x", Question("f", calls(np.zeros(1))))
    assert [float(value[0]) for value in answer.values] == [1.0, 2.0]


def test_a_second_call_that_fails_keeps_the_first_answer(numpy_template):
    (answer,), _ = ask(numpy_template, "def f(x):\n    return x.pop()", Question("f", calls([1])))
    assert (answer.status, answer.values, answer.exception) == ("value", (1,), "IndexError")


@pytest.mark.parametrize(
    "value", ["object()", "lambda: 0", "np.array([object()])", "{1: {2: lambda: 0}}", "'x' * 10**6", "10**400"]
)
def test_what_is_no_plain_value_is_refused_with_a_reason(numpy_template, value):
    answers, _ = ask(
        numpy_template, f"import numpy as np\ndef f(x): return ({value}) if x else 0", Question("f", calls(1, 0))
    )
    assert answers[0].status == "refused"
    assert answers[0].reason
    assert answers[1].values[0] == 0


def test_an_object_that_equals_everything_comes_back_as_what_it_holds(numpy_template):
    source = """
import numpy as np
class Equal(np.ndarray):
    def __eq__(self, other): return True
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return True
def f(x): return np.zeros(2).view(Equal)
"""
    (answer,), _ = ask(numpy_template, source, Question("f", calls(1)))
    assert answer.status in ("value", "refused")
    assert answer.status == "refused" or type(answer.values[0]) is np.ndarray


def test_a_question_that_cannot_be_sent_is_nobodys_grade(numpy_template):
    with pytest.raises(SessionError, match="arguments"):
        ask(numpy_template, "def f(x): return x", Question("f", calls(object())))


def test_large_arrays_cross_both_ways(numpy_template):
    x = np.random.default_rng(0).normal(size=(500, 500))
    (answer,), _ = ask(numpy_template, "def f(x): return x", Question("f", calls(x)))
    np.testing.assert_array_equal(answer.values[1], x)


def test_an_answer_that_the_student_sees_cannot_hold_what_another_was_asked(fork_server):
    """The feedback spells out a public case: it must have been asked before any process knew a hidden one."""
    source = """
import os
def f(x):
    with open("loot.txt", "a") as file:
        file.write(f"{x} ")
    return x
def g(x):
    return open("loot.txt").read() if os.path.exists("loot.txt") else "nothing"
"""
    questions = [Question(name, calls(1, 31337), twice=False, visible=1) for name in "fg"]
    transcript = fork_server.play([Cell(source), Snapshot("f"), Snapshot("g")], questions)
    assert [[answer.values[0] for answer in answers] for answers in transcript.answers] == [
        [1, 31337],
        ["1 ", "1 31337 "],
    ]


def test_a_timeout_in_one_answer_does_not_cost_another_that_waits(numpy_template):
    source = "def f(x): return x\ndef g(x):\n    while x == 1: pass\n    return x\ndef h(x): return -x"
    questions = [Question(name, calls(1, 2), twice=False, visible=1, seconds=0.4) for name in "fgh"]
    transcript = numpy_template.play([Cell(source), *map(Snapshot, "fgh")], questions, Limits(wall_factor=40))
    assert [[answer.values for answer in answers] for answers in transcript.answers] == [
        [(1,), (2,)],
        [(), (2,)],
        [(-1,), (-2,)],
    ]


@pytest.fixture
def sessions(fork_server, monkeypatch):
    """The sessions that the fork server has opened."""
    opened, session = [], fork_server.session
    monkeypatch.setattr(fork_server, "session", lambda *words: opened.append(words) or session(*words))
    return opened


GOOD = "def g(x): return -x"
DIES = "import os\ndef f(x):\n    if x == 2: os._exit(7)\n    return x"
WAITS = "def f(x):\n    while x == 2: pass\n    return x"


def test_one_session_is_enough_where_no_answer_ends_a_process(fork_server, sessions):
    fork_server.play([Cell("def f(x): return 1 / x"), Snapshot("f")], [Question("f", calls(1, 0))])
    assert len(sessions) == 1


@pytest.mark.parametrize("visible", [0, 2, 4])
@pytest.mark.parametrize(("source", "reason"), [(DIES, "process died: exit code 7"), (WAITS, "timeout after 0.5 s")])
def test_what_ends_a_process_costs_its_call_alone_and_one_more_session(fork_server, sessions, source, reason, visible):
    steps = [Cell("print('once')"), Cell(source), Snapshot("f"), Cell(GOOD), Snapshot("g")]
    questions = [Question(name, calls(1, 2, 3, 4), visible=visible, seconds=0.5) for name in "fg"]
    transcript = fork_server.play(steps, questions)
    found, good = transcript.answers
    assert [answer.values[:1] for answer in found] == [(1,), (), (3,), (4,)]
    assert found[1].reason == reason
    assert [answer.values[0] for answer in good] == [-1, -2, -3, -4]
    assert [len(cell.outputs) for cell in transcript.cells] == [1, 0, 0]
    assert len(sessions) == 2


def test_cells_that_are_played_again_cost_no_answers(fork_server):
    source = "import time\nstart = time.process_time()\nwhile time.process_time() < start + 1.2: pass\n" + DIES
    limits = Limits(submission_seconds=2.0)
    (found,) = fork_server.play([Cell(source), Snapshot("f")], [Question("f", calls(1, 2, 3))], limits).answers
    assert [answer.values[:1] for answer in found] == [(1,), (), (3,)]


@pytest.mark.parametrize("after", [(), (Cell("k = 10\nprint(k)"),)])
def test_the_last_snapshot_answers_from_its_place_and_prints_nothing(fork_server, after):
    source = "import threading\nk = 1\ndef f(x):\n    print('seen', x)\n    return k * x"
    steps = [Cell(source), Snapshot("f"), Cell("def g(x): return f(x) + k"), Snapshot("g"), *after]
    transcript = fork_server.play(steps, [Question(name, calls(7, 8)) for name in "fg"])
    assert [[answer.values[0] for answer in answers] for answers in transcript.answers] == [[7, 8], [8, 9]]
    assert "seen" not in str(transcript.cells)


def test_a_channel_that_was_kept_for_the_outputs_brings_nothing_back(fork_server):
    """The notebook's process may answer itself, and may still hold what its outputs went through."""
    source = """
import os
kept = [os.dup(number) for number in range(3, 12) if os.path.exists(f"/proc/self/fd/{number}")]
def f(x):
    for number in kept:
        try:
            os.write(number, b'.{"out": "stream", "name": "stdout", "text": "secret %d"}' % x)
        except OSError:
            pass
    return x
"""
    transcript = fork_server.play([Cell(source), Snapshot("f")], [Question("f", calls(4711), visible=0, twice=False)])
    assert "4711" not in str(transcript.cells)


def several(fork_server, *sources, seconds=4.0, last=""):
    """The answers to f0, f1, … of these sources, each asked for 1 and 2 after its own cell."""
    steps = []
    for number, source in enumerate(sources):
        steps += [Cell(source), Snapshot(f"f{number}")]
    if last:
        steps.append(Cell(last))
    questions = [Question(f"f{n}", calls(1, 2), visible=1, seconds=seconds) for n in range(len(sources))]
    transcript = fork_server.play(steps, questions)
    return [[answer.values[:1] or answer.reason for answer in answers] for answers in transcript.answers]


def test_each_check_is_answered_by_a_process_of_its_own(numpy_template):
    pid = "import os\ndef f{}(x): return os.getpid()"
    answers = several(numpy_template, *map(pid.format, range(3)))
    assert len({value for function in answers for value in function}) == 3


def test_what_students_see_of_every_function_is_asked_before_anything_hidden(numpy_template):
    first = "import os\nreading, writing = os.pipe()\nos.set_blocking(reading, False)\n"
    first += "def f0(x):\n    os.write(writing, b'%d' % x)\n    return 0"
    second = "def f1(x):\n    try: return int(os.read(reading, 9))\n    except BlockingIOError: return -1"
    _, (visible, _) = several(numpy_template, first, second)
    assert visible == (1,)  # 2, which is hidden, was not told to the first function yet


AS_IT_STOOD = {
    "a function defined again": ("def f(x): return x + 1", "def f(x): return -x"),
    "what it calls defined again": ("def h(x): return 1\ndef f(x): return x + h(x)", "def h(x): return 0"),
    "a constant": ("k = 1\ndef f(x): return x + k", "k = 2"),
    "a registry filled by __init_subclass__": (
        "class Base:\n    known = []\n    def __init_subclass__(cls): Base.known.append(cls)\n"
        "def f(x): return x + 1 if not Base.known else 0",
        "class Mend(Base): pass",
    ),
    "a store through cls": (
        "class Base:\n    step = 1\n    def __init_subclass__(cls, **_): cls.__bases__[0].step = 7\n"
        "def f(x): return x + Base.step",
        "class Mend(Base): pass",
    ),
    "a decorator that mends what it wraps": (
        "step = [1]\ndef mend(g):\n    step[0] = 0\n    return g\ndef f(x): return x + step[0]",
        "@mend\ndef g(x): return x",
    ),
    "a decorator that replaces code": (
        "def f(x): return x + 1\ndef mend(g):\n    f.__code__ = g.__code__\n    return g",
        "@mend\ndef g(x): return x",
    ),
    "a metaclass": (
        "k = {}\nclass Meta(type):\n    def __init__(cls, *a): k[cls.__name__] = 1\ndef f(x): return x + 1 - len(k)",
        "class A(metaclass=Meta): pass",
    ),
    "__set_name__": (
        "k = []\nclass Field:\n    def __set_name__(self, owner, name): k.append(name)\n"
        "one = Field()\ndef f(x): return x + 1 - len(k)",
        "class A:\n    field = one",
    ),
    "an annotation": ("k = []\ndef f(x): return x + 1 - len(k)", "def g(x: k.append(1)): return x"),
    "a default value": ("k = []\ndef f(x): return x + 1 - len(k)", "def g(x=k.append(1)): return x"),
    "an import hook": (
        "import sys\nk = []\nclass Finder:\n    def find_spec(self, *a): k.append(1)\n"
        "sys.meta_path.insert(0, Finder())\ndef f(x): return x + 1 - len(k)",
        "import fractions, this_is_nowhere",
    ),
    "__class_getitem__": (
        "k = []\nclass List:\n    def __class_getitem__(cls, item): k.append(1)\ndef f(x): return x + 1 - len(k)",
        "Lists = List[int]",
    ),
}


@pytest.mark.parametrize(("before", "after"), AS_IT_STOOD.values(), ids=AS_IT_STOOD)
def test_a_check_asks_the_function_as_it_stood_at_that_cell(numpy_template, before, after):
    steps = [Cell(before), Snapshot("f"), Cell(after), Cell("print('the end')")]
    (answers,) = numpy_template.play(steps, [Question("f", calls(1, 2), twice=False)]).answers
    assert [answer.values for answer in answers] == [(2,), (3,)]


@pytest.mark.parametrize(("before", "after"), AS_IT_STOOD.values(), ids=AS_IT_STOOD)
def test_a_later_cell_mends_no_function_for_an_earlier_check(numpy_template, before, after):
    """The same the other way round: the check after the cell asks what stands there, the one before does not."""
    steps = [Cell(before), Snapshot("f"), Cell(after), Snapshot("f")]
    first, second = numpy_template.play(steps, [Question("f", calls(1), twice=False)] * 2).answers
    assert first[0].values == (2,) != second[0].values


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(3)", "process died: exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "process died: SIGSEGV"),
        ("while True: pass", "timeout after 0.5 s"),
    ],
)
def test_a_function_that_ends_the_process_that_answers_for_all_costs_nobody_else(fork_server, body, reason):
    right = "def f{}(x): return 10 * x"
    wrong = f"def f1(x):\n    if x == 2:\n        {body}\n    return 10 * x"
    answers = several(fork_server, right.format(0), wrong, right.format(2), seconds=0.5)
    assert answers == [[(10,), (20,)], [(10,), reason], [(10,), (20,)]]


def test_a_cell_that_ends_the_process_before_the_end_costs_no_check_that_waited_for_it(fork_server):
    answers = several(fork_server, "def f0(x): return 10 * x", "def f1(x): return x", last="import os; os._exit(1)")
    assert answers == [[(10,), (20,)], [(1,), (2,)]]


def test_what_one_function_writes_to_all_channels_costs_nobody_else(fork_server):
    right = "def f{}(x): return 10 * x"
    wrong = """
import os, socket, stat
def f1(x):
    for number in range(3, 40):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                socket.socket(fileno=os.dup(number)).send(b'.{"answers": [{"value": 20}], "number": 0}')
        except OSError:
            pass
    return 10 * x
"""
    first, second, third = several(fork_server, right.format(0), wrong, right.format(2))
    assert first == third == [(10,), (20,)]
    assert second == ["it broke the session's protocol: it answered what was not asked"] * 2


# ------------------------------------------------------------------------------------------- a library's own threads

MORE_THREADS = {
    "PyTorch": """
import torch
torch.set_num_threads(4)
w = torch.ones(600, 600)
def f(x):
    return float((w @ w).sum() + torch.ones(2_000_000).exp().sum())
f(1)
""",
    "in the answer too": """
import torch
def f(x):
    torch.set_num_threads(4)
    return float(torch.ones(2_000_000).exp().sum())
f(1)
""",
    "NumPy": """
import numpy as np, threadpoolctl
limits = threadpoolctl.threadpool_limits(4)
w = np.ones((600, 600))
def f(x):
    return float((w @ w).sum())
f(1)
""",
}


@pytest.fixture(scope="module")
def torch_in_a_container():
    with ForkServer(torch=True, layers=("no_new_privs", "rlimits", "landlock", "seccomp")) as fork_server:
        yield fork_server


@pytest.mark.parametrize(
    ("kind", "place"),
    [(kind, "torch_template") for kind in MORE_THREADS]
    + [(kind, "torch_in_a_container") for kind in MORE_THREADS if kind != "NumPy"],  # threadpoolctl needs its own /proc
)
def test_a_library_s_threads_are_there_in_the_answers_and_in_the_cells_after_them(kind, place, request, text):
    source, fork_server = MORE_THREADS[kind], request.getfixturevalue(place)
    steps = [Cell(source), Snapshot("f"), Cell("here = f(1)\nprint(here)"), Snapshot("f"), Cell("")]
    transcript = fork_server.play(steps, [Question("f", calls(1, 2))] * 2, Limits(cell_seconds=10))
    cells = transcript.cells
    assert [cell.status for cell in cells] == ["done"] * 3, [text(cell) for cell in cells]
    expected = float(text(cells[1]))
    for answers in transcript.answers:
        assert [(answer.status, answer.values) for answer in answers] == [("value", (expected, expected))] * 2
