"""Which exercises and assignments there are: found in the folders that the settings name, never imported by name."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType

from dateutil.parser import parse
from dateutil.tz import gettz

from autograder.authoring.assignment_text import Marker, read_text
from autograder.authoring.exercise import Exercise, ExerciseError
from autograder.options import nearest
from autograder.sandbox.shared.lazy_compiler import load_compiler_later
from autograder.settings import AutograderSettings


@dataclass(frozen=True)
class Entry:
    """An exercise in an assignment, with the points it has there."""

    exercise: Exercise
    points: float

    @property
    def name(self) -> str:
        return self.exercise.name


@dataclass(frozen=True)
class Assignment:
    """text : Markdown with markers; path : where it stands, for messages."""

    name: str
    title: str
    text: str
    path: Path
    entries: tuple[Entry, ...]

    @property
    def torch(self) -> bool:
        return any(entry.exercise.torch for entry in self.entries)


@dataclass(frozen=True)
class Catalogue:
    exercises: dict[str, Exercise]
    assignments: dict[str, Assignment]

    def assignment(self, name: str) -> Assignment:
        if name not in self.assignments:
            known = ", ".join(sorted(self.assignments)) or "none"
            raise ExerciseError(
                f"there is no assignment called {name!r}; known are: {known}{nearest(name, self.assignments)}"
            )
        return self.assignments[name]


def load_catalogue(settings: AutograderSettings) -> Catalogue:
    """Every exercise in the settings' folders, and every assignment: a topic's own, or one composed in the settings."""
    exercises: dict[str, Exercise] = {}
    texts: dict[str, Path] = {}
    for folder in settings.folders:
        if not folder.is_dir():
            raise ExerciseError(f"{folder}, named in c.AutograderSettings.exercises, is not a folder")
        for file in sorted(folder.glob("*/exercises.py")):
            _collect(_load(file, folder), file, exercises)
        texts |= {file.parent.name: file for file in sorted(folder.glob("*/assignment.md"))}
    assignments = {name: _from_text(name, file, exercises) for name, file in texts.items()}
    for name, plan in settings.assignments.items():
        assignments[name] = _composed(name, plan, exercises, settings.folder)
    load_compiler_later()  # the references' optimizers do not need it
    return Catalogue(exercises, assignments)


def state_of(folders: Sequence[Path]) -> str:
    """Changes when a file of the folders does."""
    files = sorted(file for folder in folders for pattern in ("*/*.py", "*/*.md") for file in folder.glob(pattern))
    return repr([(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files])


def forget_modules(folders: Sequence[Path]) -> None:
    """Let modules of the folders be imported anew."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and any(Path(file).is_relative_to(folder) for folder in folders):
            del sys.modules[name]


def exercises_of(module: ModuleType) -> list[Exercise]:
    """The exercises that a module defines, in order."""
    return [value for value in vars(module).values() if isinstance(value, Exercise)]


def _load(file: Path, folder: Path) -> ModuleType:
    """Import `<folder>/<topic>/exercises.py`, as part of the package that the folder is, where it is one.

    A folder that is none gets a package name of its own, so that two courses in one process do not meet.
    """
    if (folder / "__init__.py").exists():
        package = folder.name
        if str(folder.parent) not in sys.path:
            sys.path.insert(0, str(folder.parent))
    else:
        package = f"exercises_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
        if package not in sys.modules:
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = [str(folder)]
    name = f"{package}.{file.parent.name}.exercises"
    try:
        module = importlib.import_module(name)
    except ExerciseError as error:
        raise ExerciseError(f"{file}: {error}") from None
    except (Exception, SystemExit) as error:
        raise ExerciseError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    if Path(module.__file__ or "").resolve() != file.resolve():
        raise ExerciseError(f"{file} cannot be imported as {name}, which is {module.__file__}: rename its folder")
    return module


def _collect(module: ModuleType, file: Path, exercises: dict[str, Exercise]) -> None:
    for exercise in exercises_of(module):
        if exercises.setdefault(exercise.name, exercise) is not exercise:
            raise ExerciseError(f"{file}: there is an exercise called {exercise.name!r} already; names must be unique")


