"""A check waits until the notebook's end only where no answer could tell."""

from __future__ import annotations

import pytest

from autograder.undisturbed import undisturbed

FIRST = "def f(x):\n    y = x + 1\n    return y"
SECOND = (
    "import numpy as np\n\ndef g(x, eps=1e-8):\n    total = []\n    total.append(x)\n    return np.sum(total) + eps"
)


def waits(*cells: str) -> list[str]:
    """The checks that can wait; a cell that is one word is the check of that name."""
    checks = [cell if cell.isidentifier() else "" for cell in cells]
    sources = [f"check({check})" if check else cell for cell, check in zip(cells, checks, strict=True)]
    return [check for check, can in zip(checks, undisturbed(sources, checks), strict=True) if can]


def test_checks_between_definitions_wait():
    assert waits("import numpy as np", FIRST, "f", SECOND, "g") == ["f", "g"]


def test_the_same_import_again_changes_nothing():
    assert waits("import numpy as np\nfrom math import pi", FIRST, "f", "import numpy as np\nfrom math import pi") == [
        "f"
    ]


@pytest.mark.parametrize(
    "later",
    [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])",
        "f(3)",
        "y = f(3)",
        "while True: pass",
        "%timeit f(3)",
        "def (",
        "from os import *",
        "import antigravity",
        "@register\ndef h(x): return x\nregister.clear()",
        "class K(metaclass=M): pass",
        "class K:\n    print('made')",
        "def h(x=f(1)): return x",
        "x[0] = 1",
    ],
)
def test_what_does_something_is_waited_for_by_no_check_before_it(later):
    assert waits(FIRST, "f", later) == []


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("k = 1\ndef f(x): return k * x", "k = 2"),
        ("def h(x): return x\ndef f(x): return h(x)", "def h(x): return -x"),
        ("def f(x): return x", "def f(x): return -x"),
        ("def f(x): return np.abs(x)", "import numpy as np"),
        ("import numpy as np\ndef f(x): return np.abs(x)", "import torch as np"),
        ("import numpy as np\nclass np: abs = 1\ndef f(x): return np.abs(x)", "import numpy as np"),
        ("def f(x): return K()", "class K: pass"),
        ("x = 1", "def f(x): return x"),
    ],
)
def test_a_name_that_gets_another_meaning_later_is_asked_for_in_its_place(first, later):
    assert waits(first, "f", later) == []


@pytest.mark.parametrize(
    "body",
    [
        "global n\n    n = 1",
        "seen[x] = 1",
        "del seen[x]",
        "seen.append(x)",
        "np.seterr(all='raise')",
        "old = np.seterr(all='raise')",
        "torch.set_grad_enabled(False)",
        "ok = torch.set_default_dtype(torch.float64)",
        "random.seed(0)",
        "np.pi = 3",
        "f.calls += 1",
        "globals()['k'] = 2",
        "exec('k = 2')",
        "def inner():\n        seen.append(x)\n    inner()",
        "g = lambda: np.random.seed(0)\n    g()",
    ],
)
def test_functions_that_change_what_others_share_are_asked_apart(body):
    assert waits(FIRST, "f", f"def h(x):\n    {body}\n    return x", "h") == []


@pytest.mark.parametrize(
    "body",
    [
        "x[0] = 1",
        "x.add_(1)",
        "print(x)",
        "helper(x)",
        "with torch.no_grad():\n        x.mul_(2)",
        "y = []\n    y.append(x)",
        "for part in x:\n        part.grad = None",
        "def inner(z):\n        y.append(z)\n    y = []\n    inner(x)",
        "super().__init__(x)",
        "rng = np.random.default_rng(0)\n    rng.shuffle(x)",
    ],
)
def test_functions_that_change_what_is_theirs_are_not(body):
    assert waits(FIRST, "f", f"def h(x):\n    {body}\n    return x", "h") == ["f", "h"]


def test_a_first_cell_with_magics_disturbs_nobody():
    assert waits("%matplotlib inline\nimport numpy as np", FIRST, "f", SECOND, "g") == ["f", "g"]


@pytest.mark.parametrize("source", ["x = " + "-" * 20_000 + "1", "x = 1" + ".real" * 9_000, "x = 1\n" * 20_000])
def test_a_text_too_deep_or_too_long_to_be_read_is_waited_for_by_nobody(source):
    assert waits(FIRST, "f", source) == []


def test_what_a_cell_with_magics_defines_and_uses_counts():
    assert waits("%matplotlib inline\nk = 1\ndef h(x): return k * x", "def f(x): return h(x)", "f", "k = 2") == []
