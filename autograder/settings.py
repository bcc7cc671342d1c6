"""The instructor's settings, as `c.AutograderSettings.…` in nbgrader_config.py."""

from __future__ import annotations

import math
import os
import secrets
from pathlib import Path
from typing import Any

from traitlets import Bool, Dict, Float, Integer, List, TraitError, Unicode, validate
from traitlets.config import Config, LoggingConfigurable
from traitlets.config.loader import PyFileConfigLoader

from autograder.authoring.exercise import ExerciseError
from autograder.options import nearest
from autograder.sandbox.host.layers import LAYERS
from autograder.sandbox.interface import Limits

CONFIG_NAME = "nbgrader_config.py"
AROUND_SECONDS = 120.0  # for all that is not a session's: its start, cleaning, judging, writing


class AutograderSettings(LoggingConfigurable):
    """Where the exercises are and how their answers are run."""

    exercises = List(
        Unicode(),
        help="Folders that hold <topic>/exercises.py, from the course's root; an own, private folder is added here. "
        "None for a course of nbgrader's own notebooks.",
    ).tag(config=True)
    assignments = Dict(
        help="Own assignments: {name: {'title': …, 'exercises': [names], 'points': {name: points}, "
        "'text': 'file.md', 'duedate': …}}. Topics with an assignment.md need no entry."
    ).tag(config=True)
    secret_file = Unicode(
        "course_secret",
        help="File of the secret from which hidden cases are drawn; made, for its owner alone, when it is missing.",
    ).tag(config=True)
    store = Unicode(".autograder", help="Folder of the verdicts.").tag(config=True)
    roster = Unicode(
        "roster.csv", help="File in which `autograder roster` keeps who is in the course, for its owner alone."
    ).tag(config=True)
    rehearsals = Unicode(
        "rehearsal", help="Folder in which `autograder rehearse` makes a course for each assignment."
    ).tag(config=True)
    unprotected = Bool(False, help="Run student code although protection is missing. Only for code you trust.").tag(
        config=True
    )
    layers = List(
        Unicode(),
        default_value=None,
        allow_none=True,
        help="Layers of protection to use; all that this machine gives where unset.",
    ).tag(config=True)
    cell_seconds = Float(30, min=0.1, help="CPU time of one cell.").tag(config=True)
    submission_seconds = Float(120, min=0.1, help="CPU time of one submission.").tag(config=True)
    memory_mib = Integer(2048, min=64, help="Memory of one submission.").tag(config=True)
    worker_factor = Float(
        2,
        min=1,
        help="A grading process that takes this many times as long as its submission's limits allow on the wall clock "
        "is ended; the submission is tried once more, and is then left to a person.",
    ).tag(config=True)
    output_mib = Integer(
        4, min=1, help="What is kept of one cell's outputs; the rest is cut, and the cut is marked."
    ).tag(config=True)
    outputs_mib = Integer(16, min=1, help="The same of a whole notebook's outputs.").tag(config=True)
    answer_mib = Integer(4, min=1, help="The largest value that one call of a student's function may answer.").tag(
        config=True
    )
    answers_mib = Integer(32, min=1, help="What the grader keeps of all answers of a submission.").tag(config=True)
    notebook_mib = Integer(32, min=1, help="The largest notebook that is read, saved outputs included.").tag(
        config=True
    )
    cell_kib = Integer(
        256, min=1, help="The longest cell of a notebook that is read; all its cells may have four times that."
    ).tag(config=True)
    case_sets = Integer(16, min=1, help="How many sets of hidden cases an assignment has.").tag(config=True)

    book = Unicode(
        "",
        help="Where the book's pages are published, such as https://example.org/course/chapters; feedback links there.",
    ).tag(config=True)

    watch_answers = Integer(
        3, min=0, help="How often `autograder watch` answers a student in `watch_hours`; 0 for as often as they submit."
    ).tag(config=True)
    watch_hours = Float(24, min=0.01, help="The hours in which `watch_answers` are counted.").tag(config=True)

    root = Unicode(".", help="The folder that the other settings' paths start from.").tag(config=True)

    @validate("cell_seconds", "submission_seconds", "watch_hours")
    def _is_finite(self, proposal: Any) -> float:
        number = float(proposal["value"])
        if not math.isfinite(number):
            raise TraitError(f"c.AutograderSettings.{proposal['trait'].name} is {number}, and must be finite")
        return number

    @validate("layers")
    def _are_layers(self, proposal: Any) -> list[str] | None:
        layers: list[str] | None = proposal["value"]
        for name in layers or ():
            if name not in LAYERS:
                raise TraitError(
                    f"c.AutograderSettings.layers names {name!r}; the layers are {', '.join(LAYERS)}"
                    + nearest(name, LAYERS)
                )
        return layers

    @validate("secret_file", "store", "roster")
    def _is_named(self, proposal: Any) -> str:
        if not str(proposal["value"]).strip():
            raise TraitError(f"c.AutograderSettings.{proposal['trait'].name} is empty: name a place")
        return str(proposal["value"])

    @validate("book")
    def _is_address(self, proposal: Any) -> str:
        book = str(proposal["value"])
        if book and not book.startswith(("https://", "http://")):
            raise TraitError(f"c.AutograderSettings.book is {book!r}, and must begin with https:// or http://")
        return book

    @property
    def limits(self) -> Limits:
        return Limits(
            cell_seconds=self.cell_seconds,
            submission_seconds=self.submission_seconds,
            memory_mib=self.memory_mib,
            output_bytes=self.output_mib << 20,
            outputs_bytes=self.outputs_mib << 20,
            answer_bytes=self.answer_mib << 20,
            answers_bytes=self.answers_mib << 20,
        )

    def worker_seconds(self, notebooks: int) -> float:
        """How long a process may take to grade a submission of so many notebooks, on the wall clock: sessions have the
        limits' own clock; what is done before and after them, on a machine under load, has the margin."""
        return self.worker_factor * (AROUND_SECONDS + notebooks * self.limits.wall_seconds)

    @property
    def folder(self) -> Path:
        return Path(self.root).resolve()

    @property
    def secret_path(self) -> Path:
        return self.folder / self.secret_file

    @property
    def folders(self) -> list[Path]:
        return [self.folder / folder for folder in self.exercises]

    @property
    def rehearsals_folder(self) -> Path:
        return self.folder / self.rehearsals

    @property
    def roster_path(self) -> Path:
        return self.folder / self.roster

    @property
    def store_folder(self) -> Path:
        return self.folder / self.store

    def secret(self) -> bytes:
        """The course's secret; made on first use, readable by its owner alone."""
        path = self.secret_path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = path.read_bytes().strip()
            if len(secret) < 32:
                raise ExerciseError(
                    f"{path} is too short to be a course secret: remove it and a new one is made "
                    "(hidden cases will then differ from those of earlier grades)"
                ) from None
            return secret
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret := secrets.token_hex(32).encode())
        return secret


