"""Hostile submissions: each file of tests/submissions attacks one property, and says what must hold all the same.

A file's docstring has, after a sentence, lines of the form `key: value`:

    attacks      the number in the list of attacks, or 'own'
    earns        first=… rest=…: the points of the first exercise and of each other: 0, full, a number, or person;
                 or 'nothing', where nothing is collected
    mode         solution (the default): the file is the first exercise's solution cell
                 notebook, file, submitted, inbound: it defines damage(notebook), damage(path of the notebook),
                 damage(folder collected, PLACES) or damage(folder submitted, PLACES)
    assignment   downhill (NumPy, the default) or tensors (PyTorch)
    slow         yes: on a busy machine the wall clock may stop it, and then a person looks
    copies       how many students hand it in
    never        a text that may occur in no output and no feedback
    shows        a text that must stand in its outputs, or in its page where it has one
    page         yes: its feedback page is made too, in little time, and is held to the same
    reads        given: it may read the file that comes with the assignment

All other exercises are answered right. `PLACES` tells an attacker where everything lies.
"""

import ast
import contextlib
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook

from autograder.authoring.cases import hidden_oracles, public_oracles
from autograder.authoring.source import definition
from autograder.nbgrader_adapter.batch import grade, submission
from autograder.nbgrader_adapter.batch.entry import enter
from autograder.nbgrader_adapter.course import course_of
from autograder.nbgrader_adapter.exchange import steps
from autograder.settings import read_config

HERE = Path(__file__).parents[1]
FIRST = {"downhill": "halving_step", "tensors": "Gate"}
SECONDS, MEMORY_MIB = 6.0, 400
WORDS = ("environment", "beside", "victim", "exercises", "store", "feedback", "exchange")  # where a secret is planted
CONFIG = f"""
c.CourseDirectory.course_id = "hostile-course"
c.AutograderSettings.exercises = ["exercises"]
c.AutograderSettings.assignments = {{}}
c.AutograderSettings.cell_seconds = 1
c.AutograderSettings.submission_seconds = {SECONDS}
c.AutograderSettings.memory_mib = {MEMORY_MIB}
"""
TEXT = """---
title: Going downhill
---
```{exercise} halving_step
```

```{exercise} running_mean
```

```{exercise} log_sum_exp
```
"""


@dataclass(frozen=True)
class Attack:
    """A file of tests/submissions."""

    path: Path

    @property
    def name(self):
        return self.path.stem.removeprefix("hostile_")

    @cached_property
    def text(self):
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def says(self):
        doc = ast.get_docstring(ast.parse(self.text))
        return {"mode": "solution", "assignment": "downhill", "copies": "1"} | dict(
            re.findall(r"^(\w+): (.+)$", doc, re.MULTILINE)
        )

    @property
    def students(self):
        number = self.name.partition("_")[0]
        return [f"s{number}{letter}" for letter in "abc"[: int(self.says["copies"])]]

    @property
    def damage(self):
        namespace = {}
        exec(compile(self.text, str(self.path), "exec"), namespace)
        return namespace["damage"]


ATTACKS = [Attack(path) for path in sorted((HERE / "submissions").glob("hostile_*.py"))]
NAMES = [attack.name for attack in ATTACKS]
every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)

