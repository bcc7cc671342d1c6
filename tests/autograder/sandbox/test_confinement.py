"""What the student's code can reach: itself, the interpreter and its packages, and nothing else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from autograder.sandbox import Cell, Question, Snapshot

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("planted-secret")
    path.chmod(0o644)
    return path


def test_no_file_of_the_course_can_be_read(fork_server, run, text, secret):
    source = """
import os
def tried(what):
    try:
        return what() and "REACHED"
    except OSError:
        return "closed"
for path in PATHS:
    print(tried(lambda: open(path).read()), tried(lambda: os.listdir(os.path.dirname(path))))
"""
    paths = [
        str(secret),
        str(ROOT / "pyproject.toml"),
        str(ROOT / "autograder" / "cli.py"),
        "/etc/passwd",
        "/etc/shadow",
    ]
    (result,) = run(fork_server, source.replace("PATHS", repr(paths)))
    assert "REACHED" not in text(result)
    assert text(result).count("closed") == 2 * len(paths)


@pytest.mark.parametrize(
    "way",
    [
        "__import__('subprocess').run(['cat', PATH], capture_output=True).stdout.decode()",
        "os.symlink(PATH, 'link') or open('link').read()",
        "os.link(PATH, 'hard') or open('hard').read()",
        "open('/proc/1/root' + PATH).read()",
        "open(f'/proc/{os.getppid()}/root' + PATH).read()",
        "os.chdir('/') or os.chroot('.') or open(PATH).read()",
        "open(PATH, 'w').write('x')",
        "os.chmod(PATH, 0o777) or open(PATH).read()",
    ],
)
def test_no_way_round_leads_to_the_secret(fork_server, run, text, secret, way):
    source = f"import os\nPATH = {str(secret)!r}\ntry: print('got', {way})\nexcept OSError: print('closed')"
    (result,) = run(fork_server, source)
    assert "planted" not in text(result)
    assert secret.read_text() == "planted-secret"


def test_nothing_can_be_written_outside_the_scratch(fork_server, run, text):
    source = """
import os, sys, numpy
for path in ("/x", "/usr/x", "/etc/x", os.path.dirname(numpy.__file__) + "/x", sys.prefix + "/x", "/var/tmp/x"):
    try:
        open(path, "w").close()
        print("WROTE", path)
    except OSError:
        pass
open("here", "w").close()
import tempfile
tempfile.TemporaryFile().close()
"""
    (result,) = run(fork_server, source)
    assert (result.status, text(result)) == ("done", "")


def test_the_graders_environment_is_not_there(fork_server, run, text, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "planted-secret")
    source = """
import os, subprocess
print("COURSE_SECRET" in os.environ)
for name in [*filter(str.isdigit, os.listdir("/proc"))] if os.access("/proc", os.R_OK) else ["self", str(os.getppid())]:
    try:
        print("planted" in open(f"/proc/{name}/environ").read())
    except OSError:
        pass
"""
    (result,) = run(fork_server, source)
    assert "True" not in text(result)


def test_the_grader_cannot_be_signalled(fork_server, run, text):
    source = f"""
import os, signal
for pid in ({os.getpid()}, {os.getppid()}, -1):
    try:
        os.kill(pid, 0) if pid > 0 else None
        print("REACHED", pid) if pid > 0 else None
    except OSError:
        print("closed")
"""
    (result,) = run(fork_server, source)
    assert text(result) == "closed\nclosed\n"


def test_a_notebook_that_kills_all_it_may_kills_only_its_session(numpy_template, run, text):
    """Within a pid namespace this reaches nobody else, which the test before has shown by its number."""
    source = "import os\nassert os.getpid() < 20, 'no pid namespace: not tried'\nos.kill(-1, 9)"
    results = run(numpy_template, source, "print('on')")
    assert text(results[1]) == "on\n"


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


def test_a_listener_on_this_machine_cannot_be_reached(fork_server, run, text, listener):
    port = listener.getsockname()[1]
    source = f"""
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        socket.socket(socket.AF_INET, kind).connect(("127.0.0.1", {port}))
        print("REACHED")
    except OSError:
        print("closed")
"""
    (result,) = run(fork_server, source)
    assert text(result) == "closed\nclosed\n"
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_socket_file_and_an_abstract_socket_cannot_be_reached(fork_server, run, text, tmp_path):
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        named.bind(str(tmp_path / "s"))
        os.chmod(tmp_path / "s", 0o777)
        named.listen()
        name = f"\0session-test-{os.getpid()}"
        abstract.bind(name)
        abstract.listen()
        source = f"""
import socket
for address in ({str(tmp_path / "s")!r}, {name!r}):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        print("REACHED")
    except OSError:
        print("closed")
