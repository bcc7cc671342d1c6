"""A second course, which knows nothing of `solutions/`. Tests copy it into a folder of their own."""
from pathlib import Path

from autograder.nbgrader_adapter.pipeline import use_autograder

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

use_autograder(c)
c.SafeCollect.real_owners = False  # here one account submits for all; a classroom with an account each leaves it out