def _from_text(name: str, file: Path, exercises: dict[str, Exercise]) -> Assignment:
    title, text, markers = read_text(file)
    return Assignment(name, title or name, text, file, _entries(markers, exercises, {}, file))


def _composed(name: str, plan: dict, exercises: dict[str, Exercise], root: Path) -> Assignment:
    where = f"c.AutograderSettings.assignments[{name!r}]"
    _check_plan(name, plan, where)
    points = dict(plan.get("points", {}))
    if "text" in plan:
        path = root / plan["text"]
        title, text, markers = read_text(path)
    else:
        path, title = root / "nbgrader_config.py", ""
        text = "\n\n".join(f"```{{exercise}} {exercise}\n```" for exercise in plan["exercises"])
        markers = [Marker("exercise", exercise, 0) for exercise in plan["exercises"]]
    entries = _entries(markers, exercises, points, path)
    if left := set(points) - {entry.name for entry in entries}:
        raise ExerciseError(f"{where}: points for {', '.join(sorted(left))}, which are not in it")
    return Assignment(name, plan.get("title") or title or name, text, path, entries)


def _check_plan(name: object, plan: object, where: str) -> None:
    """Refuse a plan that cannot be meant."""
    if not re.fullmatch(r"\w[\w.-]*", str(name)):  # it names a folder, and nbgrader wants no + in it
        raise ExerciseError(f"{where}: an assignment's name is made of letters, digits, '_', '-' and '.'")
    if not isinstance(plan, dict):
        raise ExerciseError(f"{where} is no dict: write {{'exercises': [names]}}")
    if unknown := set(plan) - {"title", "exercises", "points", "text", "duedate"}:
        raise ExerciseError(f"{where}: unknown setting {', '.join(sorted(map(str, unknown)))}")
    if ("text" in plan) == bool(plan.get("exercises")):
        raise ExerciseError(f"{where}: name its 'exercises', or a 'text' with markers")
    exercises = plan.get("exercises", [])
    if not isinstance(exercises, (list, tuple)) or not all(isinstance(one, str) for one in exercises):
        raise ExerciseError(f"{where}: 'exercises' is a list of names")
    for key in ("title", "text"):
        if not isinstance(plan.get(key, ""), str):
            raise ExerciseError(f"{where}: {key!r} is a text, not {plan[key]!r}")
    if "duedate" in plan and not _is_date(plan["duedate"]):
        raise ExerciseError(f"{where}: 'duedate' is a date such as '2027-01-31 18:00 UTC', not {plan['duedate']!r}")
    points = plan.get("points", {})
    if not isinstance(points, dict) or not all(type(n) in (int, float) and n > 0 for n in points.values()):
        raise ExerciseError(f"{where}: 'points' is a dict of exercises' names and numbers above 0, not {points!r}")


def _is_date(value: object) -> bool:
    """Whether nbgrader can read it: a day and a time, and where there is a third part, a time zone."""
    if not isinstance(value, str):
        return isinstance(value, datetime)
    *moment, zone = parts if len(parts := value.split(" ")) == 3 else [*parts, "UTC"]
    try:
        parse(" ".join(moment))
        return zone.lstrip("+-").isdigit() or gettz(zone) is not None
    except (ValueError, OverflowError):
        return False


def _entries(
    markers: Sequence[Marker], exercises: dict[str, Exercise], points: dict[str, float], path: Path
) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for marker in markers:
        if marker.kind != "exercise":
            continue
        if marker.argument not in exercises:
            known = ", ".join(sorted(exercises)) or "none"
            raise ExerciseError(
                f"{path}: there is no exercise called {marker.argument!r}; known are: {known}"
                + nearest(marker.argument, exercises)
            )
        exercise = exercises[marker.argument]
        if any(entry.exercise is exercise for entry in entries):
            raise ExerciseError(f"{path}: the exercise {exercise.name!r} stands in it twice")
        entries.append(Entry(exercise, float(points.get(exercise.name, exercise.points))))
    return tuple(entries)
