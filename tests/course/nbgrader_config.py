"""A second course, which knows nothing of `solutions/`. Tests copy it into a folder of their own."""
from pathlib import Path

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.root = str(here / "classroom")
c.CourseDirectory.course_id = "second-course"
c.Exchange.root = str(here / "exchange")
c.Exchange.cache = str(here / "exchange-cache")
c.ExecutePreprocessor.timeout = 20

c.AutograderSettings.root = str(here)
c.AutograderSettings.exercises = ["exercises", "private"]
c.AutograderSettings.secret_file = "course_secret"
c.AutograderSettings.store = "verdicts"
c.AutograderSettings.memory_mib = 512
c.AutograderSettings.cell_seconds = 2
c.AutograderSettings.assignments = {
    "composed": {
        "title": "Composed in the settings",
        "exercises": ["bowl_depth", "warm_up"],
        "points": {"warm_up": 7},
    },
}

ours = "autograder.nbgrader_adapter.preprocessors."
theirs = "nbgrader.preprocessors."
c.GenerateAssignment.preprocessors = [
    theirs + "IncludeHeaderFooter", theirs + "InstantiateTests", theirs + "LockCells", ours + "PutStarters",
    theirs + "ClearOutput", theirs + "CheckCellMetadata", theirs + "ComputeChecksums", theirs + "SaveCells",
    theirs + "ClearHiddenTests", theirs + "ClearMarkScheme", theirs + "ComputeChecksums", theirs + "CheckCellMetadata"]
c.Autograde.sanitize_preprocessors = [
    theirs + "ClearOutput", theirs + "DeduplicateIds", theirs + "OverwriteKernelspec", ours + "RestoreCells",
    theirs + "CheckCellMetadata"]
c.Autograde.autograde_preprocessors = [
    ours + "SandboxExecute", theirs + "IgnorePattern", "nbconvert.preprocessors.ClearMetadataPreprocessor",
    theirs + "LimitOutput", ours + "SaveVerdicts", theirs + "AssignLatePenalties", theirs + "CheckCellMetadata"]

# Everybody writes to the exchange, so what is collected from it is looked at first.
c.ExchangeFactory.collect = "autograder.nbgrader_adapter.collect.SafeCollect"
c.SafeCollect.real_owners = False  # here one account submits for all; a classroom with an account each leaves it out
