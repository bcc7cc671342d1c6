"""Templates for the tests, each bounded from outside, so that a broken session cannot take the machine down."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator

import pytest

from autograder.session import Cell, CellResult, Limits, Template, boot

PLAIN_LAYERS = ("no_new_privs", "rlimits", "landlock", "seccomp")


def bounded(template: Template) -> Template:
    """Hard limits on the template, which all its forks inherit."""
    assert template._process is not None
    for kind, value in ((resource.RLIMIT_NPROC, 500), (resource.RLIMIT_FSIZE, 1 << 30), (resource.RLIMIT_AS, 8 << 30)):
        resource.prlimit(template._process.pid, kind, (value, value))
    return template


@pytest.fixture(scope="session")
def numpy_template() -> Iterator[Template]:
    with Template(torch=False) as template:
        yield bounded(template)


@pytest.fixture(scope="session")
def torch_template() -> Iterator[Template]:
    with Template(torch=True) as template:
        yield bounded(template)


@pytest.fixture(scope="session")
def container_template() -> Iterator[Template]:
    """What a container gives that allows no namespaces."""
    with Template(torch=False, layers=PLAIN_LAYERS) as template:
        yield bounded(template)


@pytest.fixture(params=["all layers", "as in a container"])
def template(request: pytest.FixtureRequest, numpy_template: Template, container_template: Template) -> Template:
    return numpy_template if request.param == "all layers" else container_template


@pytest.fixture
def before_boot(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """before_boot(code): templates that start from here on run it before anything else of theirs but imports."""

    def put(code: str) -> None:
        monkeypatch.setattr(boot, "BOOT", boot.BOOT.replace("main(int(", code + "main(int("))

    return put


Run = Callable[..., list[CellResult]]


@pytest.fixture(scope="session")
def run() -> Run:
    """run(template, source, ...): the results of these cells."""

    def play(template: Template, *sources: str, **limits: float) -> list[CellResult]:
        return list(template.play([Cell(source) for source in sources], [], Limits(**limits)).cells)  # type: ignore[arg-type]

    return play


@pytest.fixture(scope="session")
def text() -> Callable[[CellResult], str]:
    """text(result): what a cell's outputs say, streams and plain representations and errors, as one string."""

    def said(result: CellResult) -> str:
        parts = []
        for output in result.outputs:
            plain = output.get("data", {}).get("text/plain", "")
            parts.append(output.get("text") or plain or f"{output.get('ename', '')}: {output.get('evalue', '')}")
        return "".join(parts)

    return said
