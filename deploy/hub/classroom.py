"""The instructor's copy of the course, the exchange, and Jupyter's settings for each role."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from autograder.authoring.exercise import ExerciseError
from autograder.settings import CONFIG_NAME, load_settings, read_config

from .layout import HubError, Layout, make_folder

OWN = "course_config.py"
CONFIG = '''"""The course's own settings, and where this classroom keeps what students and instructor exchange."""
load_subconfig({own!r})
c = get_config()
c.Exchange.root = {exchange!r}
c.Exchange.cache = {cache!r}
c.SafeCollect.real_owners = {real_owners!r}  # a submission belongs to the account whose name it has
'''
STUDENT = """c = get_config()
c.CourseDirectory.course_id = {course_id!r}
c.Exchange.root = {exchange!r}
"""
# Other accounts need no copy of what a rehearsal exchanged with itself.
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "exchange", "exchange-cache")
NBGRADER = "@jupyter/nbgrader:"
INSTRUCTORS_ONLY = (f"{NBGRADER}formgrader", f"{NBGRADER}create-assignment", f"{NBGRADER}course-list")
# A popup that asks to fetch Jupyter's news from another host.
FOR_NOBODY = ("@jupyterlab/apputils-extension:announcements",)


def course_id_of(course: Path) -> str:
    """The id under which the exchange knows the course.

    Raises
    ------
    HubError
        There is no course in this folder, or none that was set up.
    """
    try:
        config = read_config(course)
    except ExerciseError as error:
        raise HubError(str(error)) from None
    source = Path(config.CourseDirectory.root) / "source"
    if not source.is_dir():
        raise HubError(f"{source} is not there: set the course up first, with make course.")
    if not (course_id := config.CourseDirectory.get("course_id", "")):
        raise HubError(f"{course / CONFIG_NAME} sets no c.CourseDirectory.course_id: the exchange needs one.")
    return str(course_id)


def give_course(course: Path, home: Path, layout: Layout, owner: tuple[int, int], *, shared: bool) -> Path:
    """Copy what the instructor needs of the course into `home`, once; later it is the instructor's own.

    shared : whether each student has an account of their own
    """
    target = home / "course"
    if target.exists():
        return target
    config = read_config(course)
    settings = load_settings(config)
    texts = [settings.folder / plan["text"] for plan in settings.assignments.values() if "text" in plan]
    own = [settings.secret_path, settings.store_folder, settings.roster_path]
    wanted = [*settings.folders, *own, Path(config.CourseDirectory.root), *texts]
    making = target.with_name("course.making")  # a copy that was broken off is not taken for a course
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    for path in wanted:
        if path.exists() and path.is_relative_to(course):
            _copy(path, making / path.relative_to(course), settings.rehearsals_folder)
    shutil.copyfile(course / CONFIG_NAME, making / OWN)
    exchange = {"exchange": str(layout.exchange), "cache": str(target / "exchange-cache"), "real_owners": shared}
    (making / CONFIG_NAME).write_text(CONFIG.format(own=OWN, **exchange))
    _hand_over(making, owner)
    making.rename(target)
    return target


def make_exchange(layout: Layout, course_id: str, owner: tuple[int, int]) -> None:
    """The exchange: everybody writes to it, and nobody removes, renames or lists what others have put there."""
    if not layout.exchange.exists():
        make_folder(layout.exchange, 0o1777)
    course = layout.exchange / course_id
    make_folder(course, 0o755, owner)
    make_folder(course / "outbound", 0o755, owner)
    make_folder(course / "inbound", 0o3733, owner)  # nbgrader's 02733, and sticky
    make_folder(course / "feedback", 0o711, owner)


def write_settings(layout: Layout, course_id: str, course: Path, owner: tuple[int, int]) -> None:
    """Jupyter's settings of the two roles, in folders that the accounts can read and not write."""
    student, instructor = layout.settings("student"), layout.settings("instructor")
    make_folder(layout.folder / "settings", 0o755)
    for folder in (student, instructor):
        make_folder(folder / "labconfig", 0o755)
    hidden = [f"nbgrader.server_extensions.{name}" for name in ("formgrader", "course_list")]
    _write(student / CONFIG_NAME, STUDENT.format(course_id=course_id, exchange=str(layout.exchange)))
    _write_json(student / "labconfig" / "page_config.json", _disabled(*INSTRUCTORS_ONLY, *FOR_NOBODY))
    # a login shell, which a server without a terminal would start, forgets where the environment is
    shell = {"shell_command": ["/bin/bash"]}
    server: dict[str, object] = {"terminado_settings": shell, "jpserver_extensions": dict.fromkeys(hidden, False)}
    _write_json(student / "jupyter_server_config.json", {"ServerApp": server})
    _write(instructor / CONFIG_NAME, f"load_subconfig({CONFIG_NAME!r}, path={str(course)!r})\n")
    _write_json(instructor / "labconfig" / "page_config.json", _disabled(INSTRUCTORS_ONLY[-1], *FOR_NOBODY))
    # JupyterHub forbids frames, and formgrader's tab is one
    frames = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
    server |= {"tornado_settings": frames, "jpserver_extensions": {hidden[1]: False}}
    _write_json(instructor / "jupyter_server_config.json", {"ServerApp": server})
    os.chown(instructor, -1, owner[1])
    instructor.chmod(0o750)


def _copy(source: Path, target: Path, rehearsals: Path) -> None:
    """Copy a file or folder, but for the courses of rehearsals: their students are made up."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return LEFT_OUT(folder, names) | {name for name in names if Path(folder, name) == rehearsals}

    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=left_out, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def _hand_over(folder: Path, owner: tuple[int, int]) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *owner, follow_symlinks=False)


def _disabled(*names: str) -> dict[str, dict[str, bool]]:
    return {"disabledExtensions": dict.fromkeys(names, True)}


def _write_json(file: Path, value: object) -> None:
    _write(file, json.dumps(value, indent=2) + "\n")


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o644)
