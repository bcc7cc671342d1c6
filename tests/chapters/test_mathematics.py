"""The server that renders formulas: waited for until it listens, and not for ever."""
import socket
import sys
import time

import pytest
from sphinxcontrib import katex

from chapters._ext.mathematics import PatientServer

BINDS_AND_LISTENS_LATER = """
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
time.sleep(0.3)
s.listen()
a = s.accept()[0]
a.sendall(b"here")
a.close()
"""


@pytest.mark.parametrize("program", [BINDS_AND_LISTENS_LATER,
                                     "import time; time.sleep(0.3)\n" + BINDS_AND_LISTENS_LATER])
def test_a_server_that_binds_before_it_listens_is_waited_for(program, tmp_path, monkeypatch):
    monkeypatch.setattr(PatientServer, "build_command",
                        classmethod(lambda cls, socket: [sys.executable, "-c", program, str(socket)]))
    process, connection = PatientServer.start_server_process(tmp_path, 30)
    with process, connection:
        assert connection.recv(4, socket.MSG_WAITALL) == b"here"


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "import time; time.sleep(60)"])
def test_a_server_that_never_listens_is_given_up(program, tmp_path, monkeypatch):
    monkeypatch.setattr(PatientServer, "build_command",
                        classmethod(lambda cls, socket: [sys.executable, "-c", program]))
    begun = time.monotonic()
    with pytest.raises(katex.KaTeXError):
        PatientServer.start_server_process(tmp_path, 1)
    assert time.monotonic() - begun < 20