# ------------------------------------------------------------------------------------------ the course, and its secrets


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose exercises, store, exchange and gradebook lie beside planted words."""
    root = tmp_path_factory.mktemp("hostile") / "course"
    shutil.copytree(
        HERE / "course" / "exercises" / "descent",
        root / "exercises" / "downhill",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(
        HERE / "course" / "exercises" / "networks",
        root / "exercises" / "tensors",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (root / "exercises" / "downhill" / "assignment.md").write_text(TEXT)
    for file in root.glob("exercises/*/[er]*.py"):  # the text of checks.py goes out with the release
        file.write_text(file.read_text() + f"\n# {word('exercises')}\n")
    (root / "nbgrader_config.py").write_text((HERE / "course" / "nbgrader_config.py").read_text() + CONFIG)
    found = course_of(read_config(root))
    for name in FIRST:
        source = steps.build(found, name).parent
        (source / "given.txt").write_text(f"read me: {word('given')}")
        steps.generate(found, name)
        steps.release(found, name)
    plant(found.folder / "beside.txt", "beside")
    plant(found.folder / "feedback" / "victim" / "downhill" / "downhill.html", "feedback")
    plant(found.store.folder / "latest" / "note.json", "store")
    plant(root / "exchange" / "hostile-course" / "outbound" / "note.txt", "exchange")
    return found


def word(place):
    """What is planted at `place`; nothing else on the machine holds it."""
    return f"planted-{place}-{os.getpid():x}-7f3a9c"


def plant(path, place):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(word(place) + "\n")
    path.chmod(0o666)  # no permission protects it: the session must


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A folder that everybody may write to, and that nobody may change."""
    folder = tmp_path_factory.mktemp("outside")
    folder.chmod(0o777)
    (folder / "canary").write_text("canary")
    return folder


@pytest.fixture(scope="module")
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.fixture(scope="module")
def places(course, outside, listener):
    """What every attacker knows."""
    root, port = course.settings.folder, listener.getsockname()[1]
    inbound = root / "exchange" / "hostile-course" / "inbound"
    folders = {
        "classroom": course.folder,
        "gradebook": course.folder / "gradebook.db",
        "outside": outside,
        "beside": course.folder / "beside.txt",
        "exercises": root / "exercises",
        "store": course.store.folder,
        "secret": root / "course_secret",
        "submitted": course.folder / "submitted",
        "exchange": root / "exchange",
        "victim": course.folder / "submitted" / "victim" / "downhill" / "downhill.ipynb",
        "inbound": inbound,
    }
    public = [
        [
            np.asarray(x).tolist()
            for x in (*oracle.arguments[:2], oracle.arguments[2].v, oracle.expected[0], oracle.expected[1].v)
        ]
        for oracle in public_oracles(course.catalogue.exercises["halving_step"])
    ]
    return {name: str(path) for name, path in folders.items()} | {"port": port, "public": public}


# ---------------------------------------------------------------------------------------------------- the class at work


def hand_in(course, places, attack, student, desk):
    """Fetch, answer, submit; the place of the submission in the inbound directory."""
    assignment = attack.says["assignment"] if attack else "downhill"
    folder = steps.fetched(course, assignment, desk / student)
    path = folder / f"{assignment}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        exercise = str(marks.get("grade_id", "")).removeprefix("solution-")
        if marks.get("solution") and exercise in course.catalogue.exercises:
            cell.source = definition(course.catalogue.exercises[exercise].reference)
            if attack and attack.says["mode"] == "solution" and exercise == FIRST[assignment]:
                cell.source = f"PLACES = {places!r}\n{attack.text}"
    if attack is None:
        notebook.cells[0].source += f"\n\n{word('victim')}"
    elif attack.says["mode"] == "notebook":
        attack.damage(notebook)
    path.write_text(json.dumps(notebook))  # as it is: nbformat would mend it
    if attack and attack.says["mode"] == "file":
        attack.damage(path)
    steps.submit(course, assignment, student, folder.parent)
    (submission,) = Path(places["inbound"]).glob(f"{student}+{assignment}+*")
    return submission


# `autograder grade` for one assignment after the other, each with two workers.
GRADE = """
import contextlib, io, json, pathlib, sys, time
from autograder.cli import main
from autograder.nbgrader_adapter.batch import executors as workers

plain, folder = workers.grade_submission, pathlib.Path(sys.argv[1])

def peak():
    return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

def grade_submission(course, book, student, fork_server):
    # as it is, with a note of the memory and CPU time that the grader itself takes for it
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    rest, begun = peak(), time.process_time()
    try:
        return plain(course, book, student, fork_server)
    finally:
        (folder / student).write_text(json.dumps([(peak() - rest) / 1024, time.process_time() - begun]))

workers.grade_submission = grade_submission
said = {}
for name in sys.argv[2:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["grade", name, "--workers", "2"])
    said[name] = [code, out.getvalue(), err.getvalue()]
print(json.dumps(said))
"""


