"""What an answer shows, prints or logs while it is asked costs it nothing, wherever its snapshot stands."""

from __future__ import annotations

import pytest

from autograder.sandbox import Cell, Question, Snapshot

SHOWS = {
    "display": "display('at', x)",
    "a figure shown": "plt.plot([1, 2]); plt.show()",
    "a figure left open": "plt.figure()",
    "a figure displayed": "display(plt.figure())",
    "HTML": "display(HTML('<b>x</b>'))",
    "HTML imported late": "from IPython.display import HTML as H, display as show; show(H('<i>x</i>'))",
    "a display that is updated": "handle = display('0 %', display_id=True); handle.update('100 %')",
    "a display made before and updated": "shown.update('100 %')",
    "clear_output": "clear_output(wait=True); print('now')",
    "a progress bar on stderr": "sys.stderr.write('\\r 50%'); sys.stderr.flush(); sys.stderr.write('\\r100%\\n')",
    "print": "print('x =', x, flush=True)",
    "print of any character": "print('ε ≤ 1', '\\ud800', chr(0x1F600))",
    "print to a stream kept from a cell": "print('x', file=out, flush=True)",
    "much printing": "print('x' * 5_000_000)",
    "the descriptor": "os.write(1, b'raw'); os.write(2, b'raw')",
    "a warning": "warnings.warn('careful')",
    "a warning of NumPy": "np.float64(1) / np.float64(0)",
    "logging": "logging.warning('at %s', x)",
    "a logger set up in a cell": "log.info('at %s', x)",
    "a shell command": "get_ipython().system('echo x')",
    "a subprocess": "subprocess.run(['echo', 'x'], check=True)",
    "a magic": "get_ipython().run_line_magic('who', '')",
    "a traceback": "traceback.print_exc()",
    "a table": "display(get_ipython().display_formatter.format(x))",
    "a widget": "display(widgets.FloatProgress(1.0))",
}
IMPORTS = """
import logging, os, subprocess, sys, traceback, warnings
import matplotlib.pyplot as plt, numpy as np
import ipywidgets as widgets
from IPython.display import HTML, clear_output
logging.basicConfig(level=logging.INFO)
log, out = logging.getLogger("mine"), sys.stdout
shown = display("0 %", display_id=True)
"""
CALLS = tuple(((x,), {}) for x in (1.0, 2.0, 3.0))


@pytest.mark.parametrize("later", [[], [Cell("1")]], ids=["the notebook's process", "a copy of it"])
@pytest.mark.parametrize("statement", SHOWS.values(), ids=SHOWS.keys())
def test_an_answer_that_shows_something_is_as_good(numpy_template, statement, later):
    source = f"{IMPORTS}\ndef f(x):\n    {statement}\n    return 2 * x"
    steps = [Cell(source), Snapshot("f"), *later]
    (answers,) = numpy_template.play(steps, [Question("f", CALLS, visible=1)]).answers
    assert [answer.values[:1] for answer in answers] == [(2.0,), (4.0,), (6.0,)], answers


def test_it_is_as_good_after_another_answer_has_ended_its_process(numpy_template):
    source = "import os\ndef f(x):\n    display(x)\n    if x == 1: os._exit(0)\n    return x"
    steps = [Cell(source), Snapshot("f"), Cell("1")]
    (answers,) = numpy_template.play(steps, [Question("f", CALLS, twice=False)]).answers
    assert [answer.status for answer in answers] == ["stopped", "value", "value"]


def test_what_it_shows_is_in_no_output(numpy_template):
    source = "def f(x):\n    display('leak')\n    print('leak', flush=True)\n    return x"
    transcript = numpy_template.play([Cell(source), Snapshot("f")], [Question("f", CALLS)])
    assert transcript.answers[0][0].status == "value"
    assert transcript.cells[0].outputs == ()
