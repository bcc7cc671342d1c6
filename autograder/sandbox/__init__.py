"""Where student code runs: a locked-down process that never holds a reference, a hidden answer or a score."""

from autograder.sandbox.host.fork_server import ForkServer, probe
from autograder.sandbox.host.layers import SessionError
from autograder.sandbox.interface import (
    Answer,
    Cell,
    CellResult,
    Layer,
    Limits,
    Question,
    Snapshot,
    Step,
    Transcript,
    Unprotected,
)

__all__ = [
    "Answer",
    "Cell",
    "CellResult",
    "ForkServer",
    "Layer",
    "Limits",
    "Question",
    "SessionError",
    "Snapshot",
    "Step",
    "Transcript",
    "Unprotected",
    "probe",
]
