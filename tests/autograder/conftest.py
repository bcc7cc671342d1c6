"""The second course, copied to a folder of its own, and a stand-in for the session."""

import importlib.util
import json
import linecache
import os
import resource
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from autograder.authoring.build import build_assignment
from autograder.authoring.catalogue import load_catalogue
from autograder.authoring.source import definition, renamed
from autograder.cli import main
from autograder.nbgrader_adapter import course
from autograder.nbgrader_adapter.exchange import steps
from autograder.nbgrader_adapter.rehearsal import perform
from autograder.sandbox.interface import Answer, Cell, CellResult, Transcript
from autograder.settings import load_settings, read_config
from autograder.student.crossing import Refused, ask
from autograder.student.drive import Raised, call, load_checks
from autograder.student.values import decode, encode

COURSE = Path(__file__).parents[1] / "course"


@pytest.fixture(scope="session")
def course_root(tmp_path_factory):
    """A copy of the second course; exercises are imported from here, so it is made once."""
    root = tmp_path_factory.mktemp("second") / "course"
    shutil.copytree(COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(scope="session")
def second_course():
    """Copy the second course to a folder and generate one of its assignments, with settings and a secret to choose."""

    def make(root, assignment, settings="", secret=""):
        shutil.copytree(COURSE, root, ignore=shutil.ignore_patterns("__pycache__"))
        with (root / "nbgrader_config.py").open("a") as file:
            file.write(settings)
        if secret:
            (root / "course_secret").write_text(secret)
            (root / "course_secret").chmod(0o600)
        made = course.course_of(read_config(root))
        made.settings.secret()
        steps.build(made, assignment)
        steps.generate(made, assignment)
        return made

    return make


ORDINARY = """
from autograder.nbgrader_adapter.pipeline import use_autograder

c = get_config()
c.CourseDirectory.course_id = "stock"
c.Exchange.root = "exchange"
use_autograder(c)
"""


@pytest.fixture(scope="session")
def ordinary_course(tmp_path_factory):
    """An ordinary nbgrader course with an assignment that nbgrader has generated, and nobody in it. To be copied:
    nbgrader takes seconds to make a gradebook."""
    root = tmp_path_factory.mktemp("ordinary") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(ORDINARY)
    cell = new_code_cell("assert True")
    marks = {"grade": True, "solution": False, "locked": True, "task": False, "points": 2, "grade_id": "test"}
    cell.metadata["nbgrader"] = {**marks, "schema_version": 3, "cell_type": "code"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "source" / "ps1" / "ps1.ipynb")
    made = course.course_of(read_config(root))
    done = steps.api_of(made).generate_assignment("ps1")  # nbgrader's own, as its command and formgrader call it
    assert done["success"], done
    return root


@pytest.fixture(scope="session")
def hand_in():
    """Put what each actor of a made-up class hands in where collecting puts it."""

    def put(made, assignment, cast, timestamp="2026-01-01 00:00:00.000000 UTC"):
        for actor in cast:
            place = made.folder / "submitted" / actor.student / assignment
            place.parent.mkdir(parents=True)
            shutil.copytree(made.folder / "release" / assignment, place)
            perform(actor, place / f"{assignment}.ipynb")
            (place / "timestamp.txt").write_text(timestamp)

    return put


@pytest.fixture(scope="session")
def catalogue(course_root):
    return load_catalogue(load_settings(read_config(course_root)))


@pytest.fixture(scope="session")
def source(catalogue, tmp_path_factory):
    """The source folder of every assignment of the second course, built."""
    folder = tmp_path_factory.mktemp("source")
    for assignment in catalogue.assignments.values():
        build_assignment(assignment, folder)
    return folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The student's half, built as a wheel without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    project = Path(__file__).parents[2] / "deploy" / "student"
    pip("wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder, project)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def student_site(wheel, tmp_path_factory):
    """A folder that holds the student's half and NumPy, and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel)
    packages = Path(np.__file__).parents[1]
    for package in packages.glob("numpy*"):
        (folder / package.name).symlink_to(package)
    return folder


@pytest.fixture
def as_student(student_site):
    """Run code as a student's Python does it, which has the student's half, NumPy and the standard library."""

    def run(code, folder):
        start = f"import sys; sys.path.insert(0, {str(student_site)!r})\n"
        return subprocess.run(
            [sys.executable, "-I", "-S", "-W", "error", "-c", start + code],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )

    return run


def pip(command, *arguments):
    subprocess.run(
        [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", *map(str, arguments)],
        check=True,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture
def module_from(tmp_path):
    """Import a text as a module, as an author's file; forgotten after the test."""
    made = []

    def make(source, name="authors_file"):
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        made.append(name)
        spec.loader.exec_module(module)
        return module

    yield make
    for name in made:
        sys.modules.pop(name, None)


@pytest.fixture
def fresh_modules(tmp_path):
    """Forget the modules of the test's own folder, and the paths that it has made known."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in f"{vars(module).get('__file__')} {vars(module).get('__path__')}":
            del sys.modules[name]


@pytest.fixture
def player():
    """A stand-in for the session that protects nothing: for answers written in these tests alone."""
    return SimpleNamespace(play=_play)


def _play(steps, questions, limits=None, files=None):
    cells, answers, questions = [], [], iter(questions)
    namespace = {"__name__": "__main__", "check": lambda answer: None}
    for number, step in enumerate(steps):
        if isinstance(step, Cell):
            cells.append(_run(step.source, f"<cell {number}>", namespace))
        else:
            question = next(questions)
            answers.append(tuple(_ask(question, dict(namespace))) if question else ())
    return Transcript(tuple(cells), tuple(answers))


def _run(source, name, namespace):
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), namespace)
    except Exception as error:
        output = {"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}
        return CellResult("error", (output,))
    return CellResult("done")


def _ask(question, namespace):
    drive = getattr(load_checks(question.checks), question.driver) if question.driver else call
    for arguments, keywords in question.calls:
        answer = namespace.get(question.name)
        if not callable(answer):
            yield Answer("missing", reason=f"{question.name} is not defined")
            continue
        sent = decode(encode([list(arguments), dict(keywords)]), _named_tuples(namespace))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = ask(drive, answer, tuple(sent[0]), sent[1], twice=question.twice)
        if isinstance(values[0], Refused):
            yield Answer("refused", reason=values[0].message)
        elif isinstance(values[0], Raised):
            yield Answer("raised", (), values[0].exception, values[0].message, values[0].line)
        else:
            yield Answer("value", values)


def _named_tuples(namespace):
    return {key: value for key, value in namespace.items() if isinstance(value, type) and hasattr(value, "_fields")}


@pytest.fixture
def cli(capsys):
    """Run the command `autograder` on a course; its exit code, what it said, and what it said on stderr."""

    def run(root, *arguments):
        course._courses.clear()  # a command starts with what is on disk
        capsys.readouterr()
        code = main(["--course", str(root), *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


# nbgrader takes seconds to start: several of its commands, as they are typed, in one process.
NBGRADER = """
import json, os, sys
from nbgrader.apps.nbgraderapp import NbGraderApp
from traitlets.config import SingletonConfigurable

def forget(kind):
    kind._instance = None
    for below in kind.__subclasses__():
        forget(below)

for folder, *words in json.loads(sys.argv[1]):
    forget(SingletonConfigurable)
    os.chdir(folder)
    try:
        NbGraderApp.launch_instance(words)
    except SystemExit as end:
        if end.code:
            sys.exit(f"nbgrader {' '.join(words)}: exit code {end.code}")
"""


@pytest.fixture(scope="session")
def nbgrader():
    """Run commands of nbgrader, each given as its folder and its words, inside hard bounds."""

    def run(*commands):
        words = [[str(word) for word in command] for command in commands]
        found = bounded_run([sys.executable, "-c", NBGRADER, json.dumps(words)])
        assert found.returncode == 0, found.stderr

    return run


def bounded_run(words, **options):
    """Run a command; whatever a submission does, it ends."""

    def bounds():
        resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=500, check=False, preexec_fn=bounds, **options
    )


@pytest.fixture(scope="session")
def bounded():
    return bounded_run


HOSTILE_NAME = "<img src=x onerror=alert(31337)>"
HOSTILE_WORDS = (
    "<script>alert(31337)</script>\n\n"
    "![a](http://example.org/a.png) <img src='http://example.org/b.png' onerror='a()'>\n\n"
    "[c](javascript:alert(1)) $\\href{javascript:alert(1)}{x}$ " + "$" + "{" * 5000 + "}" * 5000 + "$"
)


@pytest.fixture(scope="session")
def small_class(course_root, bounded, tmp_path_factory):
    """Twelve students of 'descent', graded by `autograder grade`: every kind of answer. Its course, and what was said.

    The answers in words are marked by hand, but for those of 'right-3'.
    """
    root = tmp_path_factory.mktemp("class") / "course"
    root.mkdir()
    text = (COURSE / "nbgrader_config.py").read_text()
    folders = [str(course_root / "exercises"), str(course_root / "private")]
    text = text.replace('["exercises", "private"]', repr(folders)) + BOOK
    (root / "nbgrader_config.py").write_text(text)
    found = course.course_of(read_config(root))
    steps.build(found, "descent")
    steps.generate(found, "descent")
    entries = found.catalogue.assignments["descent"].entries
    right = {entry.name: definition(entry.exercise.reference) for entry in entries}
    release = found.folder / "release" / "descent"
    for student, (answers, words) in _class_of(entries, right).items():
        folder = found.folder / "submitted" / student / "descent"
        shutil.copytree(release, folder)
        notebook = nbformat.read(folder / "descent.ipynb", as_version=4)
        _answer(notebook, student, answers, words)
        nbformat.write(notebook, folder / "descent.ipynb")
    graded = bounded([sys.executable, "-m", "autograder", "grade", "descent"], cwd=root)
    assert graded.returncode == 1, graded.stderr  # somebody needs a person
    with Gradebook(found.directory().db_url, found.directory().course_id) as gradebook:
        for submission in gradebook.assignment_submissions("descent"):
            for grade in submission.notebooks[0].grades:
                if grade.name.startswith("written") and grade.needs_manual_grade and submission.student.id != "right-3":
                    grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    return SimpleNamespace(course=found, root=root, said=graded)


LOOKS = """
right = running_mean

def running_mean(*given):
    id(given)
    return right(*given)
"""
BOOK = 'c.AutograderSettings.book = "https://example.org/course/chapters/"\n'


def _class_of(entries, right):
    """What each student answers, and writes in words."""

    def mistaken(number):
        wrong = [entry for entry in entries if len(entry.exercise.misconceptions) > number]
        return right | {
            entry.name: renamed(entry.exercise.misconceptions[number].answer, entry.name) for entry in wrong
        }

    def first(body):
        return right | {"halving_step": f"def halving_step(*arguments, **keywords):\n    {body}"}

    words = "A *reason* with $x^2$."
    return {
        "right-1": (right, words),
        "right-2": (right | {"running_mean": f"{right['running_mean']}\n{LOOKS}"}, words),
        "right-3": (right, words),
        "mistaken-1": (mistaken(0), words),
        "mistaken-2": (mistaken(1), ""),
        "blank": ({}, ""),
        "crashes": (first("raise ZeroDivisionError('on purpose')"), words),
        "loops": (first("while True: pass"), words),
        "exits": (first("import os; os._exit(0)"), words),
        "damaged": (right, words),
        "person": (right, words),
        HOSTILE_NAME: (mistaken(0), HOSTILE_WORDS),
    }


def _answer(notebook, student, answers, words):
    for cell in list(notebook.cells):
        name = cell.metadata.nbgrader.grade_id
        if name.removeprefix("solution-") in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name.removeprefix("solution-")]
        if name.startswith("written") and words:
            cell.source = words
        if student == "damaged" and name == "check-halving_step":
            notebook.cells.remove(cell)
    if student == "person":
        notebook.metadata.autograder.version = "another"
    if student == HOSTILE_NAME:
        notebook.cells.append(new_code_cell("print('<b>my own</b>')\nprint('x' * 500)\n1 / 0"))


@pytest.fixture(scope="session")
def generated(small_class, nbgrader):
    """The folder of the class's feedback, made by nbgrader's own command."""
    nbgrader((small_class.root, "generate_feedback", "descent"))
    return small_class.course.folder / "feedback"


MODES = {"light": ("light", 1000), "dark": ("dark", 1000), "phone": ("light", 390)}


@pytest.fixture
def opened(browser):
    """Open a file in a mode: the tab, and what it complained of or asked another place for."""
    contexts = []

    def open_page(path, mode):
        scheme, width = MODES[mode]
        contexts.append(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}))
        tab, faults = contexts[-1].new_page(), []
        tab.on("console", lambda said: faults.append(said.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else faults.append(asked.url))
        tab.goto(path.as_uri())
        return tab, faults

    yield open_page
    for context in contexts:
        context.close()
