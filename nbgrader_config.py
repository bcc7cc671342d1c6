"""The course's settings for nbgrader: our steps in its pipeline, a local exchange, the gradebook."""
from pathlib import Path

from autograder.nbgrader_adapter.pipeline import use_autograder

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
c.AutograderSettings.roster = "classroom/roster.csv"
c.AutograderSettings.rehearsals = "build/rehearsal"

use_autograder(c)
c.SafeCollect.real_owners = False  # here one account submits for all; a classroom with an account each leaves it out
