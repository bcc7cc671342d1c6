"""Templates for the tests, each bounded from outside, so that a broken session cannot take the machine down."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator

import pytest

from autograder.sandbox import Cell, CellResult, ForkServer, Limits
from autograder.sandbox.host import launch

PLAIN_LAYERS = ("no_new_privs", "rlimits", "landlock", "seccomp")


def bounded(fork_server: ForkServer) -> ForkServer:
    """Hard limits on the fork server, which all its forks inherit."""
    assert fork_server._process is not None
    for kind, value in ((resource.RLIMIT_NPROC, 500), (resource.RLIMIT_FSIZE, 1 << 30), (resource.RLIMIT_AS, 8 << 30)):
        resource.prlimit(fork_server._process.pid, kind, (value, value))
    return fork_server


@pytest.fixture(scope="session")
def numpy_template() -> Iterator[ForkServer]:
    with ForkServer(torch=False) as fork_server:
        yield bounded(fork_server)


@pytest.fixture(scope="session")
def torch_template() -> Iterator[ForkServer]:
    with ForkServer(torch=True) as fork_server:
        yield bounded(fork_server)


@pytest.fixture(scope="session")
def container_template() -> Iterator[ForkServer]:
    """What a container gives that allows no namespaces."""
    with ForkServer(torch=False, layers=PLAIN_LAYERS) as fork_server:
        yield bounded(fork_server)


@pytest.fixture(params=["all layers", "as in a container"])
def fork_server(
    request: pytest.FixtureRequest, numpy_template: ForkServer, container_template: ForkServer
) -> ForkServer:
    return numpy_template if request.param == "all layers" else container_template


@pytest.fixture
def before_boot(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """before_boot(code): fork servers that start from here on run it before anything else of theirs but imports."""

    def put(code: str) -> None:
        monkeypatch.setattr(launch, "BOOT", launch.BOOT.replace("main(int(", code + "main(int("))

    return put


Run = Callable[..., list[CellResult]]


@pytest.fixture(scope="session")
def run() -> Run:
    """run(fork server, source, ...): the results of these cells."""

    def play(fork_server: ForkServer, *sources: str, **limits: float) -> list[CellResult]:
        return list(fork_server.play([Cell(source) for source in sources], [], Limits(**limits)).cells)  # type: ignore[arg-type]

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
