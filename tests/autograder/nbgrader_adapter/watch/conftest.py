"""A course that is released, students who submit and fetch as nbgrader has it, and `autograder watch`."""

import copy
import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory

from autograder.authoring.source import definition
from autograder.cli import main
from autograder.nbgrader_adapter import course as courses
from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.exchange.collect import refused_students
from autograder.nbgrader_adapter.gradebook.export import export
from autograder.report.collected import collect
from autograder.settings import read_config

ASSIGNMENT = "descent"
SECONDS = 120


@pytest.fixture(scope="session")
def released(course_root, tmp_path_factory):
    """The second course without PyTorch, its assignment on the exchange."""
    root = tmp_path_factory.mktemp("released") / "course"
    left_out = shutil.ignore_patterns("__pycache__", "networks", "chance", "classroom", "exchange*", "verdicts")
    shutil.copytree(course_root, root, ignore=left_out)
    course = course_of(read_config(root))
    course.settings.secret()
    steps.build(course, ASSIGNMENT)
    steps.generate(course, ASSIGNMENT)
    steps.release(course, ASSIGNMENT)
    return root


@pytest.fixture
def classroom(released, catalogue, tmp_path, capsys):
    """A copy of the course for one test."""
    room = Classroom(Path(shutil.copytree(released, tmp_path / "course")), catalogue, capsys)
    yield room
    room.close()


class Classroom:
    def __init__(self, root, catalogue, capsys):
        self.root, self.exercises, self._capsys = root, catalogue.exercises, capsys
        self.exchange = root / "exchange" / "second-course"
        self.inbound = self.exchange / "inbound"
        self._started = []

    def student(self, name):
        return Student(self, name)

    def configure(self, line):
        with (self.root / "nbgrader_config.py").open("a") as file:
            file.write(f"\n{line}\n")

    def watch(self, *words):
        """`autograder watch --once`, in this process: its exit code, what it said, and what it said on stderr."""
        self._forget_courses()
        self._capsys.readouterr()
        code = main(["--course", str(self.root), "watch", ASSIGNMENT, *map(str, words), "--once"])
        out, err = self._capsys.readouterr()
        return code, [line for line in out.splitlines() if "  watching " not in line], err

    def start(self, *words):
        """The same as a process of its own, until it is stopped; what it says is in `process.log`."""
        log = (self.root / f"watch-{len(self._started)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "autograder", "--course", str(self.root), "watch", ASSIGNMENT, *words],
            stdout=log,
            stderr=log,
        )
        process.log = Path(log.name)
        log.close()
        self._started.append(process)
        return process

    def close(self):
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._forget_courses()

    def _forget_courses(self):
        while courses._courses:
            _, (_, made) = courses._courses.popitem()
            made.fork_servers.close()

    def score(self, name):
        with Gradebook(f"sqlite:///{self.root}/classroom/gradebook.db", "second-course") as gradebook:
            return gradebook.find_submission(ASSIGNMENT, name).score

    def enroll(self, name):
        with Gradebook(f"sqlite:///{self.root}/classroom/gradebook.db", "second-course") as gradebook:
            gradebook.update_or_create_student(name)

    def refused(self):
        """Who has something on the exchange that was not collected, with the reason."""
        return refused_students(self.course.directory(), ASSIGNMENT)

    def exported(self):
        """Each student's grade, as `autograder export` writes it."""
        export(self.course, [ASSIGNMENT], self.root / "grades.csv")
        with (self.root / "grades.csv").open() as file:
            return {row["student_id"]: row["score"] for row in csv.DictReader(file)}

    def reported(self):
        """Who needs a person, by the class report, with the reason."""
        return {(one.student, one.reason) for one in collect(self.course, ASSIGNMENT).waiting}

    @property
    def course(self):
        return course_of(read_config(self.root))

    def answered(self):
        """(student, state) of every submission in the ledger, in order of time."""
        with sqlite3.connect(self.root / "verdicts" / "watch.db") as ledger:
            return ledger.execute("SELECT student, state FROM submissions ORDER BY time").fetchall()


class Student:
    """Somebody with a desk of their own, so also with nbgrader's record of what they submitted."""

    def __init__(self, room, name):
        self.room, self.name = room, name
        self.desk = room.root.parent / "desks" / name
        self.notebook = self.desk / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        if not self.notebook.exists():
            shutil.copytree(room.exchange / "outbound" / ASSIGNMENT, self.notebook.parent)
            self.answer()

    def answer(self, **sources):
        """Right answers, but for these."""
        notebook = nbformat.read(self.notebook, as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.nbgrader.grade_id.removeprefix("solution-")
            if cell.metadata.nbgrader.solution and name in self.room.exercises:
                cell.source = sources.get(name) or definition(self.room.exercises[name].reference)
        nbformat.write(notebook, self.notebook)
        return self

    def submit(self, **settings):
        """Through nbgrader's exchange. Returns the name of the directory in the inbound."""
        app = self.step("Submit", settings)
        app.start()
        return app.assignment_filename

    def fetch(self):
        """The pages that nbgrader fetches, oldest submission first: {notebook: text} of each."""
        shutil.rmtree(self.notebook.parent / "feedback", ignore_errors=True)
        try:
            self.step("FetchFeedback").start()
        except ExchangeError:  # nobody has any yet
            return []
        folders = sorted((self.notebook.parent / "feedback").glob("*"))
        return [{page.stem: page.read_text() for page in folder.glob("*.html")} for folder in folders]

    def step(self, name, settings=()):
        """A step of nbgrader's exchange, for this student."""
        config = copy.deepcopy(read_config(self.room.root))
        config.Exchange.cache = str(self.desk / "cache")
        config.Exchange.update(settings)
        directory = CourseDirectory(config=config)
        directory.student_id, directory.assignment_id = self.name, ASSIGNMENT
        app = getattr(ExchangeFactory(config=config), name)(
            coursedir=directory, authenticator=Authenticator(config=config), config=config
        )
        app.assignment_dir = str(self.desk)
        return app


@pytest.fixture
def until():
    """Wait until something is true."""

    def wait(condition, process=None):
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            said = process.log.read_text() if process else ""
            assert process is None or process.poll() is None, said
            assert time.monotonic() < deadline, said or "it did not come"
            time.sleep(0.02)
        return found

    return wait


def is_root():
    return os.geteuid() == 0
