"""The instructor's nbgrader_config.py on the cluster, in /home/jovyan/course. Not tried here."""

from pathlib import Path

from ngshare_exchange import configureExchange

from autograder.nbgrader_adapter.pipeline import use_autograder

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - nbgrader provides it
c.CourseDirectory.root = str(here / "classroom")
c.CourseDirectory.course_id = "deep-training"
c.AutograderSettings.root = str(here)
c.AutograderSettings.exercises = ["solutions"]
c.AutograderSettings.secret_file = "classroom/course_secret"
c.AutograderSettings.store = "classroom/verdicts"
use_autograder(c)
configureExchange(c)  # after ours: its collect takes the place of the one for an exchange of files
