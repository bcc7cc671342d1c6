"""Our steps in nbgrader's pipelines: what every course's nbgrader_config.py calls."""

from __future__ import annotations

from traitlets.config import Config

from autograder.nbgrader_adapter.closed import close_gradebooks

OURS = "autograder.nbgrader_adapter.preprocessors."
OPENED = "autograder.nbgrader_adapter.nbgrader_steps."
THEIRS = "nbgrader.preprocessors."


def use_autograder(config: Config) -> None:
    """Put our steps in the place of some of nbgrader's own; the others, and their order, are nbgrader's."""
    close_gradebooks(config)
    config.GenerateAssignment.preprocessors = [
        THEIRS + "IncludeHeaderFooter",
        THEIRS + "InstantiateTests",
        THEIRS + "LockCells",
        OURS + "PutStarters",  # for ClearSolutions
        THEIRS + "ClearOutput",
        THEIRS + "CheckCellMetadata",
        THEIRS + "ComputeChecksums",
        THEIRS + "SaveCells",
        THEIRS + "ClearHiddenTests",
        THEIRS + "ClearMarkScheme",
        THEIRS + "ComputeChecksums",
        THEIRS + "CheckCellMetadata",
    ]
    config.Autograde.sanitize_preprocessors = [
        "autograder.nbgrader_adapter.notebooks.repair.RepairNotebook",
        OURS + "CleanSubmission",
        THEIRS + "ClearOutput",
        THEIRS + "DeduplicateIds",
        OPENED + "RestoreKernel",  # for OverwriteKernelspec
        OURS + "RestoreCells",  # for OverwriteCells
        OPENED + "CheckMarks",  # for CheckCellMetadata
    ]
    config.Autograde.autograde_preprocessors = [
        OURS + "SandboxExecute",  # for Execute
        THEIRS + "IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        THEIRS + "LimitOutput",
        OURS + "SaveVerdicts",  # for SaveAutoGrades
        OPENED + "LatePenalties",  # for AssignLatePenalties
        OPENED + "CheckMarks",  # for CheckCellMetadata
        OPENED + "NoteEntered",  # for `autograder grade`, which passes over what has its grade
    ]
    # The feedback page: no script, nothing from another host, formulas as MathML.
    config.GenerateFeedback.exporter_class = "autograder.nbgrader_adapter.feedback.exporter.FeedbackExporter"
    config.GenerateFeedback.preprocessors = ["autograder.nbgrader_adapter.feedback.grades.GetVerdicts"]  # for GetGrades
    # Formgrader's page for marking by hand: the same formulas. It loads MathJax from another host all the same, unless
    # the empty template that this package installs beside nbconvert's (pyproject.toml, shared-data) stands before it.
    config.HTMLExporter.filters = {"markdown2html": "autograder.nbgrader_adapter.feedback.markdown.markdown_to_html"}
    # Everybody writes to the exchange, so what is collected from it is looked at first.
    config.ExchangeFactory.collect = "autograder.nbgrader_adapter.exchange.collect.SafeCollect"
