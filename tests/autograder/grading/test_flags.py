"""What an instructor is pointed to in an answer that may be right."""

from __future__ import annotations

import pytest

from autograder.grading.flags import flags_of
from autograder.grading.verdict import GradedNotebook, Verdict

KEEPS = "it keeps something between calls"
SHAPE = "it goes by an array's shape or bytes"
TABLE = "it looks something up by an array's shape or bytes"
SIGNS = {
    "a counter": ("n = 0\ndef f(x):\n    global n\n    n += 1\n    return x if n < 200 else 0", KEEPS, "global n"),
    "a counter on the function": ("def f(x):\n    f.calls += 1\n    return x", KEEPS, "f.calls += 1"),
    "a dict": ("seen = {}\ndef f(x):\n    seen[3] = x\n    return x", KEEPS, "seen[3] = x"),
    "a list": ("seen = []\ndef f(x):\n    seen.append(x)\n    return x", KEEPS, "seen.append(x)"),
    "a default": ("def f(x, seen=[]):\n    seen.append(x)\n    return x", KEEPS, "seen.append(x)"),
    "a closure": (
        "def f(x):\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return x",
        KEEPS,
        "nonlocal n",
    ),
    "a helper": ("seen = []\ndef g(x): seen.append(x)\ndef f(x): return g(x)", KEEPS, "def g(x): seen.append(x)"),
    "an id": ("def f(x):\n    return id(x)", "it asks which object it was given", "return id(x)"),
    "a cache": (
        "import functools\n@functools.cache\ndef f(x): return x",
        "its answers are kept by a cache",
        "functools.cache",
    ),
    "a shape": ("def f(x):\n    if x.shape == (3, 4): return 7\n    return x", SHAPE, "if x.shape == (3, 4): return 7"),
    "bytes": ("t = {}\ndef f(x):\n    return t[x.tobytes()]", TABLE, "return t[x.tobytes()]"),
    "a table": ("t = {}\ndef f(x):\n    if x.shape in t: return 1\n    return x", SHAPE, "if x.shape in t: return 1"),
    "the library": (
        "import torch\ndef f(p):\n    return torch.optim.SGD([p], 1)",
        "it uses torch.optim.SGD",
        "return torch.optim.SGD([p], 1)",
    ),
    "the library by another name": (
        "from torch.optim import Adam as mine\ndef f(p):\n    return mine([p])",
        "it uses torch.optim.Adam",
        "return mine([p])",
    ),
    "the library as a base": (
        "import torch\nclass f(torch.optim.SGD): pass",
        "it uses torch.optim.SGD",
        "class f(torch.optim.SGD): pass",
    ),
    "the caller": (
        "import sys\ndef f(x):\n    return sys._getframe(1)",
        "it looks at how it is run",
        "return sys._getframe(1)",
    ),
}


@pytest.mark.parametrize(("source", "sentence", "line"), SIGNS.values(), ids=SIGNS)
def test_a_sign_is_told_with_its_line(source, sentence, line):
    (found,) = flags_of("f", [source], "def f(x): return x")
    assert found.startswith(f"{sentence}: `")
    assert line in found


PLAIN = {
    "a formula": "import numpy as np\ndef f(x, eps=1e-8):\n    y = x.copy()\n    y[0] = 1\n    return np.sqrt(y) + eps",
    "a list of its own": "def f(x):\n    out = []\n    for v in x: out.append(v)\n    return out",
    "an optimizer": "import torch\nclass f(torch.optim.Optimizer):\n    def step(self):\n"
    "        for g in self.param_groups:\n            for p in g['params']:\n"
    "                state = self.state[p]\n                state['v'] = p.grad",
    "a part by its shape": "def f(x, w):\n    return w[: x.shape[0]] + x.reshape(x.shape[0], -1)",
    "an empty shape": "def f(x):\n    if x.shape == (): return x\n    return x + 1",
    "the same shape": "def f(x, y):\n    if x.shape != y.shape: raise ValueError\n    return x",
    "another function's sign": "seen = []\ndef g(x): seen.append(x)\ndef f(x): return x",
    "a mistake": "def f(x:\n",
    "nothing": "",
}


@pytest.mark.parametrize("source", PLAIN.values(), ids=PLAIN)
def test_an_ordinary_answer_is_not_flagged(source):
    assert flags_of("f", [source], "def f(x): return x") == ()


def test_what_the_reference_calls_itself_is_not_flagged():
    source = "import torch\ndef f(p): return torch.optim.SGD([p], 1)"
    assert flags_of("f", [source], "def f(p): return torch.optim.SGD([p], lr=2)") == ()


def test_a_notebook_of_any_size_is_read_or_left():
    assert flags_of("f", ["x = 1\n" * 100_000], "") == ()
    assert flags_of("f", ["def f(x): return " + "(" * 3000 + ")" * 3000], "") == ()


def test_flags_are_kept_with_the_verdict():
    verdict = Verdict("f", 2, 2, flags=("it uses torch.optim.SGD: `return SGD()`",))
    stored = GradedNotebook({}, {"check-f": verdict})
    assert GradedNotebook.from_json(stored.to_json()).verdicts["check-f"].flags == verdict.flags
