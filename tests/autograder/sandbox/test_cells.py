"""A cell's outputs are those that a notebook shows."""

from __future__ import annotations

import base64

import nbformat
import pytest

from autograder.sandbox import Cell, Snapshot

#: source -> the outputs' kinds and, for each, what it must hold
KINDS = {
    "a last expression": ("6 * 7", [("execute_result", "42")]),
    "a semicolon": ("6 * 7;", []),
    "an assignment": ("x = 1", []),
    "a print": ("print('a', 'b')", [("stream", "a b\n")]),
    "two prints": ("print('a')\nprint('b')", [("stream", "a\nb\n")]),
    "stderr": ("import sys\nprint('e', file=sys.stderr)", [("stream", "e\n")]),
    "both streams in order": (
        "import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)",
        [("stream", "1\n"), ("stream", "2\n"), ("stream", "3\n")],
    ),
    "a display between prints": (
        "print(1)\ndisplay('shown')\nprint(2)",
        [("stream", "1\n"), ("display_data", "shown"), ("stream", "2\n")],
    ),
    "rich output": ("from IPython.display import HTML\nHTML('<b>x</b>')", [("execute_result", "<b>x</b>")]),
    "a table's markup": (
        "from IPython.display import display, HTML\ndisplay(HTML('<table><tr><td>1</td></tr></table>'))",
        [("display_data", "<td>1</td>")],
    ),
    "markdown": ("from IPython.display import Markdown\nMarkdown('*a*')", [("execute_result", "*a*")]),
    "mathematics": ("from IPython.display import Math\nMath('x^2')", [("execute_result", "x^2")]),
    "an array": ("import numpy as np\nnp.arange(3.0)", [("execute_result", "array([0., 1., 2.])")]),
    "the descriptor": ("import os\nprint('a')\nos.write(1, b'raw\\n');", [("stream", "a\nraw\n")]),
    "a subprocess": (
        "import subprocess\nprint('a')\nsubprocess.run(['echo', 'b'])\nprint('c')",
        [("stream", "a\nb\nc\n")],
    ),
    "a shell escape": ("!echo hello", [("stream", "hello\n")]),
    "a shell assignment": ("files = !echo one\nfiles[0]", [("execute_result", "'one'")]),
    "a line magic": ("%who_ls int", [("execute_result", "[]")]),
    "a captured cell": ("%%capture out\nprint('hidden')", []),
    "a division by zero": ("def f():\n    return 1 / 0\nf()", [("error", "ZeroDivisionError")]),
    "a syntax error": ("def f(:", [("error", "SyntaxError")]),
    "an unknown name": ("print('before')\nnothing", [("stream", "before\n"), ("error", "NameError")]),
    "a warning": ("import warnings\nwarnings.warn('careful')", [("stream", "careful")]),
    "clear_output": (
        "from IPython.display import clear_output\nprint('old')\nclear_output()\nprint('new')",
        [("stream", "new\n")],
    ),
    "clear_output, later": (
        "from IPython.display import clear_output\nprint('old')\nclear_output(wait=True)\nprint('new')",
        [("stream", "new\n")],
    ),
    "update_display": (
        "h = display('first', display_id=True)\nh.update('second')",
        [("display_data", "second")],
    ),
    "input": ("input('name? ')", [("error", "StdinNotImplementedError")]),
    "top-level await": ("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')", [("stream", "awaited\n")]),
    "sys.exit": ("import sys\nsys.exit(3)", [("error", "SystemExit"), ("stream", "To exit")]),
    "the stub": (
        "from autograder import check\ncheck(len)",
        [("stream", "len is checked when the notebook is graded")],
    ),
    "a log of characters": ("print('ε ≤ 1 · ∇E')", [("stream", "ε ≤ 1 · ∇E\n")]),
}


