"""Where a course keeps what it knows."""

from __future__ import annotations

from pathlib import Path

from autograder.authoring.errors import ExerciseError
from autograder.nbgrader_adapter.course import Course
from autograder.nbgrader_adapter.exchange.steps import file_of
from autograder.settings import CONFIG_NAME

GRADEBOOK = "gradebook.db"
STEPS = ("source", "source_with_tests", "release", "submitted", "autograded", "feedback")


def places(course: Course, config_folder: Path) -> dict[str, Path]:
    """The files and folders that together are the course, by the name that each has in a backup; only what is there.

    config_folder : the one of nbgrader_config.py. Other Python files beside it are settings too, which it may load.

    Raises
    ------
    ExerciseError
        One of them holds another, so that neither can be put back alone.
    """
    settings, directory = course.settings, course.directory()
    found = {f"settings/{file.name}": file for file in sorted(config_folder.glob("*.py"))}
    texts = [settings.folder / plan["text"] for plan in settings.assignments.values() if "text" in plan]
    found |= {f"texts/{number}-{text.name}": text for number, text in enumerate(texts)}
    found |= {f"exercises/{number}-{path.name}": path for number, path in enumerate(settings.folders)}
    found |= {step: _step_folder(course, getattr(directory, f"{step}_directory")) for step in STEPS}
    found |= {"secret": settings.secret_path, "verdicts": settings.store_folder, "refused": course.folder / ".refused"}
    found["roster.csv"] = settings.roster_path
    if (gradebook := file_of(directory.db_url)) is not None:
        found[GRADEBOOK] = gradebook
    found = {name: Path(path).absolute() for name, path in found.items() if path.exists()}
    found = {name: path for name, path in found.items() if not (name.startswith("texts/") and _held(path, found))}
    for name, path in found.items():
        inner = next((other for other in found.values() if path in other.parents), None)
        if inner is not None:
            what = (
                f"{CONFIG_NAME} names {path} as a folder of exercises" if name.startswith("exercises/") else f"{path}"
            )
            raise ExerciseError(f"{what}, and {inner} lies in it: give it a folder of its own, then it can be kept")
    return found


def _step_folder(course: Course, step: str) -> Path:
    """The folder of all that a step of nbgrader's makes.

    Raises
    ------
    ExerciseError
        There is none, for the settings put the step below student or assignment.
    """
    structure = course.directory().directory_structure
    if structure.split("/")[0] != "{nbgrader_step}":
        raise ExerciseError(
            f"c.CourseDirectory.directory_structure is {structure!r}: only a course whose structure begins with "
            "{nbgrader_step} can be backed up; copy the whole course folder in another way"
        )
    return course.folder / step


def _held(path: Path, found: dict[str, Path]) -> bool:
    return any(other in path.parents for other in found.values())