def bounded():
    """Bounds for the grader and all it starts, which hold where the sessions' own would fail."""
    for kind, value in (
        (resource.RLIMIT_CPU, 300),
        (resource.RLIMIT_FSIZE, 1 << 28),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, 12 << 30),
        (resource.RLIMIT_NPROC, 1000),
        (resource.RLIMIT_NOFILE, 5000),
    ):
        resource.setrlimit(kind, (value, value))


def run_grader(course, notes, *assignments):
    """What `autograder grade` said of each, by a process with a secret in its environment."""
    found = subprocess.run(
        [sys.executable, "-c", GRADE, str(notes), *assignments],
        cwd=course.settings.folder,
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
        preexec_fn=bounded,
        env=os.environ | {"GRADER_TOKEN": word("environment")},
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return {
        name: SimpleNamespace(code=code, out=out, err=err)
        for name, (code, out, err) in json.loads(found.stdout.splitlines()[-1]).items()
    }


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    """Where the grader notes, by student, the MiB beyond its rest and the CPU seconds that it took itself."""
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def graded(course, places, notes, tmp_path_factory):
    """Everything handed in, collected, and graded in one batch an assignment. What the commands said."""
    desk = tmp_path_factory.mktemp("desks")
    places = places | {"victims_inbound": str(hand_in(course, places, None, "victim", desk))}
    for attack in ATTACKS:
        for student in attack.students:
            submission = hand_in(course, places, attack, student, desk)
            if attack.says["mode"] == "inbound":
                attack.damage(submission, places | {"assignment": attack.says["assignment"]})
    for name in FIRST:
        steps.collect(course, name)
    for attack in ATTACKS:
        if attack.says["mode"] == "submitted":
            attack.damage(course.folder / "submitted" / attack.students[0] / attack.says["assignment"], places)
    return run_grader(course, notes, *FIRST)


@pytest.fixture(scope="module")
def scores(course, graded):
    """{student: {exercise: automatic score, None where a person is needed}}, as the gradebook has it."""
    with Gradebook(course.directory().db_url, course.directory().course_id) as gradebook:
        return {
            submission.student.id: {
                grade.name.removeprefix("check-"): None if grade.needs_manual_grade else grade.score
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for name in FIRST
            for submission in gradebook.assignment_submissions(name)
        }


def expected(attack, course):
    """What an attack must earn, or None where it must not be collected."""
    if attack.says["earns"] == "nothing":
        return None
    worth = dict(part.split("=") for part in attack.says["earns"].split())
    assignment = attack.says["assignment"]
    found = {}
    for entry in course.catalogue.assignments[assignment].entries:
        points = worth["first" if entry.name == FIRST[assignment] else "rest"]
        found[entry.name] = (
            {"full": entry.points, "person": None}.get(points) if points in ("full", "person") else float(points)
        )
    return found


# ------------------------------------------------------------------------------------------------------ what came of it


def test_the_attacks_are_many_and_all_of_the_list_is_among_them():
    assert len(ATTACKS) >= 100
    tried = {int(number) for attack in ATTACKS for number in re.findall(r"\d+", attack.says["attacks"])}
    assert set(range(1, 34)) <= tried  # 34, a regrade, is a test of its own here


@every_attack
def test_it_gets_the_points_that_it_earned(attack, course, scores):
    must = expected(attack, course)
    for student in attack.students:
        found = scores.get(student)
        if attack.says.get("slow") and found and None in found.values():
            reasons = [
                verdict.reason
                for graded in course.store.latest(attack.says["assignment"], student).values()
                for verdict in graded.verdicts.values()
                if verdict.needs_person
            ]
            assert all("wall clock" in reason for reason in reasons)
            found = {name: must[name] if score is None else score for name, score in found.items()}
        assert found == must


def handed_back(course, attack, student):
    """All that a student gets to see, or an instructor with them: the graded folder, and the feedback."""
    assignment = attack.says["assignment"]
    folder = course.folder / "autograded" / student / assignment
    texts = []
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    for graded in course.store.latest(assignment, student).values():
        texts += [json.dumps(graded.outputs), *(text for v in graded.verdicts.values() for text in (v.text, v.html))]
        texts += [*graded.troubles, *(v.reason for v in graded.verdicts.values())]
    return "\n".join(texts)


def hidden_numbers(course, assignment, student):
    """The numbers of a student's hidden cases, as far as they are printed by anything that prints them whole."""
    secret = course.settings.secret()
    case_sets = {graded.case_set for graded in course.store.latest(assignment, student).values()}
    numbers = set()
    for entry in course.catalogue.assignments[assignment].entries:
        for case_set in case_sets:
            for oracle in hidden_oracles(entry.exercise, secret, assignment, case_set):
                for value in leaves([oracle.arguments, oracle.expected]):
                    digits = repr(float(value)).lstrip("-")
                    if len(digits) > 10:
                        numbers |= {digits[:9], digits[:9].replace(".", "_")}
    return numbers


def leaves(value):
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))
    elif not isinstance(value, str):
        yield from np.ravel(value.detach().numpy() if hasattr(value, "detach") else value).tolist()


