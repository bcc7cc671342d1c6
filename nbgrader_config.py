"""The course's settings for nbgrader: our steps in its pipeline, a local exchange, the gradebook."""
from pathlib import Path

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - nbgrader provides it

# Where things lie. A real classroom sets its own exchange and course; see deploy/.
c.CourseDirectory.root = str(here / "classroom")
c.CourseDirectory.course_id = "deep-training"
c.Exchange.root = str(here / "classroom" / "exchange")
c.Exchange.cache = str(here / "classroom" / "exchange-cache")

# Where the exercises are. A private folder of your own can be added to the list.
c.AutograderSettings.root = str(here)
c.AutograderSettings.exercises = ["solutions"]
c.AutograderSettings.secret_file = "classroom/course_secret"
c.AutograderSettings.store = "classroom/verdicts"

# nbgrader's pipelines, with our steps in place of four of its own (autograder/nbgrader_adapter/preprocessors.py).
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
