"""Where student code runs: a locked-down process that never holds a reference, a hidden answer or a score."""

from .interface import Answer, Cell, CellResult, Layer, Limits, Question, Snapshot, Step, Transcript, Unprotected
from .layers import SessionError
from .template import Template, probe

__all__ = [
    "Answer",
    "Cell",
    "CellResult",
    "Layer",
    "Limits",
    "Question",
    "SessionError",
    "Snapshot",
    "Step",
    "Template",
    "Transcript",
    "Unprotected",
    "probe",
]