@every_attack
def test_nothing_is_read_that_it_may_not(attack, course, graded):
    for student in attack.students:
        text = handed_back(course, attack, student)
        assert [place for place in WORDS if word(place) in text] == []
        assert course.settings.secret().decode() not in text
        assert "v_t = v_{t-1} / 2 + g_t" not in text or attack.says["mode"] != "solution"  # the reference's comment
        assert [number for number in hidden_numbers(course, attack.says["assignment"], student) if number in text] == []
        assert (word("given") in text) >= (attack.says.get("reads") == "given")


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if "never" in a.says], ids=[a.name for a in ATTACKS if "never" in a.says]
)
def test_what_must_never_be_seen_is_not(attack, course, graded):
    never = re.findall(r"^never: (.+)$", ast.get_docstring(ast.parse(attack.text)), re.MULTILINE)
    for student in attack.students:
        for graded in course.store.latest(attack.says["assignment"], student).values():
            shown = [output for outputs in graded.outputs.values() for output in outputs]
            seen = [part for output in shown for part in pieces(output)]
            seen += [verdict.html for verdict in graded.verdicts.values()]
            assert seen
            assert [text for text in never if any(text in part for part in seen)] == []


def pieces(output):
    """What of an output a browser takes as markup, and what it shows as text, where no markup is named."""
    data = output.get("data", {})
    return [str(data.get(kind, "")) for kind in ("text/html", "text/markdown", "image/svg+xml")] + [
        json.dumps(output) if output["output_type"] == "stream" else ""
    ]


@every_attack
def test_its_outputs_and_its_seconds_are_bounded(attack, course, graded):
    for student in attack.students:
        for found in course.store.latest(attack.says["assignment"], student).values():
            sizes = [len(json.dumps(outputs)) for outputs in found.outputs.values()]
            assert max(sizes, default=0) < (course.settings.output_mib + 2) << 20
            assert sum(sizes) < (course.settings.outputs_mib + 2) << 20
            assert found.cpu_seconds < SECONDS + 4


@every_attack
def test_the_grader_s_own_memory_and_time_for_it_are_bounded(attack, notes, graded):
    for student in attack.students:
        if (notes / student).exists():
            mib, seconds = json.loads((notes / student).read_text())
            assert mib < 200
            assert seconds < 2 * SECONDS  # of CPU, which a busy machine stretches too


@every_attack
def test_the_words_on_an_exercise_are_few(attack, course, graded):
    for student in attack.students:
        for found in course.store.latest(attack.says["assignment"], student).values():
            for verdict in found.verdicts.values():
                assert len(verdict.text) < 20_000
                assert len(verdict.html) < 30_000


SHOWN = [attack for attack in ATTACKS if {"shows", "page"} & set(attack.says)]