def read_config(root: Path) -> Config:
    """The settings file of the course in `root`, read as nbgrader reads it."""
    if not os.path.isdir(root):
        raise ExerciseError(f"{root} is no folder: name the course's root with --course")
    if not os.path.isfile(root / CONFIG_NAME):
        raise ExerciseError(f"{root} holds no {CONFIG_NAME}: run this in the course's root or name it with --course")
    try:
        config = PyFileConfigLoader(CONFIG_NAME, path=str(root)).load_config()
    except Exception as error:  # it is a program: anything may happen in it
        raise ExerciseError(f"{root / CONFIG_NAME} cannot be read: {type(error).__name__}: {error}") from error
    config.AutograderSettings.setdefault("root", str(root.resolve()))
    # nbgrader would take its root from the folder that the command was started in
    config.CourseDirectory.root = str(root.resolve() / str(config.CourseDirectory.get("root", "")))
    return config


def load_settings(config: Config) -> AutograderSettings:
    """Our part of nbgrader's settings."""
    unknown = set(config.get("AutograderSettings", {})) - set(AutograderSettings.class_trait_names(config=True))
    if unknown:
        name, known = sorted(unknown)[0], AutograderSettings.class_trait_names(config=True)
        raise ExerciseError(f"{CONFIG_NAME} sets c.AutograderSettings.{name}, which there is not{nearest(name, known)}")
    try:
        settings = AutograderSettings(config=config)
    except TraitError as error:
        raise ExerciseError(f"{CONFIG_NAME}: {error}") from None
    return settings
