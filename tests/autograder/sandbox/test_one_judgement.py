"""`check()` and the grade are one judgement: over odd answers, case by case, in the notebook and out of a session."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType

import pytest

from autograder.authoring.cases import public_oracles
from autograder.authoring.source import definition, imports_for, renamed
from autograder.grading.checked_exercise import CheckedExercise
from autograder.grading.judgement import judge_answers
from autograder.sandbox import Cell, Question, Snapshot
from autograder.student.check import judge_publicly
from autograder.student.release import read_exercise

BASE = "{imports}\n{given}\n{base}\n"
#: how `halving_step` is made of `base`, which is right; and whether every case is
ANSWERS = {
    "as it is": ("halving_step = base", True),
    "decorated": (
        "import functools\ndef loud(f):\n    def wrapper(*a, **k):\n        print(a)\n        return f(*a, **k)\n"
        "    return wrapper\n@loud\ndef halving_step(*a, **k): return base(*a, **k)",
        True,
    ),
    "a lambda": ("halving_step = lambda *a, **k: base(*a, **k)", True),
    "a partial": ("import functools\nhalving_step = functools.partial(base)", True),
    "an object that is called": (
        "class Step:\n    def __call__(self, *a, **k): return base(*a, **k)\nhalving_step = Step()",
        True,
    ),
    "a bound method": (
        "class Step:\n    def step(self, *a, **k): return base(*a, **k)\nhalving_step = Step().step",
        True,
    ),
    "a class": (
        "class halving_step(tuple):\n    def __new__(cls, *a, **k): return super().__new__(cls, base(*a, **k))",
        True,
    ),
    "a vectorised function": (
        "def halving_step(params, grads, state, *, lr):\n"
        "    f = np.vectorize(lambda p, g, v: p - lr * (v / 2 + g))\n"
        "    v = state.v / 2 + grads\n"
        "    return f(params, grads, state.v).astype(params.dtype), StepState(state.t + 1, v)",
        True,
    ),
    "a list of both": ("def halving_step(*a, **k): return list(base(*a, **k))", True),
    "a dict's values": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return {'p': p, 's': s}.values()",
        True,
    ),
    "a map": ("def halving_step(*a, **k): return map(lambda x: x, base(*a, **k))", True),
    "a generator": ("def halving_step(*a, **k): yield from base(*a, **k)", True),
    "a deque": (
        "from collections import deque\ndef halving_step(*a, **k): return deque(base(*a, **k))",
        True,
    ),
    "a plain tuple for the state": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p, (s.t, s.v)",
        True,
    ),
    "lists for arrays": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p.tolist(), StepState(s.t, s.v.tolist())",
        False,  # of the dtype, nothing is left
    ),
    "long doubles": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return np.longdouble(p), s",
        False,
    ),
    "objects": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p.astype(object), s",
        False,
    ),
    "float64 throughout": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return np.float64(p), s._replace(v=np.float64(s.v))",
        False,
    ),
    "a matrix": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return np.asmatrix(p), s",
        False,
    ),
    "a masked array": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return np.ma.array(p), s",
        True,
    ),
    "another byte order": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p.astype(p.dtype.newbyteorder('>')), s",
        True,
    ),
    "a count that is a float": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p, StepState(float(s.t), s.v)",
        True,
    ),
    "a count of NumPy": (
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p, StepState(np.int32(s.t), s.v)",
        True,
    ),
    "a count that is a fraction": (
        "from fractions import Fraction\n"
        "def halving_step(*a, **k):\n    p, s = base(*a, **k)\n    return p, StepState(Fraction(s.t), s.v)",
        True,
    ),
    "a set": ("def halving_step(*a, **k): return {1, 2}", False),
    "a dict": ("def halving_step(*a, **k): return dict(zip('ps', base(*a, **k)))", False),
    "a string": ("def halving_step(*a, **k): return str(base(*a, **k))", False),
    "a function": ("def halving_step(*a, **k): return base", False),
    "a module": ("def halving_step(*a, **k): return np", False),
    "a lock": ("import threading\ndef halving_step(*a, **k): return threading.Lock()", False),
    "nothing": ("def halving_step(*a, **k): pass", False),
    "leaves": ("def halving_step(*a, **k): raise SystemExit(3)", False),
    "an exception of its own": (
        "class Stop(BaseException): pass\ndef halving_step(*a, **k): raise Stop('here')",
        False,
    ),
    "raises the second time": (
        "seen = []\ndef halving_step(*a, **k):\n    seen.append(1)\n    if len(seen) % 2 == 0: raise ValueError\n"
        "    return base(*a, **k)",
        False,
    ),
    "changes its arguments": (
        "def halving_step(params, grads, state, **k):\n    found = base(params, grads, state, **k)\n"
        "    params -= 1\n    return found",
        False,
    ),
    "returns what it changes": (
        "def halving_step(params, grads, state, **k):\n    p, s = base(params, grads, state, **k)\n"
        "    params[...] = p\n    return params, s",
        False,
    ),
    "raises in the middle": (
        "def halving_step(*a, **k):\n    yield base(*a, **k)[0]\n    raise ValueError('no more')",
        False,
    ),
    "an endless generator": ("import itertools\ndef halving_step(*a, **k): return itertools.count()", False),
    "an object whose array fails": (
        "class Bad:\n    def __array__(self, *a, **k): raise ValueError('no')\n"
        "def halving_step(*a, **k): return Bad(), base(*a, **k)[1]",
        False,
    ),
    "nested without end": (
        "def halving_step(*a, **k):\n    x = []\n    x.append(x)\n    return x",
        False,
    ),
}


@pytest.fixture(scope="module")
def halving(catalogue):
    return catalogue.exercises["halving_step"]


@pytest.fixture
def both(catalogue, halving, source, numpy_template, monkeypatch):
    """both(code): for each case, by its name, whether it is right by `check()`; the same by the grade."""

    def judge(code):
        base = renamed(halving.reference, "base")
        imports = "\n".join(imports_for([halving.reference, *halving.given]))
        text = BASE.format(imports=imports, given="\n".join(map(definition, halving.given)), base=base) + code
        return _checked(text), _graded(text)

    def _checked(text):
        notebook = ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", notebook)
        exec(compile(text, "<cell 1>", "exec"), vars(notebook))
        types = {name: value for name, value in vars(notebook).items() if hasattr(value, "_fields")}
        exercise = read_exercise(["halving_step"], [source / "descent"], types)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in a notebook; these tests make errors of them
            feedback, right = judge_publicly(exercise, notebook.halving_step)
        cases = {line.name: bool(line.passed) for line in feedback.lines}  # None: not judged
        assert right == all(cases.values())
        return cases

    def _graded(text):
        oracles = public_oracles(halving)
        calls = tuple((oracle.arguments, oracle.keywords) for oracle in oracles)
        question = Question("halving_step", calls * 2, halving.checks_source, halving.driver_name, visible=len(calls))
        transcript = numpy_template.play([Cell(text), Snapshot("halving_step")], [question])
        assert transcript.cells[0].status == "done"
        verdict = judge_answers(CheckedExercise(halving, 4, oracles, oracles), transcript.answers[0])
        return {name: passed for name, _, _, passed, _ in verdict.cases}

    return judge


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_case_is_judged_alike(both, kind):
    code, right = ANSWERS[kind]
    by_check, by_grade = both(code)
    assert by_check == by_grade
    assert all(by_check.values()) == right, by_check