def holds(output: dict) -> str:
    data = output.get("data", {})
    return output.get("text", "") + output.get("ename", "") + "".join(map(str, data.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_gives_the_outputs_of_a_notebook(numpy_template, run, kind):
    source, expected = KINDS[kind]
    (result,) = run(numpy_template, source)
    assert [output["output_type"] for output in result.outputs] == [name for name, _ in expected], result.outputs
    for output, (_, piece) in zip(result.outputs, expected, strict=True):
        assert piece in holds(output)
    cell = nbformat.v4.new_code_cell(source, outputs=[nbformat.from_dict(output) for output in result.outputs])
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))


def test_the_status_tells_an_error_from_a_cell_that_is_done(numpy_template, run):
    assert [result.status for result in run(numpy_template, "1", "1 / 0", "2")] == ["done", "error", "done"]


def test_a_traceback_shows_the_notebook_and_no_frame_of_the_harness(numpy_template, run):
    (result,) = run(numpy_template, "def f(x):\n    return x.missing\nf(1)")
    shown = "\n".join(result.outputs[0]["traceback"])
    assert "x.missing" in "".join(shown.split("\x1b")) or "missing" in shown
    assert "autograder" not in shown
    assert "site-packages" not in shown


def test_a_figure_is_a_png(numpy_template, run):
    (result,) = run(numpy_template, "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);")
    (output,) = result.outputs
    assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG")


def test_a_display_can_be_updated_from_a_later_cell(numpy_template, run):
    first, _ = run(numpy_template, "h = display('old', display_id='d')", "h.update('new')")
    assert first.outputs[0]["data"]["text/plain"] == "'new'"


@pytest.mark.parametrize("source", ["exit()", "quit", "import sys; sys.exit()", "raise KeyboardInterrupt"])
def test_leaving_ends_nothing(numpy_template, run, text, source):
    _, after = run(numpy_template, "x = 1\n" + source, "print(x)")
    assert text(after) == "1\n"


def test_a_cell_sees_the_files_beside_the_notebook(fork_server):
    source = "print(open('data/a.txt').read()); import helper; print(helper.x)"
    transcript = fork_server.play([Cell(source)], [], files={"data/a.txt": b"here", "helper.py": b"x = 5"})
    assert transcript.cells[0].outputs[0]["text"] == "here\n5\n"


@pytest.mark.parametrize(
    "sabotage",
    [
        "get_ipython().run_cell = lambda *a, **k: None",
        "get_ipython().displayhook = None",
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['print(0)\\n'])",
        "import sys\nsys.stdout = None\nsys.stderr = None",
        "import builtins\nbuiltins.print = None\nbuiltins.len = None",
        "get_ipython().send = lambda message: {}['x']",
        "import json\njson.dumps = None",
        "import os\nos.close(3)",
        "import gc\n[x.clear() for x in gc.get_objects() if type(x) is dict and 'send' in x and len(x) < 9]",
    ],
)
def test_a_notebook_that_breaks_its_shell_hurts_only_itself(numpy_template, run, sabotage):
    results = run(numpy_template, "print('before')", sabotage, "print('after')")
    assert results[0].outputs[0]["text"] == "before\n"
    assert len(results) == 3
    assert run(numpy_template, "print('next student')")[0].outputs[0]["text"] == "next student\n"


def test_every_play_starts_afresh(numpy_template, run, text):
    run(numpy_template, "secret = 1\nimport numpy\nnumpy.secret = 1\nopen('left', 'w').close()")
    (result,) = run(
        numpy_template, "import numpy, os\nprint('secret' in globals(), hasattr(numpy, 'secret'), os.listdir())"
    )
    assert text(result) == "False False []\n"


def test_sessions_draw_different_random_numbers(numpy_template, run, text):
    source = "import random, numpy as np\nprint(random.random(), np.random.rand())"
    assert text(run(numpy_template, source)[0]) != text(run(numpy_template, source)[0])


def test_steps_without_cells_give_no_results(numpy_template):
    transcript = numpy_template.play([Snapshot("f")], [None])
    assert transcript.cells == ()
    assert transcript.answers == ((),)


def test_a_command_has_an_input_that_holds_nothing(fork_server, run, text):
    assert text(run(fork_server, "!cat; echo $?")[0]) == "0\n"
