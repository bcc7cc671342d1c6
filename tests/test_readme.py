"""The README's exercise of ten lines, done as a reader does it: pasted into a fresh folder of one's own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.authoring.cases import check_draws, hidden_oracles, public_oracles
from autograder.authoring.catalogue import load_catalogue
from autograder.cli import main
from autograder.nbgrader_adapter import course as courses
from autograder.settings import load_settings, read_config
from autograder.student.marking import mark

ROOT = Path(__file__).parents[1]
CONFIG = """
c = get_config()
from autograder.nbgrader_adapter.pipeline import use_autograder
use_autograder(c)
c.CourseDirectory.root = "classroom"
c.CourseDirectory.course_id = "readers"
c.Exchange.root = {exchange!r}
c.Exchange.cache = {cache!r}
c.SafeCollect.real_owners = False
c.AutograderSettings.exercises = ["private"]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A course with a private folder, and in it the files that the README shows."""
    root = tmp_path_factory.mktemp("reader")
    text = (ROOT / "README.md").read_text()
    section = text[text.index("### A new exercise") : text.index("### A new topic")]
    shown = re.findall(r"`<folder>/([\w/.]+)` (?:is|has) .*?\n\n(`{3,})\w*\n(.*?)\n\2\n", section, re.DOTALL)
    files = ["reference.py", "exercises.py", "assignment.md"]
    assert [name for name, *_ in shown] == [f"forgetting/{file}" for file in files]
    for name, _, content in shown:
        (root / "private" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "private" / name).write_text(content + "\n")
    for name in ("exchange", "cache"):
        (root / name).mkdir()
    (root / "exchange").chmod(0o777)
    config = CONFIG.format(exchange=str(root / "exchange"), cache=str(root / "cache"))
    (root / "nbgrader_config.py").write_text(config)
    path = list(sys.path)
    yield root
    sys.path[:] = path
    courses._courses.clear()


@pytest.fixture(scope="module")
def exercise(root):
    return load_catalogue(load_settings(read_config(root))).exercises["half_life"]


def test_it_is_built(root, capsys):
    assert main(["--course", str(root), "build", "forgetting"]) == 0, capsys.readouterr().err
    assert (root / "classroom/source/forgetting/forgetting.ipynb").is_file()


def test_it_has_three_misconceptions_and_draws_that_hold(exercise):
    check_draws(exercise, range(20))
    assert len(exercise.misconceptions) == 3


@pytest.mark.parametrize("seed", range(5))
def test_each_misconception_fails_and_is_recognised_as_itself(exercise, seed):
    hidden = hidden_oracles(exercise, b"the reader's own secret", "forgetting", seed)
    for oracles in (public_oracles(exercise), hidden):
        for wrong in exercise.misconceptions:
            answers = [(oracle.misconceptions[wrong.name],) * 2 for oracle in oracles]
            found = mark(oracles, answers, exercise.compare, pure=True)
            assert (found.misconception, found.right) == (wrong.name, False)


def test_the_proof_that_the_readme_names_finds_nothing_to_mend(bounded_run_of):
    assert "`autograder prove half_life`" in (ROOT / "README.md").read_text()
    found = bounded_run_of("prove", "half_life", "--sets", "1")
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_class_with_every_misconception_is_graded_as_it_must_be(root, bounded_run_of):
    found = bounded_run_of("rehearse", "forgetting", "--students", "12")  # eight kinds, and each misconception
    assert found.returncode == 0, found.stdout + found.stderr
    assert "12 submissions, 0 scores or misconceptions that are not as they must be" in found.stdout


@pytest.fixture
def bounded_run_of(root):
    def run(*words):
        command = [sys.executable, "-m", "autograder", *words]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)

    return run
