"""What a kernel does for its cells, a session does: magics that keep something, tasks, a compiler."""

from __future__ import annotations

import pytest

MAGICS = {
    "%cd and back": (
        "import os\nos.mkdir('sub')\n%cd sub\n%cd -",
        "import os\nprint(os.path.basename(os.getcwd()))",
        "work",
    ),
    "a bookmark": (
        "%mkdir deep\n%cd deep\n%bookmark there\n%cd ..",
        "%cd there\nimport os\nprint(os.path.basename(os.getcwd()))",
        "deep",
    ),
    "a variable stored": ("x = 31\n%store x\ndel x", "%store -r x\nprint(x)", "31"),
    "a stack of folders": (
        "%mkdir pile\n%pushd pile",
        "%popd\nimport os\nprint(os.path.basename(os.getcwd()))",
        "work",
    ),
    "a file written and run": ("%%writefile helper.py\ny = 17", "%run helper.py\nprint(y)", "17"),
    "an alias": ("%alias greet echo hello", "%greet", "hello"),
    "a macro": ("z = 9", "%macro again 1\nprint(z)", "9"),
    "a script": ("%%bash\necho one > said.txt", "print(open('said.txt').read())", "one"),
}


@pytest.mark.parametrize("kind", MAGICS)
def test_a_magic_keeps_what_it_keeps_in_a_kernel(fork_server, run, text, kind):
    *cells, expected = MAGICS[kind]
    results = run(fork_server, *cells)
    assert [result.status for result in results] == ["done", "done"], [text(result) for result in results]
    assert expected in text(results[-1])


ASYNC = "import asyncio\nasync def five():\n    await asyncio.sleep(0)\n    return 5\n"
TASKS = {
    "a task awaited in the next cell": ([ASYNC + "t = asyncio.create_task(five())", "print(await t)"], "5\n"),
    "a future awaited": ([ASYNC + "t = asyncio.ensure_future(five())", "print(await t)"], "5\n"),
    "the running loop": ([ASYNC + "t = asyncio.get_running_loop().create_task(five())", "print(await t)"], "5\n"),
    "a loop that says that it runs": (["import asyncio\nprint(asyncio.get_event_loop().is_running())"], "True\n"),
    "a task that is begun by the next cell": (
        [
            "import asyncio\nseen = []\nasync def note():\n    seen.append(1)\nt = asyncio.create_task(note())",
            "print(seen)",
        ],
        "[1]\n",
    ),
    "several gathered": ([ASYNC + "g = asyncio.gather(five(), five())", "print(await g)"], "[5, 5]\n"),
    "an await beside a task": ([ASYNC + "t = asyncio.create_task(five())\nprint(await t + await five())"], "10\n"),
    "what a cell sets for NumPy": (
        [
            "import numpy as np\nold = np.seterr(all='raise')",
            "try:\n    np.float64(1) / np.float64(0)\nexcept FloatingPointError:\n    print('raised')",
        ],
        "raised\n",
    ),
}


@pytest.mark.parametrize("kind", TASKS)
def test_tasks_live_from_cell_to_cell(numpy_template, run, text, kind):
    cells, expected = TASKS[kind]
    results = run(numpy_template, *cells)
    assert text(results[-1]) == expected


MODULE = "class M(torch.nn.Module):\n    def forward(self, x):\n        return torch.sin(x) + x\n"
COMPILED = {
    "a decorator": "@torch.compile\ndef f(x):\n    return torch.sin(x) + x",
    "a decorator with options": "@torch.compile(fullgraph=True)\ndef f(x):\n    return torch.sin(x) + x",
    "a call": "f = torch.compile(lambda x: torch.sin(x) + x, backend='inductor', dynamic=True)",
    "a module": MODULE + "f = torch.compile(M())",
    "a module's own method": MODULE + "f = M()\nf.compile()",
    "under its own name": "from torch import compile as quick\nf = quick(lambda x: torch.sin(x) + x)",
}


@pytest.mark.parametrize("source", COMPILED.values(), ids=COMPILED.keys())
def test_what_is_compiled_computes_the_same(torch_template, run, text, source):
    check = "x = torch.linspace(0, 1, 5)\nprint(bool(torch.allclose(f(x), torch.sin(x) + x)))"
    (result,) = run(torch_template, f"import torch\n{source}\n{check}")
    assert text(result) == "True\n"
