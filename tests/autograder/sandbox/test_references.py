"""A session reads no reference, whatever way the course is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

from autograder.sandbox import Cell, ForkServer, Unprotected
from autograder.sandbox.shared.readable_paths import but_for, readable_paths, reference_packages

from .conftest import PLAIN_LAYERS

COURSE = Path(__file__).parents[3]
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
PIP += ["--no-build-isolation"]
SEARCH = """
import importlib, os, sys
found = []
for place in [*sys.path, *{places!r}]:
    for folder, folders, names in os.walk(place or "."):
        for name in names:
            if name.startswith(("exercises", "reference", "checks")):
                try:
                    found.append((os.path.join(folder, name), len(open(os.path.join(folder, name), "rb").read())))
                except OSError:
                    pass
sys.meta_path[:] = [finder for finder in sys.meta_path if "References" not in type(finder).__name__]
for name in ("solutions.momentum.reference", "solutions.momentum.exercises", "solutions.common.checks"):
    try:
        found.append(importlib.import_module(name).__file__)
    except (ImportError, OSError):
        pass
print([name for name in found if "momentum" in str(name) or "solutions" in str(name)])
"""
PLAY = """
import json, sys
from autograder.sandbox import Cell, ForkServer
readable, protected, layers, cells = json.loads(sys.argv[1])
with ForkServer(torch=False, readable=readable, protected=protected, layers=layers) as server:
    for result in server.play([Cell(cell) for cell in cells], []).cells:
        print(json.dumps([output.get("text") or output.get("evalue") for output in result.outputs]))
"""


def said(python, readable, protected, layers, *cells):
    """What the outputs of these cells say, in a session that this Python starts."""
    order = json.dumps([readable, protected, layers, cells])
    played = subprocess.run(
        [python, "-c", PLAY, order], cwd="/", capture_output=True, text=True, timeout=300, check=False
    )
    assert played.returncode == 0, played.stderr[-2000:]
    return [json.loads(line) for line in played.stdout.splitlines()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A Python of its own into which the course was installed by `pip install .`, and the packages' folder of it."""
    folder = tmp_path_factory.mktemp("installed")
    os.chmod(folder.parent, 0o755)
    os.chmod(folder, 0o755)
    venv.create(folder / "venv", symlinks=True)
    packages = folder / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    subprocess.run(
        [*PIP, "--target", str(packages), str(COURSE)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert (packages / "solutions" / "momentum" / "reference.py").is_file()
    others = sysconfig.get_path("purelib")
    (packages / "others.pth").write_text(others + "\n")  # NumPy and the rest
    return folder / "venv" / "bin" / "python", packages, others


layers_of = pytest.mark.parametrize("layers", [None, PLAIN_LAYERS], ids=["all layers", "as in a container"])


@layers_of
def test_references_that_pip_installed_are_not_read(installed, layers):
    python, packages, others = installed
    search = SEARCH.format(places=[str(packages), str(COURSE)])
    probe = "import numpy\nprint(numpy.ones(2).sum())"
    ours, numbers = said(python, [others], [], layers, search, probe)
    assert ours == ["[]\n"]
    assert numbers == ["2.0\n"]


@layers_of
def test_references_of_an_editable_install_are_not_read(layers):
    (ours,) = said(sys.executable, [], [str(COURSE)], layers, SEARCH.format(places=[str(COURSE), *sys.path]))
    assert ours == ["[]\n"]


@layers_of
def test_a_course_in_a_readable_place_is_hidden(tmp_path, layers):
    course = tmp_path / "shared" / "course"
    (course / "exercises" / "topic").mkdir(parents=True)
    for path in (tmp_path, tmp_path / "shared", course):
        path.chmod(0o755)
    (course / "exercises" / "topic" / "reference.py").write_text("the reference")
    (course / "course_secret").write_text("the secret")
    (tmp_path / "shared" / "data.txt").write_text("given")
    source = f"""
import os
print(open({str(tmp_path / "shared" / "data.txt")!r}).read())
for name in ("course_secret", "exercises/topic/reference.py", "later"):
    try:
        print(open(os.path.join({str(course)!r}, name)).read())
    except OSError:
        print("hidden")
"""
    with ForkServer(torch=False, readable=[tmp_path / "shared"], protected=[course], layers=layers) as fork_server:
        (course / "later").write_text("made after the fork server was started")
        (result,) = fork_server.play([Cell(source)], []).cells
    assert result.outputs[0]["text"] == "given\nhidden\nhidden\nhidden\n"


def test_what_the_interpreter_needs_cannot_be_hidden():
    with pytest.raises(Unprotected, match="move the course"):
        readable_paths([], [f"{sys.prefix}/lib"])


def test_a_file_that_could_be_read_is_refused(tmp_path):
    (tmp_path / "secret").write_text("x")
    with pytest.raises(Unprotected, match="move the course"):
        readable_paths([tmp_path], [tmp_path / "secret"])


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("solutions/momentum/exercises.py", "solutions"),
        ("own/exercises.py", "own"),
        ("university/course/week1/exercises.py", "university"),
        ("numpy/exercise.py", None),
        ("exercises.py", None),
    ],
)
def test_packages_with_references_are_found_wherever_packages_lie(tmp_path, file, package):
    place = tmp_path / "lib" / "python3.11" / "site-packages"
    (place / file).parent.mkdir(parents=True, exist_ok=True)
    (place / file).touch()
    found = [path for path in reference_packages([str(tmp_path / "lib")]) if path.startswith(str(tmp_path))]
    assert found == ([str(place / package)] if package else [])


def test_what_is_allowed_leaves_out_what_is_hidden(tmp_path):
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
    whole, listed = but_for([str(tmp_path)], [str(tmp_path / "a" / "b")])
    assert sorted(whole) == [str(tmp_path / "a" / "d"), str(tmp_path / "e")]
    assert listed == [str(tmp_path)]


def test_a_link_allows_no_more_than_what_it_leads_to(tmp_path):
    (tmp_path / "lib" / "secret").mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    whole, listed = but_for([str(tmp_path / "lib64")], [str(tmp_path / "lib64" / "secret")])
    assert (whole, listed) == ([], [str(tmp_path / "lib")])


def test_nothing_is_hidden_where_nothing_is_to_be():
    assert np.__file__.startswith(tuple(readable_paths([], [])[0]))


def test_the_doctor_looks_whether_references_are_read(cli_doctor, capsys):
    assert cli_doctor() == 0
    assert "holds    references" in capsys.readouterr().out


def test_the_doctor_says_what_a_session_reads(cli_doctor, capsys, monkeypatch):
    """With the rule that hides them out of action."""
    given = str(Path(np.__file__).parent)
    monkeypatch.setattr("autograder.sandbox.host.doctor.looked_for", lambda settings: [given])
    monkeypatch.setattr(
        "autograder.sandbox.host.fork_server.readable_paths", lambda *_: (readable_paths([], [])[0], [])
    )
    assert cli_doctor() == 1
    assert f"sessions read {given}" in capsys.readouterr().out


@pytest.fixture
def cli_doctor():
    from autograder.cli import main

    return lambda: main(["--course", str(COURSE), "doctor"])