"""
        (result,) = run(fork_server, source)
    assert text(result) == "closed\nclosed\n"


CALLS = {
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "mount": "libc.mount(b'none', b'/usr', b'tmpfs', 0, 0)",
    "unshare": "libc.unshare(0x10000000)",
    "setns": "libc.setns(0, 0)",
    "chroot": "libc.chroot(b'.')",
    "setuid": "libc.setuid(0) if os.getuid() else libc.setresuid(1, 1, 1)",
    "keyctl": "libc.syscall(250, 0, 0, 0, 0, 0)",
    "bpf": "libc.syscall(321, 0, 0, 0)",
    "io_uring": "libc.syscall(425, 1, 0)",
    "userfaultfd": "libc.syscall(323, 0)",
    "perf_event_open": "libc.syscall(298, 0, 0, 0, 0, 0)",
    "process_vm_readv": "libc.process_vm_readv(1, 0, 0, 0, 0, 0)",
    "pidfd_open": "libc.syscall(434, 1, 0)",
    "memfd_create": "libc.memfd_create(b'x', 0)",
    "clone with a namespace": "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
    "shmget": "libc.shmget(0, 4096, 0o600)",
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_a_dangerous_system_call_is_refused(fork_server, run, text, name):
    source = f"import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nprint({CALLS[name]}, ctypes.get_errno())"
    (result,) = run(fork_server, source)
    assert text(result) in ("-1 1\n", "-1 38\n")


def test_the_notebooks_process_has_its_channels_and_nothing_else(fork_server, run, text):
    source = """
import os
held = []
for n in range(500):
    try:
        os.fstat(n)
        held.append(n)
    except OSError:
        pass
print(held)
"""
    transcript = fork_server.play([Cell(source), Snapshot("f")], [Question("f", ())])
    # its streams, its channel and the snapshot's, and what the cells' event loop holds: epoll and a pair of sockets
    assert transcript.cells[0].outputs[0]["text"] == "[0, 1, 2, 3, 4, 5, 6, 7]\n"


def test_the_supervisors_memory_is_closed(numpy_template, run, text):
    source = """
for name in ("mem", "environ", "maps"):
    try:
        open(f"/proc/1/{name}").read(1)
        print("REACHED")
    except OSError:
        print("closed")
"""
    assert text(run(numpy_template, source)[0]) == "closed\n" * 3


def test_the_grader_package_is_a_stub(fork_server, run, text):
    source = """
import sys, autograder
print([name for name in sys.modules if name.startswith(("autograder.", "solutions"))], dir(autograder)[-1])
for name in ("autograder.sandbox", "autograder.authoring.exercise", "solutions"):
    try:
        __import__(name)
        print("REACHED", name)
    except ImportError:
        pass
"""
    assert text(run(fork_server, source)[0]) == "[] check\n"


def test_a_numpy_session_has_no_torch_and_says_why(fork_server, run):
    (result,) = run(fork_server, "import torch")
    assert result.outputs[0]["ename"] == "ModuleNotFoundError"
    assert "NumPy alone" in result.outputs[0]["evalue"]


def test_the_finder_is_not_all_that_keeps_torch_away(numpy_template, run):
    (result,) = run(numpy_template, "import sys\nsys.meta_path.pop(0)\nimport torch\ntorch.ones(1)")
    assert result.status == "error"


TORCH = {
    "forward and backward": "w = torch.ones(3, requires_grad=True)\n(w ** 2).sum().backward()\nprint(w.grad.tolist())",
    "a product": "print((torch.ones(300, 300) @ torch.ones(300, 300)).sum().item())",
    "a convolution": "print(torch.nn.Conv2d(1, 2, 3)(torch.ones(1, 1, 28, 28)).shape[1])",
    "Adam": "m = torch.nn.Linear(2, 1)\n"
    "o = torch.optim.Adam(m.parameters())\nm(torch.ones(1, 2)).sum().backward()\no.step()",
    "a loader": "d = torch.utils.data.TensorDataset(torch.arange(6.0))\n"
    "print(len(list(torch.utils.data.DataLoader(d, 2))))",
    "a loader with workers": "d = torch.utils.data.TensorDataset(torch.arange(6.0))\n"
    "print(len(list(torch.utils.data.DataLoader(d, 2, num_workers=2))))",
    "several threads": "torch.set_num_threads(2)\nprint((torch.ones(600, 600) @ torch.ones(600, 600))[0, 0].item())",
}


@pytest.mark.parametrize("what", TORCH)
def test_torch_works(torch_template, run, what):
    (result,) = run(torch_template, "import torch, torch.utils.data\n" + TORCH[what])
    assert result.status == "done", result
    assert not any(output["output_type"] == "error" for output in result.outputs)


def test_tensors_cross_as_tensors_and_come_back_as_arrays(torch_template):
    import numpy as np
    import torch

    source = """
import torch
def f(x):
    assert isinstance(x, torch.Tensor)
    w = x.clone().requires_grad_()
    return w * 2, (w * 2).sum()
"""
    transcript = torch_template.play([Cell(source), Snapshot("f")], [Question("f", (((torch.ones(2),), {}),))])
    (answer,) = transcript.answers[0]
    np.testing.assert_array_equal(answer.values[0][0], np.full(2, 2, np.float32))
    assert len(answer.values) == 2