@pytest.mark.parametrize("attack", SHOWN, ids=[attack.name for attack in SHOWN])
def test_what_it_may_show_is_shown_and_its_page_is_made(attack, course, graded):
    (student,), assignment = attack.students, attack.says["assignment"]
    if attack.says.get("page"):
        begun = time.process_time()
        steps.feedback(course, assignment, student)
        assert time.process_time() - begun < 3 * SECONDS
        seen = (course.folder / "feedback" / student / assignment / f"{assignment}.html").read_text()
        assert len(seen) < (course.settings.outputs_mib + 4) << 20
    else:
        (found,) = course.store.latest(assignment, student).values()
        seen = json.dumps(found.outputs)
    assert attack.says.get("shows", "") in seen
    never = re.findall(r"^never: (.+)$", ast.get_docstring(ast.parse(attack.text)), re.MULTILINE)
    assert [text for text in never if text in seen] == []


def test_every_submission_of_the_batch_has_a_grade_or_waits_for_a_person(course, scores, graded):
    handed_in = {student for attack in ATTACKS for student in attack.students if attack.says["earns"] != "nothing"}
    assert set(scores) == handed_in | {"victim"}
    assert scores["victim"] == {entry.name: entry.points for entry in course.catalogue.assignments["downhill"].entries}


def test_who_needs_a_person_is_named_with_the_reason(course, scores, graded):
    for attack in ATTACKS:
        for student in attack.students:
            if None in scores.get(student, {}).values():
                assert re.search(rf"^{student}: .+: .+", graded[attack.says["assignment"]].err, re.MULTILINE), student


def test_nobody_speaks_in_another_students_name(graded):
    said = graded["downhill"].err + graded["downhill"].out
    assert not re.search(r"^victim: ", said, re.MULTILINE)
    assert "\x1b" not in said


def test_nothing_is_written_outside(outside, graded):
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("canary", "canary")]


def test_what_is_planted_lies_where_it_was(course, places, graded):
    for place in ("beside", "victim"):
        assert word(place) in Path(places[place]).read_text()
    assert (course.store.folder / "latest" / "note.json").read_text() == word("store") + "\n"


def test_no_connection_was_made(listener, graded):
    with pytest.raises(TimeoutError):
        listener.accept()


def test_no_process_is_left(course, graded):
    deadline = time.monotonic() + 5
    while left := leftovers(course):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def leftovers(course):
    """Processes of the batch that still run: an attack's own, and any with the batch's secret in its environment."""
    marks = (b"hostile-leftover", word("environment").encode())
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                found += [folder.name] if any(mark in text for mark in marks) else []
    return found


def test_a_second_run_goes_on_and_grades_nobody_again_who_has_a_grade(course, graded):
    with steps.gradebook_of(course) as gradebook:
        book = grade.read_sourcebook(gradebook, "downhill")
        again = [
            attack.name
            for attack in ATTACKS
            if attack.says["assignment"] == "downhill"
            and attack.says["earns"] not in ("nothing", "first=person rest=person")
            and not grade.is_current(course, gradebook, book, attack.students[0])
        ]
    assert again == []


def test_a_regrade_after_an_answer_was_deleted_takes_its_points(course, scores, graded):
    """34 of the list. It changes one student's scores, so it comes last."""
    folder = course.folder / "submitted" / "s65a" / "downhill"
    notebook = nbformat.read(folder / "downhill.ipynb", as_version=4)
    ids = ("solution-running_mean", "check-running_mean")
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") not in ids]
    nbformat.write(notebook, folder / "downhill.ipynb")
    with steps.gradebook_of(course) as gradebook:
        book = grade.read_sourcebook(gradebook, "downhill")
        result = submission.grade_submission(course, book, "s65a", course.fork_server_for("downhill"))
        enter(course, gradebook, book, result)
        row = {grade.name: grade.score for grade in gradebook.find_submission("downhill", "s65a").notebooks[0].grades}
    assert row == {"check-halving_step": 4, "check-running_mean": 0, "check-log_sum_exp": 3}
