"""A rehearsal's own course, beside the real one: made-up students enter no gradebook that anybody uses."""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder.authoring.errors import ExerciseError
from autograder.nbgrader_adapter.course import Course, course_of
from autograder.settings import CONFIG_NAME, read_config

MARK = "# A rehearsal's own course: everything but its settings is made anew by `autograder rehearse`.\n"
CONFIG = """{mark}load_subconfig({name!r}, path={folder!r})
c = get_config()
c.AutograderSettings.root = {root!r}
c.AutograderSettings.secret_file = {here!r} + "/course_secret"
c.AutograderSettings.store = {here!r} + "/verdicts"
c.AutograderSettings.roster = {here!r} + "/roster.csv"
c.CourseDirectory.root = {here!r}
c.CourseDirectory.course_id = c.CourseDirectory.get("course_id", "") or "rehearsal"
c.CourseDirectory.db_url = "sqlite:///" + {here!r} + "/gradebook.db"
c.Exchange.root = {here!r} + "/exchange"
c.Exchange.cache = {here!r} + "/exchange-cache"
c.SafeCollect.real_owners = False  # one account submits for all
"""


def make_rehearsal_course(course: Course, config_folder: Path, assignment: str) -> Course:
    """A course in a folder of its own, with the real one's settings and exercises, and what lies in the assignment's
    source folder. What an earlier rehearsal left there is removed.

    Raises
    ------
    ExerciseError
        Something else lies in the folder.
    """
    here = course.settings.rehearsals_folder / assignment
    config = here / CONFIG_NAME
    if here.exists() and not (config.is_file() and config.read_text().startswith(MARK)):
        raise ExerciseError(
            f"{here} is not a rehearsal's: move it away, or name another folder in c.AutograderSettings.rehearsals"
        )
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(parents=True, mode=0o700)
    settings = {"name": CONFIG_NAME, "folder": str(config_folder), "root": str(course.settings.folder)}
    config.write_text(CONFIG.format(mark=MARK, here=str(here), **settings))
    made = course_of(read_config(here))
    source = Path(course.directory().format_path(course.directory().source_directory, ".", assignment))
    if source.is_dir():
        shutil.copytree(source, made.directory().format_path(made.directory().source_directory, ".", assignment))
    return made
