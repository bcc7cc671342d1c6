"""Which layers hold is said, and what is missing is never passed over in silence."""

from __future__ import annotations

import os

import pytest

from autograder.sandbox import Cell, ForkServer, Limits, SessionError, Snapshot, Unprotected, probe
from autograder.sandbox.host.layers import LAYERS, REQUIRED, wants

from .conftest import PLAIN_LAYERS

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@root_only
def test_root_has_every_layer(numpy_template):
    assert numpy_template.play([Cell("1")], []).layers == tuple(LAYERS)


def test_a_container_has_the_required_ones(container_template):
    assert container_template.play([Cell("1")], []).layers == PLAIN_LAYERS


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_layer_cannot_be_left_out(name):
    with pytest.raises(Unprotected, match=name):
        ForkServer(layers=[layer for layer in LAYERS if layer != name])


def test_an_unknown_layer_is_named():
    with pytest.raises(ValueError, match="no layer 'moat'"):
        wants(["moat"], False)


def test_a_layer_that_the_machine_does_not_give_is_refused_with_a_remedy(before_boot):
    # a kernel without Landlock, as the fork server sees it
    before_boot(_NO_LANDLOCK)
    with pytest.raises(Unprotected, match=r"'landlock' is not available .*Linux 5.13"), ForkServer(torch=False):
        pass


def test_the_override_goes_on_without_it_and_records_that(before_boot):
    before_boot(_NO_LANDLOCK)
    with ForkServer(torch=False, unprotected=True) as fork_server:
        transcript = fork_server.play([Cell("print(1)")], [])
    assert "landlock" not in transcript.layers
    assert transcript.cells[0].outputs[0]["text"] == "1\n"


_NO_LANDLOCK = """
from autograder.sandbox.guest import landlock
def refuse(*a, **k): raise OSError(38, "no such system call")
landlock.restrict = refuse
"""


@pytest.mark.parametrize("where", ["/usr/share/course", "/usr"])
def test_a_protected_path_that_could_be_read_is_refused(where):
    with pytest.raises(Unprotected, match="move the course"):
        ForkServer(protected=[where])


def test_a_protected_path_that_is_made_readable_is_refused(tmp_path):
    with pytest.raises(Unprotected, match="move the course"):
        ForkServer(readable=[tmp_path], protected=[tmp_path / "secret"])


def test_a_readable_path_can_be_read_and_not_written(tmp_path):
    (tmp_path / "data.txt").write_text("given")
    tmp_path.chmod(0o755)
    source = f"print(open('{tmp_path}/data.txt').read())\nopen('{tmp_path}/data.txt', 'a')"
    with ForkServer(torch=False, readable=[tmp_path]) as fork_server:
        (result,) = fork_server.play([Cell(source)], []).cells
    assert result.outputs[0]["text"] == "given\n"
    assert result.outputs[1]["ename"] in ("PermissionError", "OSError")


def test_the_probe_names_every_layer():
    layers = probe()
    assert [layer.name for layer in layers] == list(LAYERS)
    assert all(layer.sentence for layer in layers)


def test_a_template_that_dies_is_started_again(numpy_template, run, text):
    with ForkServer(torch=False) as fork_server:
        run(fork_server, "1")
        fork_server._process.kill()
        fork_server._process.wait()
        assert text(run(fork_server, "print('again')")[0]) == "again\n"


def test_questions_must_match_the_snapshots(numpy_template):
    with pytest.raises(ValueError, match="1 snapshots need as many questions"):
        numpy_template.play([Snapshot("f")], [])


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", ""])
def test_a_file_that_would_lie_elsewhere_is_refused(numpy_template, name):
    with pytest.raises(ValueError, match="beside the notebook"):
        numpy_template.play([Cell("1")], [], Limits(), {name: b""})


def test_too_many_snapshots_are_nobodys_grade(numpy_template):
    with pytest.raises(SessionError, match="more than 200"):
        numpy_template.play([Snapshot("f")] * 300, [None] * 300)


def test_two_threads_can_play_at_once(numpy_template, run, text):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda n: text(run(numpy_template, f"print({n})")[0]), range(12)))
    assert said == [f"{n}\n" for n in range(12)]
